//! `plenum state …`

use std::{
    io::{Read as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::output::Output;
use crate::client::Client;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the current document.
    Get {
        /// In the layout of the original, with HAProxy's sections at the root.
        #[arg(long)]
        flat: bool,
    },
    /// Make a document live.
    Put(Put),
    /// Say what a document would change, and whether a reload is needed; change nothing.
    Plan(Input),
    /// Check a document, up to and including HAProxy's own checker; change nothing.
    Validate(Input),
    /// Print the configuration that the current document, or a given one, renders to.
    Render {
        /// The document; `-` for standard input. Without it, the current document.
        file: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Put {
    #[command(flatten)]
    input: Input,
    /// Only if the current document still has this ETag.
    #[arg(long)]
    if_match: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Input {
    /// The document; `-` for standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
}

pub(crate) async fn run(client: &Client, command: Command, output: &mut Output) -> anyhow::Result<()> {
    const JSON: (&str, &str) = ("content-type", "application/json");
    match command {
        Command::Get { flat } => {
            let path = if flat { "/api/state?layout=flat" } else { "/api/state" };
            let answer = client.send(Method::GET, path, &[], Vec::new()).await?.success()?;
            print_document(output, &answer.body)?;
        }
        Command::Put(put) => {
            let mut headers = vec![JSON];
            headers.extend(put.if_match.as_deref().map(|etag| ("if-match", etag)));
            output.note("applying …");
            let answer = client.send(Method::PUT, "/api/state", &headers, put.input.read()?).await?.success()?;
            let etag = answer.headers.get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
            if output.json() {
                print_document(output, &answer.body)?;
            } else {
                output.line(&format!("applied; the document's ETag is {etag}"))?;
            }
        }
        Command::Plan(input) => {
            let plan = client.send(Method::POST, "/api/state/plan", &[JSON], input.read()?).await?.success()?.json()?;
            output.result(&plan, &describe(&plan))?;
        }
        Command::Validate(input) => {
            let plan = client
                .send(Method::POST, "/api/state/plan?check=true", &[JSON], input.read()?)
                .await?
                .success()?
                .json()?;
            output.result(&plan, "valid")?;
        }
        Command::Render { file: Some(file) } => {
            let body = Input { file }.read()?;
            let plan =
                client.send(Method::POST, "/api/state/plan?rendered=true", &[JSON], body).await?.success()?.json()?;
            output.write_all(plan["rendered"].as_str().unwrap_or_default().as_bytes())?;
        }
        Command::Render { file: None } => {
            let answer = client.send(Method::GET, "/api/haproxy/cfg?source=state", &[], Vec::new()).await?.success()?;
            output.write_all(&answer.body)?;
        }
    }
    Ok(())
}

impl Input {
    fn read(&self) -> anyhow::Result<Vec<u8>> {
        if self.file.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read the document from standard input")?;
            return Ok(bytes);
        }
        std::fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))
    }
}

/// Documents are for reading and for `jq`: indented for people, as they came for machines.
fn print_document(output: &mut Output, body: &[u8]) -> anyhow::Result<()> {
    if output.json() {
        output.write_all(body)?;
        return Ok(output.line("")?);
    }
    let value: Value = serde_json::from_slice(body).context("the daemon's answer is not JSON")?;
    Ok(output.line(&serde_json::to_string_pretty(&value)?)?)
}

fn describe(plan: &Value) -> String {
    let mut text = format!("action: {}", plan["action"].as_str().unwrap_or("unknown"));
    for reason in plan["reasons"].as_array().into_iter().flatten() {
        text.push_str(&format!("\n  because {}", reason.as_str().unwrap_or_default()));
    }
    for change in plan["changes"].as_array().into_iter().flatten() {
        let part = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
        text.push_str(&format!(
            "\n{} {} {}",
            part("kind"),
            part("section"),
            if part("name").is_empty() { part("id") } else { part("name") }
        ));
    }
    if let Some(diff) = plan["diff"].as_str().filter(|diff| !diff.is_empty()) {
        text.push_str(&format!("\n{}", diff.trim_end()));
    }
    text
}
