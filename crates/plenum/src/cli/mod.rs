//! The command line: a tree of commands, each of which is a few calls of the API.

mod audit;
mod backup;
mod config;
mod mesh;
mod output;
mod snapshot;
mod state;
mod token;
mod user;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::{client::Client, config_layers::Layers, serve, wiring};

use self::output::Output;

/// Runs your own infrastructure: proxies, names, servers and applications.
#[derive(Debug, Parser)]
#[command(name = "plenum", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// The configuration file (YAML). Without one, the defaults hold.
    #[arg(long, global = true, env = "PLENUM_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where Plenum keeps its data.
    #[arg(long, global = true, env = "PLENUM_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Answer in JSON, for machines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon.
    Serve(Layers),
    /// Manage the people who may sign in.
    #[command(subcommand)]
    User(user::Command),
    /// Manage API tokens.
    #[command(subcommand)]
    Token(token::Command),
    /// Read, check and change the state document.
    #[command(subcommand)]
    State(state::Command),
    /// List and restore stored documents.
    #[command(subcommand)]
    Snapshot(snapshot::Command),
    /// Read and verify the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Register internal services and see how they are.
    #[command(subcommand)]
    Service(mesh::Service),
    /// Look at internal names.
    #[command(subcommand)]
    Dns(mesh::Dns),
    /// Look at internal certificates, and replace them.
    #[command(subcommand)]
    Tls(mesh::Tls),
    /// Look at internal routes.
    #[command(subcommand)]
    Route(mesh::Route),
    /// See how the mesh, machines and containers are.
    #[command(subcommand)]
    Monitor(mesh::Monitor),
    /// Hold all writes so that the data directory can be copied; reads go on.
    BackupPre(backup::Pre),
    /// Let writes go on after a backup.
    BackupPost,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Print the version.
    Version,
    /// Print a completion script for a shell.
    Completions {
        /// The shell to complete for.
        shell: clap_complete::Shell,
    },
}

/// Runs one command; the exit code is 0, 1 for a refusal or failure, 2 for wrong usage (by clap).
pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let Arguments { common, command } = arguments;
    let json = common.json;
    match Box::pin(dispatch(common, command)).await {
        Ok(code) => code,
        // The reader of a pipe had enough (`| head`); that is no failure of the command.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => Output::new(json).failure(&error),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn dispatch(common: Common, command: Command) -> anyhow::Result<ExitCode> {
    let mut output = Output::new(common.json);
    match command {
        Command::Serve(layers) => serve::run(&common, layers).await?,
        Command::Version => output.line(&version_line(common.json))?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "plenum", &mut output);
        }
        Command::Config(command) => config::run(&common, &command, &mut output)?,
        Command::User(command) => user::run(&client(&common).await?, command, &mut output).await?,
        Command::Token(command) => token::run(&client(&common).await?, command, &mut output).await?,
        Command::State(command) => state::run(&client(&common).await?, command, &mut output).await?,
        Command::Snapshot(command) => snapshot::run(&client(&common).await?, command, &mut output).await?,
        Command::Audit(command) => {
            if let Some((file, key)) = command.capsules() {
                return audit::verify_capsules(file, key, &mut output);
            }
            return audit::run(&client(&common).await?, command, &mut output).await;
        }
        Command::Service(command) => mesh::service(&daemon(&common).await?, command, &mut output).await?,
        Command::Dns(command) => mesh::dns(&daemon(&common).await?, command, &mut output).await?,
        Command::Tls(command) => mesh::tls(&daemon(&common).await?, command, &mut output).await?,
        Command::Route(command) => mesh::route(&daemon(&common).await?, command, &mut output).await?,
        Command::Monitor(command) => mesh::monitor(&daemon(&common).await?, command, &mut output).await?,
        Command::BackupPre(command) => backup::pre(&common, &command, &mut output).await?,
        Command::BackupPost => backup::post(&common, &mut output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The running daemon, or the same application in this process where there is none.
async fn client(common: &Common) -> anyhow::Result<Client> {
    let config = Layers::default().load(common)?;
    wiring::while_held(async || match Client::daemon(&config.data_dir).await {
        Some(daemon) => Ok(daemon),
        None => wiring::offline(config.clone()).await,
    })
    .await
}

/// The running daemon: DNS and health checks are where it is, and nothing can take its place.
async fn daemon(common: &Common) -> anyhow::Result<Client> {
    let config = Layers::default().load(common)?;
    Client::connect(&config.data_dir).await.with_context(|| {
        format!(
            "no daemon serves {}; start one with `plenum serve`, or name another --data-dir",
            config.data_dir.display()
        )
    })
}

/// Percent-encodes what is not plain in a part of a path or query (RFC 3986 section 2.3).
fn query(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn version_line(json: bool) -> String {
    let version = env!("CARGO_PKG_VERSION");
    if json { format!(r#"{{"name":"plenum","version":"{version}"}}"#) } else { format!("plenum {version}") }
}

/// Two at least: one thread that a long check keeps busy must not stop the rest.
pub(crate) fn worker_threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8)
}

/// Reports a failure that happened before there was anything to run.
pub(crate) fn fail(message: &str) -> ExitCode {
    Output::new(false).failure(&anyhow::anyhow!(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Arguments::command().debug_assert();
    }
}
