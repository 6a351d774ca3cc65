//! Why a name answers what it answers, in plain words, from the same decision that answers queries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::answer::{Owner, owner};
use crate::name::Name;
use crate::special::Special;
use crate::zone::{Found, Zone};

/// Where the answer for a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The zone has the name and its addresses.
    Authoritative,
    /// The name exists in the zone, without an address: the domain itself, what stands between it and a name, or a name
    /// that has none now.
    NoAddress,
    /// The name would be in the zone and is not.
    NoSuchName,
    /// The name of an address, which the zone knows.
    Reverse,
    /// The name of a private address that the zone does not know.
    NoSuchAddress,
    /// A standard fixes the answer.
    Special,
    /// The upstream servers are asked.
    Forwarded,
    /// An upstream server answered with a private address, and was not believed.
    Rebinding,
    /// The upstream servers did not answer.
    Failed,
    /// Nobody is asked, as there are no upstream servers.
    AirGap,
    /// The text is no name.
    Malformed,
}

/// Why a name answers what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The name that was asked for, as it is compared: in lower case.
    pub name: String,
    pub kind: Kind,
    /// The addresses that are answered now, as far as known without asking.
    pub answers: Vec<IpAddr>,
    /// The name that an address leads back to.
    pub points_to: Option<String>,
    /// The reason in a sentence or two.
    pub text: String,
}

/// What a forwarder remembers of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remembered {
    /// Only the engine itself knows.
    Unknown,
    Nothing,
    Answers {
        addresses: Vec<IpAddr>,
        left: u32,
    },
    Nowhere {
        left: u32,
    },
    Rebinding(IpAddr),
    Failed(String),
}

/// Explains a name, or the name of an address, from a zone and the ways to the outside.
pub(crate) fn explain(
    zone: &Zone,
    upstreams: &[SocketAddr],
    text: &str,
    remembered: impl FnOnce(&Name) -> Remembered,
) -> Explanation {
    let parsed = match text.parse::<IpAddr>() {
        Ok(address) => Ok(Name::reverse(address)),
        Err(_) => Name::parse(text),
    };
    let name = match parsed {
        Ok(name) => name,
        Err(error) => {
            let name = text.chars().take(255).collect();
            let text = format!("{error}, so no server is asked.");
            return Explanation { name, kind: Kind::Malformed, answers: Vec::new(), points_to: None, text };
        }
    };
    let domain = zone.domain();
    let state = format!("generation {} of the zone {domain}", zone.serial());
    let mut answers = Vec::new();
    let mut points_to = None;
    let (kind, text) = match owner(zone, &name) {
        Owner::Zone { found: Found::Entry(entry), .. } => {
            answers = entry.addresses().collect();
            if answers.is_empty() {
                (Kind::NoAddress, format!("{name} is a name in {state}, but has no address now."))
            } else {
                (Kind::Authoritative, format!("{name} is a name in {state}; this server is the authority for it."))
            }
        }
        Owner::Zone { found: Found::Apex, .. } => {
            (Kind::NoAddress, format!("{name} is the zone itself; only the names below it have addresses."))
        }
        Owner::Zone { found: Found::Between, .. } => {
            (Kind::NoAddress, format!("{name} has no address itself, but there are names below it in {state}."))
        }
        Owner::Zone { found: Found::Missing, .. } => (
            Kind::NoSuchName,
            format!(
                "{name} is not in {state}. Names below {domain} are never asked of other servers, so it does not exist."
            ),
        ),
        Owner::Reverse { name: pointed, .. } => {
            points_to = Some(pointed.to_owned());
            (Kind::Reverse, format!("The address leads back to {pointed}, the first name that it was given to."))
        }
        Owner::PrivateReverse { .. } => (
            Kind::NoSuchAddress,
            "No name here has this address. It is private, so other servers are not asked for its name.".to_owned(),
        ),
        Owner::Special(Special::Localhost) => {
            answers = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            (Kind::Special, format!("{name} always means the machine that asks (RFC 6761)."))
        }
        Owner::Special(Special::Never) => {
            (Kind::Special, format!("By a standard, {name} exists for no DNS server (RFC 6761, RFC 7686)."))
        }
        Owner::Outside if upstreams.is_empty() => (
            Kind::AirGap,
            format!("{name} is not below {domain}, and there are no upstream servers to ask, so it does not exist."),
        ),
        Owner::Outside => {
            let servers = upstreams.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let asked = format!("{name} is not below {domain}, so the upstream servers are asked ({servers}).");
            match remembered(&name) {
                Remembered::Unknown => (Kind::Forwarded, asked),
                Remembered::Nothing => (Kind::Forwarded, format!("{asked} No answer is remembered now.")),
                Remembered::Answers { addresses, left } => {
                    answers = addresses;
                    (Kind::Forwarded, format!("{asked} Their answer is remembered for {left} more seconds."))
                }
                Remembered::Nowhere { left } => (
                    Kind::Forwarded,
                    format!("{asked} They said that there is none, which is remembered for {left} more seconds."),
                ),
                Remembered::Rebinding(address) => (
                    Kind::Rebinding,
                    format!(
                        "{asked} They answered with the private address {address}. A name from outside must not lead \
                         inside (DNS rebinding), so the answer is refused."
                    ),
                ),
                Remembered::Failed(reason) => (Kind::Failed, format!("{asked} They did not answer: {reason}.")),
            }
        }
    };
    Explanation { name: name.to_string(), kind, answers, points_to, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        let names = [("web", vec!["10.0.0.1", "fd00::1"]), ("a.b", vec!["203.0.113.7"]), ("idle", vec![])];
        let names = names.map(|(name, all)| (name, all.into_iter().map(|text| text.parse().unwrap())));
        Zone::of("internal", names).unwrap().at_generation(42)
    }

    fn kind(text: &str, upstreams: &[SocketAddr]) -> Kind {
        explain(&zone(), upstreams, text, |_| Remembered::Nothing).kind
    }

    #[test]
    fn every_name_has_a_reason() {
        let up = ["192.0.2.53:53".parse().unwrap()];
        for (text, expected) in [
            ("WEB.internal.", Kind::Authoritative),
            ("idle.internal", Kind::NoAddress),
            ("internal", Kind::NoAddress),
            ("b.internal", Kind::NoAddress),
            ("nope.internal", Kind::NoSuchName),
            ("10.0.0.1", Kind::Reverse),
            ("fd00::1", Kind::Reverse),
            ("203.0.113.7", Kind::Reverse),
            ("127.0.0.1", Kind::Reverse),
            ("10.0.0.2", Kind::NoSuchAddress),
            ("203.0.113.8", Kind::Forwarded),
            ("example.com", Kind::Forwarded),
            ("localhost", Kind::Special),
            ("x.onion", Kind::Special),
            ("a b", Kind::Malformed),
            ("", Kind::Malformed),
        ] {
            assert_eq!(kind(text, &up), expected, "{text}");
        }
        assert_eq!(kind("example.com", &[]), Kind::AirGap);
        assert_eq!(kind("203.0.113.8", &[]), Kind::AirGap);
    }

    #[test]
    fn the_text_names_the_zone_its_generation_and_the_servers() {
        let up = ["192.0.2.53:53".parse().unwrap()];
        let explain = |text: &str, remembered: Remembered| explain(&zone(), &up, text, |_| remembered);
        let web = explain("web.internal", Remembered::Nothing);
        assert_eq!(web.answers, ["10.0.0.1".parse::<IpAddr>().unwrap(), "fd00::1".parse().unwrap()]);
        assert!(web.text.contains("generation 42 of the zone internal"), "{}", web.text);
        assert_eq!(explain("10.0.0.1", Remembered::Nothing).points_to.as_deref(), Some("web.internal"));
        let bad = explain("evil.example", Remembered::Rebinding("10.0.0.1".parse().unwrap()));
        assert_eq!(bad.kind, Kind::Rebinding);
        assert!(bad.text.contains("192.0.2.53:53") && bad.text.contains("10.0.0.1"), "{}", bad.text);
        assert_eq!(explain("x.example", Remembered::Failed("timeout".to_owned())).kind, Kind::Failed);
        let kept = explain("x.example", Remembered::Answers { addresses: vec![[1, 1, 1, 1].into()], left: 9 });
        assert_eq!(kept.answers, [IpAddr::from([1, 1, 1, 1])]);
    }
}
