//! The admin socket of a worker: statistics, servers, frontends and maps at run time.
//!
//! HAProxy answers success with an empty line or with a sentence, and failure with a sentence, on one channel. Every
//! connection therefore first asks for severities (`set severity-output number`), after which a sentence is marked
//! with how bad it is; every answer is looked at, and a count of answers that does not fit the commands is an error.
//! Commands go many to a connection, joined by `;`.

mod change;
mod frontends;
mod info;
mod map;
mod reply;
mod servers;
mod stat;
mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::wire::{self, Limits};
use crate::{Error, Result};

pub use change::{Change, ServerState};
pub use frontends::FrontendRow;
pub use info::Info;
pub use map::MapEntry;
pub use servers::{ServerRow, parse as parse_servers_state};
pub use stat::{Kind as StatKind, Reader as StatReader, Row as StatRow};
pub use words::{Text, Word};

/// Longest line of commands: HAProxy's own line buffer is 16 KiB by default, and may be configured smaller.
const LINE_BYTES: usize = 4 * 1024;
/// What short answers may amount to.
const ANSWER: Limits = Limits { time: Duration::from_secs(5), bytes: 4 * 1024 * 1024 };
/// `show stat` of 10,000 backends is 7 MB, a map may be larger; more than this is no honest answer.
const DUMP: Limits = Limits { time: Duration::from_secs(30), bytes: 256 * 1024 * 1024 };

/// A client of one admin socket.
#[derive(Debug, Clone)]
pub struct Admin {
    socket: PathBuf,
}

impl Admin {
    /// A client of the admin socket at `socket`; nothing is opened yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The socket's path.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Makes one change.
    pub async fn change(&self, change: &Change) -> Result<()> {
        self.change_all(std::slice::from_ref(change)).await?.pop().unwrap_or(Ok(()))
    }

    /// Makes many changes, few connections for all of them, and says of each what came of it, in order.
    ///
    /// A refused change does not keep the others from being made. The outer error means that the connection failed
    /// on the way; how many were made is then unknown.
    pub async fn change_all(&self, changes: &[Change]) -> Result<Vec<Result<()>>> {
        let commands: Vec<String> = changes.iter().map(Change::command).collect();
        let replies = self.ask_all(&commands).await?;
        Ok(changes
            .iter()
            .zip(commands)
            .zip(replies)
            .map(|((change, command), reply)| change.judge(&command, &reply))
            .collect())
    }

    /// `show info`: version, process id, uptime, limits, and the `description` of the configuration.
    pub async fn info(&self) -> Result<Info> {
        Info::parse(&self.dump("show info", ANSWER).await?)
    }

    /// `show stat`: hands every row to `each` as it arrives; nothing is kept.
    pub async fn stat(&self, mut each: impl FnMut(&StatRow<'_>)) -> Result<()> {
        let mut reader = StatReader::default();
        wire::stream(&self.socket, b"show stat\n", DUMP, |piece| reader.feed(piece, &mut each)).await?;
        reader.finish()
    }

    /// `show servers state`: address, weight and state of every server of every backend.
    pub async fn servers_state(&self) -> Result<Vec<ServerRow>> {
        parse_servers_state(&self.dump("show servers state", DUMP).await?)
    }

    /// The entries of a map, in the order that HAProxy keeps them; `map` is its file as the configuration names it.
    pub async fn map(&self, map: &Text) -> Result<Vec<MapEntry>> {
        map::parse(&self.dump(&format!("show map {map}"), DUMP).await?)
    }

    /// Replaces all of a map's entries at once: lookups see the old ones until the last is there.
    pub async fn replace_map(&self, map: &Text, entries: &[(Text, Text)]) -> Result<()> {
        let command = format!("prepare map {map}");
        let reply = self.ask_all(std::slice::from_ref(&command)).await?.pop().unwrap_or_default();
        let version = map::new_version(&command, &reply)?;
        let additions: Vec<String> =
            entries.iter().map(|(key, value)| format!("add map @{version} {map} {key} {value}")).collect();
        for (command, reply) in additions.iter().zip(self.ask_all(&additions).await?) {
            reply::expect_nothing(command, &reply)?;
        }
        let command = format!("commit map @{version} {map}");
        let reply = self.ask_all(std::slice::from_ref(&command)).await?.pop().unwrap_or_default();
        reply::expect_nothing(&command, &reply)
    }

    /// Sends commands, as many to a connection as fit on a line, and gives one reply for each.
    async fn ask_all(&self, commands: &[String]) -> Result<Vec<String>> {
        let mut replies = Vec::with_capacity(commands.len());
        let mut rest = commands;
        while !rest.is_empty() {
            let mut line = String::from(reply::PREAMBLE);
            let mut count = 0;
            for command in rest {
                if count > 0 && line.len() + command.len() + 2 > LINE_BYTES {
                    break;
                }
                line.push(';');
                line.push_str(command);
                count += 1;
            }
            line.push('\n');
            let (now, later) = rest.split_at(count);
            let answer = wire::exchange(&self.socket, line.as_bytes(), ANSWER).await?;
            let mut answers = reply::split(&answer);
            // The first is the preamble's own.
            if answers.len() != count + 1 {
                let detail = format!("{} answers to {} commands", answers.len().saturating_sub(1), count);
                return Err(Error::Garbled { command: now.first().cloned().unwrap_or_default(), detail });
            }
            replies.extend(answers.drain(1..));
            rest = later;
        }
        Ok(replies)
    }

    /// Sends one command whose answer is long, and gives the answer unless it is a refusal.
    async fn dump(&self, command: &str, limits: Limits) -> Result<String> {
        let line = format!("{};{command}\n", reply::PREAMBLE);
        let answer = wire::exchange(&self.socket, line.as_bytes(), limits).await?;
        let answer = answer.strip_prefix('\n').unwrap_or(&answer);
        reply::refuse_errors(command, answer)?;
        Ok(answer.to_owned())
    }
}
