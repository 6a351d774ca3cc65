//! `plenum user …`

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::json;

use super::output::{Output, cells};
use crate::client::Client;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a person.
    Add(Add),
    /// List the people who may sign in.
    List,
    /// Set a person's password; their sessions end.
    Passwd(Passwd),
    /// Shut a person out at once: sessions and tokens stop working.
    Disable {
        /// Who.
        #[arg(long)]
        username: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The name to sign in with.
    #[arg(long)]
    username: String,
    /// What the person may do.
    #[arg(long, value_enum)]
    role: Role,
    /// Read the password from standard input (one line).
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Passwd {
    /// Whose password.
    #[arg(long)]
    username: String,
    /// Read the password from standard input (one line).
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    Customer,
    Viewer,
    Moderator,
    Admin,
    Owner,
}

pub(crate) async fn run(client: &Client, command: Command, output: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Add(add) => {
            let role = add.role.to_possible_value().map(|value| value.get_name().to_owned());
            let body = json!({ "username": add.username, "password": password(add.password_stdin)?, "role": role });
            let answer = client.json(Method::POST, "/api/users", Some(body)).await?;
            output.result(&answer, &format!("added {}", add.username))?;
        }
        Command::List => {
            let answer = client.json(Method::GET, "/api/users", None).await?;
            let rows = cells(&answer["users"], &["id", "username", "role", "disabled", "lastLoginAt"]);
            output.table(&answer, &["ID", "USERNAME", "ROLE", "DISABLED", "LAST LOGIN"], &rows)?;
        }
        Command::Passwd(passwd) => {
            let id = id_of(client, &passwd.username).await?;
            let body = json!({ "password": password(passwd.password_stdin)? });
            let answer = client.json(Method::POST, &format!("/api/users/{id}/password"), Some(body)).await?;
            output.result(&answer, &format!("changed the password of {}", passwd.username))?;
        }
        Command::Disable { username } => {
            let id = id_of(client, &username).await?;
            let answer =
                client.json(Method::PATCH, &format!("/api/users/{id}"), Some(json!({ "disabled": true }))).await?;
            output.result(&answer, &format!("disabled {username}"))?;
        }
    }
    Ok(())
}

/// The id of the user with this name.
pub(crate) async fn id_of(client: &Client, username: &str) -> anyhow::Result<String> {
    let users = client.json(Method::GET, "/api/users", None).await?;
    let found = users["users"].as_array().into_iter().flatten().find(|user| user["username"] == username);
    found
        .and_then(|user| user["id"].as_str())
        .map(str::to_owned)
        .with_context(|| format!("there is no user '{username}'; `plenum user list` shows all"))
}

/// The first line of standard input. A password never stands on the command line, where every process could read it.
fn password(from_stdin: bool) -> anyhow::Result<String> {
    if !from_stdin {
        bail!("give the password on standard input with --password-stdin");
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(4096)
        .read_to_string(&mut text)
        .context("cannot read the password from standard input")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
