//! The mesh area against a real Caddy and its own DNS: the documented calls, what they promise, and what happens when a part
//! of it is not there.

use std::{
    io::Write as _,
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use testkit::{Api, Daemon, free_port, http_backend};

const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Ports {
    pub(crate) api: u16,
    pub(crate) dns: u16,
    pub(crate) http: u16,
    pub(crate) https: u16,
}

pub(crate) fn ports() -> Ports {
    Ports { api: free_port(), dns: free_port(), http: free_port(), https: free_port() }
}

pub(crate) fn config(ports: &Ports, more: &str) -> String {
    format!(
        "mesh:\n  listen: 127.0.0.1:{}\n  dns: {{listen: '127.0.0.1:{}'}}\n  caddy: {{httpPort: {}, httpsPort: {}{more}}}\n  \
         health: {{intervalMs: 500, timeoutMs: 400, degradedMs: 300}}\n",
        ports.api, ports.dns, ports.http, ports.https
    )
}

pub(crate) async fn start(ports: &Ports) -> Result<Daemon> {
    Daemon::builder().config(&config(ports, "")).start().await
}

/// A call of the documented API on its own listener, without any credential: the caller is root, as the kernel says.
pub(crate) async fn call(ports: &Ports, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
    let client = reqwest::Client::new();
    let url = format!("http://localhost:{}/api{path}", ports.api);
    let mut request = client.request(method.parse()?, url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, response.json().await.context("a JSON answer")?))
}

pub(crate) async fn ok(ports: &Ports, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
    let (status, body) = call(ports, method, path, body).await?;
    ensure!(status == 200 && body["ok"] != false, "{method} {path}: {status} {body}");
    Ok(body)
}

/// What `curl` gets through the route, trusting nothing but the internal root. `name` may have a path.
pub(crate) fn curl(ports: &Ports, root: &str, name: &str) -> Result<String> {
    let (name, path) = name.split_once('/').unwrap_or((name, ""));
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(root.as_bytes())?;
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "5", "--cacert"])
        .arg(file.path())
        .args(["--resolve", &format!("{name}.qp.local:{}:127.0.0.1", ports.https)])
        .arg(format!("https://{name}.qp.local:{}/{path}", ports.https))
        .output()?;
    ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

pub(crate) fn dig(ports: &Ports, name: &str) -> Result<String> {
    let output = Command::new("dig")
        .args(["+short", "+tries=1", "+time=2", "@127.0.0.1", "-p", &ports.dns.to_string(), name, "A"])
        .output()
        .context("dig, of the package bind9-dnsutils")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

pub(crate) async fn until<F: Future<Output = Result<bool>>>(what: &str, mut done: impl FnMut() -> F) -> Result<()> {
    let end = Instant::now() + SOON;
    while !done().await? {
        ensure!(Instant::now() < end, "{what}: not within {SOON:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub(crate) fn upstream(address: SocketAddr) -> Value {
    json!({ "name": "core", "host": address.to_string(), "health_path": "/healthz" })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_gives_a_name_a_certificate_a_route_and_a_health_check() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("hello from core");
    ensure!(ok(&ports, "GET", "/ping", None).await? == json!({ "ok": true }));

    let done = ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    ensure!(done["exit_code"] == 0 && done["stderr"] == "", "{done}");
    ensure!(done["stdout"].as_str().is_some_and(|text| text.contains("URL: https://core.qp.local")), "{done}");

    // The name answers the gateway, and the route answers over TLS with a certificate of the internal authority.
    ensure!(dig(&ports, "core.qp.local")? == "127.0.0.1");
    let ca = ok(&ports, "GET", "/tls/ca", None).await?;
    let root = ca["pem"].as_str().context("pem")?;
    ensure!(curl(&ports, root, "core")? == "hello from core");

    let services = ok(&ports, "GET", "/services", None).await?;
    let row = &services["services"][0];
    for (field, value) in [
        ("name", json!("core")),
        ("host", json!("127.0.0.1")),
        ("port", json!(backend.port())),
        ("protocol", json!("https")),
        ("health_path", json!("/healthz")),
        ("status", json!("active")),
        ("deregistered_at", Value::Null),
    ] {
        ensure!(row[field] == value, "{field}: {row}");
    }
    until("healthy", || async {
        Ok(ok(&ports, "GET", "/services", None).await?["services"][0]["health_status"] == "healthy")
    })
    .await?;
    let routes = ok(&ports, "GET", "/routing", None).await?;
    let route = &routes["routes"][0];
    ensure!(
        route["domain"] == "core.qp.local"
            && route["upstream"] == backend.address().to_string()
            && route["tls"] == true
            && route["health_status"] == "up"
            && route["response_time"].is_u64()
            && route["last_checked"].as_str().is_some_and(|at| at.ends_with('Z') && at.len() == 20),
        "{route}"
    );
    let status = ok(&ports, "GET", "/status", None).await?;
    ensure!(
        status["dns"] == true
            && status["caddy"] == true
            && status["services"] == json!({ "up": 1, "degraded": 0, "down": 0, "total": 1 })
            && status["certs"] == json!({ "valid": 1, "expiring": 0, "expired": 0 })
            && status["servers"] == json!({ "online": 1, "total": 1 }),
        "{status}"
    );
    let audit = ok(&ports, "GET", "/audit?limit=10", None).await?;
    let entry = &audit["entries"][0];
    ensure!(
        entry["action"] == "service_register"
            && entry["status"] == "success"
            && entry["user"] == "root"
            && entry["message"] == format!("Registered service: core ({})", backend.address())
            && entry["details"]["port"].as_str() == Some(&*backend.port().to_string())
            && entry["details"]["tls"] == true
            && audit["total"] == audit["entries"].as_array().map_or(0, Vec::len),
        "{audit}"
    );

    // Removing it takes all four away.
    ok(&ports, "DELETE", "/services/core", None).await?;
    ensure!(dig(&ports, "core.qp.local")?.is_empty());
    ensure!(curl(&ports, root, "core").is_err());
    let (_, gone) = call(&ports, "GET", "/services", None).await?;
    ensure!(
        gone["services"][0]["status"] == "inactive" && gone["services"][0]["deregistered_at"].is_string(),
        "{gone}"
    );
    ensure!(ok(&ports, "GET", "/routing", None).await? == json!({ "routes": [] }));
    let (status, again) = call(&ports, "DELETE", "/services/core", None).await?;
    ensure!(status == 200 && again["ok"] == false && again["stderr"] == "Service 'core' not found", "{again}");
    // And it can come back.
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    ensure!(curl(&ports, root, "core")? == "hello from core");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_those_of_the_document() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("x");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let dns = ok(&ports, "GET", "/dns", None).await?;
    let output = dns["output"].as_str().context("output")?;
    ensure!(
        output.starts_with("HOSTNAME ") && output.ends_with("core.qp.local                            127.0.0.1\n"),
        "{output}"
    );
    ensure!(dns["entries"][0]["ip"] == "127.0.0.1" && dns["entries"][0]["domain"] == "core.qp.local", "{dns}");
    for (method, path, body) in [
        ("POST", "/dns/resolve", Some(json!({ "domain": "core" }))),
        ("GET", "/dns/resolve?domain=core.qp.local", None),
    ] {
        let found = ok(&ports, method, path, body).await?;
        ensure!(found["output"] == "core.qp.local has address 127.0.0.1\n", "{found}");
    }
    let (_, unknown) = call(&ports, "POST", "/dns/resolve", Some(json!({ "domain": "nobody" }))).await?;
    ensure!(unknown["ok"] == false && unknown["domain"] == "nobody" && unknown["ip"].is_null(), "{unknown}");
    let why = ok(&ports, "GET", "/dns/explain?domain=core", None).await?;
    ensure!(
        why["answers"] == json!(["127.0.0.1"]) && why["text"].as_str().is_some_and(|text| !text.is_empty()),
        "{why}"
    );
    ok(&ports, "POST", "/dns/flush", None).await?;

    let tls = ok(&ports, "GET", "/tls", None).await?;
    let output = tls["output"].as_str().context("output")?;
    ensure!(output.starts_with("SERVICE ") && output.contains("\ncore "), "{output}");
    ensure!(tls["certs"][0]["status"] == "valid" && tls["certs"][0]["algorithm"] == "ECDSA P-256", "{tls}");
    let inspected = ok(&ports, "GET", "/tls/core/inspect", None).await?;
    let text = inspected["output"].as_str().context("output")?;
    ensure!(
        text.starts_with("=== Certificate: core ===\n\nCertificate:\n    Data:\n        Version: 3 (0x2)"),
        "{text}"
    );
    ensure!(text.contains("DNS:core.qp.local"), "{text}");

    // Rotated: another certificate is served, and the old one is not in use any more.
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    ok(&ports, "POST", "/tls/core/rotate", None).await?;
    let after = ok(&ports, "GET", "/tls", None).await?;
    ensure!(after["certs"].as_array().is_some_and(|certs| certs.len() == 1), "{after}");
    ensure!(after["certs"][0]["serial"] != tls["certs"][0]["serial"], "{after}");
    ensure!(curl(&ports, &root, "core")? == "x");
    let (status, none) = call(&ports, "POST", "/tls/nobody/rotate", None).await?;
    ensure!(status == 200 && none["ok"] == false, "{none}");
    let (status, none) = call(&ports, "GET", "/tls/nobody/inspect", None).await?;
    ensure!(status == 200 && none["ok"] == false, "{none}");

    let servers = ok(&ports, "GET", "/servers", None).await?;
    ensure!(
        servers["output"].as_str().is_some_and(|text| text.starts_with("Host: ") && text.contains("--- CPU ---")),
        "{servers}"
    );
    ensure!(servers["servers"][0]["memory_total"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{servers}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_leaves_nothing() -> Result<()> {
    let ports = ports();
    let mut daemon = start(&ports).await?;
    let backend = http_backend("x");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let (status, twice) = call(&ports, "POST", "/services", Some(upstream("127.0.0.1:1".parse()?))).await?;
    ensure!(status == 409 && twice["error"] == twice["detail"], "{status} {twice}");
    ensure!(twice["error"].as_str().is_some_and(|text| text.contains("already registered")), "{twice}");
    // By another spelling it is the same name.
    let (status, _) = call(&ports, "POST", "/services", Some(json!({ "name": "CORE", "host": "10.0.0.1" }))).await?;
    ensure!(status == 409);
    for body in [
        json!({ "name": "a.b", "host": "10.0.0.1" }),
        json!({ "name": "../x", "host": "10.0.0.1" }),
        json!({ "name": "x\n", "host": "10.0.0.1" }),
        json!({ "name": "x", "host": "169.254.169.254" }),
        json!({ "name": "x", "host": "fe80::1" }),
        json!({ "name": "x", "host": "a b" }),
        json!({ "name": "x", "host": "10.0.0.1:99999" }),
        json!({ "name": "x", "host": "10.0.0.1", "health_path": "/{env.HOME}" }),
        json!({ "name": "x", "host": "10.0.0.1", "upstream_protocol": "ftp" }),
        json!({ "host": "10.0.0.1" }),
        json!([]),
    ] {
        let (status, answer) = call(&ports, "POST", "/services", Some(body.clone())).await?;
        ensure!(status == 422 && answer["detail"].is_string(), "{body}: {status} {answer}");
    }
    for limit in ["0", "501", "x"] {
        ensure!(call(&ports, "GET", &format!("/audit?limit={limit}"), None).await?.0 == 422);
    }
    let (status, unknown) = call(&ports, "GET", "/services/nobody/health", None).await?;
    ensure!(status == 404 && unknown["error"] == "Service 'nobody' not found", "{unknown}");
    let all = ok(&ports, "GET", "/services", None).await?;
    ensure!(all["services"].as_array().is_some_and(|rows| rows.len() == 1), "{all}");

    // Replaced on purpose, the same name leads elsewhere.
    let other = http_backend("other");
    let mut body = upstream(other.address());
    body["overwrite"] = json!(true);
    ok(&ports, "POST", "/services", Some(body)).await?;
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    ensure!(curl(&ports, &root, "core")? == "other");

    // Without TLS the route is plain HTTP.
    let plain = json!({ "name": "plain", "host": other.address().to_string(), "no_tls": true });
    ok(&ports, "POST", "/services", Some(plain)).await?;
    let rows = ok(&ports, "GET", "/services", None).await?;
    ensure!(rows["services"][1]["protocol"] == "http" && rows["services"][1]["tls_enabled"] == false, "{rows}");
    let client = reqwest::Client::builder().resolve("plain.qp.local", ([127, 0, 0, 1], ports.http).into()).build()?;
    let got = client.get(format!("http://plain.qp.local:{}/", ports.http)).send().await?.text().await?;
    ensure!(got == "other", "{got}");

    // On the main listener a viewer sees everything and changes nothing.
    let viewer = daemon.api_as("vera", "viewer")?;
    let (status, _) = viewer.json(viewer.get("/mesh/api/services")).await?;
    ensure!(status == 200);
    let (status, _) = viewer.json(viewer.delete("/mesh/api/services/core")).await?;
    ensure!(status == 403);
    let stranger: Api = daemon.anonymous();
    ensure!(stranger.json(stranger.get("/mesh/api/services")).await?.0 == 401);
    let _ = &mut daemon;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_never_empties_caddy_and_heals_one_that_was_lost() -> Result<()> {
    let ports = ports();
    let daemon = start(&ports).await?;
    let backend = http_backend("still here");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    ensure!(ok(&ports, "POST", "/routing/reload", None).await?["ok"] == true);
    ensure!(curl(&ports, &root, "core")? == "still here");

    // Caddy is killed; it comes back by itself with the same routes.
    let caddy = caddies(&daemon);
    ensure!(caddy.len() == 1, "{caddy:?}");
    testkit::process::signal(caddy[0], rustix::process::Signal::KILL);
    until("Caddy is back", || async { Ok(curl(&ports, &root, "core").is_ok()) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_has_its_requests_in_the_log() -> Result<()> {
    let ports = ports();
    let daemon = start(&ports).await?;
    let backend = http_backend("hello");
    for name in ["core", "other"] {
        let body = json!({ "name": name, "host": backend.address().to_string() });
        ok(&ports, "POST", "/services", Some(body)).await?;
    }
    let ca = ok(&ports, "GET", "/tls/ca", None).await?;
    let root = ca["pem"].as_str().context("pem")?;
    let log = "/routing/core/requests";
    ensure!(ok(&ports, "GET", log, None).await?["requests"] == json!([]));

    curl(&ports, root, "other")?;
    curl(&ports, root, "core/first?token=secret")?;
    curl(&ports, root, "core/second")?;
    // Caddy writes a line after it has answered.
    until("the requests", || async {
        Ok(ok(&ports, "GET", log, None).await?["requests"].as_array().is_some_and(|all| all.len() == 2))
    })
    .await?;
    let answer = ok(&ports, "GET", log, None).await?;
    let newest = &answer["requests"][0];
    ensure!(
        newest["path"] == "/second"
            && newest["method"] == "GET"
            && newest["status"] == 200
            && newest["size"] == 5
            && newest["remote"] == "127.0.0.1"
            && newest["protocol"] == "HTTP/2.0"
            && newest["response_time"].as_f64().is_some_and(|ms| ms > 0.0)
            && newest["at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{newest}"
    );
    ensure!(answer["requests"][1]["path"] == "/first" && !answer.to_string().contains("secret"), "{answer}");
    let one = ok(&ports, "GET", &format!("{log}?limit=1"), None).await?;
    ensure!(one["requests"].as_array().is_some_and(|all| all.len() == 1), "{one}");
    let printed = daemon.cli(&["route", "log", "core", "--limit", "1"], "")?;
    let printed = String::from_utf8(printed.stdout)?;
    ensure!(printed.starts_with("TIME ") && printed.contains("/second") && !printed.contains("/first"), "{printed}");

    ensure!(call(&ports, "GET", &format!("{log}?limit=501"), None).await?.0 == 422);
    ensure!(call(&ports, "GET", "/routing/nobody/requests", None).await?.0 == 404);
    let file = daemon.data().join("mesh/caddy/data/logs/access.log");
    std::fs::rename(&file, file.with_extension("away")).context("the log is where it should be")?;
    std::fs::create_dir(&file)?;
    let (status, cannot) = call(&ports, "GET", log, None).await?;
    let why = cannot["reason"].as_str().unwrap_or_default();
    ensure!(
        status == 200 && cannot["ok"] == false && why.starts_with("Caddy's access log cannot be read: "),
        "{cannot}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caddy_that_hangs_is_told_of_in_time_and_heals() -> Result<()> {
    let ports = ports();
    let daemon = start(&ports).await?;
    let backend = http_backend("hello");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    let [caddy] = caddies(&daemon)[..] else { bail!("{:?}", caddies(&daemon)) };
    testkit::process::signal(caddy, rustix::process::Signal::STOP);

    let begin = Instant::now();
    let other = json!({ "name": "other", "host": backend.address().to_string() });
    let (status, refused) = call(&ports, "POST", "/services", Some(other.clone())).await?;
    ensure!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    let said = refused["stderr"].as_str().unwrap_or_default();
    ensure!(status == 200 && refused["ok"] == false && said.contains("Caddy"), "{refused}");
    ensure!(ok(&ports, "GET", "/status", None).await?["caddy"] == false);
    ensure!(dig(&ports, "other.qp.local")?.is_empty());

    testkit::process::signal(caddy, rustix::process::Signal::CONT);
    until("it is registered", || async {
        Ok(call(&ports, "POST", "/services", Some(other.clone())).await?.1["ok"] == true)
    })
    .await?;
    ensure!(curl(&ports, &root, "other")? == "hello" && curl(&ports, &root, "core")? == "hello");
    ensure!(caddies(&daemon).len() == 1, "{:?}", caddies(&daemon));
    Ok(())
}

/// The processes of Caddy that work in the daemon's directory.
fn caddies(daemon: &Daemon) -> Vec<u32> {
    let mut found = testkit::process::users_of(&daemon.data().join("mesh"));
    found.retain(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "caddy"));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caddy_that_a_killed_daemon_left_is_adopted_and_never_doubled() -> Result<()> {
    let ports = ports();
    let mut daemon = start(&ports).await?;
    let backend = http_backend("adopted");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    let before = caddies(&daemon);
    daemon.kill9()?;
    // Traffic does not need the daemon.
    ensure!(curl(&ports, &root, "core")? == "adopted");
    daemon.start_again().await?;
    until("names are back", || async { Ok(dig(&ports, "core.qp.local")? == "127.0.0.1") }).await?;
    ensure!(curl(&ports, &root, "core")? == "adopted");
    ensure!(caddies(&daemon) == before, "{before:?} became {:?}", caddies(&daemon));
    ok(&ports, "DELETE", "/services/core", None).await?;
    ensure!(caddies(&daemon) == before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_registration_that_is_killed_at_any_step_leaves_nothing_or_is_whole() -> Result<()> {
    for point in ["mesh.after_intent", "mesh.after_publish"] {
        let ports = ports();
        let mut daemon = start(&ports).await?;
        let backend = http_backend("whole");
        daemon.terminate()?;
        daemon.set_environment("PLENUM_FAILPOINT", Some(point));
        daemon.start_again().await?;
        let answer = call(&ports, "POST", "/services", Some(upstream(backend.address()))).await;
        ensure!(answer.is_err(), "{point}: it was not killed: {answer:?}");
        daemon.wait_exit(Duration::from_secs(5))?;
        daemon.set_environment("PLENUM_FAILPOINT", None);
        daemon.start_again().await?;
        until("the API is back", || async { Ok(call(&ports, "GET", "/ping", None).await.is_ok()) }).await?;
        let rows = ok(&ports, "GET", "/services", None).await?;
        ensure!(rows == json!({ "services": [] }), "{point}: {rows}");
        let certificates = ok(&ports, "GET", "/tls", None).await?;
        ensure!(certificates["certs"] == json!([]), "{point}: {certificates}");
        until("no name", || async { Ok(dig(&ports, "core.qp.local")?.is_empty()) }).await?;
        let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
        until("no route", || async { Ok(curl(&ports, &root, "core").is_err()) }).await?;
        // The way is free for the next attempt.
        ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
        ensure!(curl(&ports, &root, "core")? == "whole", "{point}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_caddy_a_registration_says_so_and_leaves_nothing() -> Result<()> {
    let ports = ports();
    let _daemon = Daemon::builder().config(&config(&ports, ", bin: /nonexistent/caddy")).start().await?;
    let backend = http_backend("x");
    let (status, answer) = call(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let said = answer["stderr"].as_str().unwrap_or_default();
    ensure!(
        status == 200 && answer["ok"] == false && said.contains("nothing was changed") && said.contains("caddy"),
        "{answer}"
    );
    ensure!(ok(&ports, "GET", "/services", None).await? == json!({ "services": [] }));
    ensure!(dig(&ports, "core.qp.local")?.is_empty());
    let (status, reloaded) = call(&ports, "POST", "/routing/reload", None).await?;
    ensure!(
        status == 200 && reloaded["ok"] == false && reloaded["error"] == "Caddy admin API unreachable",
        "{reloaded}"
    );
    let audit = ok(&ports, "GET", "/audit", None).await?;
    ensure!(
        audit["entries"][1]["action"] == "service_register" && audit["entries"][1]["status"] == "failure",
        "{audit}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_goes_down_is_seen_and_noted() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("x");
    let address = backend.address();
    ok(&ports, "POST", "/services", Some(upstream(address))).await?;
    let health = async || -> Result<Value> {
        Ok(call(&ports, "GET", "/services/core/health", None).await?.1["health_status"].clone())
    };
    until("healthy", || async { Ok(health().await? == "healthy") }).await?;
    drop(backend);
    let begin = Instant::now();
    until("down", || async { Ok(health().await? == "down") }).await?;
    ensure!(begin.elapsed() < Duration::from_secs(15));
    until("the entry", || async {
        let status = ok(&ports, "GET", "/status", None).await?;
        Ok(status["services"]["down"] == 1 && status["last_audit"]["message"] == "core is down (was up)")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_registrations_at_once_share_loads_and_all_answer() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("many");
    let registrations = (0..60).map(|i| {
        let body = json!({ "name": format!("svc-{i}"), "host": backend.address().to_string() });
        let ports = &ports;
        async move { ok(ports, "POST", "/services", Some(body)).await }
    });
    for done in futures(registrations).await {
        done?;
    }
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    for i in [0, 17, 59] {
        ensure!(curl(&ports, &root, &format!("svc-{i}"))? == "many");
        ensure!(dig(&ports, &format!("svc-{i}.qp.local"))? == "127.0.0.1");
    }
    let Some(total) = ok(&ports, "GET", "/status", None).await?["services"]["total"].as_u64() else {
        bail!("no total")
    };
    ensure!(total == 60);
    Ok(())
}

/// Runs them all at once.
async fn futures<F: Future<Output = Result<Value>>>(all: impl Iterator<Item = F>) -> Vec<Result<Value>> {
    futures_util::future::join_all(all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_registered_whole_or_not_at_all() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("batch");
    let row = |name: &str| json!({ "name": name, "host": backend.address().to_string() });
    ok(&ports, "POST", "/services", Some(row("taken"))).await?;
    for (bad, status, why) in [
        (json!([row("one"), row("taken")]), 409, "taken"),
        (json!([row("one"), json!({ "name": "two", "host": "169.254.169.254" })]), 422, "two"),
        (json!([row("one"), row("ONE")]), 422, "twice"),
        (json!([row("one"), row("no.name")]), 422, "no.name"),
        (json!([]), 422, "1 to 1000"),
    ] {
        let answer = call(&ports, "POST", "/services/batch", Some(json!({ "services": bad }))).await?;
        ensure!(answer.0 == status && answer.1["error"].as_str().is_some_and(|text| text.contains(why)), "{answer:?}");
    }
    let rows = ok(&ports, "GET", "/services", None).await?;
    ensure!(rows["services"].as_array().is_some_and(|rows| rows.len() == 1), "{rows}");
    ensure!(ok(&ports, "GET", "/tls", None).await?["certs"].as_array().is_some_and(|certs| certs.len() == 1));

    // Names may have an underscore, as the document says.
    let names: Vec<_> = (0..100).map(|n| format!("svc_{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| row(name)).collect();
    let done = ok(&ports, "POST", "/services/batch", Some(json!({ "services": many }))).await?;
    ensure!(done["stdout"].as_str().is_some_and(|text| text.lines().count() == 100), "{done}");
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    for name in ["svc_0", "svc_57", "svc_99"] {
        ensure!(curl(&ports, &root, name)? == "batch");
        ensure!(dig(&ports, &format!("{name}.qp.local"))? == "127.0.0.1");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_does_not_leave_half_a_registration() -> Result<()> {
    let ports = ports();
    let mut daemon = start(&ports).await?;
    let backend = http_backend("whole");
    daemon.terminate()?;
    daemon.set_environment("PLENUM_FAILPOINT", Some("mesh.after_intent=sleep(700)"));
    daemon.start_again().await?;
    let impatient = call(&ports, "POST", "/services", Some(upstream(backend.address())));
    ensure!(tokio::time::timeout(Duration::from_millis(300), impatient).await.is_err(), "it was too fast for the test");
    until("it is registered all the same", || async {
        Ok(call(&ports, "GET", "/services", None).await?.1["services"][0]["status"] == "active")
    })
    .await?;
    let root = ok(&ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned();
    ensure!(curl(&ports, &root, "core")? == "whole");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_service_is_kept_over_a_restart() -> Result<()> {
    let ports = ports();
    let mut daemon = start(&ports).await?;
    let backend = http_backend("x");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let checks = async || -> Result<u64> {
        let history = ok(&ports, "GET", "/services/core/history", None).await?;
        let hours = history["hours"].as_array().context("hours")?.clone();
        ensure!(hours.iter().all(|hour| hour["failures"] == 0 && hour["from"].is_string()), "{history}");
        Ok(hours.iter().filter_map(|hour| hour["checks"].as_u64()).sum())
    };
    until("some checks", || async { Ok(checks().await? >= 3) }).await?;
    let before = checks().await?;
    daemon.terminate()?;
    daemon.start_again().await?;
    until("the API is back", || async { Ok(call(&ports, "GET", "/ping", None).await.is_ok()) }).await?;
    ensure!(checks().await? >= before, "{before} became {}", checks().await?);

    until("it is up again", || async {
        Ok(ok(&ports, "GET", "/services", None).await?["services"][0]["health_status"] == "healthy")
    })
    .await?;
    drop(backend);
    until("the change", || async {
        let history = ok(&ports, "GET", "/services/core/history?hours=1", None).await?;
        let change = &history["changes"][0];
        Ok(change["from"] == "up" && change["to"] == "down" && change["reason"].is_string())
    })
    .await?;
    for hours in ["0", "169", "x"] {
        let (status, _) = call(&ports, "GET", &format!("/services/core/history?hours={hours}"), None).await?;
        ensure!(status == 422, "{hours}");
    }
    ensure!(call(&ports, "GET", "/services/nobody/history", None).await?.0 == 404);
    Ok(())
}
