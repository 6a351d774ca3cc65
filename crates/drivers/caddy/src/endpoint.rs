//! Where an admin API listens, written as Caddy writes it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::names::{Address, invalid};
use crate::{Error, Result};

/// What the kernel takes as the path of a socket.
const SOCKET_PATH_BYTES: usize = 107;

/// Where an admin API listens.
///
/// Whoever reaches it reads every private key and changes every route. A socket in a directory that only we may enter
/// keeps other users of the machine out; a TCP port on loopback does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Tcp(Address),
    /// The absolute path of a socket.
    Unix(PathBuf),
}

impl Endpoint {
    /// A socket at this absolute path.
    pub fn unix(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let refuse = |reason| invalid("socket path", &path.to_string_lossy(), reason);
        let text = path.to_str().ok_or_else(|| refuse("it is not UTF-8"))?;
        if !path.is_absolute() || text.len() > SOCKET_PATH_BYTES {
            return Err(refuse("it is absolute and has at most 107 bytes"));
        }
        // A `|` would begin permissions in later versions; the others are placeholders.
        if text.chars().any(|c| c.is_control() || matches!(c, '{' | '}' | '|')) {
            return Err(refuse("it has a brace, a bar or a control character"));
        }
        Ok(Self::Unix(path.to_owned()))
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    /// Reads `host:port` or `unix//absolute/path`.
    fn from_str(text: &str) -> Result<Self> {
        match text.strip_prefix("unix/") {
            Some(path) => Self::unix(path),
            None => Ok(Self::Tcp(Address::new(text.strip_prefix("tcp/").unwrap_or(text))?)),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix/{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["127.0.0.1:2019", "localhost:2019", "[::1]:2019", "unix//run/plenum/caddy.sock"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for text in ["", "2019", ":2019", "unix/relative", "unix//a{b}", "unix//a|0222", "127.0.0.1:0", "http://a:1"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
        assert!(Endpoint::unix(format!("/{}", "a".repeat(107))).is_err());
    }
}
