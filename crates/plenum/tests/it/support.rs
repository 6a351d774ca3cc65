//! Documents and checks that every suite here needs.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::{Api, Daemon};

pub(crate) use testkit::document;

/// The content types of patches.
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// PUTs a document and returns the answer's status and body.
pub(crate) async fn put(api: &Api, document: &Value) -> Result<(u16, Value)> {
    api.json(api.put("/api/state").json(document)).await
}

/// PUTs a document that must be accepted.
pub(crate) async fn put_ok(api: &Api, document: &Value) -> Result<Value> {
    let (status, body) = put(api, document).await?;
    ensure!(status == 200, "the document was refused: {status} {body}");
    Ok(body)
}

/// Sends a JSON Patch and returns status and body.
pub(crate) async fn patch(api: &Api, operations: &Value) -> Result<(u16, Value)> {
    let request = api.patch("/api/state").header("content-type", JSON_PATCH).body(operations.to_string());
    api.json(request).await
}

/// A command on the admin socket of the daemon's HAProxy.
pub(crate) async fn admin(daemon: &Daemon, command: &str) -> Result<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let path = daemon.data().join("haproxy/admin.sock");
    let mut stream =
        tokio::net::UnixStream::connect(&path).await.with_context(|| format!("connect to {}", path.display()))?;
    stream.write_all(format!("{command}\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// The marker that the running worker reports.
pub(crate) async fn running_marker(daemon: &Daemon) -> Result<String> {
    let info = admin(daemon, "show info").await?;
    let line =
        info.lines().find_map(|line| line.strip_prefix("description: plenum:")).context("no marker in show info")?;
    Ok(line.trim().to_owned())
}

/// The weight and address that the running worker uses for a server, as `show servers state` has them.
pub(crate) async fn running_server(daemon: &Daemon, backend: &str, server: &str) -> Result<(String, String)> {
    let rows = admin(daemon, &format!("show servers state {backend}")).await?;
    let row =
        rows.lines().find(|line| line.split_whitespace().nth(3) == Some(server)).context("no such server runs")?;
    let words: Vec<&str> = row.split_whitespace().collect();
    Ok((words[7].to_owned(), format!("{}:{}", words[4], words[18])))
}

/// F1's question: do document, `current`, running HAProxy, snapshots and audit agree? Returns the document.
pub(crate) async fn agree(daemon: &Daemon, api: &Api) -> Result<Value> {
    let answer = api.get("/api/state").send().await?;
    ensure!(answer.status() == 200, "GET /api/state answered {}", answer.status());
    let etag = answer.headers()["etag"].to_str()?.trim_matches('"').to_owned();
    let document: Value = answer.json().await?;

    let disk = api.get("/api/haproxy/cfg?source=disk").send().await?.text().await?;
    let state = api.get("/api/haproxy/cfg?source=state").send().await?.text().await?;
    ensure!(disk == state, "what lies on disk is not what the document renders to");
    let current = fs::read_to_string(daemon.data().join("haproxy/current/haproxy.cfg"))?;
    ensure!(current == disk, "`current` is another file than the API shows");

    let marker = running_marker(daemon).await?;
    ensure!(
        disk.contains(&format!("plenum:{marker}")),
        "HAProxy runs {marker}, which is not the configuration on disk"
    );
    for backend in document["haproxy"]["backends"].as_array().context("backends")?.iter().take(3) {
        for server in backend["servers"].as_array().context("servers")? {
            let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
            let (weight, address) = running_server(daemon, &name(backend), &name(server)).await?;
            if let Some(wanted) = server["weight"].as_i64() {
                ensure!(
                    weight == wanted.to_string(),
                    "{} runs with weight {weight}, the document says {wanted}",
                    name(server)
                );
            }
            let wanted = server["address"].as_str().unwrap_or_default();
            ensure!(address == wanted, "{} runs at {address}, the document says {wanted}", name(server));
        }
    }

    let (_, snapshots) = api.json(api.get("/api/snapshots")).await?;
    let newest = &snapshots["snapshots"][0];
    ensure!(newest["sha"] == etag.as_str(), "the newest snapshot is not the current document");
    let (_, audit) = api.json(api.get("/api/audit?limit=1000&category=state")).await?;
    let entries = audit["entries"].as_array().context("entries")?;
    ensure!(entries.iter().all(|entry| entry["outcome"] != "pending"), "an audit entry is still open");
    let accepted = entries.iter().filter(|entry| entry["action"] == "apply" && entry["outcome"] == "ok").count();
    let stored = snapshots["snapshots"].as_array().map_or(0, Vec::len);
    ensure!(accepted == stored, "{accepted} accepted changes in the audit log, but {stored} snapshots");
    let (_, verified) = api.json(api.get("/api/audit/verify")).await?;
    ensure!(verified["ok"] == true, "the audit chain is broken: {verified}");
    Ok(document)
}

/// Waits until everything agrees; the limit after a restart is one second.
pub(crate) async fn agree_within(daemon: &Daemon, api: &Api, limit: Duration) -> Result<Value> {
    let begin = std::time::Instant::now();
    loop {
        match agree(daemon, api).await {
            Ok(document) => return Ok(document),
            Err(error) if begin.elapsed() > limit => {
                return Err(error.context(format!("after {limit:?}; the daemon said:\n{}", daemon.output())));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// What a GET on the frontend answers.
pub(crate) async fn visit(port: u16, path: &str) -> Result<(u16, String)> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.get(format!("http://127.0.0.1:{port}{path}")).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}
