//! What comes of a document that is read: defaults, issues, layouts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/generate.rs"]
mod generate;

use generate::small;
use plenum_edge::state::{Document, Layout, ReadError, Secrets, read, stored, to_json};
use serde_json::{Value, json};

/// The small document with the value at `pointer` replaced (or added).
fn with(pointer: &str, value: Value) -> Value {
    let mut document = small();
    set(&mut document, pointer, value);
    document
}

fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => match key.parse::<usize>() {
            Ok(index) if index < items.len() => items[index] = value,
            _ => items.push(value),
        },
        parent => parent[key] = value,
    }
}

fn read_value(document: &Value) -> Result<Document, ReadError> {
    read(document.to_string().as_bytes(), None)
}

fn issues(document: &Value) -> Value {
    match read_value(document) {
        Err(ReadError::Issues(issues)) => serde_json::to_value(issues).unwrap(),
        other => panic!("expected issues, got {other:?}"),
    }
}

fn full(document: &Value) -> Value {
    serde_json::from_slice(&to_json(&read_value(document).unwrap(), Layout::Nested, Secrets::Masked)).unwrap()
}

fn custom(path: Value, message: &str) -> Value {
    json!([{ "code": "custom", "path": path, "message": message }])
}

#[test]
fn the_empty_document_has_every_section_at_its_default() {
    let now = "2026-05-17T12:34:56.789Z".parse().unwrap();
    let text = to_json(&Document::empty(now), Layout::Nested, Secrets::Masked);
    insta::assert_json_snapshot!(serde_json::from_slice::<Value>(&text).unwrap());
}

#[test]
fn w1_one_pass_fills_the_defaults_of_defaults() {
    let full = full(&small());
    assert_eq!(full["haproxy"]["globalSettings"]["ssl"]["tune"]["defaultDhParam"], 4096);
    assert_eq!(full["tls"], json!({ "certs": [], "providers": [] }));
    assert_eq!(full["haproxy"]["frontends"][0]["httpOpts"]["compression"]["types"][0], "text/html");
    assert_eq!(full["haproxy"]["defaultsBlocks"][0]["timeouts"]["tunnel"], "1h");
    assert_eq!(full["haproxy"]["backends"][0]["servers"][0]["check"], true);
}

#[test]
fn w10_wildcard_domains_are_domains() {
    let mut document = small();
    document["tls"] = json!({
        "providers": [{ "id": "own", "type": "byo" }],
        "certs": [{ "id": "c", "certName": "c", "providerId": "own", "domains": ["*.example.com", "example.com"] }],
    });
    assert_eq!(full(&document)["tls"]["certs"][0]["domains"][0], "*.example.com");
    set(&mut document, "/tls/certs/0/domains/0", json!("a.*.example.com"));
    assert_eq!(issues(&document)[0]["code"], "invalid_format");
}

#[test]
fn w15_options_that_haproxy_no_longer_has_are_the_renderers_business() {
    for (pointer, value) in [
        ("/haproxy/frontends/0/httpOpts/optionHttpTunnel", json!(true)),
        ("/haproxy/frontends/0/httpOpts/h2", json!({ "maxHeaderListSize": 1 })),
        ("/haproxy/frontends/0/httpOpts/optionHttpUseHtx", json!(false)),
        ("/acls", json!([{ "id": "a", "name": "a", "field": "hdr_cnt", "operator": "gt", "values": ["1"] }])),
    ] {
        assert!(read_value(&with(pointer, value)).is_ok(), "{pointer}");
    }
}

#[test]
fn an_empty_or_malformed_body_is_no_document() {
    for (body, message) in [
        ("", "the text is empty, expected a JSON value at line 1, column 1"),
        ("{\"schemaVersion\": 1,\n}", "expected a key in double quotes, found '}' at line 2, column 1"),
        ("{\"ui\":{},\"ui\":{}}", "the key \"ui\" is given twice at line 1, column 10"),
    ] {
        assert_eq!(read(body.as_bytes(), None), Err(ReadError::Malformed(message.to_owned())));
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(read(deep.as_bytes(), None), Err(ReadError::Malformed(message)) if message.contains("64 levels")));
}

#[test]
fn json_that_is_no_object_is_an_issue() {
    for (value, received) in [(json!([]), "array"), (json!(null), "null"), (json!(1), "number"), (json!("x"), "string")]
    {
        let message = format!("Invalid input: expected object, received {received}");
        assert_eq!(
            issues(&value),
            json!([{ "expected": "object", "code": "invalid_type", "path": [], "message": message }])
        );
    }
}

#[test]
fn every_kind_of_issue_in_zods_words() {
    let cases = [
        ("/schemaVersion", json!(2)),
        ("/haproxy/backends/0/servers", json!([])),
        ("/haproxy/backends/0/servers", json!({})),
        ("/haproxy/backends/0/servers/0/weight", json!(257)),
        ("/haproxy/backends/0/servers/0/weight", json!(1.5)),
        ("/haproxy/backends/0/servers/0/weight", json!("1")),
        ("/haproxy/backends/0/servers/0/maxconn", json!(0)),
        ("/haproxy/backends/0/servers/0/maxconn", json!(1e17)),
        ("/haproxy/backends/0/servers/0/check", json!(null)),
        ("/haproxy/backends/0/servers/0/sendProxy", json!("v3")),
        ("/haproxy/backends/0/id", json!("Upper")),
        ("/haproxy/frontends/0/description", json!("x".repeat(257))),
        ("/haproxy/frontends/0/binds/0/address", json!("")),
        ("/haproxy/frontends/0/binds/0/shards", json!("by-core")),
        ("/haproxy/frontends/0/binds/0/shards", json!(0)),
        ("/haproxy/frontends/0/rulePhases", json!({ "httpRequest": [{ "id": "r", "action": { "type": "sing" } }] })),
        ("/haproxy/frontends/0/rulePhases", json!({ "httpRequest": [{ "id": "r" }] })),
        ("/haproxy/defaultsBlocks/0/errorFiles", json!({ "418": "/teapot.http" })),
        ("/haproxy/defaultsBlocks/0/httpErrors", json!([{ "status": 404 }])),
        ("/haproxy/frontends/0/colour", json!("red")),
        ("/meta/createdAt", json!("yesterday")),
        ("/meta", json!({})),
        ("/acmeAccounts", json!([{ "id": "a", "email": "nobody" }])),
        ("/authProviders", json!([{ "id": "o", "type": "oidc", "config": { "issuer": "no url" } }])),
    ];
    let all: Vec<Value> =
        cases.into_iter().map(|(pointer, value)| json!({ pointer: issues(&with(pointer, value)) })).collect();
    insta::assert_json_snapshot!(all);
}

#[test]
fn both_kinds_of_issues_come_together() {
    let mut document = small();
    set(&mut document, "/haproxy/backends/0/servers/0/weight", json!(1000));
    set(&mut document, "/haproxy/frontends/0/fromDefaults", json!("gone"));
    set(&mut document, "/haproxy/frontends/0/colour", json!("red"));
    let found = issues(&document);
    let codes: Vec<&str> = found.as_array().unwrap().iter().map(|issue| issue["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unrecognized_keys", "too_big", "custom"]);
}

#[test]
fn unknown_keys_are_reported_where_they_are() {
    let mut document = small();
    set(&mut document, "/haproxy/frontends/0/httpOpts/nope", json!(1));
    set(&mut document, "/haproxy/backends/0/servers/0/x", json!(1));
    set(&mut document, "/haproxy/backends/0/servers/0/y", json!(1));
    assert_eq!(
        issues(&document),
        json!([
            {
                "code": "unrecognized_keys", "keys": ["nope"], "path": ["haproxy", "frontends", 0, "httpOpts"],
                "message": "Unrecognized key: \"nope\"",
            },
            {
                "code": "unrecognized_keys", "keys": ["x", "y"], "path": ["haproxy", "backends", 0, "servers", 0],
                "message": "Unrecognized keys: \"x\", \"y\"",
            },
        ])
    );
}

#[test]
fn keys_that_begin_with_x_are_kept() {
    let mut document = small();
    for pointer in ["/x-note", "/haproxy/x-note", "/haproxy/backends/0/x-note", "/haproxy/backends/0/servers/0/x-note"]
    {
        set(&mut document, pointer, json!({ "by": ["me", 1.5, null] }));
    }
    let full = full(&document);
    for pointer in ["/x-note", "/haproxy/x-note", "/haproxy/backends/0/x-note", "/haproxy/backends/0/servers/0/x-note"]
    {
        assert_eq!(full.pointer(pointer), Some(&json!({ "by": ["me", 1.5, null] })), "{pointer}");
    }
}

#[test]
fn c15_the_flat_layout_is_accepted_and_given() {
    let nested = small();
    let mut flat = nested.clone();
    let sections = flat.as_object_mut().unwrap().remove("haproxy").unwrap();
    flat.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
    let document = read_value(&flat).unwrap();
    assert_eq!(document, read_value(&nested).unwrap());
    let given: Value = serde_json::from_slice(&to_json(&document, Layout::Flat, Secrets::Masked)).unwrap();
    assert_eq!(given["backends"][0]["id"], "web");
    assert!(given.get("haproxy").is_none());

    flat["backends"][0]["servers"][0]["weight"] = json!(-1);
    flat["frontends"][0]["fromDefaults"] = json!("gone");
    let found = issues(&flat);
    assert_eq!(found[0]["path"], json!(["backends", 0, "servers", 0, "weight"]));
    assert_eq!(found[1]["path"], json!(["frontends", 0, "fromDefaults"]));
}

#[test]
fn a_section_in_both_places_must_be_the_same() {
    let mut document = small();
    document["backends"] = document["haproxy"]["backends"].clone();
    assert!(read_value(&document).is_ok());
    document["backends"][0]["name"] = json!("other");
    let message = "`backends` is given here and under `haproxy`, and the two differ; give one of them";
    assert_eq!(issues(&document), custom(json!(["backends"]), message));
    // Where `haproxy` is nonsense, that is what is said.
    document["haproxy"] = json!([]);
    assert_eq!(issues(&document)[0]["path"], json!(["haproxy"]));
}

#[test]
fn the_hash_covers_everything_but_meta() {
    let hash = |document: &Value| stored(&read_value(document).unwrap(), &str::to_owned).hash;
    let base = hash(&small());
    assert_eq!(base.len(), 64);
    assert_eq!(hash(&with("/meta/lastEditedBy", json!("u_1"))), base);
    assert_ne!(hash(&with("/x-note", json!(1))), base);
    assert_eq!(hash(&full(&small())), base);
}

#[test]
fn a_save_is_noted_in_meta() {
    let mut document = read_value(&small()).unwrap();
    let created = document.meta.created_at.clone();
    document.touch("2030-01-02T03:04:05Z".parse().unwrap(), Some("u_1"), None);
    let before = document.meta.clone();
    document.touch("2031-01-02T03:04:05Z".parse().unwrap(), None, Some(&before));
    assert_eq!(document.meta.last_edited_at.as_str(), "2031-01-02T03:04:05.000Z");
    assert_eq!(document.meta.last_edited_by.as_ref().unwrap().as_str(), "u_1");
    assert_eq!(document.meta.created_at, created);
}

#[test]
fn unchanged_entities_are_shared_with_the_old_document() {
    let old = read_value(&small()).unwrap();
    let mut text = full(&small());
    let backend = text["haproxy"]["backends"][0].clone();
    text["haproxy"]["backends"] = json!([backend.clone(), backend]);
    text["haproxy"]["backends"][0]["id"] = json!("first");
    text["haproxy"]["backends"][0]["name"] = json!("first");
    let new = read(text.to_string().as_bytes(), Some(&old)).unwrap();
    assert!(std::sync::Arc::ptr_eq(&new.haproxy.frontends[0], &old.haproxy.frontends[0]));
    assert!(std::sync::Arc::ptr_eq(&new.haproxy.backends[1], &old.haproxy.backends[0]));
}

#[test]
fn v23_a_body_of_mistakes_has_a_bounded_answer() {
    let servers: Vec<Value> = (0..100_000).map(Value::from).collect();
    let found = issues(&with("/haproxy/backends/0/servers", servers.into()));
    assert_eq!(found.as_array().unwrap().len(), 1001);
}

#[test]
fn the_schema_refers_only_to_what_it_defines() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match member.as_str() {
                        Some(reference) if key == "$ref" => found.push(reference.to_owned()),
                        _ => references(member, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let schema = Document::json_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(schema.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let server = &schema["$defs"]["Server"];
    assert_eq!(server["required"], json!(["name", "address"]));
    assert_eq!(server["properties"]["check"]["default"], true);
    assert_eq!(server["additionalProperties"], false);
    let defaults = &schema["$defs"]["DefaultsBlock"]["properties"]["timeouts"]["default"];
    assert_eq!(defaults["tunnel"], "1h", "defaults of defaults are in the schema too");
}
