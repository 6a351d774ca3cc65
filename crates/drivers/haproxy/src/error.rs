//! The one error of this crate.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What went wrong while speaking to HAProxy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program cannot be run at all.
    #[error("cannot run {}", program.display())]
    Program {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The program ran, and what it printed is not what HAProxy prints.
    #[error("{} does not answer like HAProxy: {detail}", program.display())]
    NotHaproxy { program: PathBuf, detail: String },
    /// The process ended, or did not become ready, after it was started.
    #[error("HAProxy did not start: {reason}")]
    Start { reason: String, log: String },
    /// There is no running process that is the one we look for.
    #[error("no managed HAProxy is running: {reason}")]
    NotRunning { reason: String },
    /// A process could not be signalled or did not end.
    #[error("HAProxy (pid {pid}) did not stop: {reason}")]
    Stop { pid: u32, reason: String },
    /// A socket is missing, refuses, or broke off.
    #[error("cannot {action} HAProxy's socket {}", socket.display())]
    Socket {
        action: &'static str,
        socket: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The answer took longer than the caller allowed.
    #[error("no complete answer from {} within {within:?}", socket.display())]
    Timeout { socket: PathBuf, within: Duration },
    /// The answer is longer than any honest one.
    #[error("the answer from {} is longer than {limit} bytes", socket.display())]
    TooLong { socket: PathBuf, limit: usize },
    /// The answer is not in the form that HAProxy uses.
    #[error("unexpected answer to `{command}`: {detail}")]
    Garbled { command: String, detail: String },
    /// HAProxy understood the command and said no.
    #[error("HAProxy refused `{command}`: {reply}")]
    Refused { command: String, reply: String },
    /// A value that cannot be an argument of a command.
    #[error("`{value}` cannot be part of a HAProxy command: {reason}")]
    Argument { value: String, reason: &'static str },
    /// A file of the process (its log, its pid file) cannot be used.
    #[error("cannot {action} {}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Whether the socket was missing or refused: nobody is listening there (now).
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Socket { source, .. }
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused))
    }
}
