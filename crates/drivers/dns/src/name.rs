//! Names in wire form: read from a packet or from text, compared without regard to case (RFC 4343).
//!
//! A [`Name`] lives on the stack and is in lower case, so that a query costs no allocation and a lookup is a comparison
//! of bytes. Compression is never followed: the only name that is read from a packet is the question, and a pointer
//! there could only point at itself or into the header.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{Error, Result};

/// The longest name in wire form, with its last byte, the root's zero.
const LONGEST: usize = 255;
/// The longest label.
const LABEL: usize = 63;
/// The most labels that fit, the root not counted.
const LABELS: usize = 127;

/// A name in wire form and lower case.
#[derive(Clone)]
pub(crate) struct Name {
    bytes: [u8; LONGEST],
    len: u8,
    starts: [u8; LABELS],
    labels: u8,
}

impl Name {
    fn root() -> Self {
        Self { bytes: [0; LONGEST], len: 1, starts: [0; LABELS], labels: 0 }
    }

    /// Reads the name at `at`, and tells where it ends.
    pub(crate) fn read(packet: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut name = Self::root();
        let mut at = at;
        loop {
            let length = usize::from(*packet.get(at)?);
            if length == 0 {
                return Some((name, at + 1));
            }
            if length > LABEL {
                return None;
            }
            name.push(packet.get(at + 1..at + 1 + length)?)?;
            at += 1 + length;
        }
    }

    /// Reads what a person wrote: labels of printable characters, with or without the last dot.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = |reason| Error::Name { name: shortened(text), reason };
        let mut name = Self::root();
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        let labels = text.strip_suffix('.').unwrap_or(text);
        if labels.is_empty() {
            return Ok(name);
        }
        for label in labels.split('.') {
            if label.is_empty() {
                return Err(wrong("it has an empty label"));
            }
            if label.len() > LABEL {
                return Err(wrong("a label is longer than 63 characters"));
            }
            if !label.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
                return Err(wrong("only visible ASCII characters can be part of a name"));
            }
            name.push(label.as_bytes()).ok_or_else(|| wrong("it is longer than 253 characters"))?;
        }
        Ok(name)
    }

    /// The name under which an address is asked for.
    pub(crate) fn reverse(address: IpAddr) -> Self {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(73);
        // Writing to a string cannot fail.
        let _ = match address {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                write!(text, "{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(address) => {
                for byte in address.octets().iter().rev() {
                    let _ = write!(text, "{:x}.{:x}.", byte & 15, byte >> 4);
                }
                write!(text, "ip6.arpa")
            }
        };
        Self::parse(&text).unwrap_or_else(|_| Self::root())
    }

    fn push(&mut self, label: &[u8]) -> Option<()> {
        let start = usize::from(self.len) - 1;
        let end = start + 1 + label.len();
        let length = u8::try_from(label.len()).ok()?;
        if end >= LONGEST || usize::from(self.labels) >= LABELS {
            return None;
        }
        self.bytes[start] = length;
        let body = self.bytes.get_mut(start + 1..end)?;
        body.copy_from_slice(label);
        body.make_ascii_lowercase();
        self.bytes[end] = 0;
        self.starts[usize::from(self.labels)] = u8::try_from(start).ok()?;
        self.labels += 1;
        self.len = u8::try_from(end + 1).ok()?;
        Some(())
    }

    /// This name with another behind it, if that is not too long.
    pub(crate) fn join(mut self, suffix: &Name) -> Option<Self> {
        for at in 0..suffix.labels() {
            self.push(suffix.label(at)?)?;
        }
        Some(self)
    }

    /// The whole name, with the root's zero.
    pub(crate) fn wire(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// How many labels it has, the root not counted.
    pub(crate) fn labels(&self) -> usize {
        usize::from(self.labels)
    }

    /// One label, counted from the left.
    pub(crate) fn label(&self, at: usize) -> Option<&[u8]> {
        let start = self.starts[..self.labels()].get(at).copied().map(usize::from)?;
        let length = usize::from(self.bytes[start]);
        self.bytes.get(start + 1..start + 1 + length)
    }

    /// Where the last `labels` labels begin; the beginning, if there are not so many.
    pub(crate) fn suffix_start(&self, labels: usize) -> usize {
        match self.labels().checked_sub(labels) {
            Some(at) if at < self.labels() => usize::from(self.starts[at]),
            Some(_) => usize::from(self.len) - 1,
            None => 0,
        }
    }

    /// What stands before `suffix`, if the name ends with it at the border of a label.
    pub(crate) fn before(&self, suffix: &Name) -> Option<&[u8]> {
        if self.labels < suffix.labels {
            return None;
        }
        let start = self.suffix_start(suffix.labels());
        (self.bytes[start..usize::from(self.len)] == *suffix.wire()).then(|| &self.bytes[..start])
    }

    /// Whether it is `text`, in wire form, or lies below it.
    pub(crate) fn is_within(&self, wire: &[u8], labels: usize) -> bool {
        self.labels() >= labels && &self.bytes[self.suffix_start(labels)..usize::from(self.len)] == wire
    }

    /// The address, or the beginning of one, that a name below `in-addr.arpa` or `ip6.arpa` stands for.
    pub(crate) fn arpa(&self) -> Option<Arpa> {
        if self.is_within(b"\x07in-addr\x04arpa\0", 2) {
            let mut octets = [0u8; 4];
            let mut known = 0;
            for at in (0..self.labels() - 2).rev() {
                let Some(octet) = self.label(at).and_then(octet).filter(|_| known < 4) else { break };
                octets[known] = octet;
                known += 1;
            }
            let exact = known == self.labels() - 2;
            Some(Arpa { address: Ipv4Addr::from(octets).into(), known, exact })
        } else if self.is_within(b"\x03ip6\x04arpa\0", 2) {
            let mut bits = 0u128;
            let mut known = 0;
            for at in (0..self.labels() - 2).rev() {
                let Some(nibble) = self.label(at).and_then(nibble).filter(|_| known < 32) else { break };
                bits |= u128::from(nibble) << (124 - 4 * known);
                known += 1;
            }
            let exact = known == self.labels() - 2;
            Some(Arpa { address: Ipv6Addr::from(bits).into(), known, exact })
        } else {
            None
        }
    }
}

/// What a reverse name says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arpa {
    /// The address, zero where nothing is known.
    pub(crate) address: IpAddr,
    /// How many octets (of 4) or nibbles (of 32) are known.
    pub(crate) known: usize,
    /// Whether nothing else is in the name.
    pub(crate) exact: bool,
}

impl Arpa {
    /// The address, when all of it is known and nothing else is in the name.
    pub(crate) fn whole(&self) -> Option<IpAddr> {
        let all = if self.address.is_ipv4() { 4 } else { 32 };
        (self.exact && self.known == all).then_some(self.address)
    }
}

fn octet(label: &[u8]) -> Option<u8> {
    let plain = matches!(label, [b'0'] | [b'1'..=b'9', ..]) && label.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(label).ok().filter(|_| plain)?.parse().ok()
}

fn nibble(label: &[u8]) -> Option<u8> {
    let [digit] = label else { return None };
    char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl fmt::Display for Name {
    /// As people write it, without the last dot; what cannot be written is a number after a backslash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels == 0 {
            return f.write_str(".");
        }
        for at in 0..self.labels() {
            if at > 0 {
                f.write_str(".")?;
            }
            let label = self.label(at).unwrap_or_default();
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            // Nearly every label; a zone of thousands is written in one go.
            if let (true, Ok(text)) = (label.iter().all(plain), std::str::from_utf8(label)) {
                f.write_str(text)?;
                continue;
            }
            for byte in label {
                match byte {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
                    byte if byte.is_ascii_graphic() => write!(f, "{}", char::from(*byte))?,
                    byte => write!(f, "\\{byte:03}")?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire() == other.wire()
    }
}

impl Eq for Name {}

/// Text for a message, not longer than a name may be.
fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_packet_give_the_same_name_in_lower_case() {
        let text = Name::parse("Web.Internal").unwrap();
        let (read, end) = Name::read(b"..\x03wEb\x08INTERNAL\0rest", 2).unwrap();
        assert_eq!(text, read);
        assert_eq!(end, 16);
        assert_eq!(text.to_string(), "web.internal");
        assert_eq!(Name::parse("web.internal.").unwrap(), text);
        assert_eq!(Name::parse(".").unwrap().wire(), b"\0");
    }

    #[test]
    fn v23_names_that_are_too_long_or_compressed_are_none() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(Name::parse(&longest).unwrap().wire().len(), 255);
        assert!(Name::parse(&format!("{longest}a")).is_err());
        assert!(Name::parse(&"a".repeat(64)).is_err());
        let many = "a.".repeat(127);
        assert_eq!(Name::parse(&many).unwrap().labels(), 127);
        assert!(Name::parse(&"a.".repeat(128)).is_err());
        let wire: Vec<u8> = [b"\x01a".repeat(128), vec![0]].concat();
        assert!(Name::read(&wire, 0).is_none());
        for hostile in [&b"\xc0\x00"[..], b"\x01a\xc0\x00", b"\x40", b"\x80", b"\x3fshort", b"\x01a", b""] {
            assert!(Name::read(hostile, 0).is_none(), "{hostile:?}");
        }
        for text in ["", "..", "a..b", ".a", "a b", "a\nb", "ä", "a\\b"] {
            assert!(Name::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_suffix_counts_only_at_the_border_of_a_label() {
        let apex = Name::parse("internal").unwrap();
        assert_eq!(Name::parse("a.internal").unwrap().before(&apex), Some(&b"\x01a"[..]));
        assert_eq!(apex.before(&apex), Some(&b""[..]));
        assert_eq!(Name::parse("ainternal").unwrap().before(&apex), None);
        assert_eq!(Name::parse("internal.a").unwrap().before(&apex), None);
        assert_eq!(Name::parse(".").unwrap().before(&apex), None);
    }

    #[test]
    fn reverse_names_and_addresses_go_both_ways() {
        for address in ["10.1.2.3", "0.0.0.0", "255.255.255.255", "::1", "fd00::12:ab", "2001:db8::1"] {
            let address: IpAddr = address.parse().unwrap();
            let arpa = Name::reverse(address).arpa().unwrap();
            assert_eq!(arpa.whole(), Some(address));
        }
        let part = Name::parse("2.10.in-addr.arpa").unwrap().arpa().unwrap();
        assert_eq!((part.known, part.exact, part.whole()), (2, true, None));
        for (text, known) in [
            ("x.2.10.in-addr.arpa", 2),
            ("01.10.in-addr.arpa", 1),
            ("256.in-addr.arpa", 0),
            ("5.4.3.2.1.in-addr.arpa", 4),
            ("ff.ip6.arpa", 0),
        ] {
            let arpa = Name::parse(text).unwrap().arpa().unwrap();
            assert_eq!((arpa.known, arpa.exact, arpa.whole()), (known, false, None), "{text}");
        }
        assert!(Name::parse("a.arpa").unwrap().arpa().is_none());
    }

    #[test]
    fn what_cannot_be_written_is_escaped() {
        let (name, _) = Name::read(b"\x05a.\x00\n\xff\x03com\0", 0).unwrap();
        assert_eq!(name.to_string(), "a\\.\\000\\010\\255.com");
    }
}
