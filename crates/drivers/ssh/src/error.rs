//! What can go wrong, told apart as far as a caller acts differently.

use std::time::Duration;

use crate::Fingerprint;

/// Why something did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that cannot be what it is given as; the text tells a person what is wrong.
    #[error("{0}")]
    Invalid(String),
    #[error("no connection: {0}")]
    Connect(#[source] std::io::Error),
    #[error("no answer within {0:?}")]
    Slow(Duration),
    /// The server is another one than before, or somebody is in between. Nothing was sent to it.
    #[error("the server's key is {offered}, which is not the pinned one")]
    HostKeyChanged { offered: Fingerprint },
    /// It knows neither the key nor the password.
    #[error("the server does not let {user} in with {with}")]
    Refused { user: String, with: &'static str },
    /// A command or a socket that the server does not open.
    #[error("the server does not open {0}")]
    Closed(&'static str),
    #[error("the answer is longer than {0} bytes")]
    TooMuch(usize),
    #[error("the server does not speak as it should: {0}")]
    Protocol(String),
}

impl From<russh::Error> for Error {
    fn from(error: russh::Error) -> Self {
        match error {
            russh::Error::IO(error) => Self::Connect(error),
            other => Self::Protocol(other.to_string()),
        }
    }
}
