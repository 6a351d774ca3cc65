//! JSON Patch and Merge Patch, with the whole document read again and with one entity only.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/generate.rs"]
mod generate;

use std::sync::Arc;

use generate::{Flavour, documents};
use plenum_edge::state::{Document, Layout, PatchError, PatchKind, Secrets, apply_patch, read, to_json};
use proptest::prelude::*;
use serde_json::{Value, json};

fn current() -> Document {
    let mut document = generate::small();
    let backend = |n: usize| {
        json!({
            "id": format!("b{n}"), "name": format!("b{n}"),
            "servers": [{ "name": "s1", "address": "127.0.0.1:1" }, { "name": "s2", "address": "127.0.0.1:2" }],
        })
    };
    let backends = document["haproxy"]["backends"].as_array_mut().unwrap();
    backends.extend((0..3).map(backend));
    document["haproxy"]["frontends"][0]["stats"] =
        json!({ "enabled": true, "auth": [{ "username": "ops", "password": "hunter2" }] });
    read(document.to_string().as_bytes(), None).unwrap()
}

fn json_patch(operations: Value) -> Result<Document, PatchError> {
    apply_patch(&current(), PatchKind::JsonPatch, operations.to_string().as_bytes())
}

fn merge_patch(patch: Value) -> Result<Document, PatchError> {
    apply_patch(&current(), PatchKind::MergePatch, patch.to_string().as_bytes())
}

fn tree(document: &Document) -> Value {
    serde_json::from_slice(&to_json(document, Layout::Nested, Secrets::Clear)).unwrap()
}

fn issues(result: Result<Document, PatchError>) -> Vec<(String, String)> {
    match result {
        Err(PatchError::Issues(issues)) => issues.into_iter().map(|issue| (issue.pointer(), issue.message)).collect(),
        other => panic!("expected issues, got {other:?}"),
    }
}

const WEIGHT: &str = "/haproxy/backends/1/servers/0/weight";

#[test]
fn a_change_in_one_backend_shares_the_rest() {
    let before = current();
    let patch = json!([
        { "op": "test", "path": "/haproxy/backends/1/id", "value": "b0" },
        { "op": "add", "path": WEIGHT, "value": 7 },
        { "op": "copy", "from": WEIGHT, "path": "/haproxy/backends/1/servers/1/weight" },
    ]);
    let after = apply_patch(&before, PatchKind::JsonPatch, patch.to_string().as_bytes()).unwrap();
    let mut expected = tree(&before);
    expected["haproxy"]["backends"][1]["servers"][0]["weight"] = json!(7);
    expected["haproxy"]["backends"][1]["servers"][1]["weight"] = json!(7);
    assert_eq!(tree(&after), expected);
    for (index, (old, new)) in before.haproxy.backends.iter().zip(&after.haproxy.backends).enumerate() {
        assert_eq!(Arc::ptr_eq(old, new), index != 1, "{index}");
    }
    assert!(Arc::ptr_eq(&before.haproxy.frontends[0], &after.haproxy.frontends[0]));
}

#[test]
fn a_change_in_one_entity_is_checked_like_any() {
    let weight = json!([{ "op": "add", "path": WEIGHT, "value": 1000 }]);
    assert_eq!(issues(json_patch(weight)), [(WEIGHT.to_owned(), "Too big: expected number to be <=256".to_owned())]);

    let unknown = json!([{ "op": "add", "path": "/haproxy/backends/1/colour", "value": "red" }]);
    assert_eq!(issues(json_patch(unknown))[0].0, "/haproxy/backends/1");

    let twice = json!([{ "op": "replace", "path": "/haproxy/backends/1/servers/0/name", "value": "s2" }]);
    assert_eq!(issues(json_patch(twice))[0].1, "duplicate server name: s2");

    let ca = json!([{ "op": "add", "path": "/haproxy/backends/1/servers/0/caTrustedCaId", "value": "no" }]);
    assert_eq!(issues(json_patch(ca))[0].1, "references unknown trusted CA: no");

    // A new id concerns others: whoever has it already, and whoever refers to the old one.
    let id = json!([{ "op": "replace", "path": "/haproxy/backends/1/id", "value": "b1" }]);
    let found = issues(json_patch(id));
    assert_eq!(found, [("/haproxy/backends/2/id".to_owned(), "duplicate backend id: b1".to_owned())]);
    let id = json!([{ "op": "replace", "path": "/haproxy/backends/0/id", "value": "renamed" }]);
    assert_eq!(issues(json_patch(id))[0].1, "references unknown backend: web");
}

#[test]
fn entities_come_and_go() {
    let new = json!({ "id": "new", "name": "new", "servers": [{ "name": "s", "address": "127.0.0.1:9" }] });
    let after = json_patch(json!([
        { "op": "add", "path": "/haproxy/backends/-", "value": new },
        { "op": "remove", "path": "/haproxy/backends/1" },
        { "op": "move", "from": "/haproxy/backends/0", "path": "/haproxy/backends/1" },
    ]))
    .unwrap();
    let ids: Vec<&str> = after.haproxy.backends.iter().map(|backend| backend.id.as_str()).collect();
    assert_eq!(ids, ["b1", "web", "b2", "new"]);
}

#[test]
fn a_failed_test_is_told_apart() {
    for path in ["/haproxy/backends/1/id", "/schemaVersion"] {
        let patch = json!([{ "op": "test", "path": path, "value": "other" }]);
        assert_eq!(json_patch(patch), Err(PatchError::TestFailed { operation: 0, path: path.to_owned() }));
    }
    let patch = json!([
        { "op": "add", "path": WEIGHT, "value": 7 },
        { "op": "test", "path": WEIGHT, "value": 8 },
    ]);
    assert_eq!(json_patch(patch), Err(PatchError::TestFailed { operation: 1, path: WEIGHT.to_owned() }));
}

#[test]
fn a_wrong_pointer_is_explained() {
    for (path, message) in [
        (
            "/haproxy/backends/9/name",
            "operation 0 at \"/haproxy/backends/9/name\": there is nothing at this path: `backends` has 4 entries",
        ),
        (
            "/haproxy/backends/1/servers/7/name",
            "operation 0 at \"/haproxy/backends/1/servers/7/name\": there is nothing at this path",
        ),
        ("/haproxy/backends/01/name", "operation 0 at \"/haproxy/backends/01/name\": there is nothing at this path"),
        (
            "/backends/0/name",
            "operation 0 at \"/backends/0/name\": there is nothing at this path; `backends` lies under `/haproxy/backends`",
        ),
    ] {
        let error = json_patch(json!([{ "op": "replace", "path": path, "value": "x" }])).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(matches!(error, PatchError::Pointer { .. }));
    }
    let copy = json!([{ "op": "copy", "from": "/haproxy/backends/1/nothing", "path": "/haproxy/backends/1/retries" }]);
    assert!(json_patch(copy).unwrap_err().to_string().ends_with("there is nothing at `from`"));
}

#[test]
fn a_body_that_is_no_patch_is_malformed() {
    for body in ["", "[", "{}", "[{}]", r#"[{"op":"sing","path":"/a"}]"#, r#"[{"op":"add","path":"a","value":1}]"#] {
        let result = apply_patch(&current(), PatchKind::JsonPatch, body.as_bytes());
        assert!(matches!(result, Err(PatchError::Malformed(_))), "{body}: {result:?}");
    }
    let many = format!("[{}]", vec![r#"{"op":"remove","path":"/x"}"#; 10_001].join(","));
    let result = apply_patch(&current(), PatchKind::JsonPatch, many.as_bytes());
    assert!(matches!(result, Err(PatchError::Malformed(message)) if message.contains("10000 operations")));
    let twice = r#"[{"op":"add","path":"/ui","value":{"a":1,"a":2}}]"#;
    let result = apply_patch(&current(), PatchKind::JsonPatch, twice.as_bytes());
    assert!(matches!(result, Err(PatchError::Malformed(message)) if message.contains("given twice")));
}

#[test]
fn merge_patches_merge() {
    let after = merge_patch(json!({ "geoip": { "enabled": true }, "x-note": 1 })).unwrap();
    assert!(after.geoip.enabled);
    let mut expected = tree(&current());
    expected["geoip"]["enabled"] = json!(true);
    expected["x-note"] = json!(1);
    assert_eq!(tree(&after), expected);
    // Null removes, and what is removed is at its default again.
    let after = apply_patch(&after, PatchKind::MergePatch, br#"{"geoip":null,"x-note":null}"#).unwrap();
    assert_eq!(tree(&after), tree(&current()));

    assert_eq!(issues(merge_patch(json!(["no"])))[0].1, "Invalid input: expected object, received array");
    let flat = issues(merge_patch(json!({ "backends": [] })));
    assert_eq!(flat[0].0, "/backends");
}

#[test]
fn numbers_survive_patches_to_the_last_bit() {
    // The parser of serde_json reads this one a bit off.
    let number = 12.345_678_901_234_567;
    let with = merge_patch(json!({ "geoip": { "homeLatitude": number } })).unwrap();
    assert_eq!(with.geoip.home_latitude.unwrap().get(), number);
    let mut random = 1_u64;
    for _ in 0..200 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let number = (random >> 11) as f64 / 1e14;
        let text = format!(r#"{{"geoip":{{"homeLatitude":{number}}}}}"#);
        let Ok(once) = apply_patch(&with, PatchKind::MergePatch, text.as_bytes()) else { continue };
        assert_eq!(once.geoip.home_latitude.unwrap().get(), number);
        assert_eq!(apply_patch(&once, PatchKind::MergePatch, b"{}").unwrap(), once);
    }
}

#[test]
fn secrets_survive_patches_that_do_not_touch_them() {
    let user = "/haproxy/frontends/0/stats/auth/0";
    let password = |document: &Document| document.haproxy.frontends[0].stats.auth[0].password.expose().to_owned();
    // One entity, the whole document, a merge.
    let one =
        json_patch(json!([{ "op": "replace", "path": "/haproxy/frontends/0/stats/realm", "value": "R" }])).unwrap();
    let whole = json_patch(json!([{ "op": "add", "path": "/x-note", "value": 1 }])).unwrap();
    let merged = merge_patch(json!({ "ui": {} })).unwrap();
    for document in [one, whole, merged] {
        assert_eq!(password(&document), "hunter2");
    }
    let seen = json!([{ "op": "test", "path": format!("{user}/password"), "value": "hunter2" }]);
    assert!(matches!(json_patch(seen), Err(PatchError::TestFailed { .. })), "a patch sees the mask only");
    let new = json_patch(json!([{ "op": "replace", "path": format!("{user}/password"), "value": "new" }])).unwrap();
    assert_eq!(password(&new), "new");
    let stolen =
        json!([{ "op": "copy", "from": format!("{user}/password"), "path": "/haproxy/frontends/0/description" }]);
    assert_eq!(json_patch(stolen).unwrap().haproxy.frontends[0].description.as_ref().unwrap(), &"***");
    let renamed = json!([{ "op": "replace", "path": format!("{user}/username"), "value": "other" }]);
    let message = "\"***\" keeps a stored secret, but none is stored here".to_owned();
    assert_eq!(issues(json_patch(renamed)), [(format!("{user}/password"), message)]);
}

#[test]
fn v23_copies_cannot_double_without_end() {
    let mut operations = vec![json!({ "op": "add", "path": "/x-a", "value": ["0123456789"] })];
    for _ in 0..40 {
        operations.push(json!({ "op": "copy", "from": "/x-a", "path": "/x-a/-" }));
    }
    assert!(matches!(json_patch(operations.into()), Err(PatchError::TooLarge { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// The quick way and the long way come to the same.
    #[test]
    fn one_entity_or_all_makes_no_difference(document in documents(Flavour::Wild), at in any::<prop::sample::Index>()) {
        let document = read(document.to_string().as_bytes(), None).unwrap();
        let backends = &document.haproxy.backends;
        prop_assume!(!backends.is_empty());
        let pointer = format!("/haproxy/backends/{}/retries", at.index(backends.len()));
        let quick = json!([{ "op": "add", "path": pointer, "value": 4 }]);
        let long = json!([
            { "op": "add", "path": pointer, "value": 4 },
            { "op": "test", "path": "/schemaVersion", "value": 1 },
        ]);
        let quick = apply_patch(&document, PatchKind::JsonPatch, quick.to_string().as_bytes()).unwrap();
        let long = apply_patch(&document, PatchKind::JsonPatch, long.to_string().as_bytes()).unwrap();
        prop_assert_eq!(quick, long);
    }
}
