//! HAProxy's version, as far as decisions need it.

use std::cmp::Ordering;
use std::fmt;

/// A version such as `2.6.12-1+deb12u4`; compared by its three numbers, the packager's suffix does not count.
#[derive(Debug, Clone)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
    text: String,
}

impl Version {
    /// A version from its numbers.
    pub fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch, text: format!("{major}.{minor}.{patch}") }
    }

    /// Reads `2.6.12-1+deb12u4`, `3.1-dev3-…`, or the whole first line of `haproxy -v`.
    pub fn parse(text: &str) -> Option<Self> {
        let line = text.lines().next()?.trim();
        let word = match line.split_once("ersion ") {
            Some((_, rest)) => rest.split_whitespace().next()?,
            None => line.split_whitespace().next()?,
        };
        let numbers = word.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = numbers.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let patch = match parts.next() {
            Some(part) if !part.is_empty() => part.parse().ok()?,
            _ => 0,
        };
        Some(Self { major, minor, patch, text: word.to_owned() })
    }

    /// Whether this is `major.minor` or newer.
    pub fn at_least(&self, major: u16, minor: u16) -> bool {
        (self.major, self.minor) >= (major, minor)
    }

    /// The version as HAProxy writes it, with the packager's suffix.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn numbers(&self) -> (u16, u16, u16) {
        (self.major, self.minor, self.patch)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.numbers() == other.numbers()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_haproxy_prints() {
        let check = |text: &str, numbers: (u16, u16, u16), word: &str| {
            let version = Version::parse(text).unwrap();
            assert_eq!((version.numbers(), version.as_str()), (numbers, word), "{text}");
        };
        check("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", (2, 6, 12), "2.6.12-1+deb12u4");
        check("HAProxy version 2.8.25-5cf5d0683 2026/06/26", (2, 8, 25), "2.8.25-5cf5d0683");
        check("HA-Proxy version 2.2.9-2 2021/04/14", (2, 2, 9), "2.2.9-2");
        check("3.0.11-1+deb13u3", (3, 0, 11), "3.0.11-1+deb13u3");
        check("3.1-dev3-56cb89e", (3, 1, 0), "3.1-dev3-56cb89e");
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in ["", "x", "3", "HAProxy version", "version x.y.z", "99999999.1.1", "\u{1b}[31m"] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn compares_by_numbers() {
        assert!(Version::new(2, 10, 0) > Version::new(2, 9, 99));
        assert!(Version::new(3, 0, 0).at_least(2, 8));
        assert!(!Version::new(2, 6, 12).at_least(2, 7));
        assert_eq!(Version::parse("2.6.12-1+deb12u4"), Version::parse("2.6.12"));
    }
}
