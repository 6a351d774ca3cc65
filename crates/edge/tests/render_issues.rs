//! What HAProxy would refuse, ignore or read differently is an issue with the path of the culprit; and the properties of
//! what is rendered that others build on: the marker, the mask, the addresses.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

#[path = "support/rendering.rs"]
mod rendering;

use plenum_edge::render::{self, Rendered, Target};
use rendering::{described, document, listed, try_document};
use serde_json::{Value, json};

/// One of each thing that others refer to.
fn base() -> Value {
    json!({
        "schemaVersion": 1,
        "meta": { "createdAt": "2026-05-17T12:34:56Z", "lastEditedAt": "2026-05-17T12:34:56Z" },
        "acls": [{ "id": "a", "name": "api", "field": "path", "operator": "beg", "values": ["/api"] }],
        "haproxy": {
            "globalSettings": {},
            "defaultsBlocks": [{ "id": "base", "name": "base" }],
            "backends": [
                { "id": "web", "name": "web-pool", "servers": [{ "name": "s1", "address": "127.0.0.1:8081", "weight": 10 }] },
                { "id": "raw", "name": "raw", "mode": "tcp", "servers": [{ "name": "s1", "address": "db.example.com:5432" }] },
            ],
            "frontends": [{
                "id": "front", "name": "front", "fromDefaults": "base",
                "binds": [{ "id": "b", "address": "127.0.0.1:18080" }],
                "httpOpts": { "defaultBackendId": "web" },
            }],
            "maps": [{ "id": "m", "name": "hosts", "entries": [{ "key": "a", "value": "b" }] }],
        },
    })
}

/// The base document with a value at a pointer; missing parents are made.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = base();
    set(&mut document, pointer, value);
    document
}

fn set(document: &mut Value, pointer: &str, value: Value) {
    let mut place = document;
    for step in pointer.split('/').skip(1) {
        place = match (place.is_array(), step.parse::<usize>()) {
            (true, Ok(index)) => &mut place[index],
            _ => &mut place[step],
        };
    }
    *place = value;
}

fn on(document: &Value, version: &str, features: &[&str]) -> Result<Rendered, String> {
    let mut wish = document.clone();
    wish["x-target"] = json!({ "version": version, "features": features });
    let typed = try_document(&wish).map_err(|issues| listed(&issues))?;
    render::render(&typed, &described(&wish)).map_err(|issues| listed(&issues))
}

/// Asserts that a document has an issue there that says so.
#[track_caller]
fn refused(document: &Value, pointer: &str, says: &str) {
    let issues = on(document, "2.6.12", &[]).expect_err(pointer);
    let found = issues.lines().any(|line| line.starts_with(&format!("{pointer}: ")) && line.contains(says));
    assert!(found, "no issue at {pointer} that says {says:?}:\n{issues}");
}

fn ok(document: &Value) -> Rendered {
    on(document, "2.6.12", &[]).unwrap_or_else(|issues| panic!("{issues}"))
}

const FRONT: &str = "/haproxy/frontends/0";
const BIND: &str = "/haproxy/frontends/0/binds/0";
const SERVER: &str = "/haproxy/backends/0/servers/0";

fn request_rule(action: Value) -> Value {
    with(&format!("{FRONT}/rulePhases"), json!({ "httpRequest": [{ "id": "r", "action": action }] }))
}

fn condition(term: Value) -> Value {
    let rule = json!({ "id": "r", "condition": [term], "action": { "type": "deny" } });
    with(&format!("{FRONT}/rulePhases"), json!({ "httpRequest": [rule] }))
}

#[test]
fn what_the_version_cannot_do_is_an_issue_with_a_path() {
    let cases: [(&str, Value, &str, &str, &[&str]); 14] = [
        (
            "/haproxy/globalSettings/ssl",
            json!({ "bind": { "sigalgs": ["ECDSA+SHA256"] } }),
            "/haproxy/globalSettings/ssl/bind/sigalgs",
            "2.8.0",
            &[],
        ),
        (
            "/haproxy/globalSettings/ssl",
            json!({ "server": { "curves": ["X25519"] } }),
            "/haproxy/globalSettings/ssl/server/curves",
            "3.0.0",
            &[],
        ),
        ("/haproxy/crtStores", json!([{ "id": "s", "name": "s" }]), "/haproxy/crtStores/0", "3.0.0", &[]),
        (
            "/haproxy/globalSettings/quic",
            json!({ "fe": { "ccHystart": true } }),
            "/haproxy/globalSettings/quic/fe/ccHystart",
            "3.0.0",
            &["QUIC"],
        ),
        (
            "/haproxy/globalSettings/quic",
            json!({ "memTxMax": "1m" }),
            "/haproxy/globalSettings/quic/memTxMax",
            "3.3.0",
            &["QUIC"],
        ),
        ("/haproxy/frontends/0/binds/0/shards", json!("by-group"), "/haproxy/frontends/0/binds/0/shards", "2.8.0", &[]),
        (
            "/haproxy/frontends/0/binds/0/ssl",
            json!({ "enabled": true, "defaultCert": "c.pem", "sigalgs": "ECDSA+SHA256" }),
            "/haproxy/frontends/0/binds/0/ssl/sigalgs",
            "2.8.0",
            &[],
        ),
        (
            "/haproxy/frontends/0/httpOpts/h2",
            json!({ "maxTotalStreams": 5 }),
            "/haproxy/frontends/0/httpOpts/h2/maxTotalStreams",
            "3.0.0",
            &[],
        ),
        (
            "/haproxy/frontends/0/httpOpts/h2",
            json!({ "logErrors": true }),
            "/haproxy/frontends/0/httpOpts/h2/logErrors",
            "3.3.0",
            &[],
        ),
        (
            "/haproxy/frontends/0/stats",
            json!({ "prometheusExporter": true, "prometheusExtraCounters": true }),
            "/haproxy/frontends/0/stats/prometheusPath",
            "3.0.0",
            &[],
        ),
        (
            "/haproxy/frontends/0/rulePhases",
            json!({ "httpAfterResponse": [{ "id": "r", "action": { "type": "set-log-level", "level": "info" } }] }),
            "/haproxy/frontends/0/rulePhases/httpAfterResponse/0/action",
            "2.8.0",
            &[],
        ),
        (
            "/haproxy/frontends/0/rulePhases",
            json!({ "httpRequest": [{ "id": "r", "action": { "type": "sc-inc-gpc", "gpcIndex": 0, "scIndex": 5 } }] }),
            "/haproxy/frontends/0/rulePhases/httpRequest/0/action",
            "2.8.0",
            &[],
        ),
        (
            "/haproxy/backends/0/servers/0/address",
            json!("quic4@127.0.0.1:443"),
            "/haproxy/backends/0/servers/0/address",
            "3.3.0",
            &[],
        ),
        (
            "/haproxy/frontends/0/binds/0",
            json!({ "id": "q", "address": "quic4@:443", "ssl": { "enabled": true, "defaultCert": "c.pem" }, "quic": { "ccAlgo": "bbr" } }),
            "/haproxy/frontends/0/binds/0/address",
            "3.1.0",
            &["QUIC"],
        ),
    ];
    for (pointer, value, culprit, since, features) in cases {
        let document = with(pointer, value);
        let issues = on(&document, "2.6.12", &[]).expect_err(culprit);
        let line = issues
            .lines()
            .find(|line| line.starts_with(&format!("{culprit}: ")))
            .unwrap_or_else(|| panic!("{culprit}\n{issues}"));
        assert!(line.contains("HAProxy") || line.contains("QUIC"), "{line}");
        on(&document, since, features).unwrap_or_else(|issues| panic!("{culprit} on {since}: {issues}"));
    }
    let message = on(&with("/haproxy/crtStores", json!([{ "id": "s", "name": "s" }])), "2.8.25", &[]).unwrap_err();
    assert!(message.contains("needs HAProxy 3.0 or later; 2.8.25 is installed"), "{message}");
}

#[test]
fn w15_what_no_haproxy_has_is_an_issue() {
    refused(&with(&format!("{BIND}/tcpQuickAck"), json!(true)), &format!("{BIND}/tcpQuickAck"), "no such setting");
    refused(
        &with(&format!("{FRONT}/httpOpts/optionHttpTunnel"), json!(true)),
        &format!("{FRONT}/httpOpts/optionHttpTunnel"),
        "2.1",
    );
    refused(
        &with(&format!("{FRONT}/httpOpts/optionHttpProxy"), json!(true)),
        &format!("{FRONT}/httpOpts/optionHttpProxy"),
        "2.1",
    );
    refused(
        &with(&format!("{FRONT}/httpOpts/h2"), json!({ "maxHeaderListSize": 5 })),
        &format!("{FRONT}/httpOpts/h2/maxHeaderListSize"),
        "no such setting",
    );
    let after = |action| {
        with(&format!("{FRONT}/rulePhases"), json!({ "httpAfterResponse": [{ "id": "r", "action": action }] }))
    };
    let place = format!("{FRONT}/rulePhases/httpAfterResponse/0/action");
    refused(&after(json!({ "type": "deny" })), &place, "cannot refuse after the response");
    refused(&after(json!({ "type": "lua", "function": "f" })), &place, "no Lua after the response");
    let response = json!({ "tcpResponseContent": [{ "id": "r", "action": { "type": "close" } }] });
    refused(
        &with(&format!("{FRONT}/rulePhases"), response),
        &format!("{FRONT}/rulePhases/tcpResponseContent/0"),
        "in backends only",
    );
    refused(&with(&format!("{SERVER}/initAddr"), json!(["ip"])), &format!("{SERVER}/initAddr"), "no method");
}

#[test]
fn w9_authentication_never_leaves_the_way_open() {
    let auth = |provider: Value| {
        let mut document = request_rule(json!({ "type": "apply-auth-provider", "providerId": "p" }));
        document["authProviders"] = json!([provider]);
        document
    };
    let place = format!("{FRONT}/rulePhases/httpRequest/0/action");
    let oidc = json!({ "type": "oidc", "id": "p", "config": { "issuer": "https://a.example.com", "clientId": "c", "clientSecretRef": "s" } });
    refused(&auth(oidc), &format!("{place}/providerId"), "OpenID Connect");
    let user = |hash: &str| json!({ "type": "basic", "id": "p", "config": { "users": [{ "username": "ann", "passwordHashRef": hash }] } });
    for hash in ["secret:ann", "plaintext", "$6$", "$6$salt$", "$9$a$b", "$6$a b$c"] {
        refused(&auth(user(hash)), "/authProviders/0/config/users/0/passwordHashRef", "crypt(3)");
    }
    let cfg = ok(&auth(user("$6$salt$hash"))).cfg;
    assert!(cfg.contains("userlist auth_p\n    user ann password '$6$salt$hash'\n"), "{cfg}");
    assert!(cfg.contains("http-request auth realm Restricted if !{ http_auth(auth_p) }\n"), "{cfg}");
    let mtls = json!({ "type": "mtls-auth", "id": "p", "config": {} });
    refused(&auth(mtls), &place, "asks for client certificates");
    let san =
        json!({ "type": "mtls-auth", "id": "p", "config": { "trustedAttribute": "san", "requirePresent": false } });
    refused(&auth(san), "/authProviders/0/config/trustedAttribute", "alternative names");
    let helper = json!({ "type": "ldap", "id": "p", "config": { "url": "ldap://127.0.0.1", "bindDn": "d", "bindPasswordRef": "r", "userSearchBase": "b", "authRequestBackendId": "web" } });
    refused(&auth(helper), &place, "auth-request.lua");
    let none = auth(json!({ "type": "none", "id": "p", "config": {} }));
    assert_eq!(ok(&none).cfg.matches("    http-request").count(), 0);
}

#[test]
fn profiles_that_protect_nothing_are_issues() {
    let profile = |kind: &str, config: Value| {
        let mut document = request_rule(json!({ "type": "apply-security-profile", "profileId": "p" }));
        document["securityProfiles"] = json!([{ "kind": kind, "id": "p", "label": "P", "config": config }]);
        document
    };
    refused(
        &profile("geo-block", json!({ "mapRef": "/etc/geo.map" })),
        "/securityProfiles/0/config",
        "would not protect anything",
    );
    refused(
        &profile("geo-block", json!({ "mapRef": "nowhere", "denyList": ["DE"] })),
        "/securityProfiles/0/config/mapRef",
        "there is no map",
    );
    refused(
        &profile("geo-block", json!({ "mapRef": "hosts", "denyList": ["DE"] })),
        "/securityProfiles/0/config/mapRef",
        "neither IP addresses nor networks",
    );
    refused(&profile("bot-defense", json!({})), "/securityProfiles/0/config", "would not protect anything");
    refused(
        &profile("bot-defense", json!({ "uaDenyPatterns": ["("] })),
        &format!("{FRONT}/rulePhases/httpRequest/0/action/values/0"),
        "( without )",
    );
    refused(
        &profile("rate-limit", json!({ "denyStatus": 418 })),
        "/securityProfiles/0/config/denyStatus",
        "can deny with one of",
    );
}

#[test]
fn conditions_that_never_hold_are_issues() {
    let term = format!("{FRONT}/rulePhases/httpRequest/0/condition/0");
    let inline = |operator: &str, values: Value| json!({ "kind": "inline", "field": "path", "operator": operator, "values": values });
    refused(&condition(inline("str", json!([]))), &format!("{term}/values"), "never holds");
    refused(&condition(inline("str", json!(["a", ""]))), &format!("{term}/values/1"), "empty word");
    refused(&condition(inline("found", json!(["a"]))), &format!("{term}/values"), "must be empty");
    for operator in ["gt", "lt", "ge", "le", "eq", "ne"] {
        refused(&condition(inline(operator, json!(["x"]))), &format!("{term}/values/0"), "integer");
    }
    refused(&condition(inline("int", json!(["5:x"]))), &format!("{term}/values/0"), "range");
    refused(&condition(inline("bin", json!(["abc"]))), &format!("{term}/values/0"), "hexadecimal");
    refused(&condition(inline("reg", json!(["[a"]))), &format!("{term}/values/0"), "regular expression");
    refused(&condition(inline("ip", json!(["10.0.0.0/40"]))), &format!("{term}/values/0"), "CIDR");
    refused(
        &condition(json!({ "kind": "inline", "field": "status", "values": ["200"] })),
        &format!("{term}/field"),
        "none came yet",
    );
    refused(
        &condition(json!({ "kind": "inline", "field": "src", "fieldArg": "x" })),
        &format!("{term}/fieldArg"),
        "takes no argument",
    );
    let mut late = base();
    let rule =
        json!({ "id": "r", "condition": [{ "kind": "aclRef", "aclName": "api" }], "action": { "type": "deny" } });
    set(&mut late, &format!("{FRONT}/rulePhases"), json!({ "httpResponse": [rule] }));
    refused(&late, &format!("{FRONT}/rulePhases/httpResponse/0/condition/0/aclName"), "gone in this phase");
    refused(&with_rule(with("/acls/0/name", json!("or"))), "/acls/0/name", "word of conditions");
}

/// The document with a rule that uses its first ACL.
fn with_rule(mut document: Value) -> Value {
    let name = document["acls"][0]["name"].clone();
    let rule = json!({ "id": "r", "condition": [{ "kind": "aclRef", "aclName": name }], "action": { "type": "deny" } });
    set(&mut document, &format!("{FRONT}/rulePhases"), json!({ "httpRequest": [rule] }));
    document
}

#[test]
fn values_that_haproxy_refuses_are_issues() {
    let action = format!("{FRONT}/rulePhases/httpRequest/0/action");
    for (value, key, says) in [
        (json!({ "type": "deny", "statusCode": 499 }), "/statusCode", "can deny with one of"),
        (json!({ "type": "redirect", "redirectType": "location", "target": "/", "code": 304 }), "/code", "308"),
        (json!({ "type": "return", "statusCode": 101 }), "/statusCode", "200"),
        (json!({ "type": "set-header", "name": "a b", "value": "x" }), "/name", "header"),
        (json!({ "type": "set-header", "name": "a", "value": "50% off" }), "", "log format"),
        (
            json!({ "type": "replace-header", "name": "a", "matchRegex": "(", "replacement": "x" }),
            "/matchRegex",
            "regular expression",
        ),
        (json!({ "type": "set-var", "scope": "txn", "name": "a-b", "expression": "src" }), "/name", "letters"),
        (json!({ "type": "track-sc", "scIndex": 0, "key": "src", "table": "nowhere" }), "/table", "no backend"),
        (json!({ "type": "track-sc", "scIndex": 0, "key": "src", "table": "web" }), "/table", "no stick table"),
        (
            json!({ "type": "do-resolve", "varScope": "txn", "varName": "a", "resolvers": "x", "expression": "str(a)" }),
            "/resolvers",
            "no resolvers section",
        ),
        (json!({ "type": "lua", "function": "f", "args": [] }), "", "no Lua file"),
        (json!({ "type": "wait-for-body", "time": "25d" }), "", "24.8 days"),
    ] {
        refused(&request_rule(value), &format!("{action}{key}"), says);
    }
    let mut lua = request_rule(json!({ "type": "lua", "function": "f", "args": ["a", "if", "TRUE"] }));
    lua["haproxy"]["globalSettings"] = json!({ "luaPlugins": [{ "name": "l", "path": "l.lua" }] });
    refused(&lua, &format!("{action}/args/1"), "beginning of a condition");
    refused(
        &request_rule(json!({ "type": "use-backend", "backendId": "raw" })),
        &format!("{action}/backendId"),
        "TCP mode",
    );
    refused(
        &with("/haproxy/maps/0/entries", json!([{ "key": "a b", "value": "c" }])),
        "/haproxy/maps/0/entries/0/key",
        "white space",
    );
    refused(
        &with("/haproxy/maps/0/entries", json!([{ "key": "#a", "value": "c" }])),
        "/haproxy/maps/0/entries/0/key",
        "#",
    );
    refused(&with("/haproxy/backends/0/balance", json!("hdr")), "/haproxy/backends/0/balance", "balance hdr(Host)");
    refused(
        &with("/haproxy/backends/0/options", json!(["bogus"])),
        "/haproxy/backends/0/options/0",
        "no \"option bogus\"",
    );
    let ssl = "/haproxy/globalSettings/ssl";
    let options = json!({ "server": { "options": ["prefer-client-ciphers"] } });
    refused(&with(ssl, options), &format!("{ssl}/server/options/0"), "option of binds");
    refused(
        &with(ssl, json!({ "bind": { "options": ["bogus"] } })),
        &format!("{ssl}/bind/options/0"),
        "no such option",
    );
    let mut sni = with(&format!("{SERVER}/ssl"), json!(true));
    sni["haproxy"]["backends"][0]["servers"][0]["sni"] = json!("api.example.com");
    refused(&sni, &format!("{SERVER}/sni"), "str(api.example.com)");
    let rings =
        json!([{ "id": "r", "name": "r", "size": 1024, "servers": [{ "name": "s", "address": "127.0.0.1:1" }] }]);
    refused(&with("/haproxy/rings", rings), "/haproxy/rings/0/size", "16384");
    let defaults = "/haproxy/defaultsBlocks/0";
    refused(
        &with(&format!("{defaults}/timeouts"), json!({ "server": "25d" })),
        &format!("{defaults}/timeouts/server"),
        "24.8 days",
    );
    refused(
        &with(&format!("{defaults}/errorPageContents"), json!({ "404": "<h1>no</h1>" })),
        &format!("{defaults}/errorPageContents/404"),
        "status line",
    );
    refused(
        &with(&format!("{defaults}/errorPageContents"), json!({ "418": "HTTP/1.1 418 T\r\n\r\n" })),
        &format!("{defaults}/errorPageContents/418"),
        "no page for status 418",
    );
    let user = json!({ "enabled": true, "uri": "/s", "auth": [{ "username": "a:b", "password": "c" }] });
    refused(&with(&format!("{FRONT}/stats"), user), &format!("{FRONT}/stats/auth/0/username"), "colon");
}

#[test]
fn binds_are_checked() {
    let address = |text: &str| with(&format!("{BIND}/address"), json!(text));
    for (text, says) in [
        ("127.0.0.1", "port"),
        (":0", "port"),
        (":70000", "port"),
        ("a b:80", "neither an IP address"),
        ("fd@3", "cannot be listened on"),
        ("sockpair@3", "cannot be listened on"),
        ("quic4@:443", "QUIC"),
        ("ipv4@[::1]:80", "one family"),
        ("unix@relative", "no address"),
        (":80,", "port"),
    ] {
        refused(&address(text), &format!("{BIND}/address"), says);
    }
    let family = |text: &str, family: &str| {
        let mut document = address(text);
        document["haproxy"]["frontends"][0]["binds"][0]["ipFamily"] = json!(family);
        document
    };
    for (text, wanted, line) in [
        (":80", "v4", "bind ipv4@*:80\n"),
        (":80", "v6", "bind ipv6@*:80 v6only\n"),
        ("*:80", "dual", "bind ipv6@*:80 v4v6\n"),
        ("10.0.0.1:80", "v4", "bind 10.0.0.1:80\n"),
        ("[::1]:80", "v6", "bind [::1]:80 v6only\n"),
        ("[::]:80", "dual", "bind [::]:80 v4v6\n"),
    ] {
        let cfg = ok(&family(text, wanted)).cfg;
        assert!(cfg.contains(line), "{text} {wanted}: {cfg}");
    }
    for (text, wanted) in [("10.0.0.1:80", "v6"), ("10.0.0.1:80", "dual"), ("[::1]:80", "v4"), ("unix@/x", "v4")] {
        refused(&family(text, wanted), &format!("{BIND}/address"), "");
    }
    let tls = with(&format!("{BIND}/ssl"), json!({ "enabled": true }));
    refused(&tls, &format!("{BIND}/ssl"), "no certificate");
    let mut target = described(&tls);
    target.certificates = vec!["/srv/certs/a.pem".to_owned()];
    let rendered = render::render(&document(&tls), &target).unwrap();
    assert!(rendered.cfg.contains("ssl crt-list certificates.list\n"), "{}", rendered.cfg);
    assert_eq!(rendered.files["certificates.list"].bytes, b"/srv/certs/a.pem\n");
    let verify = json!({ "enabled": true, "defaultCert": "c.pem", "verify": "required" });
    refused(&with(&format!("{BIND}/ssl"), verify), &format!("{BIND}/ssl/verify"), "caTrustedCaId");
}

#[test]
fn two_frontends_cannot_have_different_values_of_one_setting() {
    let mut document = with(&format!("{FRONT}/httpOpts/h2"), json!({ "maxConcurrentStreams": 10 }));
    let mut second = document["haproxy"]["frontends"][0].clone();
    second["id"] = json!("second");
    second["name"] = json!("second");
    second["httpOpts"]["h2"]["maxConcurrentStreams"] = json!(20);
    document["haproxy"]["frontends"].as_array_mut().unwrap().push(second);
    refused(&document, "/haproxy/frontends/1/httpOpts/h2/maxConcurrentStreams", "frontend \"front\" says 10");
}

#[test]
fn rules_of_the_other_mode_are_issues() {
    let mut document = request_rule(json!({ "type": "deny" }));
    document["haproxy"]["frontends"][0]["mode"] = json!("tcp");
    document["haproxy"]["frontends"][0]["httpOpts"] = json!({});
    refused(&document, &format!("{FRONT}/rulePhases/httpRequest/0"), "HTTP mode");
}

#[test]
fn keepalived_values_are_checked() {
    let keepalived = |instance: Value, defs: Value| {
        let mut document = base();
        document["keepalived"] = json!({
            "enabled": true,
            "globalDefs": defs,
            "trackScripts": [{ "id": "s", "script": "/bin/check \"it\"" }],
            "instances": [{ "id": "i", "name": "VI", "vip": "192.0.2.1", "virtualRouterId": 1, "authPass": "x" }],
        });
        for (key, value) in instance.as_object().unwrap() {
            document["keepalived"]["instances"][0][key] = value.clone();
        }
        document["x-target"] = json!({ "vrrp": { "i": { "interface": "eth0", "master": true, "priority": 1 } } });
        render::render(&rendering::document(&document), &described(&document))
            .map_err(|issues| listed(&issues))
            .unwrap_err()
    };
    for (instance, defs, pointer) in [
        (json!({ "vip": "not an address" }), json!({}), "/keepalived/instances/0/vip"),
        (json!({ "prefix": 64 }), json!({}), "/keepalived/instances/0/prefix"),
        (json!({ "authPass": "a }" }), json!({}), "/keepalived/instances/0/authPass"),
        (json!({ "authPass": "a#b" }), json!({}), "/keepalived/instances/0/authPass"),
        (json!({}), json!({ "routerId": "a b" }), "/keepalived/globalDefs/routerId"),
        (json!({}), json!({ "smtpServer": "x }" }), "/keepalived/globalDefs/smtpServer"),
        (json!({}), json!({}), "/keepalived/trackScripts/0/script"),
    ] {
        let issues = keepalived(instance, defs);
        assert!(issues.lines().any(|line| line.starts_with(&format!("{pointer}: "))), "{pointer}\n{issues}");
    }
}

#[test]
fn the_marker_is_that_of_everything_that_needs_a_reload() {
    let marker = |pointer: &str, value: Value| ok(&with(pointer, value)).marker;
    let plain = ok(&base()).marker;
    assert_eq!(plain.len(), 64);
    assert!(ok(&base()).cfg.contains(&format!("\n    description plenum:{plain}\n")));
    for (pointer, value) in [
        (format!("{SERVER}/weight"), json!(200)),
        (format!("{SERVER}/address"), json!("[::1]:9000")),
        ("/haproxy/maps/0/entries".to_owned(), json!([{ "key": "x", "value": "y" }, { "key": "z", "value": "y" }])),
        ("/ui".to_owned(), json!({ "savedBindAddresses": [{ "address": ":80", "label": "x" }] })),
    ] {
        assert_eq!(marker(&pointer, value), plain, "{pointer}");
    }
    let mut unweighted = base();
    unweighted["haproxy"]["backends"][0]["servers"][0].as_object_mut().unwrap().remove("weight");
    assert_eq!(ok(&unweighted).marker, plain);
    // Weights of an algorithm that spreads by a fixed map need a reload.
    let fixed = |weight: u32| {
        let mut document = with("/haproxy/backends/0/balance", json!("source"));
        document["haproxy"]["backends"][0]["servers"][0]["weight"] = json!(weight);
        ok(&document).marker
    };
    assert_ne!(fixed(10), fixed(20));
    for (pointer, value) in [
        (format!("{SERVER}/name"), json!("other")),
        (format!("{SERVER}/address"), json!("host.example.com:8081")),
        (format!("{SERVER}/maxconn"), json!(5)),
        ("/haproxy/backends/1/servers/0/address".to_owned(), json!("db2.example.com:5432")),
        ("/haproxy/maps/0/name".to_owned(), json!("other")),
        ("/haproxy/defaultsBlocks/0/errorPageContents".to_owned(), json!({ "404": "HTTP/1.1 404 N\r\n\r\n" })),
        (format!("{BIND}/address"), json!("127.0.0.1:18081")),
    ] {
        assert_ne!(marker(&pointer, value), plain, "{pointer}");
    }
}

#[test]
fn the_order_of_defaults_blocks_means_nothing_to_backends() {
    let blocks = |order: [&str; 3]| {
        let mut document = base();
        document["haproxy"]["defaultsBlocks"] = order
            .iter()
            .map(|id| json!({ "id": id, "name": id, "mode": if *id == "tcp" { "tcp" } else { "http" } }))
            .collect();
        let cfg = ok(&document).cfg;
        cfg.lines().filter(|line| line.starts_with("backend ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let expected = ["backend web-pool from base", "backend raw from tcp"];
    for order in [["base", "tcp", "other"], ["other", "tcp", "base"], ["tcp", "other", "base"]] {
        assert_eq!(blocks(order), expected, "{order:?}");
    }
}

#[test]
fn v10_secrets_are_masked() {
    let mut value = base();
    value["haproxy"]["frontends"][0]["stats"] =
        json!({ "enabled": true, "uri": "/s", "auth": [{ "username": "ops", "password": "hunter 2's" }] });
    value["authProviders"] = json!([{ "type": "basic", "id": "p", "config": { "users": [{ "username": "ann b", "passwordHashRef": "$6$salt$canary" }] } }]);
    set(
        &mut value,
        &format!("{FRONT}/rulePhases"),
        json!({ "httpRequest": [{ "id": "r", "action": { "type": "apply-auth-provider", "providerId": "p" } }] }),
    );
    let cfg = ok(&value).cfg;
    assert!(cfg.contains("hunter") && cfg.contains("canary"));
    let masked = render::mask(&document(&value), &cfg);
    assert!(!masked.contains("hunter") && !masked.contains("canary"), "{masked}");
    assert!(masked.contains("stats auth ops:***\n") && masked.contains("user 'ann b' password ***\n"), "{masked}");
    assert_eq!(masked.lines().count(), cfg.lines().count());
}

#[test]
fn every_address_that_is_listened_on_is_told_with_its_place() {
    let mut document = with(&format!("{BIND}/address"), json!("127.0.0.1:80, ipv6@:81"));
    document["haproxy"]["peers"] = json!([{ "id": "p", "name": "p", "peers": [{ "name": "me", "address": "10.0.0.1:1024" }, { "name": "you", "address": "10.0.0.2:1024" }] }]);
    document["x-target"] = json!({ "node": "me" });
    let rendered = render::render(&rendering::document(&document), &described(&document)).unwrap();
    let listens: Vec<_> = rendered.listens.iter().map(|l| (l.address.as_str(), shape::pointer(&l.path))).collect();
    assert_eq!(
        listens,
        [
            ("127.0.0.1:80", format!("{BIND}/address")),
            ("ipv6@:81", format!("{BIND}/address")),
            ("10.0.0.1:1024", "/haproxy/peers/0".to_owned()),
        ]
    );
}

#[test]
fn lines_tell_their_entity() {
    let document = with_rule(base());
    let rendered = ok(&document);
    let origin = |text: &str| {
        let line = rendered.cfg.lines().position(|line| line.trim().starts_with(text)).unwrap();
        let origin = rendered.source.at(u32::try_from(line + 1).unwrap()).unwrap();
        (origin.kind, origin.id, origin.name, shape::pointer(&origin.path))
    };
    let of = |kind: &'static str, id: &str, name: &str, pointer: &str| {
        (kind, id.to_owned(), name.to_owned(), pointer.to_owned())
    };
    assert_eq!(origin("global"), of("global", "", "global", "/haproxy/globalSettings"));
    assert_eq!(origin("defaults"), of("defaults", "base", "base", "/haproxy/defaultsBlocks/0"));
    assert_eq!(origin("bind "), of("bind", "b", "127.0.0.1:18080", BIND));
    assert_eq!(origin("acl api"), of("acl", "a", "api", "/acls/0"));
    assert_eq!(origin("http-request deny"), of("rule", "r", "r", &format!("{FRONT}/rulePhases/httpRequest/0/action")));
    assert_eq!(
        origin("default_backend"),
        of("frontend", "front", "front", &format!("{FRONT}/httpOpts/defaultBackendId"))
    );
    assert_eq!(origin("backend raw"), of("backend", "raw", "raw", "/haproxy/backends/1"));
    assert_eq!(origin("server s1 127"), of("server", "web", "s1", SERVER));
    assert!(rendered.source.at(0).is_none() && rendered.source.at(100_000).is_none());
}

#[test]
fn a_target_of_its_own() {
    let mut target: Target = described(&Value::Null);
    target.sockets.stats = "/data dir/it's.sock".to_owned();
    let cfg = render::render(&document(&base()), &target).unwrap().cfg;
    assert!(cfg.contains(r"stats socket '/data dir/it'\''s.sock' level admin"), "{cfg}");
}

#[test]
fn options_that_frontends_do_not_have_are_issues_where_haproxy_refuses_them() {
    for (field, option) in [("optionHttpPretendKeepalive", "http-pretend-keepalive"), ("optionSrvTcpKa", "srvtcpka")] {
        let mut document = with(&format!("{FRONT}/httpOpts/{field}"), json!(true));
        document["x-target"] = json!({ "version": "3.0.11" });
        assert!(ok(&document).cfg.contains(&format!("option {option}\n")));
        document["x-target"] = json!({ "version": "3.1.0" });
        let issues = render::render(&rendering::document(&document), &described(&document)).unwrap_err();
        assert_eq!(shape::pointer(&issues[0].path), format!("{FRONT}/httpOpts/{field}"));
        assert!(issues[0].message.contains("backends and defaults"), "{issues:?}");
    }
}

#[test]
fn haproxys_own_acme_client_is_not_offered() {
    let mut document = with(
        "/haproxy/crtStores",
        json!([{ "id": "s", "name": "s", "loadEntries": [{ "crt": "a.pem", "acme": "le" }] }]),
    );
    document["acmeAccounts"] = json!([{ "id": "le", "email": "ops@example.com" }]);
    document["x-target"] = json!({ "version": "3.2.26" });
    let issues = render::render(&rendering::document(&document), &described(&document)).unwrap_err();
    assert_eq!(shape::pointer(&issues[0].path), "/haproxy/crtStores/0/loadEntries/0/acme");
}
