//! HAProxy's way of writing the addresses of a `bind` line.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// One place to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    Inet { address: SocketAddr, transport: Transport },
    Unix(PathBuf),
}

/// TCP, or UDP as QUIC uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Stream,
    Datagram,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet { address, transport: Transport::Stream } => write!(f, "{address}"),
            Self::Inet { address, transport: Transport::Datagram } => write!(f, "{address} (UDP)"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Family {
    Any,
    V4,
    V6,
}

/// Every place that the addresses of one `bind` line name, ranges and lists spread out.
///
/// What names no place that can be tried from here (`fd@`, `abns@`, a host name, an environment variable) is left out.
pub fn parse(argument: &str) -> Vec<Endpoint> {
    argument.split(',').flat_map(|part| one(part.trim())).collect()
}

fn one(text: &str) -> Vec<Endpoint> {
    if text.is_empty() || text.contains(['$', '"', '\0']) {
        return Vec::new();
    }
    if text.starts_with('/') {
        return vec![Endpoint::Unix(PathBuf::from(text))];
    }
    let (prefix, rest) = text.split_once('@').unwrap_or(("", text));
    let (family, transport) = match prefix {
        "" => (Family::Any, Transport::Stream),
        "ipv4" | "tcp4" | "ipv4s" => (Family::V4, Transport::Stream),
        "ipv6" | "tcp6" | "ipv6s" => (Family::V6, Transport::Stream),
        "tcp" => (Family::Any, Transport::Stream),
        "udp" | "quic" => (Family::Any, Transport::Datagram),
        "udp4" | "quic4" => (Family::V4, Transport::Datagram),
        "udp6" | "quic6" => (Family::V6, Transport::Datagram),
        "unix" | "uxst" if rest.starts_with('/') => return vec![Endpoint::Unix(PathBuf::from(rest))],
        _ => return Vec::new(),
    };
    // The last colon separates the port, so `::1:80` and `[::1]:80` are the same.
    let Some((host, ports)) = rest.rsplit_once(':') else { return Vec::new() };
    let Some(ip) = ip(host, family) else { return Vec::new() };
    let Some((first, last)) = ports_of(ports) else { return Vec::new() };
    (first..=last).map(|port| Endpoint::Inet { address: SocketAddr::new(ip, port), transport }).collect()
}

fn ip(host: &str, family: Family) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.is_empty() && host.is_empty() || bare == "*" {
        return Some(match family {
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
            Family::Any | Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        });
    }
    let ip: IpAddr = bare.parse().ok()?;
    let fits = match family {
        Family::Any => true,
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
    };
    fits.then_some(ip)
}

fn ports_of(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    (first > 0 && first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> = parse(text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("*:80", &["0.0.0.0:80"]);
        check(":80", &["0.0.0.0:80"]);
        check("10.0.0.1:80", &["10.0.0.1:80"]);
        check("ipv4@:80", &["0.0.0.0:80"]);
        check("ipv6@:80", &["[::]:80"]);
        check("ipv6@*:80", &["[::]:80"]);
        check("[::]:80", &["[::]:80"]);
        check(":::80", &["[::]:80"]);
        check("::1:80", &["[::1]:80"]);
        check("ipv6@[::1]:80", &["[::1]:80"]);
        check(":8000-8002", &["0.0.0.0:8000", "0.0.0.0:8001", "0.0.0.0:8002"]);
        check(":80,[::1]:81, /run/x.sock", &["0.0.0.0:80", "[::1]:81", "/run/x.sock"]);
        check("unix@/run/x.sock", &["/run/x.sock"]);
        check("quic4@:443", &["0.0.0.0:443 (UDP)"]);
        check("quic6@[::]:443", &["[::]:443 (UDP)"]);
    }

    #[test]
    fn what_cannot_be_tried_is_left_out() {
        for text in [
            "",
            ",",
            "fd@3",
            "abns@name",
            "sockpair@4",
            "\"${ADDR}\":80",
            "$ADDR:80",
            "localhost:80",
            "10.0.0.1",
            ":0",
            ":80-70",
            ":99999",
            "ipv4@[::1]:80",
            "unix@relative",
            ":",
            "[::1",
            "uxdg@/x",
            ":1-2-3",
        ] {
            assert!(parse(text).is_empty(), "{text}");
        }
    }
}
