//! `plenum audit …`

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use super::output::{Output, cells};
use super::query;
use crate::client::Client;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List entries, newest first.
    List(List),
    /// Check the hash chain over all entries; exit 1 if one was changed or removed.
    Verify(Verify),
    /// Write all entries, oldest first.
    Export {
        /// `lines`: one JSON object a line. `capsule`: a signed chain that others can verify (Capsule Protocol Specification 1.0).
        #[arg(long, value_enum, default_value = "lines")]
        format: Format,
    },
    /// Print the public key of exported capsules, in hex.
    CapsuleKey,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Lines,
    Capsule,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Check an exported chain of capsules instead of the log; no daemon is asked.
    #[arg(long, value_name = "FILE")]
    capsules: Option<PathBuf>,
    /// Check also that the owner of this key signed them (hex; `plenum audit capsule-key` prints it).
    #[arg(long, value_name = "HEX", requires = "capsules")]
    public_key: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// At most this many (1000 at most).
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Only this category, such as `state` or `auth`.
    #[arg(long)]
    category: Option<String>,
    /// Only this actor.
    #[arg(long)]
    actor: Option<String>,
}

impl Command {
    /// The file of capsules to verify, where that is what is wanted: it needs no daemon.
    pub(crate) fn capsules(&self) -> Option<(&Path, Option<&str>)> {
        match self {
            Command::Verify(Verify { capsules: Some(file), public_key }) => Some((file, public_key.as_deref())),
            _ => None,
        }
    }
}

/// Verifies a chain of capsules.
pub(crate) fn verify_capsules(file: &Path, public_key: Option<&str>, output: &mut Output) -> anyhow::Result<ExitCode> {
    let key = public_key.map(hex::decode).transpose().context("the public key is not in hex")?;
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let chain: Vec<Value> = serde_json::from_str(&text).context("the file is no JSON array")?;
    let verified = ::mesh::capsule::verify(&chain, key.as_deref());
    let checked = if key.is_some() { "places, links, hashes, signatures" } else { "places, links, hashes" };
    let (text, code) = match &verified {
        Ok(()) => (format!("sound: {} capsules ({checked})", chain.len()), ExitCode::SUCCESS),
        Err(broken) => (format!("BROKEN: {broken}"), ExitCode::FAILURE),
    };
    let error = verified.err().map(|broken| broken.to_string());
    output.result(
        &json!({ "ok": error.is_none(), "capsules": chain.len(), "checked": checked, "broken": error }),
        &text,
    )?;
    Ok(code)
}

pub(crate) async fn run(client: &Client, command: Command, output: &mut Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(list) => {
            let mut path = format!("/api/audit?limit={}", list.limit);
            for (name, value) in [("category", &list.category), ("actor", &list.actor)] {
                if let Some(value) = value {
                    path.push_str(&format!("&{name}={}", query(value)));
                }
            }
            let answer = client.json(Method::GET, &path, None).await?;
            let rows = cells(&answer["entries"], &["id", "ts", "actor", "category", "action", "target", "outcome"]);
            output.table(&answer, &["ID", "AT", "ACTOR", "CATEGORY", "ACTION", "TARGET", "OUTCOME"], &rows)?;
        }
        Command::Verify(_) => {
            let answer = client.json(Method::GET, "/api/audit/verify", None).await?;
            let sound = answer["ok"] == true;
            let text = if sound {
                format!("sound: {} entries", answer["rows"])
            } else {
                format!("BROKEN: {}", answer["broken"])
            };
            output.result(&answer, &text)?;
            return Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Export { format } => {
            let path = match format {
                Format::Lines => "/api/audit/export",
                Format::Capsule => "/mesh/api/audit/capsules",
            };
            let answer = client.send(Method::GET, path, &[], Vec::new()).await?.success()?;
            output.write_all(&answer.body)?;
        }
        Command::CapsuleKey => {
            let answer = client.json(Method::GET, "/mesh/api/audit/capsules/key", None).await?;
            output.result(&answer, answer["public_key"].as_str().unwrap_or_default())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
