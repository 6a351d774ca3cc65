//! What rendered rules do to real requests in a real HAProxy: that a protection protects is not seen in its text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/rendering.rs"]
mod rendering;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use plenum_edge::render;
use rendering::{document, installed, listed};
use serde_json::{Value, json};
use testkit::haproxy::{Installed, Running};

struct Proxy {
    _running: Running,
    port: u16,
    tls: u16,
}

/// One request on a connection of its own; the whole answer, in lower case.
fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!("{request}\r\nhost: test.example.com\r\nconnection: close\r\n\r\n");
    stream.write_all(request.replace('\n', "\r\n").replace("\r\r\n", "\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.to_lowercase()
}

/// The same over TLS.
fn ask_tls(port: u16, path: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test.example.com\r\nconnection: close\r\n\r\n");
    client.stdin.as_mut().unwrap().write_all(request.as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).to_lowercase()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status in {answer:?}"))
}

fn start(program: &Installed, mut value: Value) -> Proxy {
    let (port, tls) = (testkit::free_port(), testkit::free_port());
    let binds = &mut value["haproxy"]["frontends"][0]["binds"];
    binds[0]["address"] = json!(format!("127.0.0.1:{port}"));
    if binds[1].is_object() {
        binds[1]["address"] = json!(format!("127.0.0.1:{tls}"));
    }
    let mut target = installed(program, &value);
    target.sockets.stats = "{dir}/admin.sock".to_owned();
    let rendered = render::render(&document(&value), &target).unwrap_or_else(|issues| panic!("{}", listed(&issues)));
    Proxy { _running: Running::start(program, &rendered.cfg).unwrap(), port, tls }
}

fn base(rules: Value) -> Value {
    json!({
        "schemaVersion": 1,
        "meta": { "createdAt": "2026-05-17T12:34:56Z", "lastEditedAt": "2026-05-17T12:34:56Z" },
        "haproxy": {
            "globalSettings": { "ssl": { "profile": { "name": "intermediate" } } },
            "defaultsBlocks": [{ "id": "base", "name": "base" }],
            "frontends": [{
                "id": "front", "name": "front", "fromDefaults": "base",
                "binds": [{ "id": "b" }],
                "rulePhases": { "httpRequest": rules },
            }],
        },
    })
}

fn rule(id: &str, path: &str, action: Value) -> Value {
    let condition = json!([{ "kind": "inline", "field": "path", "operator": "beg", "values": [path] }]);
    json!({ "id": id, "condition": condition, "action": action })
}

fn fine() -> Value {
    json!({ "id": "fine", "action": { "type": "return", "statusCode": 200, "body": { "kind": "lf-string", "content": "user=%[req.hdr(remote-user)]" } } })
}

#[test]
fn w9_basic_auth_and_trusted_headers_are_enforced() {
    let output = Command::new("openssl").args(["passwd", "-6", "-salt", "abcdefgh", "open sesame"]).output().unwrap();
    let hash = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let mut value = base(json!([
        rule("basic", "/basic", json!({ "type": "apply-auth-provider", "providerId": "basic" })),
        rule("foreign", "/foreign", json!({ "type": "apply-auth-provider", "providerId": "foreign" })),
        rule("near", "/near", json!({ "type": "apply-auth-provider", "providerId": "near" })),
        rule("open", "/open", json!({ "type": "apply-auth-provider", "providerId": "open" })),
        fine(),
    ]));
    let trust = |id: &str, network: &str| json!({ "type": "header-trust", "id": id, "config": { "headerName": "X-User", "trustedSourceCidrs": [network], "userHeaderName": "Remote-User" } });
    value["authProviders"] = json!([
        { "type": "basic", "id": "basic", "config": { "users": [{ "username": "ann", "passwordHashRef": hash }] } },
        trust("foreign", "192.0.2.0/24"),
        trust("near", "127.0.0.0/8"),
        { "type": "none", "id": "open", "config": {} },
    ]);
    for program in testkit::haproxy::versions() {
        let proxy = start(&program, value.clone());
        let get = |path: &str, header: &str| ask(proxy.port, &format!("GET {path} HTTP/1.1{header}"));
        let denied = get("/basic", "");
        assert_eq!(status(&denied), 401);
        assert!(denied.contains("www-authenticate: basic realm=\"restricted\""), "{denied}");
        assert_eq!(status(&get("/basic", "\nauthorization: Basic YW5uOndyb25n")), 401);
        assert_eq!(status(&get("/basic", "\nauthorization: Basic YW5uOm9wZW4gc2VzYW1l")), 200);
        assert_eq!(status(&get("/foreign", "\nx-user: mallory")), 403);
        assert_eq!(status(&get("/near", "")), 403);
        assert!(get("/near", "\nx-user: ann").contains("user=ann"));
        assert_eq!(status(&get("/open", "")), 200);
    }
}

#[test]
fn security_profiles_are_enforced() {
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("geo.map");
    #[expect(clippy::disallowed_methods, reason = "the test plays the part of whoever keeps this map")]
    std::fs::write(&map, "127.0.0.0/8 XX\n192.0.2.0/24 DE\n").unwrap();
    let apply = |id: &str| rule(id, &format!("/{id}"), json!({ "type": "apply-security-profile", "profileId": id }));
    let mut value = base(json!([apply("limit"), apply("slow"), apply("deny"), apply("allow"), apply("bots"), fine()]));
    let geo = |id: &str, list: &str, country: &str| json!({ "kind": "geo-block", "id": id, "label": "x", "config": { "mapRef": map, list: [country] } });
    let limit = |id: &str, threshold: u32| json!({ "kind": "rate-limit", "id": id, "label": "x", "config": { "denyThreshold": threshold } });
    value["securityProfiles"] = json!([
        limit("limit", 3),
        limit("slow", 1),
        geo("deny", "denyList", "xx"),
        geo("allow", "allowList", "DE"),
        { "kind": "bot-defense", "id": "bots", "label": "x", "config": { "uaDenyPatterns": ["bad, bot/[0-9]+"] } },
    ]);
    for program in testkit::haproxy::versions() {
        let proxy = start(&program, value.clone());
        let get = |path: &str, header: &str| status(&ask(proxy.port, &format!("GET {path} HTTP/1.1{header}")));
        // Each limit counts for itself, although both are in one frontend.
        assert_eq!([get("/slow", ""), get("/slow", "")], [200, 429], "{}", program.version);
        assert_eq!([get("/limit", ""), get("/limit", ""), get("/limit", ""), get("/limit", "")], [200, 200, 200, 429]);
        assert_eq!(get("/deny", ""), 403);
        assert_eq!(get("/allow", ""), 403);
        assert_eq!(get("/bots", "\nuser-agent: Bad, bot/2"), 200);
        assert_eq!(get("/bots", "\nuser-agent: a bad, bot/2"), 403);
    }
}

#[test]
fn w3_requests_reach_backends_by_their_names() {
    let backend = testkit::free_port();
    let mut value = base(json!([rule("other", "/other", json!({ "type": "use-backend", "backendId": "id-one" }))]));
    let second = json!({
        "id": "second", "name": "second", "fromDefaults": "base",
        "binds": [{ "id": "b", "address": format!("127.0.0.1:{backend}") }],
        "rulePhases": { "httpRequest": [{ "id": "r", "action": { "type": "return", "body": { "kind": "string", "content": "the second one" } } }] },
    });
    value["haproxy"]["frontends"].as_array_mut().unwrap().push(second);
    value["haproxy"]["frontends"][0]["httpOpts"] = json!({ "defaultBackendId": "id-two" });
    let pool = |id: &str, name: &str, port: u16| json!({ "id": id, "name": name, "servers": [{ "name": "s", "address": format!("127.0.0.1:{port}"), "check": false }] });
    value["haproxy"]["backends"] =
        json!([pool("id-one", "Name.One", backend), pool("id-two", "Name.Two", testkit::free_port())]);
    for program in testkit::haproxy::versions() {
        let proxy = start(&program, value.clone());
        assert!(ask(proxy.port, "GET /other HTTP/1.1").contains("the second one"));
        assert_eq!(status(&ask(proxy.port, "GET /else HTTP/1.1")), 503);
    }
}

#[test]
fn cors_answers_and_hsts_keeps_to_tls() {
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new("sh")
        .args([
            "-c",
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=test -days 2 && cat c k > cert.pem",
        ])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    let mut value = base(json!([fine()]));
    value["haproxy"]["frontends"][0]["httpOpts"] = json!({
        "hsts": { "enabled": true },
        "cors": { "enabled": true, "allowOrigin": "https://a.example.com https://b.example.com", "allowMethods": "GET, PUT", "maxAge": 60 },
    });
    value["haproxy"]["frontends"][0]["binds"] =
        json!([{ "id": "b" }, { "id": "t", "ssl": { "enabled": true, "defaultCert": dir.path().join("cert.pem") } }]);
    for program in testkit::haproxy::versions() {
        let proxy = start(&program, value.clone());
        let preflight = |origin: &str| {
            ask(proxy.port, &format!("OPTIONS / HTTP/1.1\norigin: {origin}\naccess-control-request-method: PUT"))
        };
        let good = preflight("https://b.example.com");
        assert_eq!(status(&good), 204);
        assert!(good.contains("access-control-allow-origin: https://b.example.com\r\n"), "{good}");
        assert!(
            good.contains("access-control-allow-methods: get, put\r\n")
                && good.contains("access-control-max-age: 60\r\n")
        );
        let bad = preflight("https://evil.example.com");
        assert!(!bad.contains("access-control-allow-origin"), "{bad}");
        let plain = ask(proxy.port, "GET / HTTP/1.1\norigin: https://a.example.com");
        assert!(
            plain.contains("access-control-allow-origin: https://a.example.com\r\n")
                && plain.contains("vary: origin\r\n")
        );
        assert!(!plain.contains("strict-transport-security"), "{plain}");
        let secure = ask_tls(proxy.tls, "/");
        assert!(secure.contains("strict-transport-security: max-age=16000000; includesubdomains\r\n"), "{secure}");
    }
}
