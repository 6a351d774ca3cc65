//! Addresses and names that mean something only here, and so are never asked of, or believed from, the outside.
//!
//! Private addresses in an upstream's answer are the tool of a rebinding attack: a page of a stranger's name that turns
//! into a machine of ours. Names of private addresses (RFC 6303) and special-use names (RFC 6761, RFC 7686) are answered
//! here, as the world cannot know them and need not learn that we asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::name::{Arpa, Name};

/// Whether an address leads to this machine or into a network of ours, however it is written.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // Shared (RFC 6598) and protocol assignments (RFC 6890) hold metadata services and overlay networks.
    let shared = a == 100 && b & 0xc0 == 64;
    let assignments = a == 192 && b == 0 && c == 0;
    a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || shared
        || assignments
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = match segments {
        // Mapped, and the deprecated compatible form, which also covers `::` and `::1`.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some((high, low)),
        // Translated (RFC 6052, RFC 8215) and 6to4 lead to the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => Some((high, low)),
        [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = embedded {
        return is_private_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    }
    let site_local = segments[0] & 0xffc0 == 0xfec0;
    address.is_unique_local() || address.is_unicast_link_local() || site_local
}

/// How many octets or nibbles name the private reverse zone that a reverse name lies in.
pub(crate) fn private_reverse_zone(arpa: &Arpa) -> Option<usize> {
    match arpa.address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let depth = match (a, b) {
                (0 | 10 | 127, _) => 1,
                (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168) => 2,
                (255, 255) if address.is_broadcast() => 4,
                _ => return None,
            };
            (arpa.known >= depth).then_some(depth)
        }
        IpAddr::V6(address) => {
            let depth = match address.segments()[0] {
                0xfc00..=0xfdff => 2,
                0xfe80..=0xfeff => 3,
                0 if address.is_loopback() || address.is_unspecified() => 32,
                _ => return None,
            };
            (arpa.known >= depth).then_some(depth)
        }
    }
}

/// A name whose answer is fixed by a standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// `localhost` and what is below it: this machine.
    Localhost,
    /// `invalid` and `onion`: no such name.
    Never,
}

/// What a standard says of a name, if one does.
pub(crate) fn special(name: &Name) -> Option<Special> {
    let last = name.label(name.labels().checked_sub(1)?)?;
    match last {
        b"localhost" => Some(Special::Localhost),
        b"invalid" | b"onion" => Some(Special::Never),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ours_are_known_in_every_spelling() {
        let ours = "0.1.2.3 10.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.168.0.1 100.100.100.200 \
                    192.0.0.192 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::7f00:1 \
                    2002:0a00:0001::1 fc00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1";
        for address in ours.split_whitespace() {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        let public = "1.1.1.1 100.63.0.1 100.128.0.1 172.32.0.1 172.15.0.1 192.0.2.1 192.169.0.1 2001:db8::1 2606:4700::1111 \
                      ::ffff:1.1.1.1 64:ff9b::1.1.1.1 2002:0101:0101::1 ff02::1";
        for address in public.split_whitespace() {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn private_reverse_zones_begin_at_their_apex() {
        let depth = |name: &str| private_reverse_zone(&Name::parse(name).unwrap().arpa().unwrap());
        assert_eq!(depth("10.in-addr.arpa"), Some(1));
        assert_eq!(depth("x.1.10.in-addr.arpa"), Some(1));
        assert_eq!(depth("168.192.in-addr.arpa"), Some(2));
        assert_eq!(depth("192.in-addr.arpa"), None);
        assert_eq!(depth("20.172.in-addr.arpa"), Some(2));
        assert_eq!(depth("8.8.8.8.in-addr.arpa"), None);
        assert_eq!(depth("d.f.ip6.arpa"), Some(2));
        assert_eq!(depth("f.ip6.arpa"), None);
        assert_eq!(depth("8.e.f.ip6.arpa"), Some(3));
        assert_eq!(depth("in-addr.arpa"), None);
        assert_eq!(depth("ip6.arpa"), None);
        assert_eq!(private_reverse_zone(&Name::reverse("::1".parse().unwrap()).arpa().unwrap()), Some(32));
        assert_eq!(private_reverse_zone(&Name::reverse("::2".parse().unwrap()).arpa().unwrap()), None);
    }

    #[test]
    fn standards_speak_for_the_last_label() {
        assert_eq!(special(&Name::parse("a.LocalHost").unwrap()), Some(Special::Localhost));
        assert_eq!(special(&Name::parse("x.onion").unwrap()), Some(Special::Never));
        assert_eq!(special(&Name::parse("onion.x").unwrap()), None);
        assert_eq!(special(&Name::parse(".").unwrap()), None);
    }
}
