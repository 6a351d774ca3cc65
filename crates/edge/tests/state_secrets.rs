//! Secrets of a document: masked to readers, kept on `***`, sealed in the store, and nowhere else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/generate.rs"]
mod generate;

use plenum_edge::state::{Document, Layout, ReadError, Secrets, read, read_stored, stored, to_json};
use serde_json::{Value, json};

/// A document with a canary wherever a secret can stand; the number says how many there are.
fn canaries() -> (Value, usize) {
    let mut document = generate::small();
    document["acmeAccounts"] =
        json!([{ "id": "a", "email": "ops@example.com", "eabKid": "kid", "eabHmacKey": "canary-eab" }]);
    document["haproxy"]["frontends"][0]["stats"] = json!({
        "auth": [{ "username": "one", "password": "canary-one" }, { "username": "two", "password": "canary-two" }],
    });
    document["geoip"] = json!({ "maxmindLicenseKey": "canary-licence", "fallbackToken": "canary-token" });
    document["keepalived"] = json!({
        "instances": [{ "id": "v", "name": "v", "vip": "192.0.2.1", "virtualRouterId": 1, "authPass": "canary-v" }],
    });
    document["notifications"] = json!({
        "channels": [
            { "id": "w", "label": "w", "type": "webhook",
              "config": { "url": "https://canary-url/", "headers": { "Authorization": "canary-header" } } },
            { "id": "d", "label": "d", "type": "discord", "config": { "webhookUrl": "https://canary-discord/" } },
            { "id": "n", "label": "n", "type": "ntfy", "config": { "url": "https://canary-ntfy/", "token": "canary-n" } },
            { "id": "s", "label": "s", "type": "slack", "config": { "webhookUrl": "https://canary-slack/" } },
        ],
    });
    (document, 12)
}

fn document() -> Document {
    read(canaries().0.to_string().as_bytes(), None).unwrap()
}

fn seal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn open(sealed: &str) -> Option<String> {
    let bytes = sealed.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn v10_no_secret_is_shown() {
    let document = document();
    let count = canaries().1;
    for layout in [Layout::Nested, Layout::Flat] {
        let masked = text(to_json(&document, layout, Secrets::Masked));
        assert!(!masked.contains("canary"), "{masked}");
        assert_eq!(masked.matches("\"***\"").count(), count);
    }
    assert_eq!(text(to_json(&document, Layout::Nested, Secrets::Clear)).matches("canary").count(), count);
    assert!(!format!("{document:?}").contains("canary"));
}

#[test]
fn v10_every_secret_of_the_schema_has_its_canary() {
    fn secrets(value: &Value) -> usize {
        match value {
            Value::Object(members) => {
                usize::from(members.get("writeOnly") == Some(&json!(true)))
                    + members.values().map(secrets).sum::<usize>()
            }
            Value::Array(items) => items.iter().map(secrets).sum(),
            _ => 0,
        }
    }
    // Two users share one place in the schema.
    assert_eq!(secrets(&Document::json_schema()), canaries().1 - 1);
}

#[test]
fn secrets_are_sealed_in_the_store() {
    let document = document();
    let kept = stored(&document, &seal);
    assert!(!kept.body.contains("canary"));
    assert_eq!(kept.body.matches("\"sealed:").count(), canaries().1);
    assert_eq!(read_stored(&kept.body, &kept.meta, &open).unwrap(), document);
    assert_eq!(read_stored(&kept.body, &kept.meta, &|_| None), Err(ReadError::Sealed));
}

#[test]
fn the_hash_covers_the_secrets() {
    let hash = |value: &Value| stored(&read(value.to_string().as_bytes(), None).unwrap(), &seal).hash;
    let (mut document, _) = canaries();
    let before = hash(&document);
    document["geoip"]["fallbackToken"] = json!("canary-other");
    assert_ne!(hash(&document), before);
}

#[test]
fn a_mask_keeps_what_is_stored() {
    let old = document();
    let masked = to_json(&old, Layout::Nested, Secrets::Masked);
    assert_eq!(read(&masked, Some(&old)).unwrap(), old);
    let flat = to_json(&old, Layout::Flat, Secrets::Masked);
    assert_eq!(read(&flat, Some(&old)).unwrap(), old);

    // Items are matched by what names them, not by where they are.
    let mut value: Value = serde_json::from_slice(&masked).unwrap();
    value["haproxy"]["frontends"][0]["stats"]["auth"].as_array_mut().unwrap().reverse();
    value["notifications"]["channels"].as_array_mut().unwrap().reverse();
    let new = read(value.to_string().as_bytes(), Some(&old)).unwrap();
    let auth = &new.haproxy.frontends[0].stats.auth;
    assert_eq!((auth[0].username.as_str(), auth[0].password.expose()), ("two", "canary-two"));
    assert_eq!((auth[1].username.as_str(), auth[1].password.expose()), ("one", "canary-one"));
}

#[test]
fn a_mask_with_nothing_behind_it_is_an_issue() {
    let masked = to_json(&document(), Layout::Nested, Secrets::Masked);
    let Err(ReadError::Issues(issues)) = read(&masked, None) else { panic!("expected issues") };
    assert_eq!(issues.len(), canaries().1);
    let message = "\"***\" keeps a stored secret, but none is stored here";
    assert!(issues.iter().all(|issue| issue.message == message));

    // A channel of another kind has nothing to keep, even under the same id.
    let mut value: Value = serde_json::from_slice(&masked).unwrap();
    value["notifications"]["channels"][1]["type"] = json!("slack");
    let Err(ReadError::Issues(issues)) = read(value.to_string().as_bytes(), Some(&document())) else {
        panic!("expected issues")
    };
    assert_eq!(issues[0].pointer(), "/notifications/channels/1/config/webhookUrl");
}

#[test]
fn what_looks_sealed_on_the_wire_is_just_text() {
    let (mut value, _) = canaries();
    value["geoip"]["fallbackToken"] = json!("sealed:6869");
    let document = read(value.to_string().as_bytes(), None).unwrap();
    assert_eq!(document.geoip.fallback_token.as_ref().unwrap().expose(), "sealed:6869");
    let kept = stored(&document, &seal);
    assert_eq!(read_stored(&kept.body, &kept.meta, &open).unwrap(), document);
}

#[test]
fn no_issue_repeats_a_secret() {
    let (mut value, _) = canaries();
    value["keepalived"]["instances"][0]["authPass"] = json!("canary-too-long");
    value["geoip"]["fallbackToken"] = json!("canary\n");
    value["acmeAccounts"][0]["eabHmacKey"] = json!(["canary"]);
    let Err(ReadError::Issues(issues)) = read(value.to_string().as_bytes(), None) else { panic!("expected issues") };
    assert_eq!(issues.len(), 3);
    assert!(!serde_json::to_string(&issues).unwrap().contains("canary"));
}
