//! A query, taken apart.

use hickory_resolver::proto::op::Message;

use super::{HEADER, code, kind};
use crate::name::Name;

/// The most records that a query may claim to hold: it needs one or two, and a reader makes room for what is claimed.
const MOST_RECORDS: u32 = 16;

/// What a packet turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives for one call; a box would be an allocation for every query")]
pub(crate) enum Parsed {
    /// Not to be answered: too short to have a sender's number, or an answer itself.
    Ignore,
    /// To be answered with a header and this code only.
    Fault(u16),
    Query(Request),
}

/// A query with its one question.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) name: Name,
    pub(crate) kind: u16,
    pub(crate) class: u16,
    /// Where the question ends in the packet; it begins behind the header.
    pub(crate) question_end: usize,
    pub(crate) recursion_desired: bool,
    pub(crate) edns: Option<Edns>,
}

/// What the sender says of itself in an EDNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edns {
    pub(crate) payload: u16,
    pub(crate) version: u8,
    pub(crate) dnssec: bool,
}

/// Takes a packet apart.
pub(crate) fn parse(packet: &[u8]) -> Parsed {
    let Some(header) = packet.first_chunk::<HEADER>() else { return Parsed::Ignore };
    let [_, _, flags, _, qd1, qd2, an1, an2, ns1, ns2, ar1, ar2] = *header;
    if flags & 0x80 != 0 {
        // Whoever answers answers to answers for ever.
        return Parsed::Ignore;
    }
    if flags & 0x78 != 0 {
        return Parsed::Fault(code::NOT_IMPLEMENTED);
    }
    if (qd1, qd2) != (0, 1) {
        return Parsed::Fault(code::FORMAT_ERROR);
    }
    let Some((name, end)) = Name::read(packet, HEADER) else { return Parsed::Fault(code::FORMAT_ERROR) };
    let Some([k1, k2, c1, c2]) = packet.get(end..).and_then(|rest| rest.first_chunk::<4>()).copied() else {
        return Parsed::Fault(code::FORMAT_ERROR);
    };
    let question_end = end + 4;
    let rest = &packet[question_end..];
    let counts = [[an1, an2], [ns1, ns2], [ar1, ar2]].map(u16::from_be_bytes);
    let edns = match (counts, rest) {
        ([0, 0, 0], []) => None,
        ([0, 0, 1], rest) if plain_edns(rest).is_some() => plain_edns(rest),
        _ => match careful(packet, counts) {
            Some(edns) => edns,
            None => return Parsed::Fault(code::FORMAT_ERROR),
        },
    };
    Parsed::Query(Request {
        name,
        kind: u16::from_be_bytes([k1, k2]),
        class: u16::from_be_bytes([c1, c2]),
        question_end,
        recursion_desired: flags & 1 != 0,
        edns,
    })
}

/// The EDNS record, when it is all that is left.
fn plain_edns(rest: &[u8]) -> Option<Edns> {
    let ([0, t1, t2, p1, p2, _, version, f1, _, l1, l2], options) = rest.split_first_chunk::<11>()? else {
        return None;
    };
    let is_edns = u16::from_be_bytes([*t1, *t2]) == kind::OPT;
    let is_all = usize::from(u16::from_be_bytes([*l1, *l2])) == options.len();
    (is_edns && is_all && whole_options(options)).then(|| Edns {
        payload: u16::from_be_bytes([*p1, *p2]),
        version: *version,
        dnssec: f1 & 0x80 != 0,
    })
}

/// Whether the options of an EDNS record fill it exactly. What they say is of no use here.
fn whole_options(mut options: &[u8]) -> bool {
    while !options.is_empty() {
        let Some(([_, _, l1, l2], rest)) = options.split_first_chunk::<4>() else { return false };
        let Some(rest) = rest.get(usize::from(u16::from_be_bytes([*l1, *l2]))..) else { return false };
        options = rest;
    }
    true
}

/// Reads a message that is not plain; nothing when it is malformed.
fn careful(packet: &[u8], counts: [u16; 3]) -> Option<Option<Edns>> {
    let [answers, ..] = counts;
    if answers != 0 || counts.iter().copied().map(u32::from).sum::<u32>() > MOST_RECORDS {
        return None;
    }
    let message = Message::from_vec(packet).ok()?;
    Some(message.edns.as_ref().map(|edns| Edns {
        payload: edns.max_payload(),
        version: edns.version(),
        dnssec: edns.flags().dnssec_ok,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::op::{Edns as HickoryEdns, Message, Query};
    use hickory_resolver::proto::rr::{Name as HickoryName, RecordType};

    fn packet(edns: Option<u16>) -> Vec<u8> {
        let mut message = Message::query();
        message.add_query(Query::query(HickoryName::from_ascii("Web.internal.").unwrap(), RecordType::AAAA));
        if let Some(payload) = edns {
            let mut edns = HickoryEdns::new();
            edns.set_max_payload(payload).set_dnssec_ok(true);
            message.set_edns(edns);
        }
        message.to_vec().unwrap()
    }

    fn query(packet: &[u8]) -> Request {
        match parse(packet) {
            Parsed::Query(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_plain_query_is_read_as_hickory_writes_it() {
        let bytes = packet(None);
        let request = query(&bytes);
        assert_eq!((request.name.to_string().as_str(), request.kind, request.class), ("web.internal", 28, 1));
        assert_eq!((request.question_end, request.edns), (bytes.len(), None));
        let request = query(&packet(Some(4096)));
        assert_eq!(request.edns, Some(Edns { payload: 4096, version: 0, dnssec: true }));
    }

    #[test]
    fn what_is_not_plain_is_read_with_care() {
        // Something behind the message that no count speaks of.
        let mut bytes = packet(Some(1400));
        bytes.push(0);
        let careful = match parse(&bytes) {
            Parsed::Query(request) => request.edns.map(|edns| edns.payload),
            Parsed::Fault(fault) => Some(fault),
            Parsed::Ignore => None,
        };
        assert!(matches!(careful, Some(1400 | code::FORMAT_ERROR)));
        // Two EDNS records are an error (RFC 6891).
        let mut bytes = packet(Some(1400));
        bytes.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        bytes[11] = 2;
        assert!(matches!(parse(&bytes), Parsed::Fault(code::FORMAT_ERROR)));
        // A claim of many records that are not there.
        let mut bytes = packet(None);
        bytes[10..12].copy_from_slice(&[0xff, 0xff]);
        assert!(matches!(parse(&bytes), Parsed::Fault(code::FORMAT_ERROR)));
    }

    #[test]
    fn v23_other_messages_are_refused_or_ignored() {
        let with = |at: usize, byte: u8| {
            let mut bytes = packet(None);
            bytes[at] = byte;
            bytes
        };
        assert!(matches!(parse(&with(2, 0x81)), Parsed::Ignore));
        assert!(matches!(parse(&with(2, 0x28)), Parsed::Fault(code::NOT_IMPLEMENTED)));
        assert!(matches!(parse(&with(5, 0)), Parsed::Fault(code::FORMAT_ERROR)));
        assert!(matches!(parse(&with(5, 2)), Parsed::Fault(code::FORMAT_ERROR)));
        assert!(matches!(parse(&with(7, 1)), Parsed::Fault(code::FORMAT_ERROR)));
        assert!(matches!(parse(&with(12, 0xc0)), Parsed::Fault(code::FORMAT_ERROR)));
        for short in 0..HEADER {
            assert!(matches!(parse(&packet(None)[..short]), Parsed::Ignore));
        }
        for short in HEADER..packet(None).len() {
            assert!(matches!(parse(&packet(None)[..short]), Parsed::Fault(code::FORMAT_ERROR)));
        }
        // An option that is longer than its record.
        let mut bytes = packet(Some(1232));
        let last = bytes.len() - 1;
        bytes[last] = 4;
        bytes.extend([0, 10, 0, 9]);
        assert!(matches!(parse(&bytes), Parsed::Fault(code::FORMAT_ERROR)));
    }
}
