//! Every rule between the parts of a document: one document that breaks it, and what is said.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/generate.rs"]
mod generate;

use plenum_edge::state::{ReadError, read};
use serde_json::{Value, json};

/// A document that has one of everything that can be referred to.
fn base() -> Value {
    let mut document = generate::small();
    let haproxy = &mut document["haproxy"];
    haproxy["httpErrorsSections"] = json!([{ "id": "err", "name": "err" }]);
    haproxy["frontends"][0]["rulePhases"] = json!({
        "httpRequest": [{
            "id": "r1",
            "condition": [{ "kind": "aclRef", "aclName": "is_api" }],
            "action": { "type": "use-backend", "backendId": "web" },
        }],
        "tcpRequestContent": [{
            "id": "r1",
            "condition": [{ "kind": "aclRef", "aclName": "is_api" }],
            "action": { "type": "accept" },
        }],
    });
    let endpoint = json!({ "name": "n1", "address": "127.0.0.1:53" });
    haproxy["resolvers"] = json!([{ "id": "dns", "name": "dns", "nameservers": [endpoint] }]);
    haproxy["peers"] = json!([{ "id": "p", "name": "p", "peers": [endpoint] }]);
    haproxy["mailers"] = json!([{ "id": "m", "name": "m", "mailers": [endpoint] }]);
    haproxy["rings"] = json!([{ "id": "r", "name": "r", "servers": [endpoint] }]);
    haproxy["crtStores"] = json!([{ "id": "s", "name": "s", "loadEntries": [{ "crt": "a.pem" }] }]);
    haproxy["maps"] = json!([{ "id": "m", "name": "m", "entries": [{ "key": "k", "value": "v" }] }]);
    document["acls"] = json!([{ "id": "api", "name": "is_api", "field": "path" }]);
    document["tls"] = json!({
        "providers": [{ "id": "own", "type": "byo" }, { "id": "dns", "type": "dns-cloudflare" }],
        "certs": [
            { "id": "c1", "certName": "c1", "providerId": "own", "domains": ["a.example.com"] },
            { "id": "c2", "certName": "c2", "providerId": "dns", "acmeAccountId": "le", "domains": ["b.example.com"] },
        ],
    });
    document["acmeAccounts"] = json!([{ "id": "le", "email": "ops@example.com" }]);
    document["trustedCas"] = json!([{ "id": "ca", "name": "ca", "addedAt": "2026-01-01T00:00:00Z" }]);
    document["trustedCrls"] = json!([{ "id": "crl", "name": "crl", "addedAt": "2026-01-01T00:00:00Z" }]);
    document["securityProfiles"] = json!([{ "id": "sp", "label": "sp", "kind": "bot-defense", "config": {} }]);
    document["authProviders"] = json!([{
        "id": "ap", "type": "authelia",
        "config": { "authRequestBackendId": "web", "redirectUrlTemplate": "https://auth.example.com/" },
    }]);
    document["notifications"] = json!({ "channels": [{ "id": "n", "label": "n", "type": "ntfy" }] });
    document["keepalived"] = json!({
        "trackScripts": [{ "id": "ts", "name": "ts", "script": "/usr/bin/true" }],
        "instances": [{ "id": "vi", "name": "vi", "vip": "192.0.2.1", "virtualRouterId": 1, "authPass": "secret" }],
        "syncGroups": [{ "id": "sg", "name": "sg", "instanceIds": ["vi"] }],
    });
    document
}

fn custom(document: &Value) -> Vec<(String, String)> {
    match read(document.to_string().as_bytes(), None) {
        Ok(_) => Vec::new(),
        Err(ReadError::Issues(issues)) => issues
            .into_iter()
            .map(|issue| {
                assert_eq!(serde_json::to_value(&issue).unwrap()["code"], "custom", "{issue:?}");
                (issue.pointer(), issue.message)
            })
            .collect(),
        Err(error) => panic!("{error}"),
    }
}

fn check(pointer: &str, value: Value, expected: &[(&str, &str)]) {
    let mut document = base();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    let found = custom(&document);
    let found: Vec<(&str, &str)> =
        found.iter().map(|(pointer, message)| (pointer.as_str(), message.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_base_is_valid() {
    assert_eq!(custom(&base()), []);
}

#[test]
fn references_to_nothing() {
    let front = "/haproxy/frontends/0";
    for (pointer, value, at, kind) in [
        ("fromDefaults", json!("no"), "fromDefaults", "defaults block"),
        ("useErrorFilesId", json!("no"), "useErrorFilesId", "http-errors section"),
        ("httpOpts", json!({ "useErrorFilesId": "no" }), "httpOpts/useErrorFilesId", "http-errors section"),
        ("httpOpts", json!({ "defaultBackendId": "no" }), "httpOpts/defaultBackendId", "backend"),
        ("tcpOpts", json!({ "defaultBackendId": "no" }), "tcpOpts/defaultBackendId", "backend"),
        (
            "tcpOpts",
            json!({ "sniRouter": { "sniMap": [{ "sniPattern": "a", "backendId": "no" }] } }),
            "tcpOpts/sniRouter/sniMap/0/backendId",
            "backend",
        ),
        ("binds/0/ssl", json!({ "caTrustedCaId": "no" }), "binds/0/ssl/caTrustedCaId", "trusted CA"),
        ("binds/0/ssl", json!({ "caVerifyTrustedCaId": "no" }), "binds/0/ssl/caVerifyTrustedCaId", "trusted CA"),
        ("binds/0/ssl", json!({ "crlTrustedCrlId": "no" }), "binds/0/ssl/crlTrustedCrlId", "trusted CRL"),
        ("binds/0/floatingIpInstanceId", json!("no"), "binds/0/floatingIpInstanceId", "keepalived instance"),
        (
            "rulePhases/httpRequest/0/condition/0/aclName",
            json!("no"),
            "rulePhases/httpRequest/0/condition/0/aclName",
            "ACL",
        ),
        (
            "rulePhases/tcpRequestContent/0/condition/0/aclName",
            json!("no"),
            "rulePhases/tcpRequestContent/0/condition/0/aclName",
            "ACL",
        ),
        (
            "rulePhases/httpRequest/0/action/backendId",
            json!("no"),
            "rulePhases/httpRequest/0/action/backendId",
            "backend",
        ),
        (
            "rulePhases/httpRequest/0/action",
            json!({ "type": "apply-security-profile", "profileId": "no" }),
            "rulePhases/httpRequest/0/action/profileId",
            "security profile",
        ),
        (
            "rulePhases/httpRequest/0/action",
            json!({ "type": "apply-auth-provider", "providerId": "no" }),
            "rulePhases/httpRequest/0/action/providerId",
            "auth provider",
        ),
    ] {
        let at = format!("{front}/{at}");
        check(&format!("{front}/{pointer}"), value, &[(&at, &format!("references unknown {kind}: no"))]);
    }
    for (pointer, value, kind) in [
        ("/haproxy/defaultsBlocks/0/useErrorFilesId", json!("no"), "http-errors section"),
        ("/haproxy/backends/0/servers/0/caTrustedCaId", json!("no"), "trusted CA"),
        ("/haproxy/backends/0/fromDefaults", json!("no"), "defaults block"),
        ("/haproxy/crtStores/0/loadEntries/0/acme", json!("no"), "ACME account"),
        ("/tls/certs/0/providerId", json!("no"), "TLS provider"),
        ("/tls/certs/1/acmeAccountId", json!("no"), "ACME account"),
        ("/authProviders/0/config/authRequestBackendId", json!("no"), "backend"),
        ("/keepalived/instances/0/syncGroupId", json!("no"), "sync group"),
    ] {
        check(pointer, value, &[(pointer, &format!("references unknown {kind}: no"))]);
    }
    for (pointer, kind) in [
        ("/keepalived/instances/0/trackScriptIds", "track script"),
        ("/keepalived/syncGroups/0/instanceIds", "keepalived instance"),
    ] {
        check(pointer, json!(["no"]), &[(&format!("{pointer}/0"), &format!("references unknown {kind}: no"))]);
    }
}

#[test]
fn w3_backends_are_referred_to_by_id() {
    let mut document = base();
    document["haproxy"]["backends"][0]["name"] = json!("another-name");
    assert_eq!(custom(&document), []);
    document["haproxy"]["frontends"][0]["httpOpts"]["defaultBackendId"] = json!("another-name");
    assert_eq!(custom(&document)[0].1, "references unknown backend: another-name");
}

#[test]
fn nothing_is_there_twice() {
    for (list, kind, fields) in [
        ("/haproxy/defaultsBlocks", "defaults block", &["id", "name"][..]),
        ("/haproxy/httpErrorsSections", "http-errors section", &["id", "name"]),
        ("/haproxy/frontends", "frontend", &["id", "name"]),
        ("/haproxy/backends", "backend", &["id", "name"]),
        ("/haproxy/resolvers", "resolvers", &["id", "name"]),
        ("/haproxy/peers", "peers", &["id", "name"]),
        ("/haproxy/mailers", "mailers", &["id", "name"]),
        ("/haproxy/rings", "ring", &["id", "name"]),
        ("/haproxy/crtStores", "crt-store", &["id", "name"]),
        ("/haproxy/maps", "map", &["id", "name"]),
        ("/haproxy/backends/0/servers", "server", &["name"]),
        ("/haproxy/frontends/0/binds", "bind", &["id"]),
        ("/haproxy/frontends/0/rulePhases/httpRequest", "rule", &["id"]),
        ("/haproxy/frontends/0/rulePhases/tcpRequestContent", "rule", &["id"]),
        ("/haproxy/resolvers/0/nameservers", "name server", &["name"]),
        ("/haproxy/peers/0/peers", "peer", &["name"]),
        ("/haproxy/mailers/0/mailers", "mailer", &["name"]),
        ("/haproxy/rings/0/servers", "server", &["name"]),
        ("/acls", "ACL", &["id", "name"]),
        ("/tls/providers", "TLS provider", &["id"]),
        ("/tls/certs", "certificate", &["id", "certName"]),
        ("/trustedCas", "trusted CA", &["id", "name"]),
        ("/trustedCrls", "trusted CRL", &["id", "name"]),
        ("/securityProfiles", "security profile", &["id"]),
        ("/authProviders", "auth provider", &["id"]),
        ("/notifications/channels", "channel", &["id"]),
        ("/keepalived/trackScripts", "track script", &["id", "name"]),
        ("/keepalived/instances", "keepalived instance", &["id", "name", "virtualRouterId"]),
        ("/keepalived/syncGroups", "sync group", &["id", "name"]),
    ] {
        let mut document = base();
        let items = document.pointer_mut(list).unwrap().as_array_mut().unwrap();
        items.push(items[0].clone());
        let (value, second) = (items[0].clone(), items.len() - 1);
        let text = |field: &str| value[field].as_str().map_or_else(|| value[field].to_string(), str::to_owned);
        let expected: Vec<(String, String)> = fields
            .iter()
            .map(|field| (format!("{list}/{second}/{field}"), format!("duplicate {kind} {field}: {}", text(field))))
            .collect();
        assert_eq!(custom(&document), expected);
    }
}

#[test]
fn long_lists_are_searched_like_short_ones() {
    let mut document = base();
    let server = |n: usize| json!({ "name": format!("s{n}"), "address": "127.0.0.1:80" });
    document["haproxy"]["backends"][0]["servers"] = (0..40).map(server).collect();
    assert_eq!(custom(&document), []);
    document["haproxy"]["backends"][0]["servers"][39]["name"] = json!("s3");
    let expected = ("/haproxy/backends/0/servers/39/name".to_owned(), "duplicate server name: s3".to_owned());
    assert_eq!(custom(&document), [expected]);
}

#[test]
fn a_frontend_and_a_backend_may_have_one_name() {
    let mut document = base();
    document["haproxy"]["frontends"][0]["name"] = json!("web");
    document["haproxy"]["frontends"][0]["id"] = json!("web");
    assert_eq!(custom(&document), []);
}

#[test]
fn certificates_need_an_account_unless_they_are_brought() {
    let required = "required: only certificates of a byo provider need no ACME account";
    let certificate =
        |provider| json!({ "id": "c2", "certName": "c2", "providerId": provider, "domains": ["b.example.com"] });
    check("/tls/certs/1", certificate("dns"), &[("/tls/certs/1/acmeAccountId", required)]);
    check("/tls/certs/1", certificate("own"), &[]);
}

#[test]
fn acme_accounts_fit_their_server() {
    let account = |members: Value| {
        let mut account = json!({ "id": "le", "email": "ops@example.com" });
        account.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!([account])
    };
    let at = |field: &str| format!("/acmeAccounts/0/{field}");
    let together = "eabKid and eabHmacKey must be given together";
    for (members, expected) in [
        (json!({ "server": "custom" }), vec![("directoryUrl", "required when the server is custom")]),
        (json!({ "server": "custom", "directoryUrl": "https://ca.example.com/" }), vec![]),
        (
            json!({ "directoryUrl": "https://ca.example.com/" }),
            vec![("directoryUrl", "only allowed when the server is custom")],
        ),
        (
            json!({ "server": "zerossl" }),
            vec![
                ("eabKid", "required when the server is zerossl"),
                ("eabHmacKey", "required when the server is zerossl"),
            ],
        ),
        (json!({ "server": "google", "eabKid": "k", "eabHmacKey": "h" }), vec![]),
        (json!({ "eabKid": "k" }), vec![("eabHmacKey", together)]),
        (json!({ "eabHmacKey": "h" }), vec![("eabKid", together)]),
    ] {
        let expected: Vec<(String, &str)> = expected.into_iter().map(|(field, message)| (at(field), message)).collect();
        let expected: Vec<(&str, &str)> = expected.iter().map(|(at, message)| (at.as_str(), *message)).collect();
        check("/acmeAccounts", account(members), &expected);
    }
    let mut document = base();
    document["acmeAccounts"] =
        json!([{ "id": "le", "email": "ops@example.com" }, { "id": "le2", "email": "ops@example.com" }]);
    let message = "duplicate ACME account: ops@example.com at letsencrypt".to_owned();
    assert_eq!(custom(&document), [("/acmeAccounts/1/email".to_owned(), message)]);
}

#[test]
fn map_keys_are_what_haproxy_reads_as_keys() {
    let entry = |key: &str| json!([{ "key": key, "value": "any text at all # yes" }]);
    let at = "/haproxy/maps/0/entries/0/key";
    let comment = "must not begin with #: the line would be a comment";
    let space = "must not hold white space: the value would begin there";
    check("/haproxy/maps/0/entries", entry("a#b"), &[]);
    check("/haproxy/maps/0/entries", entry("#a"), &[(at, comment)]);
    check("/haproxy/maps/0/entries", entry("a b"), &[(at, space)]);
    check("/haproxy/maps/0/entries", entry("a\u{2003}b"), &[(at, space)]);
}
