//! `plenum snapshot …`

use clap::Subcommand;
use http::Method;

use super::output::{Output, cells};
use crate::client::Client;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List stored documents, newest first; the first is the current one.
    List,
    /// Make a stored document the current one, through the whole apply.
    Restore {
        /// The snapshot's id.
        id: String,
    },
}

pub(crate) async fn run(client: &Client, command: Command, output: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let answer = client.json(Method::GET, "/api/snapshots", None).await?;
            let rows = cells(&answer["snapshots"], &["id", "snapshotAt", "actor", "reason", "size"]);
            output.table(&answer, &["ID", "AT", "ACTOR", "REASON", "SIZE"], &rows)?;
        }
        Command::Restore { id } => {
            let answer = client.json(Method::POST, &format!("/api/snapshots/{id}/restore"), None).await?;
            output.result(&answer, &format!("restored {id}"))?;
        }
    }
    Ok(())
}
