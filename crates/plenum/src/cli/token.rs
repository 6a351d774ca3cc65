//! `plenum token …`

use anyhow::Context as _;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::json;

use super::output::{Output, cells};
use crate::client::Client;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Mint a token; its wire form is printed alone, and never again.
    Create(Create),
    /// List tokens (never their secrets).
    List,
    /// Revoke a token at once.
    Revoke {
        /// The token's key id (`pp_` and eight hex digits).
        key_id: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// For whom: the token may do what this user may.
    #[arg(long)]
    user: String,
    /// What it is called in lists and in the audit log.
    #[arg(long)]
    name: String,
    /// When it stops working (ISO 8601, such as 2027-01-01T00:00:00Z).
    #[arg(long)]
    expires_at: Option<String>,
}

pub(crate) async fn run(client: &Client, command: Command, output: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            let body = json!({ "user": create.user, "name": create.name, "expiresAt": create.expires_at });
            let answer = client.json(Method::POST, "/api/api-tokens", Some(body)).await?;
            let wire = answer["wire"].as_str().context("the daemon's answer holds no token")?.to_owned();
            output.result(&answer, &wire)?;
        }
        Command::List => {
            let answer = client.json(Method::GET, "/api/api-tokens", None).await?;
            let rows =
                cells(&answer["tokens"], &["keyId", "name", "createdBy", "createdAt", "expiresAt", "lastUsedAt"]);
            output.table(&answer, &["KEY ID", "NAME", "USER", "CREATED", "EXPIRES", "LAST USED"], &rows)?;
        }
        Command::Revoke { key_id } => {
            let answer = client.json(Method::DELETE, &format!("/api/api-tokens/{key_id}"), None).await?;
            output.result(&answer, &format!("revoked {key_id}"))?;
        }
    }
    Ok(())
}
