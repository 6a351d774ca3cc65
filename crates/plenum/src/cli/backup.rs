//! `plenum backup-pre` and `plenum backup-post`: a quiet data directory for the host's backup tool.

use std::io::ErrorKind;

use anyhow::Context as _;
use clap::Args;
use http::Method;
use serde_json::json;

use super::{Common, output::Output};
use crate::{client::Client, config_layers::Layers};

#[derive(Args, Debug)]
pub(crate) struct Pre {
    /// Writes resume by themselves after this many seconds, should nobody call `backup-post`.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=3600))]
    limit_seconds: u32,
}

/// Holds all writes. Without a daemon nothing writes, so there is nothing to hold.
pub(crate) async fn pre(common: &Common, pre: &Pre, output: &mut Output) -> anyhow::Result<()> {
    let answer = call(common, "/api/backup/pre", json!({ "limitSeconds": pre.limit_seconds })).await?;
    let text = match &answer {
        Some(answer) => format!(
            "writes are held; they resume with `plenum backup-post`, or by themselves in {} s",
            answer["limitSeconds"].as_u64().unwrap_or(u64::from(pre.limit_seconds))
        ),
        None => "no daemon is running; the data directory is quiet".to_owned(),
    };
    output.result(&answer.unwrap_or_else(|| json!({ "ok": true, "daemon": false })), &text)?;
    Ok(())
}

/// Lets writes go on.
pub(crate) async fn post(common: &Common, output: &mut Output) -> anyhow::Result<()> {
    let answer = call(common, "/api/backup/post", json!({})).await?;
    output.result(&answer.unwrap_or_else(|| json!({ "ok": true, "daemon": false })), "writes go on")?;
    Ok(())
}

/// The daemon's answer, or nothing where none runs. Only a socket that is not there, or that nobody listens on, means that
/// none runs: not being allowed to open it must not pass for a quiet data directory.
async fn call(common: &Common, path: &str, body: serde_json::Value) -> anyhow::Result<Option<serde_json::Value>> {
    let config = Layers::default().load(common)?;
    anyhow::ensure!(
        config.data_dir.is_dir(),
        "{} is no data directory; name it with --data-dir",
        config.data_dir.display()
    );
    match Client::connect(&config.data_dir).await {
        Ok(daemon) => Ok(Some(daemon.json(Method::POST, path, Some(body)).await?)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error).context("cannot reach the daemon; run this as root or as the daemon's own user"),
    }
}
