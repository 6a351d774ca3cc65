//! Payloads that mean something to a shell, and writes that fail half way.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Daemon, free_port, http_backend};

use crate::support::{agree, document, put, put_ok, visit};

/// Every string of a document that a person may write freely, replaced one by one by `payload`.
fn with_payload(document: &Value, payload: &str) -> Vec<Value> {
    fn strings(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(path.to_owned()),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| strings(item, &format!("{path}/{index}"), found))
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(key, item)| strings(item, &format!("{path}/{key}"), found))
            }
            _ => {}
        }
    }
    let mut paths = Vec::new();
    strings(document, "", &mut paths);
    let replace = |path: String| {
        let mut changed = document.clone();
        *changed.pointer_mut(&path)? = json!(payload);
        Some(changed)
    };
    paths.into_iter().filter_map(replace).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn v1_no_string_of_a_document_or_a_request_reaches_a_shell() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let place = tempfile::tempdir()?;
    let tripwire = place.path().join("tripped");
    let touch = format!("touch {}", tripwire.display());
    let mut base = put_ok(&api, &document(1, free_port(), "127.0.0.1:9")).await?;
    base["acls"] = json!([{ "id": "a", "name": "a", "field": "path", "operator": "beg", "values": ["/x"] }]);
    base["keepalived"] = json!({ "enabled": false, "trackScripts": [{ "id": "t", "script": "/bin/true" }] });
    for payload in [
        format!("$({touch})"),
        format!("`{touch}`"),
        format!("x; {touch}"),
        format!("x | {touch} #"),
        format!("' ; {touch} ; '"),
    ] {
        for hostile in with_payload(&base, &payload) {
            // Some fields take any text and some do not; what counts is that nothing was run.
            let (status, body) = put(&api, &hostile).await?;
            ensure!(matches!(status, 200 | 422 | 502), "{status} {body}");
        }
        for name in ["user", "token"] {
            daemon.cli(&[name, "list", "--json"], "")?;
        }
        daemon.cli(&["user", "add", "--username", &payload, "--role", "viewer", "--password-stdin"], &payload)?;
        daemon.cli(&["token", "revoke", &payload], "")?;
        daemon.cli(&["snapshot", "restore", &payload], "")?;
        ensure!(!tripwire.exists(), "{payload} was run");
    }
    Ok(())
}

/// What the code says of itself: no shell is ever named as a program.
#[test]
fn v1_the_product_names_no_shell() -> Result<()> {
    fn sources(directory: &Path, found: &mut Vec<std::path::PathBuf>) -> Result<()> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !matches!(name, "tests" | "benches" | "testkit" | "target") {
                sources(&path, found)?;
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
        Ok(())
    }
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("crates/")?;
    let mut files = Vec::new();
    sources(crates, &mut files)?;
    ensure!(files.len() > 100, "only {} source files were found", files.len());
    for file in files {
        let text = fs::read_to_string(&file)?;
        for shell in ["\"sh\"", "\"bash\"", "\"/bin/sh\"", "\"/bin/bash\"", "\"dash\""] {
            ensure!(!text.contains(&format!("Command::new({shell}")), "{} starts {shell}", file.display());
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f3_a_write_that_fails_leaves_the_old_state() -> Result<()> {
    for point in ["apply.build.write", "apply.swap", "db.commit:3"] {
        let mut daemon = Daemon::start().await?;
        let api = daemon.api()?;
        let (backend, port) = (http_backend("ok"), free_port());
        let old = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
        daemon.terminate()?;
        daemon.set_environment("PLENUM_FAILPOINT", Some(&format!("{point}=error")));
        daemon.start_again().await?;
        let mut changed = old.clone();
        changed["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
        let (status, body) = put(&api, &changed).await?;
        if status == 200 {
            // The failing commit was another one's; then this one is whole.
            ensure!(point.starts_with("db."), "{point} was never reached");
        } else {
            ensure!(status == 503, "{point}: {status} {body}");
            ensure!(visit(port, "/").await? == (200, "ok".to_owned()), "{point}: traffic does not flow");
        }
        daemon.terminate()?;
        daemon.set_environment("PLENUM_FAILPOINT", None);
        daemon.start_again().await?;
        let now = agree(&daemon, &api).await.map_err(|error| error.context(format!("after {point}")))?;
        let there = now["haproxy"]["backends"][1]["timeouts"]["server"] == "77s";
        ensure!(there == (status == 200), "{point}: answered {status}, and the change is {there}");
    }
    Ok(())
}
