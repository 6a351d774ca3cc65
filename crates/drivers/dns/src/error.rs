//! The one error of this crate.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What went wrong while serving names or asking for them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Text that is no name, or no name that a zone may hold.
    #[error("`{name}` cannot be a name here: {reason}")]
    Name { name: String, reason: &'static str },
    /// A value that the engine cannot be started with.
    #[error("`{value}` cannot be used: {reason}")]
    Option { value: String, reason: &'static str },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// The part that asks the upstream servers cannot be made.
    #[error("cannot forward queries: {reason}")]
    Forward { reason: String },
    /// The server cannot be sent a question, or not be heard.
    #[error("cannot {action} {server}")]
    Socket {
        action: &'static str,
        server: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// No answer came in the time that the caller allowed.
    #[error("no answer from {server} within {within:?}")]
    Timeout { server: SocketAddr, within: Duration },
    /// What came is not an answer to the question.
    #[error("unexpected answer from {server}: {detail}")]
    Garbled { server: SocketAddr, detail: String },
    /// The program cannot be run at all.
    #[error("cannot run {}", program.display())]
    Program {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The process ended, or did not answer, after it was started.
    #[error("dnsmasq did not start: {reason}")]
    Start { reason: String, log: String },
    /// The process does not answer from what it was given last.
    #[error("dnsmasq did not take the change: {reason}")]
    Reload { reason: String, log: String },
    /// A process could not be signalled or did not end.
    #[error("dnsmasq (pid {pid}) did not stop: {reason}")]
    Stop { pid: u32, reason: String },
    /// A file of the process cannot be used.
    #[error("cannot {action} {}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}
