//! What is said about two documents that differ.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/generate.rs"]
mod generate;

use plenum_edge::state::{diff, read};
use serde_json::{Value, json};

fn base() -> Value {
    let mut document = generate::small();
    let backend = |n: usize| {
        json!({
            "id": format!("b{n}"), "name": format!("Backend-{n}"),
            "servers": [{ "name": "s1", "address": "127.0.0.1:1" }, { "name": "s2", "address": "127.0.0.1:2" }],
        })
    };
    document["haproxy"]["backends"].as_array_mut().unwrap().extend((0..4).map(backend));
    document["acmeAccounts"] =
        json!([{ "id": "le", "email": "ops@example.com", "eabKid": "kid", "eabHmacKey": "canary-old" }]);
    document
}

/// What changed from the base, and back.
fn check(change: impl FnOnce(&mut Value), expected: Value) {
    let before = read(base().to_string().as_bytes(), None).unwrap();
    let mut document = base();
    change(&mut document);
    let after = read(document.to_string().as_bytes(), None).unwrap();
    let found = serde_json::to_value(diff(&before, &after)).unwrap();
    assert_eq!(found, expected, "{found:#}");
    assert_eq!(diff(&after, &before).is_empty(), diff(&before, &after).is_empty());
}

fn backends(document: &mut Value) -> &mut Vec<Value> {
    document["haproxy"]["backends"].as_array_mut().unwrap()
}

#[test]
fn nothing() {
    check(|document| document["meta"]["lastEditedBy"] = json!("somebody"), json!([]));
    check(|document| document["haproxy"]["backends"][0]["mode"] = json!("http"), json!([]));
}

#[test]
fn a_field() {
    check(
        |document| {
            document["haproxy"]["backends"][1]["servers"][1]["weight"] = json!(7);
            document["haproxy"]["backends"][1]["balance"] = json!("source");
        },
        json!([{
            "kind": "changed", "section": "backends", "id": "b0", "name": "Backend-0", "path": ["haproxy", "backends", 1],
            "fields": [
                { "path": ["balance"], "before": "random", "after": "source" },
                { "path": ["servers", 1, "weight"], "after": 7 },
            ],
        }]),
    );
}

#[test]
fn an_item_in_the_middle_is_one_addition() {
    let server = json!({ "name": "s0", "address": "127.0.0.1:3" });
    let mut expected = server.clone();
    expected.as_object_mut().unwrap().extend(
        json!({ "advancedDirectives": [], "backup": false, "check": true, "sendProxy": "none", "ssl": false })
            .as_object()
            .unwrap()
            .clone(),
    );
    check(
        |document| document["haproxy"]["backends"][1]["servers"].as_array_mut().unwrap().insert(1, server),
        json!([{
            "kind": "changed", "section": "backends", "id": "b0", "name": "Backend-0", "path": ["haproxy", "backends", 1],
            "fields": [{ "path": ["servers", 1], "after": expected }],
        }]),
    );
}

#[test]
fn entities_added_removed_and_moved() {
    let at = |kind: &str, id: &str, name: &str, index: usize| json!({ "kind": kind, "section": "backends", "id": id, "name": name, "path": ["haproxy", "backends", index] });
    check(|document| drop(backends(document).remove(2)), json!([at("removed", "b1", "Backend-1", 2)]));
    check(
        |document| {
            let mut new = backends(document)[1].clone();
            new["id"] = json!("new");
            new["name"] = json!("New");
            backends(document).insert(0, new);
        },
        json!([at("added", "new", "New", 0)]),
    );
    check(
        |document| {
            let last = backends(document).pop().unwrap();
            backends(document).insert(0, last);
        },
        json!([at("moved", "b3", "Backend-3", 0)]),
    );
}

#[test]
fn an_order_within_an_entity() {
    check(
        |document| document["haproxy"]["backends"][1]["servers"].as_array_mut().unwrap().reverse(),
        json!([{
            "kind": "changed", "section": "backends", "id": "b0", "name": "Backend-0", "path": ["haproxy", "backends", 1],
            "fields": [{ "path": ["servers"], "before": ["s1", "s2"], "after": ["s2", "s1"] }],
        }]),
    );
}

#[test]
fn v10_a_changed_secret_is_a_change_but_is_not_shown() {
    check(
        |document| document["acmeAccounts"][0]["eabHmacKey"] = json!("canary-new"),
        json!([{
            "kind": "changed", "section": "acmeAccounts", "id": "le", "path": ["acmeAccounts", 0],
            "fields": [{ "path": ["eabHmacKey"], "before": "***", "after": "***" }],
        }]),
    );
}

#[test]
fn sections_that_are_no_lists() {
    check(
        |document| {
            document["geoip"] = json!({ "enabled": true });
            document["haproxy"]["globalSettings"] = json!({ "ssl": { "tune": { "defaultDhParam": 2048 } } });
            document["x-note"] = json!({ "a": 1 });
            document["tls"] = json!({ "x-note": 1 });
        },
        json!([
            {
                "kind": "changed", "section": "globalSettings", "path": ["haproxy", "globalSettings"],
                "fields": [{ "path": ["ssl", "tune", "defaultDhParam"], "before": 4096, "after": 2048 }],
            },
            {
                "kind": "changed", "section": "tls", "path": ["tls"],
                "fields": [{ "path": ["x-note"], "after": 1 }],
            },
            {
                "kind": "changed", "section": "geoip", "path": ["geoip"],
                "fields": [{ "path": ["enabled"], "before": false, "after": true }],
            },
            { "kind": "changed", "section": "extra", "path": [], "fields": [{ "path": ["x-note"], "after": { "a": 1 } }] },
        ]),
    );
}
