//! What a service is, in types: names that can be names in DNS, in certificates and in routes, and upstreams that may be
//! reached.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A value that cannot be what it is given as; the text tells a person what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

/// The name of a service: letters, digits, `_` and `-`, at most 63 of them, a letter or digit at both ends. Names differ
/// by more than case, as in DNS (RFC 4343).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let ends = [text.bytes().next(), text.bytes().last()];
        if text.len() > 63 || !text.bytes().all(is_word) || !ends.iter().flatten().all(u8::is_ascii_alphanumeric) {
            return Err(Invalid("Invalid service name: must match [a-zA-Z0-9_-], begin and end with a letter or digit, and have at most 63 characters".to_owned()));
        }
        if text.is_empty() {
            return Err(Invalid("Invalid service name: it is empty".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is found by.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// How a service is spoken to by its route and its health check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    #[default]
    Http,
    Https,
    H2c,
}

impl Protocol {
    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::H2c => "h2c",
        }
    }

    /// The port where nobody says another.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Http | Self::H2c => 80,
            Self::Https => 443,
        }
    }
}

impl std::str::FromStr for Protocol {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "h2c" => Ok(Self::H2c),
            other => Err(Invalid(format!("upstream_protocol is http, https or h2c, not \"{}\"", other.escape_debug()))),
        }
    }
}

/// Where a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is being put in place; what becomes of it is decided before the call returns, or at the next start.
    Registering,
    Active,
    /// It is being taken away.
    Removing,
    /// It was taken away and is remembered.
    Inactive,
}

impl State {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registering => "registering",
            Self::Active => "active",
            Self::Removing => "removing",
            Self::Inactive => "inactive",
        }
    }
}

/// One service, as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub key: String,
    pub name: String,
    /// A name or an address, without a port.
    pub host: String,
    pub port: u16,
    pub upstream_protocol: Protocol,
    pub health_path: String,
    pub tls: bool,
    pub direct: bool,
    pub tags: Vec<String>,
    pub state: State,
    pub registered_at: Timestamp,
    pub deregistered_at: Option<Timestamp>,
}

impl Service {
    /// `host:port`, an IPv6 address in brackets.
    #[must_use]
    pub fn upstream(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]:{}", self.port),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// Its name below the domain.
    #[must_use]
    pub fn fqdn(&self, domain: &str) -> String {
        format!("{}.{domain}", self.key)
    }
}

/// Splits what callers give as `host`: a name, an address, or either with a port.
///
/// # Errors
/// When it is none of these.
pub fn split_host(text: &str) -> Result<(String, Option<u16>), Invalid> {
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok((ip.to_string(), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        Some(_) => return Err(Invalid("the port of host is not between 1 and 65535".to_owned())),
    };
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok((ip.to_string(), port));
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // All digits and dots is an address that does not exist, not a name.
    let is_number = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if host.len() > 253 || is_number || !host.split('.').all(is_label) {
        return Err(Invalid(
            "host must be an address or a host name, with a port after a colon if it has another".to_owned(),
        ));
    }
    Ok((host.to_ascii_lowercase(), port))
}

/// Reads a health path: `/`, letters, digits and `_.-/`.
///
/// # Errors
/// When it is none.
pub fn health_path(text: &str) -> Result<String, Invalid> {
    let is_fine = |b: u8| b.is_ascii_alphanumeric() || b"/_.-".contains(&b);
    if !text.starts_with('/') || text.len() > 256 || !text.bytes().all(is_fine) {
        return Err(Invalid("health_path must begin with / and have letters, digits and /_.- only".to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_names_in_dns() {
        for good in ["core", "A", "grafana-2", "my_app", "0x"] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in ["", "-a", "a-", "a.b", "a b", "a\n", "ä", "../x", long.as_str()] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Name::new("Core").unwrap().key(), "core");
    }

    #[test]
    fn hosts_come_with_and_without_a_port() {
        let split = |text| split_host(text).ok();
        assert_eq!(split("10.0.1.5"), Some(("10.0.1.5".to_owned(), None)));
        assert_eq!(split("10.0.1.5:8080"), Some(("10.0.1.5".to_owned(), Some(8080))));
        assert_eq!(split("db.Internal:1"), Some(("db.internal".to_owned(), Some(1))));
        assert_eq!(split("::1"), Some(("::1".to_owned(), None)));
        assert_eq!(split("[fd00::1]:9"), Some(("fd00::1".to_owned(), Some(9))));
        for bad in ["", "999.999.999.999", "a b", "host:0", "host:70000", "http://x", "a..b", "-x", "x\n"] {
            assert_eq!(split(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn v3_a_health_path_is_a_path_and_nothing_else() {
        assert!(health_path("/api/health").is_ok());
        for bad in ["", "health", "/a b", "/{env.HOME}", "/a?b", "/a\r\nX: y"] {
            assert!(health_path(bad).is_err(), "{bad:?}");
        }
    }
}
