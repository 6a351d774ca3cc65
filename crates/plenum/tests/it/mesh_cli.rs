//! Internal services from the command line, and the audit log as capsules.

#![expect(clippy::disallowed_methods, reason = "these tests write files for other programs")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Daemon, http_backend};

use crate::mesh::{dig, ports, start};

fn ok(daemon: &Daemon, line: &str) -> Result<String> {
    let output = daemon.cli(&line.split(' ').collect::<Vec<_>>(), "")?;
    ensure!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn refused(daemon: &Daemon, line: &str) -> Result<String> {
    let output = daemon.cli(&line.split(' ').collect::<Vec<_>>(), "")?;
    ensure!(output.status.code() == Some(1), "{line}: {}", String::from_utf8_lossy(&output.stdout));
    Ok(String::from_utf8(output.stderr)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_registered_seen_and_removed_from_the_command_line() -> Result<()> {
    let ports = ports();
    let mut daemon = start(&ports).await?;
    let backend = http_backend("x");
    let line = format!("service register core {} --health-path /healthz --tag web --tag blue", backend.address());
    let registered = ok(&daemon, &line)?;
    ensure!(registered.contains("URL: https://core.qp.local"), "{registered}");
    ensure!(refused(&daemon, &line)?.contains("already registered"));
    ok(&daemon, &format!("{line} --overwrite"))?;
    ensure!(dig(&ports, "core.qp.local")? == "127.0.0.1");
    let rows: Value = serde_json::from_str(&ok(&daemon, "service list --json")?)?;
    ensure!(rows["services"][0]["tags"] == json!(["web", "blue"]), "{rows}");
    ensure!(ok(&daemon, "service list")?.starts_with("NAME  URL "));
    ensure!(ok(&daemon, "service history core --hours 1")?.starts_with("HOUR"));

    ensure!(ok(&daemon, "dns list")?.starts_with("HOSTNAME "));
    ensure!(ok(&daemon, "dns resolve core")? == "core.qp.local has address 127.0.0.1\n");
    ensure!(refused(&daemon, "dns resolve nobody")?.contains("not found"));
    ensure!(ok(&daemon, "dns explain core")?.contains("core"));
    ok(&daemon, "dns flush")?;
    ensure!(ok(&daemon, "tls list")?.starts_with("SERVICE "));
    ensure!(ok(&daemon, "tls inspect core")?.starts_with("=== Certificate: core ===\n\nCertificate:"));
    ensure!(ok(&daemon, "tls ca")?.starts_with("-----BEGIN CERTIFICATE-----"));
    ensure!(ok(&daemon, "tls rotate core")?.contains("rotated"));
    ensure!(refused(&daemon, "tls rotate nobody")?.contains("not found"));
    ensure!(ok(&daemon, "route list")?.contains("core.qp.local"));
    ok(&daemon, "route reload")?;
    let status = ok(&daemon, "monitor status")?;
    ensure!(status.contains("Caddy         answers") && status.contains("1 total"), "{status}");
    ensure!(ok(&daemon, "monitor servers")?.contains("--- CPU ---"));

    let file = tempfile::NamedTempFile::new()?;
    let rows = json!([{ "name": "one", "host": "10.0.0.1" }, { "name": "two", "host": "10.0.0.2:81" }]);
    std::fs::write(file.path(), rows.to_string())?;
    let imported = ok(&daemon, &format!("service import {}", file.path().display()))?;
    ensure!(imported.lines().count() == 2, "{imported}");
    ok(&daemon, "service deregister core")?;
    ensure!(refused(&daemon, "service deregister core")?.contains("not found"));
    ensure!(refused(&daemon, "service health two")?.contains("two is "));

    // Without a daemon there is nobody to ask, and that is what it says.
    daemon.terminate()?;
    ensure!(refused(&daemon, "service list")?.contains("no daemon serves"));
    Ok(())
}

/// The reference implementation's own verifier, fetched by `scripts/capsule.sh`.
fn verifier() -> Result<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_plenum")).ancestors().nth(2).context("the target directory")?;
    let program = program.join("capsule/venv/bin/capsule");
    ensure!(program.exists(), "{} is missing: run scripts/capsule.sh", program.display());
    Ok(program)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_a_chain_of_capsules_that_the_reference_verifies() -> Result<()> {
    let ports = ports();
    let daemon = start(&ports).await?;
    let backend = http_backend("x");
    ok(&daemon, &format!("service register core {}", backend.address()))?;
    ok(&daemon, "tls rotate core")?;
    ok(&daemon, "dns flush")?;
    ok(&daemon, "service deregister core")?;
    let key = ok(&daemon, "audit capsule-key")?.trim().to_owned();
    let text = ok(&daemon, "audit export --format capsule")?;
    let chain: Vec<Value> = serde_json::from_str(&text)?;
    let mesh: Vec<_> = chain.iter().filter(|capsule| capsule["domain"] == "conduit").collect();
    let actions: Vec<_> = mesh.iter().map(|capsule| capsule["trigger"]["request"].as_str().unwrap_or("?")).collect();
    ensure!(actions == ["service_register", "cert_rotate", "dns_flush", "service_deregister"], "{actions:?}");
    ensure!(mesh[0]["outcome"]["result"]["port"] == json!(backend.port().to_string()), "{}", mesh[0]);

    let file = tempfile::NamedTempFile::new()?;
    let judge = |text: &str| -> Result<(bool, bool)> {
        std::fs::write(file.path(), text)?;
        let home = tempfile::tempdir()?;
        let theirs = Command::new(verifier()?)
            .arg("verify")
            .arg(file.path())
            .args(["--pubkey", &key])
            .env("HOME", home.path())
            .output()?;
        let path = file.path().display().to_string();
        let ours = daemon.cli(&["audit", "verify", "--capsules", &path, "--public-key", &key], "")?;
        Ok((theirs.status.success(), ours.status.success()))
    };
    ensure!(judge(&text)? == (true, true), "{text}");
    for change in ["\"sequence\":1", "\"success\"", "\"status\""] {
        ensure!(text.contains(change), "{change}");
    }
    let forged = text.replacen("service_deregister", "service_deregistered", 1);
    ensure!(judge(&forged)? == (false, false));
    let shortened = serde_json::to_string(&chain[1..])?;
    ensure!(judge(&shortened)? == (false, false));
    // Two exports tell the same story.
    let again: Vec<Value> = serde_json::from_str(&ok(&daemon, "audit export --format capsule")?)?;
    ensure!(again[0]["hash"] == chain[0]["hash"] && again.len() == chain.len());
    Ok(())
}
