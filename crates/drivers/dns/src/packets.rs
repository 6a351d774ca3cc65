//! What is decided about packets, without sockets: for tests that make packets up.
//!
//! These are the same calls that the server, the forwarder and the client make for a packet from the network.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::Message;

use crate::answer::{Asker, Outcome, answer};
use crate::forward::{self, Forwarder};
use crate::wire::{Parsed, parse, plain};
use crate::{Result, Zone, client};

/// Decides about packets for a zone, and about what upstream servers say.
#[derive(Debug)]
pub struct Packets {
    zone: Zone,
    forwarder: Forwarder,
}

impl Packets {
    /// Nobody is asked for anything.
    ///
    /// # Errors
    /// When there can be no forwarder.
    pub fn new(zone: Zone) -> Result<Self> {
        let nobody = SocketAddr::from(([192, 0, 2, 53], 53));
        Ok(Self { zone, forwarder: Forwarder::new(&[nobody], false, 1)? })
    }

    /// What is answered to a packet within so many bytes; nothing when there is no answer, or the outside would be asked.
    pub fn answer(&self, packet: &[u8], limit: usize) -> Option<Vec<u8>> {
        let mut buffer = Vec::new();
        let request = match parse(packet) {
            Parsed::Ignore => return None,
            Parsed::Fault(code) => {
                plain(&mut buffer, packet, code);
                return Some(buffer);
            }
            Parsed::Query(request) => request,
        };
        let asker = Asker { recursion: true, upstreams: true, limit };
        match answer(&self.zone, asker, packet, &request, &mut buffer) {
            Outcome::Answered | Outcome::Refused => Some(buffer),
            Outcome::Outside => None,
        }
    }

    /// What is answered to a query for which an upstream server said this; nothing when either cannot be read.
    pub fn forwarded(&self, query: &[u8], said: &[u8], limit: usize) -> Option<Vec<u8>> {
        let Parsed::Query(request) = parse(query) else { return None };
        let said = Message::from_vec(said).ok()?;
        let kept = self.forwarder.kept(said.answers.clone());
        let mut buffer = Vec::new();
        forward::write(&kept, query, &request, limit, &mut buffer);
        Some(buffer)
    }
}

/// What a client reads in the answer to its question; nothing when it is none.
pub fn read_answer(question: &[u8], answer: &[u8]) -> Option<client::Answer> {
    client::of_bytes(question, answer, Duration::ZERO)
}

/// Whether programs must not be led to this address by an upstream server.
pub fn is_ours(address: IpAddr) -> bool {
    crate::special::is_private(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Asks for the address of `example.com`.
    const QUERY: &[u8] = b"\xbe\xef\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";
    /// An alias, an address, hints of a service and the record of a zone.
    const RECORDS: &[u8] =
        b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x06\x03www\xc0\x0c\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x01\x01\x01\x01\
        \xc0\x0c\0\x41\0\x01\0\0\0\x3c\0\x0b\0\x01\0\0\x04\0\x04\x01\x01\x01\x01\
        \xc0\x0c\0\x06\0\x01\0\0\0\x3c\0\x16\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01";

    fn said(edits: &[(prop::sample::Index, u8)], counts: [u8; 2], cut: Option<prop::sample::Index>) -> Vec<u8> {
        let header = [0xbe, 0xef, 0x81, 0x80, 0, 1, 0, counts[0], 0, counts[1], 0, 0];
        let mut packet = [&header, &QUERY[12..], RECORDS].concat();
        for (at, byte) in edits {
            let at = at.index(packet.len());
            packet[at] = *byte;
        }
        packet.truncate(cut.map_or(packet.len(), |cut| cut.index(packet.len())));
        packet
    }

    #[test]
    fn a_whole_answer_is_passed_on() {
        let packets = Packets::new(Zone::new("internal").unwrap()).unwrap();
        let passed = packets.forwarded(QUERY, &said(&[], [3, 1], None), 1232).unwrap();
        let read = read_answer(QUERY, &passed).unwrap();
        assert_eq!(read.addresses, ["1.1.1.1".parse::<IpAddr>().unwrap()]);
        assert!(packets.answer(QUERY, 1232).is_none(), "only the outside knows");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn v23_whatever_servers_say_is_read_or_refused(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
            counts in prop_oneof![Just([3, 1]), any::<[u8; 2]>()],
            cut in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
        ) {
            let said = said(&edits, counts, cut);
            let _ = read_answer(QUERY, &said);
            let packets = Packets::new(Zone::new("internal").unwrap()).unwrap();
            if let Some(answer) = packets.forwarded(QUERY, &said, 512) {
                prop_assert!(answer.len() <= 512);
                let read = read_answer(QUERY, &answer);
                prop_assert!(read.is_some(), "{said:?} is passed on as {answer:?}");
                prop_assert!(!read.is_some_and(|read| read.addresses.into_iter().any(is_ours)));
            }
        }
    }
}
