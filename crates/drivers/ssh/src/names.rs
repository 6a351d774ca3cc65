//! Names that cannot be taken for options, commands or second arguments.

use std::fmt;
use std::net::IpAddr;

use crate::Error;

/// A machine: a DNS name (RFC 1123) or an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(String);

impl Host {
    /// Reads a host.
    ///
    /// # Errors
    /// When it is neither a name nor an address.
    pub fn new(text: &str) -> Result<Self, Error> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self(ip.to_string()));
        }
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let name = text.strip_suffix('.').unwrap_or(text);
        // A last label of digits only would be half an address (RFC 3696 section 2).
        let ends_in_number = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
        if name.len() > 253 || ends_in_number || !name.split('.').all(is_label) {
            return Err(Error::Invalid("the host is neither a DNS name nor an IP address".to_owned()));
        }
        Ok(Self(name.to_ascii_lowercase()))
    }

    /// The name or the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User(String);

impl User {
    /// Reads the name of an account.
    ///
    /// # Errors
    /// When no account can be called that.
    pub fn new(text: &str) -> Result<Self, Error> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@' | b'+' | b'$');
        if !(1..=64).contains(&text.len()) || text.starts_with('-') || !text.bytes().all(is_name) {
            return Err(Error::Invalid(
                "the user must be the name of an account: 1 to 64 letters, digits and . _ - @ + $, not beginning with -"
                    .to_owned(),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2_a_host_is_a_name_or_an_address_and_nothing_else() {
        for good in ["gpu-1", "gpu-1.lan.", "192.0.2.7", "2001:db8::7", "a_b.example"] {
            assert!(Host::new(good).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "-oProxyCommand=touch /tmp/x",
            "-oProxyCommand=x",
            "a b",
            "a;b",
            "user@host",
            "host:22",
            "[::1]",
            "a..b",
            "a-.b",
            "10.0.0",
            "999.1.1.1",
            "a\nb",
            "$(id)",
            "härter.example",
            &long,
        ] {
            assert!(Host::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Host::new("GPU.Lan.").unwrap().as_str(), "gpu.lan");
    }

    #[test]
    fn v2_a_user_is_the_name_of_an_account() {
        for good in ["root", "ops@example.com", "svc_plenum", "machine$"] {
            assert!(User::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-l", "a b", "a\n", "a;b", "$(id)", &"a".repeat(65)] {
            assert!(User::new(bad).is_err(), "{bad:?}");
        }
    }
}
