//! What is answered to a question, decided in one place for queries and for people who ask why.
//!
//! Our own names come first, then what standards fix, then private reverse names; only what is left over may be asked of
//! the outside, and only for whoever is allowed to have us ask.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::name::Name;
use crate::special::{Special, private_reverse_zone, special};
use crate::wire::{Flags, INTERNET, Reply, Request, Section, code, kind};
use crate::zone::{Found, Zone};

/// The addresses that are called `localhost` unless the zone says otherwise.
const LOCALHOST: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// To whom a name belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// Our zone. The last labels, so many, are the domain's.
    Zone {
        found: Found<'a>,
        apex: usize,
    },
    /// An address whose name we know, asked by its reverse name.
    Reverse {
        name: &'a str,
        wire: &'a [u8],
        apex: usize,
    },
    /// A private reverse zone; the name exists when it is the zone's own, or an address of ours lies below it.
    PrivateReverse {
        exists: bool,
        apex: usize,
    },
    Special(Special),
    /// Anybody else.
    Outside,
}

/// To whom `name` belongs.
pub(crate) fn owner<'a>(zone: &'a Zone, name: &Name) -> Owner<'a> {
    if let Some(found) = zone.find(name) {
        return Owner::Zone { found, apex: zone.apex().labels() };
    }
    if let Some(special) = special(name) {
        return Owner::Special(special);
    }
    let Some(arpa) = name.arpa() else { return Owner::Outside };
    let private = private_reverse_zone(&arpa);
    let entry = arpa.whole().and_then(|address| zone.name_of(address));
    // Without a zone of ours around it, the name is a zone by itself.
    let apex = private.map_or(name.labels(), |depth| depth + 2);
    if let Some(entry) = entry {
        return Owner::Reverse { name: &entry.name, wire: &entry.wire, apex };
    }
    if arpa.whole().is_some_and(|address| LOCALHOST.contains(&address)) {
        return Owner::Reverse { name: "localhost", wire: b"\x09localhost\0", apex };
    }
    if private.is_none() {
        return Owner::Outside;
    }
    Owner::PrivateReverse { exists: name.labels() == apex || zone.has_address_below(&arpa), apex }
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The answer is in the buffer.
    Answered,
    /// The answer is in the buffer, and it is no.
    Refused,
    /// Only the outside knows, and it may be asked.
    Outside,
}

/// What is known about the one who asks, and of the way to the outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    /// Whether the outside may be asked for them.
    pub(crate) recursion: bool,
    /// Whether there is an outside.
    pub(crate) upstreams: bool,
    /// How long an answer may be.
    pub(crate) limit: usize,
}

/// Answers a query into `buffer` if the answer is known here.
pub(crate) fn answer(zone: &Zone, asker: Asker, packet: &[u8], request: &Request, buffer: &mut Vec<u8>) -> Outcome {
    let mut flags = Flags { authoritative: false, recursion_available: asker.recursion, code: code::NO_ERROR };
    let mut refuse = |code| {
        Reply::new(buffer, packet, request, asker.limit, Flags { code, ..flags }).finish();
        Outcome::Refused
    };
    if request.edns.is_some_and(|edns| edns.version != 0) {
        return refuse(code::BAD_VERSION);
    }
    if request.class != INTERNET {
        return refuse(code::REFUSED);
    }
    match request.kind {
        kind::OPT | 0 => return refuse(code::FORMAT_ERROR),
        // The names of a zone are nobody's business as a whole.
        kind::AXFR | kind::IXFR => return refuse(code::REFUSED),
        128..kind::ANY => return refuse(code::NOT_IMPLEMENTED),
        _ => {}
    }
    let owner = owner(zone, &request.name);
    if let Owner::Outside = owner {
        if !asker.recursion || !request.recursion_desired {
            return refuse(code::REFUSED);
        }
        if request.kind == kind::ANY {
            return refuse(code::NOT_IMPLEMENTED);
        }
        if asker.upstreams {
            return Outcome::Outside;
        }
        // No way out: whatever is not ours does not exist.
        flags.code = code::NO_SUCH_NAME;
        Reply::new(buffer, packet, request, asker.limit, flags).finish();
        return Outcome::Answered;
    }
    flags.authoritative = true;
    if !exists(owner) {
        flags.code = code::NO_SUCH_NAME;
    }
    let mut reply = Reply::new(buffer, packet, request, asker.limit, flags);
    write(owner, zone, request, &mut reply);
    reply.finish();
    Outcome::Answered
}

fn exists(owner: Owner<'_>) -> bool {
    match owner {
        Owner::Zone { found: Found::Missing, .. } | Owner::Special(Special::Never) => false,
        Owner::PrivateReverse { exists, .. } => exists,
        Owner::Zone { .. } | Owner::Reverse { .. } | Owner::Special(Special::Localhost) | Owner::Outside => true,
    }
}

fn write(owner: Owner<'_>, zone: &Zone, request: &Request, reply: &mut Reply<'_>) {
    let apex = match owner {
        Owner::Zone { apex, .. } | Owner::Reverse { apex, .. } | Owner::PrivateReverse { apex, .. } => apex,
        Owner::Special(_) | Owner::Outside => 1,
    };
    let at_apex = request.name.labels() == apex;
    let start = request.name.suffix_start(apex);
    let serial = zone.serial();
    let given = match (owner, request.kind) {
        (Owner::Zone { found: Found::Entry(entry), .. }, kind::A) => addresses(reply, &entry.v4, Reply::v4),
        (Owner::Zone { found: Found::Entry(entry), .. }, kind::AAAA) => addresses(reply, &entry.v6, Reply::v6),
        (Owner::Zone { found: Found::Entry(entry), .. }, kind::TXT) => {
            entry.texts.iter().for_each(|text| reply.text(text));
            !entry.texts.is_empty()
        }
        (Owner::Reverse { wire, .. }, kind::PTR) => {
            reply.pointer(wire);
            true
        }
        (Owner::Special(Special::Localhost), kind::A) => addresses(reply, &[Ipv4Addr::LOCALHOST], Reply::v4),
        (Owner::Special(Special::Localhost), kind::AAAA) => addresses(reply, &[Ipv6Addr::LOCALHOST], Reply::v6),
        (Owner::Zone { .. } | Owner::Reverse { .. } | Owner::PrivateReverse { .. }, kind::SOA) if at_apex => {
            reply.authority(Section::Answer, start, serial);
            true
        }
        (Owner::Zone { .. } | Owner::Reverse { .. } | Owner::PrivateReverse { .. }, kind::NS) if at_apex => {
            reply.name_server(start);
            true
        }
        (owner, kind::ANY) if exists(owner) => {
            reply.minimal();
            true
        }
        _ => false,
    };
    if !given {
        // How long the news of nothing may be kept is in the zone's own record (RFC 2308).
        reply.authority(Section::Authority, start, serial);
    }
}

fn addresses<'a, T: Copy>(reply: &mut Reply<'a>, all: &[T], put: impl Fn(&mut Reply<'a>, T)) -> bool {
    for address in all {
        put(reply, *address);
    }
    !all.is_empty()
}

/// What has the outside asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recursion {
    /// Programs on this machine only.
    #[default]
    Loopback,
    /// Also the networks of ours: private, link-local and shared addresses.
    Private,
    /// Everybody, which makes an open resolver of this server wherever it can be reached from.
    Everyone,
}

impl Recursion {
    pub(crate) fn allows(self, asker: IpAddr) -> bool {
        match self {
            Self::Loopback => asker.is_loopback(),
            Self::Private => crate::special::is_private(asker),
            Self::Everyone => true,
        }
    }
}
