//! The documented examples, run by `bash` as they are written, with host and token changed and nothing else.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Daemon, daemon::PASSWORD, free_port};

use crate::support::{agree, document, put_ok};

const DOCUMENTED_HOST: &str = "https://patchpanel.example.com:8099";

/// A daemon with the document that the examples assume, and a directory to run them in.
struct Desk {
    daemon: Daemon,
    place: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Result<Desk> {
        let mut daemon = Daemon::start().await?;
        let api = daemon.api()?;
        let mut wanted = document(1, free_port(), "127.0.0.1:9");
        wanted["haproxy"]["backends"][0]["id"] = json!("web-pool");
        wanted["haproxy"]["backends"][0]["name"] = json!("web-pool");
        wanted["haproxy"]["frontends"][0]["httpOpts"]["defaultBackendId"] = json!("web-pool");
        wanted["acls"] = json!([{ "id": "hosts", "name": "known_hosts", "field": "req.hdr(host)", "operator": "str", "values": ["a.example.com"] }]);
        put_ok(&api, &wanted).await?;
        Ok(Desk { daemon, place: tempfile::tempdir()? })
    }

    /// Runs one example; `token` becomes `$PP_TOKEN`.
    fn run(&self, name: &str, token: &str, replace: &[(&str, &str)]) -> Result<Output> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract").join(name);
        let mut script = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        script = script.replace(DOCUMENTED_HOST, &self.daemon.base());
        for (from, to) in replace {
            script = script.replace(from, to);
        }
        Command::new("bash")
            .args(["-c", &script])
            .current_dir(self.place.path())
            .env("PP_TOKEN", token)
            .env("PP_HOST", self.daemon.base())
            .stdin(Stdio::null())
            .output()
            .context("run bash")
    }

    fn json(&self, name: &str, token: &str, replace: &[(&str, &str)]) -> Result<Value> {
        let output = self.run(name, token, replace)?;
        ensure!(
            output.status.success(),
            "{name} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{name} printed {}", String::from_utf8_lossy(&output.stdout)))
    }

    fn token(&self) -> Result<String> {
        self.daemon.user("ci", "admin")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_minted_with_a_cookie_and_works_at_once() -> Result<()> {
    let desk = Desk::new().await?;
    desk.daemon.user("admin1", "admin")?;
    let login = json!({ "username": "admin1", "password": PASSWORD }).to_string();
    let url = format!("{}/api/auth/login", desk.daemon.base());
    let signed_in = Command::new("curl")
        .args(["-fsc", "cookies.txt", "-H", "content-type: application/json", "-d", &login, &url])
        .current_dir(desk.place.path())
        .output()?;
    ensure!(signed_in.status.success(), "{}", String::from_utf8_lossy(&signed_in.stderr));
    // The example keeps the token in a variable; an appended line shows it.
    let minted = desk.run("mint-token.sh", "", &[("# pp_a1b2", "echo \"$PP_TOKEN\" # pp_a1b2")])?;
    let token = String::from_utf8(minted.stdout)?.trim().to_owned();
    let form = token
        .strip_prefix("pp_")
        .and_then(|rest| rest.split_once('.'))
        .with_context(|| format!("not a token: {token}"))?;
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
    };
    ensure!(hex(form.0, 8) && hex(form.1, 32), "not the documented form: {token}");
    ensure!(desk.json("use-token.sh", &token, &[])?["schemaVersion"] == 1);
    let id = format!("pp_{}", form.0);
    let api = testkit::Api::new(&desk.daemon.base(), Some(&token));
    ensure!(api.delete(&format!("/api/api-tokens/{id}")).send().await?.status() == 200);
    ensure!(api.get("/api/state").send().await?.status() == 401, "a revoked token still works");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_document_pattern_pulls_patches_and_pushes() -> Result<()> {
    let mut desk = Desk::new().await?;
    let token = desk.token()?;
    let pushed = desk.json("state-pattern.sh", &token, &[])?;
    ensure!(pushed["acls"][0]["values"] == json!(["a.example.com", "newhost.example.com"]), "{pushed}");
    let api = desk.daemon.api()?;
    ensure!(agree(&desk.daemon, &api).await? == pushed, "the answer is not the persisted state");
    // The accepted change is one entry, with the token's key id as actor.
    let key = token.split_once('.').map(|(key, _)| key.to_owned()).context("token")?;
    let (_, audit) = api.json(api.get(&format!("/api/audit?category=state&actor={key}"))).await?;
    let entries = audit["entries"].as_array().context("entries")?;
    ensure!(entries.len() == 1 && entries[0]["action"] == "apply" && entries[0]["outcome"] == "ok", "{audit}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_listed_read_and_restored() -> Result<()> {
    let mut desk = Desk::new().await?;
    let token = desk.token()?;
    let api = desk.daemon.api()?;
    let first = agree(&desk.daemon, &api).await?;
    let cfg = |daemon: &Daemon| fs::read(daemon.data().join("haproxy/current/haproxy.cfg"));
    let before = cfg(&desk.daemon)?;
    let list = desk.json("snapshots.sh", &token, &[])?;
    let row = &list["snapshots"][0];
    for field in ["id", "snapshotAt", "actor", "reason", "name", "iso", "sha", "size"] {
        ensure!(row.get(field).is_some(), "a row without {field}: {row}");
    }
    let id = row["id"].as_str().context("id")?.to_owned();
    desk.json("state-pattern.sh", &token, &[])?;
    let documented = "2026-05-17T12-34-56Z-abc1234";
    let read = desk.json("snapshot-read.sh", &token, &[(documented, &id)])?;
    ensure!(read["id"] == id.as_str() && read["state"]["acls"] == first["acls"], "{read}");
    let restored = desk.json("snapshot-restore.sh", &token, &[(documented, &format!("{id}.json"))])?;
    ensure!(restored["restoredFrom"] == id.as_str() && restored["state"]["acls"] == first["acls"], "{restored}");
    ensure!(cfg(&desk.daemon)? == before, "a restore gives another configuration");
    let list = desk.json("snapshots.sh", &token, &[])?;
    ensure!(list["snapshots"][0]["reason"] == format!("restore:{id}"), "{list}");
    let ids: Vec<&str> =
        list["snapshots"].as_array().context("rows")?.iter().filter_map(|row| row["id"].as_str()).collect();
    ensure!(ids.is_sorted_by(|newer, older| newer > older), "not newest first: {ids:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_read_by_category() -> Result<()> {
    let desk = Desk::new().await?;
    let token = desk.token()?;
    let api = desk.daemon.anonymous();
    api.post("/api/auth/login").json(&json!({ "username": "nobody", "password": "wrong password" })).send().await?;
    let audit = desk.json("audit.sh", &token, &[])?;
    let entries = audit["entries"].as_array().context("entries")?;
    ensure!(!entries.is_empty() && entries.iter().all(|entry| entry["category"] == "auth"), "{audit}");
    for field in ["id", "ts", "actor", "category", "action", "target", "details", "outcome"] {
        ensure!(entries[0].get(field).is_some(), "an entry without {field}: {}", entries[0]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terraform_style_script_applies_and_rolls_back() -> Result<()> {
    let mut desk = Desk::new().await?;
    let token = desk.token()?;
    let output = desk.run("terraform-style.sh", &token, &[])?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let api = desk.daemon.api()?;
    let now = agree(&desk.daemon, &api).await?;
    let servers = now["haproxy"]["backends"][0]["servers"].as_array().context("servers")?;
    ensure!(servers.len() == 3 && servers[2]["name"] == "web-3" && servers[2]["weight"] == 100, "{servers:?}");
    // A second run adds a server of the same name; the script reports the refusal and rolls back.
    let output = desk.run("terraform-style.sh", &token, &[])?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(told.contains("Apply failed (HTTP 422)") && told.contains("Rolling back to snapshot"), "{told}");
    ensure!(agree(&desk.daemon, &api).await?["haproxy"] == now["haproxy"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_headers_are_the_documented_ones_and_429_says_when() -> Result<()> {
    let mut daemon = Daemon::builder().config("rateLimit:\n  writeMax: 5\n  readMax: 50\n").start().await?;
    let api = daemon.api()?;
    let answer = api.get("/api/state").send().await?;
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    ensure!(header("ratelimit-limit") == Some(50), "{:?}", answer.headers());
    ensure!(
        header("ratelimit-remaining") == Some(49)
            && header("ratelimit-reset").is_some_and(|reset| (1..=60).contains(&reset))
    );
    for _ in 0..5 {
        api.post("/api/haproxy/stop").json(&json!({ "confirm": false })).send().await?;
    }
    let refused = api.post("/api/haproxy/stop").json(&json!({ "confirm": false })).send().await?;
    ensure!(refused.status() == 429 && refused.headers().contains_key("retry-after"), "{refused:?}");
    ensure!(refused.headers()["ratelimit-remaining"] == "0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn error_envelopes_are_the_documented_ones() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let owner = daemon.api()?;
    let viewer = daemon.api_as("viewer1", "viewer")?;
    let nobody = daemon.anonymous();
    let (status, body) = nobody.json(nobody.get("/api/state")).await?;
    ensure!(
        status == 401 && body["error"] == "AuthError" && body["message"] == "authentication required",
        "{status} {body}"
    );
    let html = nobody.get("/api/state").header("accept", "text/html").send().await?;
    ensure!(html.status() == 302 && html.headers()["location"].to_str()?.starts_with("/login?return="), "{html:?}");
    let stream = nobody.get("/api/events").header("accept", "text/event-stream").send().await?;
    ensure!(
        stream.status() == 401 && stream.headers()["content-type"].to_str()?.starts_with("text/event-stream"),
        "{stream:?}"
    );
    let (status, body) = viewer.json(viewer.put("/api/state").json(&json!({}))).await?;
    ensure!(status == 403 && body["error"] == "ForbiddenError" && body["message"].is_string(), "{status} {body}");
    let (status, body) = owner.json(owner.get("/api/nothing-here")).await?;
    ensure!(status == 404 && body["error"].is_string(), "{status} {body}");
    let page = owner.get("/dashboard").send().await?;
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist/index.html").is_file();
    let (status, body) = (page.status(), page.text().await?);
    if built {
        ensure!(status == 200 && body.contains("<div id=\"root\">"), "{status} {body}");
    } else {
        ensure!(status == 503 && body == r#"{"error":"UI not built. Run: make ui-build"}"#, "{status} {body}");
    }
    Ok(())
}
