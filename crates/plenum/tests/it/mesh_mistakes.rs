//! Mistakes that others made with the mesh API, each tried on the whole daemon. `docs/faults-and-threats.md` has the whole list
//! with the tests that are elsewhere.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Daemon, free_port, http_backend};

use crate::mesh::{Ports, call, curl, ok, ports, start, until, upstream};

/// A daemon whose mesh section has more than its ports.
async fn start_with(ports: &Ports, listen: &str, more: &str) -> Result<Daemon> {
    let config = format!(
        "mesh:\n  listen: {listen}:{}\n  dns: {{listen: '127.0.0.1:{}'}}\n  caddy: {{httpPort: {}, httpsPort: {}}}\n{more}",
        ports.api, ports.dns, ports.http, ports.https
    );
    Daemon::builder().config(&config).start().await
}

async fn root(ports: &Ports) -> Result<String> {
    Ok(ok(ports, "GET", "/tls/ca", None).await?["pem"].as_str().context("pem")?.to_owned())
}

/// A server that knows `/` and `/alive` and nothing else; its port.
fn picky() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let read = connection.read(&mut head).unwrap_or_default();
            let path = String::from_utf8_lossy(&head[..read]).split_whitespace().nth(1).map(str::to_owned);
            let (status, body) = match path.as_deref() {
                Some("/" | "/alive") => ("200 OK", "alive"),
                _ => ("404 Not Found", "no"),
            };
            let length = body.len();
            let _ =
                write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        }
    });
    Ok(port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_asked_where_it_says_and_by_the_name_that_it_has() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    // A name, not an address; and loopback, as in every first try.
    let body = json!({ "name": "core", "host": format!("localhost:{}", picky()?), "health_path": "/alive" });
    ok(&ports, "POST", "/services", Some(body)).await?;
    let root = root(&ports).await?;
    until("healthy", || async {
        Ok(ok(&ports, "GET", "/services", None).await?["services"][0]["health_status"] == "healthy")
    })
    .await?;
    // A fixed `/healthz`, asked by the proxy, would have made it unavailable by now.
    for _ in 0..10 {
        ensure!(curl(&ports, &root, "core")? == "alive");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_is_refused_only_where_the_operator_says_so() -> Result<()> {
    let ports = ports();
    let _daemon = start_with(&ports, "127.0.0.1", "  allowLoopback: false\n").await?;
    for host in ["127.0.0.1:8000", "localhost:8000", "::1"] {
        let (status, refused) =
            call(&ports, "POST", "/services", Some(json!({ "name": "core", "host": host }))).await?;
        ensure!(status == 422 && refused["error"].is_string(), "{host}: {status} {refused}");
    }
    // What was refused is in the audit log all the same.
    let entry = &ok(&ports, "GET", "/status", None).await?["last_audit"];
    ensure!(entry["action"] == "service_register" && entry["status"] == "failure", "{entry}");
    ensure!(ok(&ports, "GET", "/services", None).await? == json!({ "services": [] }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_service_is_counted_as_degraded() -> Result<()> {
    let ports = ports();
    let health = "  health: {intervalMs: 500, timeoutMs: 5000, degradedMs: 200}\n";
    let _daemon = start_with(&ports, "127.0.0.1", health).await?;
    let backend = http_backend("slow");
    let mut body = upstream(backend.address());
    body["health_path"] = json!("/sleep/300");
    ok(&ports, "POST", "/services", Some(body)).await?;
    until("degraded", || async {
        let status = ok(&ports, "GET", "/status", None).await?;
        Ok(status["services"] == json!({ "up": 0, "degraded": 1, "down": 0, "total": 1 }))
    })
    .await?;
    let routes = ok(&ports, "GET", "/routing", None).await?;
    let route = &routes["routes"][0];
    ensure!(
        route["health_status"] == "degraded" && route["response_time"].as_u64().is_some_and(|ms| ms >= 300),
        "{route}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_domain_is_everywhere_and_stays() -> Result<()> {
    let ports = ports();
    let mut daemon = start_with(&ports, "127.0.0.1", "  domain: corp.internal\n").await?;
    let backend = http_backend("x");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    for _ in 0..2 {
        until("it answers", || async {
            let answer = call(&ports, "POST", "/dns/resolve", Some(json!({ "domain": "core" }))).await;
            Ok(answer.is_ok_and(|(_, found)| found["output"] == "core.corp.internal has address 127.0.0.1\n"))
        })
        .await?;
        ensure!(ok(&ports, "GET", "/routing", None).await?["routes"][0]["domain"] == "core.corp.internal");
        let certificate = ok(&ports, "GET", "/tls/core/inspect", None).await?;
        ensure!(
            certificate["output"].as_str().is_some_and(|text| text.contains("DNS:core.corp.internal")),
            "{certificate}"
        );
        daemon.restart().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_of_many_who_register_one_name_one_has_it() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backends: Vec<_> = (0..8).map(|n| http_backend(&n.to_string())).collect();
    let attempts = backends.iter().map(|backend| call(&ports, "POST", "/services", Some(upstream(backend.address()))));
    let answers = futures_util::future::join_all(attempts).await;
    let mut winners = Vec::new();
    for (n, answer) in answers.into_iter().enumerate() {
        let (status, body) = answer?;
        match status {
            200 if body["ok"] == true => winners.push(n),
            _ => ensure!(status == 409, "{status} {body}"),
        }
    }
    ensure!(winners.len() == 1, "{winners:?}");
    let row = &ok(&ports, "GET", "/services", None).await?["services"][0];
    ensure!(row["port"] == backends[winners[0]].port(), "{row}");
    ensure!(curl(&ports, &root(&ports).await?, "core")? == winners[0].to_string());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v21_a_name_with_a_newline_and_a_header_with_odd_bytes_are_refused() -> Result<()> {
    let ports = ports();
    let daemon = start(&ports).await?;
    let backend = http_backend("x");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    for (method, path) in [
        ("DELETE", "/services/core%0A"),
        ("POST", "/tls/core%0A/rotate"),
        ("GET", "/tls/core%0A/inspect"),
        ("DELETE", "/services/core%20"),
        ("DELETE", "/services/..%2Fcore"),
    ] {
        let (status, answer) = call(&ports, method, path, None).await?;
        ensure!((400..500).contains(&status) && answer["error"].is_string(), "{method} {path}: {status} {answer}");
    }
    ensure!(call(&ports, "GET", "/services/core%0A/health", None).await?.0 == 404);
    ensure!(ok(&ports, "GET", "/services", None).await?["services"][0]["status"] == "active");

    let odd = reqwest::header::HeaderValue::from_bytes(b"Bearer \xff\xfe\xe9")?;
    for name in ["authorization", "x-api-key"] {
        let url = format!("{}/mesh/api/services", daemon.base());
        let answer = reqwest::Client::new().get(url).header(name, odd.clone()).send().await?;
        ensure!(answer.status() == 401, "{name}: {}", answer.status());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_bound_to_the_network_nobody_is_let_in_without_a_token() -> Result<()> {
    let ports = ports();
    let mut daemon = start_with(&ports, "0.0.0.0", "").await?;
    let body = json!({ "name": "core", "host": "10.0.0.1" });
    for (method, path, body) in
        [("GET", "/services", None), ("POST", "/services", Some(body)), ("POST", "/tls/trust", None)]
    {
        let (status, _) = call(&ports, method, path, body).await?;
        ensure!(status == 401, "{method} {path}: {status}");
    }
    // With tokens, each is told apart from the others.
    let (first, second) = (daemon.user("ada", "admin")?, daemon.user("bob", "admin")?);
    let client = reqwest::Client::new();
    for token in [&first, &second] {
        let url = format!("http://127.0.0.1:{}/api/routing/reload", ports.api);
        let answer = client.post(url).bearer_auth(token).send().await?;
        ensure!(answer.status() == 200, "{}", answer.status());
    }
    let api = daemon.api()?;
    let (_, audit) = api.json(api.get("/mesh/api/audit?limit=2")).await?;
    ensure!(
        audit["entries"][0]["action"] == "caddy_reload" && audit["entries"][0]["user"] != audit["entries"][1]["user"],
        "{audit}"
    );
    Ok(())
}

/// The public half of a private key, or of the certificate, in a PEM text.
fn public_half(arguments: &[&str], pem: &str) -> Result<String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("openssl")?;
    child.stdin.take().context("stdin")?.write_all(pem.as_bytes())?;
    Ok(String::from_utf8(child.wait_with_output()?.stdout)?)
}

fn files_below(directory: &Path, found: &mut Vec<Vec<u8>>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files_below(&entry.path(), found)?;
        } else if entry.file_type()?.is_file() {
            found.push(std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v10_the_authoritys_keys_are_in_no_file_in_clear_and_leaves_live_for_months() -> Result<()> {
    const BEGIN: &str = "-----BEGIN ";
    let ports = ports();
    let daemon = start(&ports).await?;
    let backend = http_backend("x");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let chain = ok(&ports, "GET", "/tls", None).await?["certs"][0].clone();
    let pem = format!("{}{}", chain["pem"].as_str().context("pem")?, root(&ports).await?);
    let certificates: Vec<String> = pem.split(BEGIN).skip(1).map(|rest| format!("{BEGIN}{rest}")).collect();
    let of = |pem: &String| public_half(&["x509", "-noout", "-pubkey"], pem);
    let public: Vec<String> = certificates.iter().map(of).collect::<Result<_>>()?;
    ensure!(public.len() >= 3 && public.iter().all(|key| key.contains("PUBLIC KEY")), "{public:?}");

    let mut files = Vec::new();
    files_below(daemon.data(), &mut files)?;
    let mut leaves = 0;
    for file in &files {
        let text = String::from_utf8_lossy(file);
        for part in
            text.split(BEGIN).skip(1).filter(|part| part.lines().next().is_some_and(|l| l.contains("PRIVATE KEY")))
        {
            let key = public_half(&["pkey", "-pubout"], &format!("{BEGIN}{part}"))?;
            // What is behind the leaf is the authority.
            ensure!(!public[1..].contains(&key), "a key of the authority is in a file");
            leaves += usize::from(public[0] == key);
        }
    }
    // Caddy has the leaf's, so the search finds keys.
    ensure!(leaves >= 1, "no key was found at all");
    let days = |field: &str| -> Result<jiff::Timestamp> { Ok(chain[field].as_str().context("a time")?.parse()?) };
    let lifetime = days("not_after")?.duration_since(days("not_before")?).as_hours() / 24;
    ensure!((1..=100).contains(&lifetime), "{lifetime} days");
    Ok(())
}

/// What this machine has no Caddy for is said, and nothing is claimed to be done.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_not_done_is_said_to_be_done() -> Result<()> {
    let ports = ports();
    let config = format!(
        "mesh:\n  listen: 127.0.0.1:{}\n  dns: {{listen: 'off'}}\n  caddy: {{mode: external, admin: 'localhost:{}'}}\n",
        ports.api,
        free_port()
    );
    let _daemon = Daemon::builder().config(&config).start().await?;
    let core = json!({ "name": "core", "host": "10.0.0.1" });
    let asked: [(&str, &str, Option<Value>); 5] = [
        ("POST", "/services", Some(core)),
        ("DELETE", "/services/core", None),
        ("POST", "/tls/core/rotate", None),
        ("POST", "/dns/flush", None),
        ("POST", "/routing/reload", None),
    ];
    for (method, path, body) in asked {
        let (status, answer) = call(&ports, method, path, body).await?;
        ensure!(status == 200 && answer["ok"] == false, "{method} {path}: {status} {answer}");
        let why = if path == "/routing/reload" { &answer["error"] } else { &answer["stderr"] };
        ensure!(why.as_str().is_some_and(|why| !why.is_empty()), "{method} {path}: {answer}");
        ensure!(path == "/routing/reload" || answer["exit_code"] != 0, "{method} {path}: {answer}");
    }
    let audit = ok(&ports, "GET", "/audit", None).await?;
    let entries = audit["entries"].as_array().context("entries")?;
    ensure!(entries.len() == 5 && entries.iter().all(|entry| entry["status"] == "failure"), "{audit}");
    Ok(())
}
