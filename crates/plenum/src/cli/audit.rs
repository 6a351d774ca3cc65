//! `plenum audit …`

use std::{io::Write as _, process::ExitCode};

use clap::{Args, Subcommand};
use http::Method;

use super::output::{Output, cells};
use crate::client::Client;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List entries, newest first.
    List(List),
    /// Check the hash chain over all entries; exit 1 if one was changed or removed.
    Verify,
    /// Write all entries, one JSON object a line, oldest first.
    Export,
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

pub(crate) async fn run(client: &Client, command: Command, output: &mut Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(list) => {
            let mut path = format!("/api/audit?limit={}", list.limit);
            for (name, value) in [("category", &list.category), ("actor", &list.actor)] {
                if let Some(value) = value {
                    path.push_str(&format!("&{name}={}", percent(value)));
                }
            }
            let answer = client.json(Method::GET, &path, None).await?;
            let rows = cells(&answer["entries"], &["id", "ts", "actor", "category", "action", "target", "outcome"]);
            output.table(&answer, &["ID", "AT", "ACTOR", "CATEGORY", "ACTION", "TARGET", "OUTCOME"], &rows)?;
        }
        Command::Verify => {
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
        Command::Export => {
            let answer = client.send(Method::GET, "/api/audit/export", &[], Vec::new()).await?.success()?;
            output.write_all(&answer.body)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Percent-encodes what is not plain in a query value.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
