//! The names in a configuration, each a type that cannot hold what Caddy would read as something else.
//!
//! Caddy expands `{placeholders}` in hosts, dial addresses and file names, takes `unix/…` and `a-b` port ranges for
//! addresses, and makes file names of what it is told. JSON quoting does not help against any of that, so the
//! characters are limited here, once.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::{Error, Result};

/// The name that a client asks for: letters, digits, `_`, hyphens and dots in lower case, or `*.` before such a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

/// What identifies a route, names its log and its log file: up to 64 letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

/// A host name or IP address with a port, as something to connect to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

/// A port to listen on, on one address or on all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listen {
    /// Nothing means every address, IPv4 and IPv6.
    pub ip: Option<IpAddr>,
    pub port: u16,
}

/// An absolute path that Caddy takes literally.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Directory(String);

/// The path and query of an address, such as `/health?full=1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlPath(String);

impl Host {
    /// Reads a host name; upper case becomes lower case.
    pub fn new(text: &str) -> Result<Self> {
        let lower = text.to_ascii_lowercase();
        let name = lower.strip_prefix("*.").unwrap_or(&lower);
        match hostname(name) {
            Some(reason) => Err(invalid("host name", text, reason)),
            None => Ok(Self(lower)),
        }
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for every name one label below another.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl Id {
    /// Reads an id; capitals are kept.
    pub fn new(text: &str) -> Result<Self> {
        let what = "route id";
        if text.is_empty() || text.len() > 64 {
            return Err(invalid(what, text, "it has 1 to 64 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Err(invalid(what, text, "it has letters, digits, `_` and `-` only"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The same as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Address {
    /// Reads `host:port`, where the host is a name, an IPv4 address or an IPv6 address in brackets.
    pub fn new(text: &str) -> Result<Self> {
        let what = "address";
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid(what, text, "it lacks a port"))?;
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(what, text, "its port is no number"));
        }
        let port = match port.parse() {
            Ok(0) | Err(_) => return Err(invalid(what, text, "its port is not between 1 and 65535")),
            Ok(port) => port,
        };
        if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let ip = inner.parse::<Ipv6Addr>().map_err(|_| invalid(what, text, "there is no IPv6 address in it"))?;
            return Ok(Self { host: format!("[{ip}]"), port });
        }
        let host = host.to_ascii_lowercase();
        match hostname(&host) {
            Some(reason) => Err(invalid(what, text, reason)),
            None => Ok(Self { host, port }),
        }
    }

    /// The name or IP address, the latter in brackets if it is IPv6.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, never 0.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Listen {
    /// A port on every address of the machine.
    pub fn everywhere(port: u16) -> Self {
        Self { ip: None, port }
    }

    /// A port on one address.
    pub fn on(ip: impl Into<IpAddr>, port: u16) -> Self {
        Self { ip: Some(ip.into()), port }
    }
}

impl Directory {
    /// Takes an absolute path without braces and control characters.
    pub fn new(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let refuse = |reason| invalid("directory", &path.to_string_lossy(), reason);
        let text = path.to_str().ok_or_else(|| refuse("it is not UTF-8"))?;
        if !path.is_absolute() {
            return Err(refuse("it is not absolute"));
        }
        if text.chars().any(|c| c.is_control() || matches!(c, '{' | '}')) {
            return Err(refuse("it has a brace or a control character"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The same as a path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The same as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.as_path().join(name)
    }

    /// The same as text: both parts of it are.
    pub(crate) fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.0.trim_end_matches('/'))
    }
}

impl UrlPath {
    /// Reads a path that begins with `/` and holds nothing that is to be escaped.
    pub fn new(text: &str) -> Result<Self> {
        let what = "path";
        if !text.starts_with('/') || text.len() > 2048 {
            return Err(invalid(what, text, "it begins with `/` and has at most 2048 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}' | b'"' | b'\\' | b'#')) {
            return Err(invalid(
                what,
                text,
                "it has a blank, a brace, a quote or another character that is to be escaped",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The same as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why this is no host name.
fn hostname(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > 253 {
        return Some("a name has 1 to 253 characters");
    }
    for label in name.split('.') {
        if label.is_empty() || label.len() > 63 {
            return Some("each part of a name has 1 to 63 characters");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Some("no part of a name begins or ends with a hyphen");
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !label.bytes().all(fits) {
            return Some("a name has letters, digits, `_`, hyphens and dots only");
        }
    }
    None
}

pub(crate) fn invalid(what: &'static str, value: &str, reason: &'static str) -> Error {
    let value = value.chars().take(120).flat_map(char::escape_debug).collect();
    Error::Invalid { what, value, reason }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            None => write!(f, ":{}", self.port),
            Some(IpAddr::V4(ip)) => write!(f, "{ip}:{}", self.port),
            Some(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
        }
    }
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }
    )*};
}

text!(Host, Id, Directory, UrlPath);

impl FromStr for Address {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What somebody may want to slip into a configuration through a name.
    const HOSTILE: &[&str] = &[
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a.",
        "a b",
        "a\nb",
        "a\0b",
        "\"}]",
        "a\",\"handle\":[",
        "{http.request.host}",
        "{env.HOME}",
        "../../etc/passwd",
        "a/b",
        "a\\b",
        "unix//run/x",
        "-a",
        "a-",
        "a;b",
        "a:80",
        "ä.example",
        "a\u{202e}b",
        "*",
        "a.*.b",
        "**.a",
        "*.",
    ];

    #[test]
    fn v_hostile_names_are_refused() {
        for text in HOSTILE {
            assert!(Host::new(text).is_err(), "{text:?}");
            assert!(Address::new(&format!("{text}:80")).is_err(), "{text:?}:80");
        }
        for text in HOSTILE.iter().filter(|text| !matches!(**text, "-a" | "a-")) {
            assert!(Id::new(text).is_err(), "{text:?}");
        }
        assert!(Host::new(&"a".repeat(64)).is_err());
        assert!(Host::new(&["a"; 128].join(".")).is_err());
        assert!(Id::new(&"a".repeat(65)).is_err());
        for path in ["relative", "/with/{env.HOME}", "/new\nline", ""] {
            assert!(Directory::new(path).is_err(), "{path:?}");
        }
        for path in ["", "health", "/a b", "/{x}", "/a\r\nHost: b", "/a\"b"] {
            assert!(UrlPath::new(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn honest_names_are_taken() {
        assert_eq!(Host::new("App.Example.COM").unwrap().as_str(), "app.example.com");
        assert!(Host::new("*.example.com").unwrap().is_wildcard());
        assert_eq!(Address::new("my_service:8080").unwrap().to_string(), "my_service:8080");
        assert_eq!(Address::new("[::1]:80").unwrap().to_string(), "[::1]:80");
        assert_eq!(Address::new("10.0.0.1:65535").unwrap().port(), 65535);
        for text in ["10.0.0.1", "a:0", "a:65536", "a:80-90", "a:+80", "::1:80", "[a]:80"] {
            assert!(Address::new(text).is_err(), "{text}");
        }
        assert_eq!(Listen::everywhere(443).to_string(), ":443");
        assert_eq!(Listen::on([127, 0, 0, 1], 8443).to_string(), "127.0.0.1:8443");
        assert_eq!(Listen::on(Ipv6Addr::LOCALHOST, 8443).to_string(), "[::1]:8443");
        assert_eq!(UrlPath::new("/health?full=1").unwrap().as_str(), "/health?full=1");
    }

    #[test]
    fn a_refusal_shows_no_control_characters() {
        let message = Host::new("a\x1b[31m\n").unwrap_err().to_string();
        assert!(message.chars().all(|c| !c.is_control()), "{message:?}");
    }
}
