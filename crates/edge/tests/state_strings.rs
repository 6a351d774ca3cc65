//! No string of a document may hold a line end or any other control character, wherever it stands.

#[path = "support/generate.rs"]
mod generate;

use std::collections::BTreeSet;

use generate::Flavour;
use plenum_edge::state::{Document, Layout, ReadError, Secrets, read, to_json};
use serde_json::Value;
use shape::pointer;

/// Contents of files, which consist of lines.
const LINES: [&str; 2] = ["errorPageContents", "lfFileContents"];

/// Pointers to all strings, and to all keys that are data.
fn strings(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
    let length = pointer.len();
    match value {
        Value::String(_) => found.push(pointer.clone()),
        Value::Object(members) => {
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(key);
                strings(member, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                strings(item, pointer, found);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// A pointer with its indices blotted out: where in the schema it points.
fn place(pointer: &str, document: &Value) -> String {
    let mut place = String::new();
    let mut at = String::new();
    for step in pointer.split('/').skip(1) {
        place.push('/');
        place.push_str(if step.parse::<usize>().is_ok() { "*" } else { step });
        at.push('/');
        at.push_str(step);
        // The members of a union are other places in each variant.
        for tag in ["type", "kind"] {
            if let Some(variant) = document.pointer(&at).and_then(|v| v.get(tag)).and_then(Value::as_str) {
                place.push_str(&format!("({variant})"));
            }
        }
    }
    place
}

fn refused_at(document: &Value, place: &str) -> Result<(), String> {
    match read(document.to_string().as_bytes(), None) {
        Err(ReadError::Issues(issues)) if issues.iter().any(|issue| place.starts_with(&pointer(&issue.path))) => Ok(()),
        other => Err(format!("{place}: {other:?}")),
    }
}

#[test]
fn v3_no_string_of_any_document_takes_a_control_character() {
    let schema = Document::json_schema();
    let mut tried = BTreeSet::new();
    let mut state = 7_u64;
    for _ in 0..1200 {
        let bytes: Vec<u8> = (0..4000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let document = generate::document_of(&schema, &bytes, Flavour::Wild);
        let document = read(document.to_string().as_bytes(), None).unwrap();
        let document: Value = serde_json::from_slice(&to_json(&document, Layout::Nested, Secrets::Clear)).unwrap();
        let mut found = Vec::new();
        strings(&document, &mut String::new(), &mut found);
        for pointer in found {
            if !tried.insert(place(&pointer, &document)) {
                continue;
            }
            let lines = LINES.iter().any(|key| pointer.contains(key));
            for character in ['\n', '\r', '\t', '\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}', '\u{2029}'] {
                let mut changed = document.clone();
                let leaf = changed.pointer_mut(&pointer).unwrap();
                let text = leaf.as_str().unwrap();
                *leaf = format!("{text}{character}").into();
                if lines && matches!(character, '\n' | '\r' | '\t') {
                    assert!(read(changed.to_string().as_bytes(), None).is_ok(), "{pointer} {character:?}");
                } else {
                    refused_at(&changed, &pointer).unwrap();
                }
            }
        }
    }
    // As many places as there are strings in the schema, and more: variants count each.
    assert!(tried.len() > 400, "only {} places were tried", tried.len());
    assert!(tried.contains("/haproxy/backends/*/servers/*/advancedDirectives/*"), "{tried:#?}");
}

#[test]
fn v3_keys_that_are_data_take_no_control_character() {
    let mut document = generate::small();
    document["notifications"] = serde_json::json!({
        "channels": [{ "id": "w", "label": "w", "type": "webhook", "config": { "headers": { "X-A\nB": "v" } } }],
    });
    refused_at(&document, "/notifications/channels/0/config/headers/X-A\nB").unwrap();
    let mut document = generate::small();
    document["x-a\nb"] = 1.into();
    refused_at(&document, "/x-a\nb").unwrap();
    let mut document = generate::small();
    document["x-a"] = serde_json::json!({ "b\u{0}": [] });
    refused_at(&document, "/x-a/b\u{0}").unwrap();
}
