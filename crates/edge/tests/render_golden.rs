//! Golden pairs: a document and what it renders to, for every section and option. What is rendered is also given to
//! every real HAProxy at hand that is new enough, and to the real keepalived.
//!
//! `UPDATE_GOLDEN=1` writes the expected texts anew; read the difference before committing it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/rendering.rs"]
mod rendering;

use plenum_edge::render::{self, Target};
use rendering::{Workplace, described, document, golden, installed, listed, wished_features};
use serde_json::Value;

/// The documents, by name.
fn documents() -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = std::fs::read_dir(golden())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn rendered(name: &str, value: &Value, target: &Target) -> render::Rendered {
    render::render(&document(value), target).unwrap_or_else(|issues| panic!("{name}:\n{}", listed(&issues)))
}

/// Compares a text with a golden file, or writes it there.
fn compare(file: &str, text: &str) {
    let path = golden().join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        #[expect(clippy::disallowed_methods, reason = "the expected text of a test")]
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected != text {
        let line = expected.lines().zip(text.lines()).position(|(a, b)| a != b).unwrap_or_default();
        let show = |text: &str| text.lines().nth(line).unwrap_or_default().to_owned();
        panic!("{file} line {}:\n  expected {}\n  rendered {}", line + 1, show(&expected), show(text));
    }
}

#[test]
fn documents_render_to_what_is_expected() {
    let documents = documents();
    assert!(documents.len() > 30, "the golden documents are missing");
    for (name, value) in documents {
        let result = rendered(&name, &value, &described(&value));
        compare(&format!("{name}.cfg"), &result.cfg);
        if let Some(keepalived) = &result.keepalived {
            compare(&format!("{name}.keepalived"), keepalived);
        }
        assert_eq!(result.cfg, rendered(&name, &value, &described(&value)).cfg, "{name} is not deterministic");
    }
}

/// Warnings that the document or the machine asks for.
fn is_expected(warning: &str) -> bool {
    const EXPECTED: [&str; 5] = [
        // Options of a frontend that HAProxy has for backends only; it says so itself.
        "ignored because frontend",
        // Peers and mailers that nothing refers to, or that do not name this host.
        "Removing incomplete section",
        "could not resolve address",
        // What the golden documents say on purpose.
        "L6 sample fetches ignored on HTTP proxies",
        "should be executed at the session level",
    ];
    EXPECTED.iter().any(|text| warning.contains(text))
}

#[test]
fn real_haproxies_accept_the_golden_documents() {
    let place = Workplace::new();
    let (mut checked, mut refused) = (0, String::new());
    for (name, value) in documents() {
        let wanted = described(&value);
        for program in testkit::haproxy::versions() {
            let target = installed(&program, &value);
            let able = wished_features(&value).all(|option| target.features.has(option));
            if target.version < wanted.version || !able {
                continue;
            }
            let result = rendered(&name, &value, &target);
            match place.check(&program, &result, &document(&value)) {
                Err(said) => refused.push_str(&format!("{name} on {}:\n{said}\n", program.version)),
                Ok(said) => {
                    for warning in said.lines().filter(|line| line.contains("[WARNING]") && !is_expected(line)) {
                        refused.push_str(&format!("{name} on {}: {warning}\n", program.version));
                    }
                }
            }
            checked += 1;
        }
    }
    assert!(refused.is_empty(), "{refused}");
    assert!(checked > 90, "only {checked} configurations were checked");
}

#[test]
fn the_real_keepalived_accepts_the_golden_documents() {
    let place = Workplace::new();
    let mut checked = 0;
    for (name, value) in documents() {
        if let Some(text) = rendered(&name, &value, &described(&value)).keepalived {
            place.check_keepalived(&text).unwrap_or_else(|said| panic!("{name}:\n{said}\n{text}"));
            checked += 1;
        }
    }
    assert!(checked >= 2);
}

/// Every line leads back to an entity, but the few that no entity asked for.
#[test]
fn lines_lead_back_to_the_document() {
    for (name, value) in documents() {
        let result = rendered(&name, &value, &described(&value));
        let nested: Value = serde_json::to_value(
            serde_json::from_slice::<Value>(&plenum_edge::state::to_json(
                &document(&value),
                plenum_edge::state::Layout::Nested,
                plenum_edge::state::Secrets::Masked,
            ))
            .unwrap(),
        )
        .unwrap();
        for (index, line) in result.cfg.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let origin = result.source.at(u32::try_from(index + 1).unwrap());
            let origin = match origin {
                Some(origin) => origin,
                // The container network's resolvers belong to nobody.
                None => {
                    assert!(line.contains("docker") || line.contains("127.0.0.11"), "{name}: {line}");
                    continue;
                }
            };
            assert!(!origin.kind.is_empty() && !origin.path.is_empty(), "{name}: {line}");
            let section = origin.path.iter().take(3).map(|step| match step {
                shape::Step::Index(index) => index.to_string(),
                step => step.as_str().unwrap().to_owned(),
            });
            let pointer = section.fold(String::new(), |pointer, step| format!("{pointer}/{step}"));
            assert!(nested.pointer(&pointer).is_some(), "{name}: {line} claims to come from {pointer}");
        }
    }
}
