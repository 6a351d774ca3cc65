//! What holds for every valid document.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/generate.rs"]
mod generate;

use std::collections::HashSet;

use generate::{Flavour, documents};
use plenum_edge::state::{
    ChangeKind, Document, Layout, PatchKind, ReadError, Secrets, apply_patch, diff, read, read_stored, stored, to_json,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn reverse(text: &str) -> String {
    text.chars().rev().collect()
}

fn valid(document: &Value) -> Document {
    match read(document.to_string().as_bytes(), None) {
        Ok(document) => document,
        Err(ReadError::Issues(issues)) => {
            panic!("{}\n{document:#}", serde_json::to_string_pretty(&issues).unwrap())
        }
        Err(error) => panic!("{error}"),
    }
}

fn nested(document: &Document) -> Vec<u8> {
    to_json(document, Layout::Nested, Secrets::Clear)
}

fn hash(document: &Document) -> String {
    stored(document, &reverse).hash
}

/// The leaves of a document with their pointers.
fn leaves(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
    let length = pointer.len();
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                leaves(member, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                leaves(item, pointer, found);
                pointer.truncate(length);
            }
        }
        _ => found.push(pointer.clone()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn c26_get_after_put_after_get_is_a_fixed_point(document in documents(Flavour::Wild)) {
        let document = valid(&document);
        let once = to_json(&document, Layout::Nested, Secrets::Masked);
        let again = read(&once, Some(&document)).unwrap();
        prop_assert_eq!(&again, &document);
        prop_assert_eq!(to_json(&again, Layout::Nested, Secrets::Masked), once);
        prop_assert_eq!(hash(&again), hash(&document));
        prop_assert!(diff(&document, &again).is_empty());
    }

    #[test]
    fn both_layouts_say_the_same(document in documents(Flavour::Wild)) {
        let document = valid(&document);
        let flat = to_json(&document, Layout::Flat, Secrets::Clear);
        prop_assert_eq!(read(&flat, None).unwrap(), document);
        let tree: Value = serde_json::from_slice(&flat).unwrap();
        prop_assert_eq!(String::from_utf8(flat).unwrap(), canonical(&tree));
    }

    #[test]
    fn what_is_written_is_canonical(document in documents(Flavour::Wild)) {
        let text = nested(&valid(&document));
        let tree: Value = serde_json::from_slice(&text).unwrap();
        prop_assert_eq!(String::from_utf8(text).unwrap(), canonical(&tree));
    }

    #[test]
    fn the_store_gives_back_what_it_was_given(document in documents(Flavour::Wild)) {
        let document = valid(&document);
        let kept = stored(&document, &reverse);
        let back = read_stored(&kept.body, &kept.meta, &|sealed| Some(reverse(sealed))).unwrap();
        prop_assert_eq!(&back, &document);
        prop_assert!(serde_json::from_str::<Value>(&kept.body).unwrap().get("meta").is_none());
    }

    #[test]
    fn every_single_leaf_change_alters_the_hash(document in documents(Flavour::Wild), at in any::<prop::sample::Index>()) {
        let document = valid(&document);
        let mut tree: Value = serde_json::from_slice(&nested(&document)).unwrap();
        let mut found = Vec::new();
        leaves(&tree, &mut String::new(), &mut found);
        found.retain(|pointer| !pointer.starts_with("/meta") && pointer != "/schemaVersion");
        let pointer = at.get(&found);
        let leaf = tree.pointer_mut(pointer).unwrap();
        *leaf = match &*leaf {
            Value::Bool(value) => json!(!value),
            Value::Number(value) => json!(value.as_f64().unwrap() + 1.0),
            Value::String(text) => json!(format!("{text}1")),
            Value::Null => json!("b"),
            _ => json!([]),
        };
        // Some changes are not valid, and some are none; whatever is another document has another hash.
        if let Ok(changed) = read(tree.to_string().as_bytes(), None) {
            prop_assert_eq!(changed == document, hash(&changed) == hash(&document), "{}", pointer);
            prop_assert_eq!(changed == document, diff(&document, &changed).is_empty(), "{}", pointer);
        }
    }

    #[test]
    fn a_difference_names_what_came_and_what_went(document in documents(Flavour::Wild), other in documents(Flavour::Wild)) {
        let (before, after) = (valid(&document), valid(&other));
        let forth = diff(&before, &after);
        let back = diff(&after, &before);
        let count = |changes: &[plenum_edge::state::Change], kind| changes.iter().filter(|c| c.kind == kind).count();
        prop_assert_eq!(count(&forth, ChangeKind::Added), count(&back, ChangeKind::Removed));
        prop_assert_eq!(count(&forth, ChangeKind::Removed), count(&back, ChangeKind::Added));
        prop_assert_eq!(count(&forth, ChangeKind::Changed), count(&back, ChangeKind::Changed));
        let mut same = before.clone();
        same.meta = after.meta.clone();
        prop_assert_eq!(forth.is_empty(), same == after);
    }

    #[test]
    fn an_empty_patch_changes_nothing(document in documents(Flavour::Wild)) {
        let document = valid(&document);
        prop_assert_eq!(&apply_patch(&document, PatchKind::JsonPatch, b"[]").unwrap(), &document);
        prop_assert_eq!(&apply_patch(&document, PatchKind::MergePatch, b"{}").unwrap(), &document);
    }

    #[test]
    fn plausible_documents_are_valid_too(document in documents(Flavour::Plausible)) {
        valid(&document);
    }
}

/// Collects which members of the schema a document has.
fn note(schema: &Value, root: &Value, value: &Value, name: &str, seen: &mut HashSet<String>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap();
        return note(&root["$defs"][name], root, value, name, seen);
    }
    for union in ["oneOf", "anyOf"] {
        for (index, form) in schema.get(union).and_then(Value::as_array).into_iter().flatten().enumerate() {
            let tag = |key: &str| {
                form["properties"][key]["const"] == value[key] || form["properties"][key]["const"].is_null()
            };
            if form["properties"].is_null() || (tag("type") && tag("kind")) {
                note(form, root, value, &format!("{name}.{index}"), seen);
            }
        }
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if let Some(schema) = schema["properties"].get(key) {
                    seen.insert(format!("{name}.{key}"));
                    note(schema, root, member, name, seen);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| note(&schema["items"], root, item, name, seen)),
        _ => {}
    }
}

/// All members that a schema has.
fn members(schema: &Value, name: &str, all: &mut HashSet<String>) {
    for (index, form) in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        members(form, &format!("{name}.{index}"), all);
    }
    all.extend(schema["properties"].as_object().into_iter().flatten().map(|(key, _)| format!("{name}.{key}")));
}

#[test]
fn the_generator_reaches_every_member_of_the_schema() {
    let schema = Document::json_schema();
    let mut all = HashSet::new();
    for (name, def) in schema["$defs"].as_object().unwrap() {
        members(def, name, &mut all);
    }
    let mut seen = HashSet::new();
    // Any numbers do that are well spread: a linear congruence, its high bits.
    let mut state = 1_u64;
    for _ in 0..12_000 {
        let bytes: Vec<u8> = (0..4000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let document = generate::document_of(&schema, &bytes, Flavour::Wild);
        note(&schema, &schema, &document, "Document", &mut seen);
        if all.is_subset(&seen) {
            break;
        }
    }
    let mut missed: Vec<&String> = all.difference(&seen).collect();
    missed.sort();
    assert!(missed.is_empty(), "{} of {} are never generated: {missed:?}", missed.len(), all.len());
}

fn canonical(tree: &Value) -> String {
    // Written by hand, so that the reader of the state and its test share no code.
    match tree {
        Value::Object(members) => {
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            let members: Vec<String> =
                keys.iter().map(|key| format!("{}:{}", json!(key), canonical(&members[key.as_str()]))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        leaf => leaf.to_string(),
    }
}
