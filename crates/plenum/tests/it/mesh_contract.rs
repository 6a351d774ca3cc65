//! The documented examples of the mesh API, run by `sh` as they are written, with the port changed and nothing else; and the
//! documented answers: every field under its name and with its type. Other fields may be beside them.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Daemon, Dockerd, account::Account, dockerd::IMAGE, free_port, http_backend, place};

use crate::mesh::{Ports, call, ok, ports, start, until};

const DOCUMENTED: &str = "localhost:9999";

/// What an example prints.
fn printed(ports: &Ports, example: &str) -> Result<String> {
    ensure!(example.contains(DOCUMENTED), "{example}");
    let script = example.replace(DOCUMENTED, &format!("localhost:{}", ports.api));
    let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().context("run sh")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.is_empty(), "{example} ended with {}: {said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn printed_json(ports: &Ports, example: &str) -> Result<Value> {
    let text = printed(ports, example)?;
    serde_json::from_str(&text).with_context(|| format!("{example} printed {text}"))
}

/// Whether `answer` has every field of `documented`, of the same type; `null` in the document stands for what may be absent
/// and is checked by the caller. Lists are alike when each item is like the documented one.
fn alike(answer: &Value, documented: &Value) -> Result<()> {
    match (answer, documented) {
        (Value::Object(have), Value::Object(fields)) => {
            for (name, wanted) in fields {
                let found = have.get(name).with_context(|| format!("no {name} in {answer}"))?;
                alike(found, wanted).with_context(|| name.clone())?;
            }
        }
        (Value::Array(have), Value::Array(items)) => {
            if let Some(item) = items.first() {
                ensure!(!have.is_empty(), "nothing to compare in {documented}");
                have.iter().try_for_each(|each| alike(each, item))?;
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (_, Value::Null) => {}
        _ => anyhow::bail!("{answer} is not of the type of {documented}"),
    }
    Ok(())
}

/// `2026-04-04T12:00:00Z`
fn is_time(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == 20 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok())
}

/// The words of each line: how wide a column is, is not documented.
fn words(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

/// The standard result object.
fn is_result(answer: &Value) -> Result<()> {
    alike(answer, &json!({ "ok": true, "stdout": "", "stderr": "", "exit_code": 0 }))?;
    ensure!(answer["ok"] == (answer["exit_code"] == 0), "{answer}");
    Ok(())
}

fn succeeded(answer: &Value) -> Result<()> {
    is_result(answer)?;
    ensure!(answer["ok"] == true && answer["stderr"] == "", "{answer}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_status_services_and_routing_do_what_is_written() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    ensure!(printed(&ports, "curl -s http://localhost:9999/api/ping")? == r#"{"ok":true}"#);
    // Nothing has happened yet, and there is a shape for that.
    let empty = printed_json(&ports, "curl -s http://localhost:9999/api/status | jq .")?;
    ensure!(empty["services"] == json!({ "up": 0, "degraded": 0, "down": 0, "total": 0 }), "{empty}");
    ensure!(empty["last_audit"].is_null() && empty["caddy"] == false, "{empty}");

    let backend = http_backend("core");
    let core = json!({ "name": "core", "host": "127.0.0.1", "port": backend.port(), "health_path": "/healthz" });
    succeeded(&ok(&ports, "POST", "/services", Some(core)).await?)?;
    until("healthy", || async {
        Ok(ok(&ports, "GET", "/services", None).await?["services"][0]["health_status"] == "healthy")
    })
    .await?;

    let status = printed_json(&ports, "curl -s http://localhost:9999/api/status | jq .")?;
    alike(
        &status,
        &json!({
            "dns": true,
            "caddy": true,
            "services": { "up": 3, "degraded": 0, "down": 1, "total": 4 },
            "certs": { "valid": 0, "expiring": 0, "expired": 0 },
            "servers": { "online": 0, "total": 0 },
            "last_audit": {
                "timestamp": "2026-04-04T12:00:00Z", "action": "service_register", "status": "success",
                "message": "Registered core", "user": "operator", "details": {}
            }
        }),
    )?;
    ensure!(status["dns"] == true && status["caddy"] == true, "{status}");
    ensure!(status["services"] == json!({ "up": 1, "degraded": 0, "down": 0, "total": 1 }), "{status}");
    ensure!(status["certs"] == json!({ "valid": 1, "expiring": 0, "expired": 0 }), "{status}");

    ensure!(printed(&ports, "curl -s http://localhost:9999/api/services | jq '.services[] | .name'")? == "\"core\"\n");
    let services = ok(&ports, "GET", "/services", None).await?;
    alike(
        &services,
        &json!({ "services": [{
            "name": "core", "host": "127.0.0.1", "port": 8000, "protocol": "https", "health_path": "/healthz",
            "status": "active", "health_status": "healthy", "last_health_check": "2026-04-04T12:00:00Z",
            "registered_at": "2026-04-04T10:00:00Z", "deregistered_at": null
        }] }),
    )?;
    let row = &services["services"][0];
    ensure!(row["protocol"] == "https" && row["status"] == "active" && row["deregistered_at"].is_null(), "{row}");
    ensure!(is_time(&row["last_health_check"]) && is_time(&row["registered_at"]), "{row}");

    // Nobody is at that address, and nobody has to be.
    let registered = printed_json(
        &ports,
        r#"curl -s -X POST http://localhost:9999/api/services \
  -H "Content-Type: application/json" \
  -d '{"name":"grafana","host":"10.0.1.5","health_path":"/api/health"}'"#,
    )?;
    succeeded(&registered)?;
    let rows = ok(&ports, "GET", "/services", None).await?;
    let grafana = &rows["services"][1];
    ensure!(
        grafana["name"] == "grafana" && grafana["host"] == "10.0.1.5" && grafana["health_path"] == "/api/health",
        "{rows}"
    );

    let health = printed_json(&ports, "curl -s http://localhost:9999/api/services/core/health")?;
    alike(&health, &json!({ "name": "core", "status": "active" }))?;
    ensure!(health["name"] == "core" && health["status"] == "active", "{health}");
    let (status, unknown) = call(&ports, "GET", "/services/unknown-svc/health", None).await?;
    ensure!(status == 404 && unknown["error"] == "Service 'unknown-svc' not found", "{status} {unknown}");

    let routes =
        printed(&ports, "curl -s http://localhost:9999/api/routing | jq '.routes[] | {name, domain, upstream}'")?;
    let first: Value = serde_json::Deserializer::from_str(&routes).into_iter().next().context("a route")??;
    let upstream = format!("127.0.0.1:{}", backend.port());
    ensure!(first == json!({ "name": "core", "domain": "core.qp.local", "upstream": upstream }), "{routes}");
    let routes = ok(&ports, "GET", "/routing", None).await?;
    alike(
        &routes,
        &json!({ "routes": [{
            "name": "core", "domain": "core.qp.local", "upstream": "127.0.0.1:8000", "tls": true,
            "health_status": "unknown", "response_time": null, "last_checked": null
        }] }),
    )?;
    for route in routes["routes"].as_array().context("routes")? {
        let known = ["up", "degraded", "down", "unknown"];
        ensure!(route["health_status"].as_str().is_some_and(|status| known.contains(&status)), "{route}");
        ensure!(route["response_time"].is_null() || route["response_time"].is_number(), "{route}");
        ensure!(route["last_checked"].is_null() || is_time(&route["last_checked"]), "{route}");
    }
    ensure!(routes["routes"][0]["health_status"] == "up" && routes["routes"][0]["tls"] == true, "{routes}");
    let reloaded = printed_json(&ports, "curl -s -X POST http://localhost:9999/api/routing/reload")?;
    ensure!(reloaded["ok"] == true && reloaded.get("error").is_none(), "{reloaded}");

    let removed = printed_json(&ports, "curl -s -X DELETE http://localhost:9999/api/services/grafana")?;
    succeeded(&removed)?;
    let rows = ok(&ports, "GET", "/services", None).await?;
    let row = &rows["services"][1];
    ensure!(row["status"] == "inactive" && is_time(&row["deregistered_at"]), "{row}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_names_certificates_and_audit_do_what_is_written() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("core");
    let core = json!({ "name": "core", "host": "127.0.0.1", "port": backend.port(), "health_path": "/healthz" });
    ok(&ports, "POST", "/services", Some(core)).await?;

    let names = printed(&ports, "curl -s http://localhost:9999/api/dns | jq -r .output")?;
    let expected: [&[&str]; 3] = [&["HOSTNAME", "IP"], &["--------", "--"], &["core.qp.local", "127.0.0.1"]];
    // `jq -r` ends what it prints with a line of its own.
    ensure!(words(names.trim_end()) == expected && names.ends_with("127.0.0.1\n\n"), "{names:?}");
    alike(&ok(&ports, "GET", "/dns", None).await?, &json!({ "ok": true, "output": "" }))?;
    let resolved = printed_json(
        &ports,
        r#"curl -s -X POST http://localhost:9999/api/dns/resolve \
  -H "Content-Type: application/json" \
  -d '{"domain":"core"}'"#,
    )?;
    ensure!(resolved["ok"] == true && resolved["domain"] == "core", "{resolved}");
    ensure!(resolved["output"] == "core.qp.local has address 127.0.0.1\n", "{resolved}");
    succeeded(&printed_json(&ports, "curl -s -X POST http://localhost:9999/api/dns/flush")?)?;

    let table = printed(&ports, "curl -s http://localhost:9999/api/tls | jq -r .output")?;
    let lines = words(table.trim_end());
    let headings: [&[&str]; 2] = [&["SERVICE", "EXPIRES", "DOMAIN"], &["-------", "-------", "------"]];
    ensure!(lines.len() == 3 && lines[..2] == headings, "{table}");
    // core Apr 4 12:00:00 2027 core.qp.local
    let row = &lines[2];
    ensure!(
        row.len() == 6 && row[0] == "core" && row[5] == "core.qp.local" && row[4].parse::<u16>().is_ok(),
        "{table}"
    );
    alike(&ok(&ports, "GET", "/tls", None).await?, &json!({ "ok": true, "output": "" }))?;

    let before = printed(&ports, "curl -s http://localhost:9999/api/tls/core/inspect | jq -r .output")?;
    ensure!(
        before.starts_with("=== Certificate: core ===\n\nCertificate:\n    Data:\n        Version: 3 (0x2)\n"),
        "{before}"
    );
    let inspected = ok(&ports, "GET", "/tls/core/inspect", None).await?;
    alike(&inspected, &json!({ "ok": true, "output": "" }))?;
    succeeded(&printed_json(&ports, "curl -s -X POST http://localhost:9999/api/tls/core/rotate")?)?;
    let after = printed(&ports, "curl -s http://localhost:9999/api/tls/core/inspect | jq -r .output")?;
    ensure!(before != after, "the certificate is the same");

    // A failure, so that there is one to list.
    let (_, failed) = call(&ports, "DELETE", "/services/nobody", None).await?;
    is_result(&failed)?;
    ensure!(failed["ok"] == false && failed["stderr"] != "", "{failed}");
    let ten = printed(
        &ports,
        "# Last 10 entries\n\
         curl -s \"http://localhost:9999/api/audit?limit=10\" | jq '.entries[] | {action, status, timestamp}'",
    )?;
    let ten: Vec<Value> = serde_json::Deserializer::from_str(&ten).into_iter().collect::<Result<_, _>>()?;
    ensure!((3..=10).contains(&ten.len()) && ten.iter().all(|entry| is_time(&entry["timestamp"])), "{ten:?}");
    let failures = printed_json(
        &ports,
        "# All failure entries\n\
         curl -s \"http://localhost:9999/api/audit?limit=100\" | jq '[.entries[] | select(.status == \"failure\")]'",
    )?;
    ensure!(
        failures.as_array().is_some_and(|rows| rows.len() == 1)
            && failures[0]["action"] == "service_deregister"
            && failures[0]["message"] == "Service could not be deregistered: nobody: Service 'nobody' not found",
        "{failures}"
    );

    let audit = ok(&ports, "GET", "/audit?limit=500", None).await?;
    alike(
        &audit,
        &json!({ "entries": [{
            "timestamp": "2026-04-04T12:00:00Z", "action": "service_register", "status": "success",
            "message": "Registered service: core (127.0.0.1:8000)", "user": "operator", "details": {}
        }], "total": 1 }),
    )?;
    let entries = audit["entries"].as_array().context("entries")?;
    ensure!(audit["total"] == entries.len(), "{audit}");
    let registration = entries.iter().find(|entry| entry["action"] == "service_register").context("no registration")?;
    ensure!(
        registration["message"] == format!("Registered service: core (127.0.0.1:{})", backend.port())
            && registration["status"] == "success",
        "{registration}"
    );
    let details = json!({
        "name": "core", "host": "127.0.0.1", "port": backend.port().to_string(), "protocol": "https",
        "health_path": "/healthz", "tls": true
    });
    alike(&registration["details"], &details)?;
    for (field, value) in details.as_object().context("details")? {
        ensure!(registration["details"][field] == *value, "{field}: {registration}");
    }
    let (status, one) = call(&ports, "GET", "/audit?limit=1", None).await?;
    ensure!(status == 200 && one["total"] == 1 && one["entries"][0]["action"] != "service_register", "{one}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_servers_and_containers_do_what_is_written() -> Result<()> {
    let docker = Dockerd::start()?;
    let ports = ports();
    let config = format!(
        "mesh:\n  listen: 127.0.0.1:{}\n  dockerSocket: {}\n  dns: {{listen: off}}\n",
        ports.api,
        docker.socket().display()
    );
    let _daemon = Daemon::builder().config(&config).start().await?;
    docker.run(&["run", "-d", "--name", "qp-core", "--memory", "64m", IMAGE, "/bin/sleep", "600"])?;

    let text = printed(&ports, "curl -s http://localhost:9999/api/servers | jq -r .output")?;
    let mut lines = text.lines();
    ensure!(lines.next().is_some_and(|line| line.starts_with("Host:")), "{text}");
    ensure!(lines.next().is_some_and(|line| line.starts_with("Uptime:") && line.contains(" up ")), "{text}");
    let cpu = text.split("\n\n--- CPU ---\n").nth(1).context("no CPU")?;
    let mut lines = cpu.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    ensure!(lines.next().is_some_and(|cores| cores.len() == 2 && cores[0] == "Cores:"), "{text}");
    let load = lines.next().context("no load")?;
    ensure!(load.len() == 4 && load[0] == "Load:" && load[1..].iter().all(|n| n.parse::<f64>().is_ok()), "{text}");
    alike(&ok(&ports, "GET", "/servers", None).await?, &json!({ "ok": true, "output": "" }))?;

    let text = printed(&ports, "curl -s http://localhost:9999/api/servers/containers | jq -r .output")?;
    let mut lines =
        text.lines().map(|line| line.split("  ").map(str::trim).filter(|w| !w.is_empty()).collect::<Vec<_>>());
    ensure!(lines.next() == Some(vec!["NAME", "CPU%", "MEM USAGE/LIMIT", "NET I/O", "PIDS"]), "{text}");
    let row = lines.next().context("no container")?;
    // qp-core  2.34%  512MiB / 16GiB  1.2MB / 800kB  24
    ensure!(row.len() == 5 && row[0] == "qp-core" && row[1].ends_with('%') && row[2].ends_with(" / 64.0MiB"), "{text}");
    ensure!(row[4].parse::<u32>().is_ok(), "{text}");
    let answer = ok(&ports, "GET", "/servers/containers", None).await?;
    alike(&answer, &json!({ "ok": true, "output": "" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_a_reload_without_caddy_says_so() -> Result<()> {
    let ports = ports();
    let config = format!(
        "mesh:\n  listen: 127.0.0.1:{}\n  dns: {{listen: off}}\n  caddy: {{mode: external, admin: 'localhost:{}'}}\n",
        ports.api,
        free_port()
    );
    let _daemon = Daemon::builder().config(&config).start().await?;
    let answer = printed_json(&ports, "curl -s -X POST http://localhost:9999/api/routing/reload")?;
    ensure!(answer["ok"] == false && answer["error"] == "Caddy admin API unreachable", "{answer}");
    Ok(())
}

/// A daemon that cannot change this machine's trust store: its own mounts cover it.
struct Apart(Child);

impl Apart {
    fn start(daemon: &Daemon) -> Result<Self> {
        const COVER: &str =
            "mount -t tmpfs none /usr/local/share/ca-certificates && mount -t tmpfs none /etc/ssl/certs && exec \"$@\"";
        let child = Command::new("unshare")
            .args(["--mount", "--", "sh", "-c", COVER, "sh"])
            .arg(place::program("plenum")?)
            .args(["serve", "--tls", "off", "--listen", &daemon.address().to_string(), "--config"])
            .arg(daemon.config_path())
            .arg("--data-dir")
            .arg(daemon.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("unshare")?;
        Ok(Self(child))
    }

    /// A file as it sees it.
    fn read(&self, path: &str) -> Result<String> {
        let path = format!("/proc/{}/root{path}", self.0.id());
        std::fs::read_to_string(&path).context(path)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        testkit::process::signal(self.0.id(), rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_trust_puts_the_root_where_programs_look() -> Result<()> {
    ensure!(Account::are_we_root(), "only root has a trust store to try this with");
    let ports = ports();
    let mut daemon = start(&ports).await?;
    daemon.terminate()?;
    let apart = Apart::start(&daemon)?;
    until("the API is there", || async { Ok(call(&ports, "GET", "/ping", None).await.is_ok()) }).await?;
    let trusted = printed_json(&ports, "curl -s -X POST http://localhost:9999/api/tls/trust")?;
    succeeded(&trusted)?;
    let ca = ok(&ports, "GET", "/tls/ca", None).await?;
    let root = ca["pem"].as_str().context("pem")?.trim();
    ensure!(apart.read("/etc/ssl/certs/ca-certificates.crt")?.contains(root), "the root is not in the bundle");
    let here = Path::new("/usr/local/share/ca-certificates/plenum-internal-root.crt");
    ensure!(!std::fs::read_to_string(here).is_ok_and(|text| text.trim() == root), "this machine trusts it now");
    let audit = ok(&ports, "GET", "/audit?limit=1", None).await?;
    ensure!(
        audit["entries"][0]["action"] == "ca_trust_install" && audit["entries"][0]["status"] == "success",
        "{audit}"
    );
    Ok(())
}

/// What of the answer an example of the web app needs.
async fn page(ports: &Ports, path: &str) -> Result<(u16, String, String)> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let url = format!("http://localhost:{}{path}", ports.api);
    let answer = client.get(url).header("accept", "text/html").send().await?;
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    Ok((answer.status().as_u16(), kind, answer.text().await?))
}

/// Both answers are documented; `plenum/src/ui/tests.rs` has both, whatever was built here.
#[tokio::test(flavor = "multi_thread")]
async fn other_paths_are_the_web_app_and_unknown_ones_of_the_api_never_are() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let is_built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist/index.html").exists();
    for path in ["/", "/services", "/apiary", "/network/services"] {
        let (status, kind, body) = page(&ports, path).await?;
        if is_built {
            ensure!(
                status == 200 && kind.starts_with("text/html") && body.contains("<html"),
                "{path}: {status} {kind}"
            );
        } else {
            let said: Value = serde_json::from_str(&body)?;
            ensure!(status == 503 && said == json!({ "error": "UI not built. Run: make ui-build" }), "{status} {body}");
        }
    }
    for path in ["/api/nothing", "/api", "/api/", "/api/services/core/nothing", "/api/dns/", "/api/status/x"] {
        let (status, kind, body) = page(&ports, path).await?;
        ensure!(status == 404 && kind.starts_with("application/json"), "{path}: {status} {kind} {body}");
        let said: Value = serde_json::from_str(&body)?;
        ensure!(said["error"].is_string(), "{path}: {body}");
    }
    Ok(())
}
