//! A zone: the names below one domain, as a value that does not change.
//!
//! A change is a new zone that takes the place of the old one, so every query sees one state or the other, never a
//! mixture. The serial number of the zone is the caller's generation. A zone holds addresses and texts and nothing else; what a
//! server says of a name that is not there, and what it may forward, is decided elsewhere.

mod hosts;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Bound;
use std::sync::Arc;

use crate::name::{Arpa, Name};
use crate::{Error, Result};

/// How long, in seconds, others may keep an answer from a zone, be it an address or the news that there is none.
///
/// Small, as services move; not zero, as some resolvers take zero for a mistake.
pub const TTL: u32 = 5;

/// The most addresses of one kind that a name may have: all of them fit into one answer over TCP.
pub const MOST_ADDRESSES: usize = 1000;

/// The most texts that a name may have: likewise.
pub const MOST_TEXTS: usize = 100;

/// The most octets of one text: what one string of a TXT record holds (RFC 1035 section 3.3).
pub const TEXT_OCTETS: usize = 255;

/// The names below a domain and their addresses.
#[derive(Clone)]
pub struct Zone {
    data: Arc<Data>,
}

#[derive(Clone)]
struct Data {
    domain: String,
    apex: Name,
    serial: u32,
    // In the order in which they came: the first name of an address is the one that the address leads back to.
    entries: Vec<Entry>,
    // By what stands before the domain, in wire form and lower case.
    index: HashMap<Box<[u8]>, usize>,
    // What has no addresses itself but something below it, likewise.
    between: HashSet<Box<[u8]>>,
    reverse_v4: BTreeMap<Ipv4Addr, usize>,
    reverse_v6: BTreeMap<Ipv6Addr, usize>,
}

/// A name and its addresses.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The whole name as people write it, in lower case, without the last dot.
    pub(crate) name: Box<str>,
    pub(crate) wire: Box<[u8]>,
    pub(crate) v4: Vec<Ipv4Addr>,
    pub(crate) v6: Vec<Ipv6Addr>,
    pub(crate) texts: Vec<Box<str>>,
}

impl Entry {
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.v4.iter().copied().map(IpAddr::from).chain(self.v6.iter().copied().map(IpAddr::from))
    }
}

/// What a zone knows of a name in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'a> {
    /// The domain itself.
    Apex,
    Entry(&'a Entry),
    /// No entry, but there are names below it, so that it exists.
    Between,
    Missing,
}

impl Zone {
    /// An empty zone for a domain such as `internal` or `svc.example.com`.
    ///
    /// # Errors
    /// [`Error::Name`] when the domain is none, or one that has a meaning of its own: the root, `localhost`, `invalid`,
    /// `onion` and the reverse tree `arpa` (but `home.arpa` is for this very use).
    pub fn new(domain: &str) -> Result<Self> {
        let apex = checked(domain)?;
        let wrong = |reason| Error::Name { name: domain.to_owned(), reason };
        if crate::special::special(&apex).is_some() {
            return Err(wrong("a standard gives it a meaning of its own"));
        }
        if apex.is_within(b"\x04arpa\0", 1) && !apex.is_within(b"\x04home\x04arpa\0", 2) {
            return Err(wrong("it belongs to the tree of reverse names"));
        }
        if apex.label(apex.labels() - 1).is_some_and(|last| last.iter().all(u8::is_ascii_digit)) {
            return Err(wrong("its last label is a number, so its names would look like addresses"));
        }
        let data = Data {
            domain: apex.to_string(),
            apex,
            serial: 1,
            entries: Vec::new(),
            index: HashMap::new(),
            between: HashSet::new(),
            reverse_v4: BTreeMap::new(),
            reverse_v6: BTreeMap::new(),
        };
        Ok(Self { data: Arc::new(data) })
    }

    /// A zone from names and their addresses; a name without addresses exists and has none.
    ///
    /// # Errors
    /// As [`Zone::new`] and [`Zone::with`].
    pub fn of<N, A>(domain: &str, names: impl IntoIterator<Item = (N, A)>) -> Result<Self>
    where
        N: AsRef<str>,
        A: IntoIterator<Item = IpAddr>,
    {
        let mut zone = Self::new(domain)?;
        let names = names.into_iter();
        let data = Arc::make_mut(&mut zone.data);
        data.entries.reserve(names.size_hint().0);
        data.index.reserve(names.size_hint().0);
        for (name, addresses) in names {
            let at = zone.entry(name.as_ref())?;
            for address in addresses {
                zone.add(at, address)?;
            }
        }
        Ok(zone)
    }

    /// The zone with one more address. The name is relative to the domain (`web`, `a.b`), or ends with a dot and lies
    /// below the domain (`web.internal.`).
    ///
    /// # Errors
    /// [`Error::Name`] when it is no name of letters, digits, `-` and `_`, is not below the domain, or has too many
    /// addresses.
    pub fn with(mut self, name: &str, address: IpAddr) -> Result<Self> {
        let at = self.entry(name)?;
        self.add(at, address)?;
        Ok(self)
    }

    /// The zone with one more text of a name, which is as in [`Zone::with`].
    ///
    /// # Errors
    /// [`Error::Name`] when it is no name that can be in the zone, the text is too long, or the name has too many.
    pub fn with_text(mut self, name: &str, text: &str) -> Result<Self> {
        let wrong = |reason| Err(Error::Name { name: name.to_owned(), reason });
        if text.len() > TEXT_OCTETS {
            return wrong("one of its texts has more than 255 octets");
        }
        let at = self.entry(name)?;
        if let Some(entry) = Arc::make_mut(&mut self.data).entries.get_mut(at) {
            if entry.texts.len() >= MOST_TEXTS {
                return wrong("it has more than 100 texts");
            }
            entry.texts.push(text.into());
        }
        Ok(self)
    }

    /// The addresses of a whole name; nothing when the zone has no such name.
    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        self.known(name).map(|entry| entry.addresses().collect()).unwrap_or_default()
    }

    /// The texts of a whole name; nothing when the zone has no such name.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.known(name).map(|entry| entry.texts.iter().map(|text| &**text).collect()).unwrap_or_default()
    }

    fn known(&self, name: &str) -> Option<&Entry> {
        match self.find(&Name::parse(name).ok()?)? {
            Found::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// The zone with another serial number: the low half of a generation that only grows.
    #[must_use]
    pub fn at_generation(mut self, generation: u64) -> Self {
        Arc::make_mut(&mut self.data).serial = (generation & u64::from(u32::MAX)) as u32;
        self
    }

    /// The domain, without its last dot.
    pub fn domain(&self) -> &str {
        &self.data.domain
    }

    /// The serial number in the zone's SOA record.
    pub fn serial(&self) -> u32 {
        self.data.serial
    }

    /// How many names it has.
    pub fn len(&self) -> usize {
        self.data.entries.len()
    }

    /// Whether it has no names.
    pub fn is_empty(&self) -> bool {
        self.data.entries.is_empty()
    }

    /// Every name, whole and without its last dot, and its addresses.
    pub fn names(&self) -> impl Iterator<Item = (&str, Vec<IpAddr>)> + '_ {
        self.data.entries.iter().map(|entry| (&*entry.name, entry.addresses().collect()))
    }

    fn entry(&mut self, name: &str) -> Result<usize> {
        let data = Arc::make_mut(&mut self.data);
        let wrong = |reason| Error::Name { name: name.to_owned(), reason };
        let whole = match name.strip_suffix('.') {
            Some(_) => checked(name)?,
            None => checked(name)?.join(&data.apex).ok_or_else(|| wrong("it is too long for this domain"))?,
        };
        let before = whole.before(&data.apex).ok_or_else(|| wrong("it is not below the domain"))?;
        if before.is_empty() {
            return Err(wrong("it is the domain itself"));
        }
        if let Some(at) = data.index.get(before) {
            return Ok(*at);
        }
        let at = data.entries.len();
        let wire = whole.wire().into();
        let name = whole.to_string().into();
        data.entries.push(Entry { name, wire, v4: Vec::new(), v6: Vec::new(), texts: Vec::new() });
        data.index.insert(before.into(), at);
        let mut rest = before;
        while let Some((length, more)) = rest.split_first() {
            rest = more.get(usize::from(*length)..).unwrap_or_default();
            if !rest.is_empty() {
                data.between.insert(rest.into());
            }
        }
        Ok(at)
    }

    fn add(&mut self, at: usize, address: IpAddr) -> Result<()> {
        let data = Arc::make_mut(&mut self.data);
        let Some(entry) = data.entries.get_mut(at) else { return Ok(()) };
        let full = match address {
            IpAddr::V4(address) => {
                if !entry.v4.contains(&address) {
                    entry.v4.push(address);
                    data.reverse_v4.entry(address).or_insert(at);
                }
                entry.v4.len() > MOST_ADDRESSES
            }
            IpAddr::V6(address) => {
                if !entry.v6.contains(&address) {
                    entry.v6.push(address);
                    data.reverse_v6.entry(address).or_insert(at);
                }
                entry.v6.len() > MOST_ADDRESSES
            }
        };
        if full {
            return Err(Error::Name { name: entry.name.clone().into(), reason: "it has more than 1000 addresses" });
        }
        Ok(())
    }

    pub(crate) fn apex(&self) -> &Name {
        &self.data.apex
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.data.entries
    }

    /// What the zone knows of a name; nothing when the name is not in it.
    pub(crate) fn find(&self, name: &Name) -> Option<Found<'_>> {
        let before = name.before(&self.data.apex)?;
        if before.is_empty() {
            return Some(Found::Apex);
        }
        Some(match self.data.index.get(before).and_then(|at| self.data.entries.get(*at)) {
            Some(entry) => Found::Entry(entry),
            None if self.data.between.contains(before) => Found::Between,
            None => Found::Missing,
        })
    }

    /// The first name that was given an address.
    pub(crate) fn name_of(&self, address: IpAddr) -> Option<&Entry> {
        let at = match address {
            IpAddr::V4(address) => self.data.reverse_v4.get(&address),
            IpAddr::V6(address) => self.data.reverse_v6.get(&address),
        };
        self.data.entries.get(*at?)
    }

    /// Whether any address begins with what a reverse name says.
    pub(crate) fn has_address_below(&self, arpa: &Arpa) -> bool {
        if !arpa.exact {
            return false;
        }
        match arpa.address {
            IpAddr::V4(first) => {
                let last = Ipv4Addr::from(u32::from(first) | ones(32, 8 * arpa.known) as u32);
                let range = (Bound::Included(first), Bound::Included(last));
                self.data.reverse_v4.range(range).next().is_some()
            }
            IpAddr::V6(first) => {
                let last = Ipv6Addr::from(u128::from(first) | ones(128, 4 * arpa.known));
                let range = (Bound::Included(first), Bound::Included(last));
                self.data.reverse_v6.range(range).next().is_some()
            }
        }
    }
}

impl fmt::Debug for Zone {
    /// Without the names, of which there may be thousands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut zone = f.debug_struct("Zone");
        zone.field("domain", &self.domain()).field("serial", &self.serial()).field("names", &self.len()).finish()
    }
}

/// The bits that remain of `width` when the first `known` are taken.
fn ones(width: usize, known: usize) -> u128 {
    let left = width.saturating_sub(known) as u32;
    1u128.checked_shl(left).map_or(u128::MAX, |bit| bit - 1)
}

/// A name that may stand in a zone, and in a hosts file: letters, digits, `-` and `_`, no `-` at a border of a label.
fn checked(text: &str) -> Result<Name> {
    let name = Name::parse(text)?;
    let wrong = |reason| Error::Name { name: text.to_owned(), reason };
    if name.labels() == 0 {
        return Err(wrong("it is the root"));
    }
    for at in 0..name.labels() {
        let label = name.label(at).unwrap_or_default();
        if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(wrong("only letters, digits, `-` and `_` can be part of a label"));
        }
        if label.starts_with(b"-") || label.ends_with(b"-") {
            return Err(wrong("a label begins or ends with `-`"));
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn find<'a>(zone: &'a Zone, name: &str) -> Option<Found<'a>> {
        zone.find(&Name::parse(name).unwrap())
    }

    #[test]
    fn names_are_relative_or_whole_and_never_outside() {
        let zone = Zone::new("Internal.").unwrap().with("Web", ip("10.0.0.1")).unwrap();
        let zone = zone.with("web.internal.", ip("fd00::1")).unwrap().with("_a.b", ip("10.0.0.1")).unwrap();
        assert_eq!(zone.len(), 2);
        assert_eq!(zone.domain(), "internal");
        assert!(matches!(find(&zone, "WEB.internal"), Some(Found::Entry(entry)) if entry.addresses().count() == 2));
        assert!(matches!(find(&zone, "_a.b.internal"), Some(Found::Entry(_))));
        assert!(matches!(find(&zone, "b.internal"), Some(Found::Between)));
        assert!(matches!(find(&zone, "a.internal"), Some(Found::Missing)));
        assert!(matches!(find(&zone, "x.web.internal"), Some(Found::Missing)));
        assert!(matches!(find(&zone, "internal"), Some(Found::Apex)));
        assert!(find(&zone, "web.example").is_none());
        for outside in ["web.example.", "internal.", ".", "", "a..b", "-a", "a-", "a b", "a\n10.0.0.1 b", "ä", "*"] {
            assert!(zone.clone().with(outside, ip("10.0.0.1")).is_err(), "{outside:?}");
        }
    }

    #[test]
    fn domains_with_a_meaning_of_their_own_are_refused() {
        for domain in
            ["", ".", "localhost", "x.localhost", "invalid", "onion", "in-addr.arpa", "arpa", "10", "a.1", "a b"]
        {
            assert!(Zone::new(domain).is_err(), "{domain:?}");
        }
        for domain in ["internal", "home.arpa", "a.b.c.example.com", "x1"] {
            assert!(Zone::new(domain).is_ok(), "{domain:?}");
        }
    }

    #[test]
    fn an_address_leads_back_to_its_first_name() {
        let names = [("b", vec![ip("10.0.0.1")]), ("a", vec![ip("10.0.0.1"), ip("fd00::1")]), ("none", vec![])];
        let zone = Zone::of("internal", names).unwrap().at_generation((7 << 32) + 9);
        assert_eq!(zone.serial(), 9);
        assert_eq!(&*zone.name_of(ip("10.0.0.1")).unwrap().name, "b.internal");
        assert_eq!(&*zone.name_of(ip("fd00::1")).unwrap().name, "a.internal");
        assert!(zone.name_of(ip("10.0.0.2")).is_none());
        let below = |name: &str| zone.has_address_below(&Name::parse(name).unwrap().arpa().unwrap());
        assert!(below("10.in-addr.arpa") && below("0.0.10.in-addr.arpa") && below("in-addr.arpa"));
        assert!(!below("1.10.in-addr.arpa") && !below("x.10.in-addr.arpa"));
        assert!(below("d.f.ip6.arpa") && below("ip6.arpa") && !below("c.f.ip6.arpa"));
    }

    #[test]
    fn names_have_texts_within_bounds() {
        let zone = Zone::new("internal").unwrap().with("web", ip("10.0.0.1")).unwrap();
        let zone = zone.with_text("_acme-challenge.web", "one").unwrap().with_text("web.internal.", "two").unwrap();
        let zone = zone.with_text("_ACME-challenge.web.internal.", &"x".repeat(255)).unwrap();
        assert_eq!(zone.texts("_acme-challenge.WEB.internal"), ["one", &"x".repeat(255)]);
        assert_eq!((zone.texts("web.internal"), zone.addresses("web.internal")), (vec!["two"], vec![ip("10.0.0.1")]));
        assert!(zone.texts("nope.internal").is_empty() && zone.texts("web.example").is_empty());
        assert!(zone.addresses("_acme-challenge.web.internal").is_empty());
        assert!(zone.clone().with_text("web", &"x".repeat(256)).is_err());
        assert!(zone.clone().with_text("web.example.", "x").is_err());
        let many = (0..MOST_TEXTS).try_fold(zone, |zone, _| zone.with_text("many", ""));
        assert!(many.unwrap().with_text("many", "").is_err());
    }

    #[test]
    fn a_zone_is_a_value() {
        let one = Zone::new("internal").unwrap().with("a", ip("10.0.0.1")).unwrap();
        let two = one.clone().with("b", ip("10.0.0.2")).unwrap();
        assert_eq!((one.len(), two.len()), (1, 2));
        assert!(one.name_of(ip("10.0.0.2")).is_none());
    }

    #[test]
    fn a_name_has_a_bounded_number_of_addresses() {
        let many = |count: u32| (0..count).map(|at| IpAddr::from(Ipv4Addr::from(0x0a00_0000 + at)));
        assert!(Zone::of("internal", [("a", many(1000))]).is_ok());
        assert!(Zone::of("internal", [("a", many(1001))]).is_err());
    }
}
