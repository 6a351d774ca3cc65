//! The one error of this crate.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What went wrong while speaking to Caddy or while describing what it shall do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that cannot be what it is given as.
    #[error("`{value}` is no {what}: {reason}")]
    Invalid { what: &'static str, value: String, reason: &'static str },
    /// The program cannot be run at all.
    #[error("cannot run {}", program.display())]
    Program {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The program ran, and what it printed is not what Caddy prints.
    #[error("{} does not answer like Caddy: {detail}", program.display())]
    NotCaddy { program: PathBuf, detail: String },
    /// The process ended, or did not become ready, after it was started.
    #[error("Caddy did not start: {reason}")]
    Start { reason: String, log: String },
    /// The process that we look for runs, and its admin API does not answer as that process.
    #[error("Caddy (pid {pid}) runs and does not answer: {reason}")]
    Silent { pid: u32, reason: String },
    /// A process could not be signalled or did not end.
    #[error("Caddy (pid {pid}) did not stop: {reason}")]
    Stop { pid: u32, reason: String },
    /// Nobody answers at the admin address, or the connection broke off.
    #[error("cannot reach Caddy's admin API at {endpoint}: {reason}")]
    Unreachable { endpoint: String, reason: String },
    /// The answer took longer than the caller allowed.
    #[error("no complete answer from {peer} within {within:?}")]
    Timeout { peer: String, within: Duration },
    /// The answer is longer than any honest one.
    #[error("the answer from {peer} is longer than {limit} bytes")]
    TooLong { peer: String, limit: usize },
    /// The answer is not in the form that Caddy uses.
    #[error("unexpected answer to `{request}`: {detail}")]
    Garbled { request: String, detail: String },
    /// Caddy understood the request and said no, in these words.
    #[error("Caddy refused: {message}")]
    Refused { message: String },
    /// A file or directory of the process cannot be used.
    #[error("cannot {action} {}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Whether nobody answers (now): worth another try when Caddy is back.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. })
    }
}
