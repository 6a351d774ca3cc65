//! The command line, beside a running daemon and without one.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Daemon, daemon::PASSWORD, free_port};

use crate::support::{agree, document, put, put_ok};

/// Runs a command that must succeed, and returns what it printed.
fn ok(daemon: &Daemon, arguments: &[&str], input: &str) -> Result<String> {
    let output = daemon.cli(arguments, input)?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn ok_json(daemon: &Daemon, arguments: &[&str], input: &str) -> Result<Value> {
    let text = ok(daemon, &[arguments, &["--json"]].concat(), input)?;
    serde_json::from_str(&text).with_context(|| format!("{arguments:?} printed {text}"))
}

/// The same conversation, whoever answers.
fn conversation(daemon: &Daemon, user: &str) -> Result<()> {
    let password = format!("{PASSWORD}\n");
    ok(daemon, &["user", "add", "--username", user, "--role", "admin", "--password-stdin"], &password)?;
    let users = ok_json(daemon, &["user", "list"], "")?;
    ensure!(
        users["users"]
            .as_array()
            .is_some_and(|users| users.iter().any(|row| row["username"] == user && row["role"] == "admin")),
        "{users}"
    );
    let wire = ok(daemon, &["token", "create", "--user", user, "--name", &format!("of {user}")], "")?;
    ensure!(wire.starts_with("pp_") && wire.trim().len() == 44 && wire.lines().count() == 1, "{wire}");
    let tokens = ok_json(daemon, &["token", "list"], "")?;
    ensure!(!tokens.to_string().contains(wire.trim().split_once('.').context("a token")?.1), "the list shows a secret");
    ok(daemon, &["token", "revoke", wire.split_once('.').context("a token")?.0], "")?;
    ok(daemon, &["user", "passwd", "--username", user, "--password-stdin"], "another long password\n")?;
    ok(daemon, &["user", "disable", "--username", user], "")?;
    let verified = ok_json(daemon, &["audit", "verify"], "")?;
    ensure!(verified["ok"] == true, "{verified}");
    let audit = ok_json(daemon, &["audit", "list", "--limit", "1000"], "")?;
    let operator = audit["entries"]
        .as_array()
        .context("entries")?
        .iter()
        .filter(|entry| entry["actor"].as_str().is_some_and(|actor| actor.starts_with("local:")));
    ensure!(operator.count() >= 4, "{audit}");
    let export = ok(daemon, &["audit", "export"], "")?;
    ensure!(export.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()) && export.lines().count() >= 5);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_mean_the_same_with_and_without_a_daemon() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    put_ok(&api, &document(1, free_port(), "127.0.0.1:9")).await?;
    conversation(&daemon, "beside")?;
    let before = ok(&daemon, &["state", "get", "--json"], "")?;
    daemon.terminate()?;
    conversation(&daemon, "without")?;
    ensure!(ok(&daemon, &["state", "get", "--json"], "")? == before, "the document differs without a daemon");
    daemon.start_again().await?;
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_planned_validated_put_and_restored_from_the_command_line() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    put_ok(&api, &document(2, free_port(), "127.0.0.1:9")).await?;
    let mut wanted: Value = serde_json::from_str(&ok(&daemon, &["state", "get"], "")?)?;
    wanted["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    let text = wanted.to_string();
    let plan = ok(&daemon, &["state", "plan"], &text)?;
    ensure!(plan.starts_with("action: reload") && plan.contains("+    timeout server 77s"), "{plan}");
    ensure!(ok(&daemon, &["state", "validate"], &text)?.trim() == "valid");
    ensure!(ok(&daemon, &["state", "render", "-"], &text)?.contains("timeout server 77s"));
    ensure!(!ok(&daemon, &["state", "render"], "")?.contains("timeout server 77s"), "planning changed something");
    ok(&daemon, &["state", "put"], &text)?;
    ensure!(ok(&daemon, &["state", "render"], "")?.contains("timeout server 77s"));
    let list = ok_json(&daemon, &["snapshot", "list"], "")?;
    let id = list["snapshots"][1]["id"].as_str().context("an id")?.to_owned();
    ok(&daemon, &["snapshot", "restore", &id], "")?;
    ensure!(!ok(&daemon, &["state", "render"], "")?.contains("timeout server 77s"));
    wanted["haproxy"]["backends"][1]["id"] = json!("NOT AN ID");
    let refused = daemon.cli(&["state", "put"], &wanted.to_string())?;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(1) && told.contains("haproxy.backends.1.id"), "{told}");
    let refused = daemon.cli(&["state", "put", "--json"], &wanted.to_string())?;
    let told: Value = serde_json::from_slice(&refused.stderr)?;
    ensure!(told["issues"].is_array(), "{told}");
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_writes_but_not_reads_and_ends_by_itself() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let mut document = put_ok(&api, &document(1, free_port(), "127.0.0.1:9")).await?;
    ok(&daemon, &["backup-pre", "--limit-seconds", "60"], "")?;
    document["x-note"] = json!("during the backup");
    let (writer, body) = (api.clone(), document.clone());
    let write = tokio::spawn(async move { put(&writer, &body).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(!write.is_finished(), "a write went through during the backup");
    ensure!(api.get("/api/state").send().await?.status() == 200, "reads are held");
    // What lies on disk now is a whole database without its log.
    let copy = tempfile::tempdir()?;
    std::fs::copy(daemon.data().join("plenum.db"), copy.path().join("plenum.db"))?;
    let log = std::fs::metadata(daemon.data().join("plenum.db-wal")).map_or(0, |data| data.len());
    ensure!(log == 0, "the log holds {log} bytes that a copy of the database would miss");
    ok(&daemon, &["backup-post"], "")?;
    ensure!(write.await??.0 == 200, "the held write was lost");

    ok(&daemon, &["backup-pre", "--limit-seconds", "1"], "")?;
    let begin = Instant::now();
    document["x-note"] = json!("after the limit");
    ensure!(put(&api, &document).await?.0 == 200);
    ensure!(
        begin.elapsed() > Duration::from_millis(500) && begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    Ok(())
}

#[test]
fn completions_and_version_need_nothing() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let daemon = runtime.block_on(Daemon::start())?;
    for shell in ["bash", "zsh", "fish"] {
        ensure!(ok(&daemon, &["completions", shell], "")?.contains("backup-pre"), "{shell}");
    }
    ensure!(ok_json(&daemon, &["version"], "")?["name"] == "plenum");
    let checked = ok(&daemon, &["config", "check"], "")?;
    ensure!(checked.contains("dataDir"), "{checked}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_a_command_that_holds_the_data_directory() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    daemon.terminate()?;
    let hold = || -> Result<std::fs::File> {
        let file = std::fs::OpenOptions::new().write(true).open(daemon.data().join("plenum.lock"))?;
        file.try_lock()?;
        Ok(file)
    };
    let held = hold()?;
    let refused = daemon.cli(&["user", "list"], "")?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(!refused.status.success() && said.contains("is in use by another Plenum"), "{said}");

    let begin = Instant::now();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(800));
        drop(held);
    });
    daemon.start_again().await?;
    ensure!(begin.elapsed() >= Duration::from_millis(700), "it started beside the holder");
    ensure!(api.json(api.get("/api/state")).await?.0 == 200);
    Ok(())
}
