//! An answer, put together.
//!
//! The question is repeated byte for byte, in the case in which it was asked, as resolvers use its case against
//! forgers. Every name in the records is the question's or ends like it, so a pointer into the question is all that a
//! record needs.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Edns, HEADER, INTERNET, PAYLOAD, Request, code, kind};
use crate::zone::TTL;

/// Who looks after a zone: by RFC 6303, nobody of any use to a stranger.
const NOBODY: &[u8] = b"\x06nobody\x07invalid\0";
/// The length of an EDNS record without options.
const EDNS: usize = 11;

/// Where in the message a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Answer,
    Authority,
}

/// An answer that is being written into a buffer.
pub(crate) struct Reply<'a> {
    buffer: &'a mut Vec<u8>,
    limit: usize,
    edns: Option<Edns>,
    // The high part of the code has its place in the EDNS record.
    high: u8,
    answers: u16,
    authorities: u16,
}

/// What the header says besides the code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flags {
    pub(crate) authoritative: bool,
    pub(crate) recursion_available: bool,
    pub(crate) code: u16,
}

impl<'a> Reply<'a> {
    /// Begins an answer to `request`, which came in `packet`, of at most `limit` bytes.
    pub(crate) fn new(buffer: &'a mut Vec<u8>, packet: &[u8], request: &Request, limit: usize, flags: Flags) -> Self {
        begin(buffer, packet, request.question_end, flags, 1);
        let room = if request.edns.is_some() { limit.saturating_sub(EDNS) } else { limit };
        let high = (flags.code >> 4) as u8;
        Self { buffer, limit: room, edns: request.edns, high, answers: 0, authorities: 0 }
    }

    pub(crate) fn v4(&mut self, address: Ipv4Addr) {
        self.head(Section::Answer, HEADER, kind::A, 4);
        self.buffer.extend_from_slice(&address.octets());
    }

    pub(crate) fn v6(&mut self, address: Ipv6Addr) {
        self.head(Section::Answer, HEADER, kind::AAAA, 16);
        self.buffer.extend_from_slice(&address.octets());
    }

    /// A name in wire form that the question leads back to.
    pub(crate) fn pointer(&mut self, name: &[u8]) {
        self.head(Section::Answer, HEADER, kind::PTR, name.len());
        self.buffer.extend_from_slice(name);
    }

    /// One string of at most 255 octets.
    pub(crate) fn text(&mut self, text: &str) {
        let text = text.as_bytes();
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        self.head(Section::Answer, HEADER, kind::TXT, 1 + usize::from(length));
        self.buffer.push(length);
        self.buffer.extend_from_slice(&text[..usize::from(length)]);
    }

    /// The answer to a question for everything (RFC 8482).
    pub(crate) fn minimal(&mut self) {
        let text = b"\x07RFC8482\0";
        self.head(Section::Answer, HEADER, kind::HINFO, text.len());
        self.buffer.extend_from_slice(text);
    }

    /// The name server of the zone whose name begins at `apex` within the question's name: the zone itself (RFC 6303).
    pub(crate) fn name_server(&mut self, apex: usize) {
        self.head(Section::Answer, HEADER + apex, kind::NS, 2);
        self.point(HEADER + apex);
    }

    /// The zone's own record.
    pub(crate) fn authority(&mut self, section: Section, apex: usize, serial: u32) {
        self.head(section, HEADER + apex, kind::SOA, 2 + NOBODY.len() + 20);
        self.point(HEADER + apex);
        self.buffer.extend_from_slice(NOBODY);
        // Refresh, retry and expire are for secondary servers, which there are none of.
        for number in [serial, 3600, 600, 86_400, TTL] {
            self.buffer.extend_from_slice(&number.to_be_bytes());
        }
    }

    /// Ends the answer; when it is too long, says so and leaves the records out.
    pub(crate) fn finish(self) {
        let Self { buffer, limit, edns, high, mut answers, mut authorities } = self;
        if buffer.len() > limit {
            // The question is of the length that it had in the query; the records begin behind it.
            let end = question_end(buffer);
            buffer.truncate(end);
            buffer[2] |= 0x02;
            (answers, authorities) = (0, 0);
        }
        buffer[6..8].copy_from_slice(&answers.to_be_bytes());
        buffer[8..10].copy_from_slice(&authorities.to_be_bytes());
        if let Some(edns) = edns {
            buffer[11] = 1;
            let [p1, p2] = PAYLOAD.to_be_bytes();
            let dnssec = if edns.dnssec { 0x80 } else { 0 };
            buffer.extend_from_slice(&[0, 0, kind::OPT as u8, p1, p2, high, 0, dnssec, 0, 0, 0]);
        }
    }

    fn head(&mut self, section: Section, owner: usize, kind: u16, length: usize) {
        match section {
            Section::Answer => self.answers += 1,
            Section::Authority => self.authorities += 1,
        }
        self.point(owner);
        let [k1, k2] = kind.to_be_bytes();
        let [c1, c2] = INTERNET.to_be_bytes();
        let [t1, t2, t3, t4] = TTL.to_be_bytes();
        let [l1, l2] = (length as u16).to_be_bytes();
        self.buffer.extend_from_slice(&[k1, k2, c1, c2, t1, t2, t3, t4, l1, l2]);
    }

    fn point(&mut self, at: usize) {
        self.buffer.extend_from_slice(&(0xc000 | at as u16).to_be_bytes());
    }
}

fn begin(buffer: &mut Vec<u8>, packet: &[u8], question_end: usize, flags: Flags, questions: u8) {
    buffer.clear();
    buffer.extend_from_slice(&packet[..question_end]);
    // The opcode is a query's and stays, as does the wish for recursion.
    buffer[2] = 0x80 | (packet[2] & 0x79) | if flags.authoritative { 0x04 } else { 0 };
    let available = if flags.recursion_available { 0x80 } else { 0 };
    buffer[3] = available | (packet[3] & 0x10) | (flags.code & 0x0f) as u8;
    buffer[4..HEADER].copy_from_slice(&[0, questions, 0, 0, 0, 0, 0, 0]);
}

/// Where the question of a message that we began ends.
fn question_end(message: &[u8]) -> usize {
    let mut at = HEADER;
    while let Some(length) = message.get(at).filter(|length| **length != 0) {
        at += 1 + usize::from(*length);
    }
    (at + 5).min(message.len())
}

/// Writes a header with a code and nothing else: for a query that could not be read.
pub(crate) fn plain(buffer: &mut Vec<u8>, packet: &[u8], code: u16) {
    let flags = Flags { authoritative: false, recursion_available: false, code };
    begin(buffer, packet, HEADER, flags, 0);
}

/// Writes an answer without records that asks for the question to be asked again over TCP.
pub(crate) fn truncated(buffer: &mut Vec<u8>, packet: &[u8], request: &Request, recursion_available: bool) {
    let flags = Flags { authoritative: false, recursion_available, code: code::NO_ERROR };
    // Nothing fits into no room at all.
    Reply::new(buffer, packet, request, 0, flags).finish();
}

#[cfg(test)]
mod tests {
    use super::super::{Parsed, parse};
    use super::*;
    use hickory_resolver::proto::op::{Edns as HickoryEdns, Message, Query};
    use hickory_resolver::proto::rr::{Name, RData, RecordType};

    fn asked(edns: bool) -> (Vec<u8>, Request) {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(Name::from_ascii("wEb.Internal.").unwrap(), RecordType::A));
        if edns {
            message.set_edns(HickoryEdns::new());
        }
        let packet = message.to_vec().unwrap();
        let Parsed::Query(request) = parse(&packet) else { panic!("not a query") };
        (packet, request)
    }

    const FLAGS: Flags = Flags { authoritative: true, recursion_available: true, code: 0 };

    #[test]
    fn hickory_reads_what_is_written() {
        for edns in [false, true] {
            let (packet, request) = asked(edns);
            let mut bytes = Vec::new();
            let mut reply = Reply::new(&mut bytes, &packet, &request, 512, FLAGS);
            reply.v4(Ipv4Addr::new(10, 0, 0, 1));
            reply.authority(Section::Authority, request.name.suffix_start(1), 7);
            reply.finish();
            let message = Message::from_vec(&bytes).unwrap();
            assert!(message.authoritative && message.recursion_available && message.recursion_desired);
            assert_eq!(message.queries[0].name().to_ascii(), "wEb.Internal.");
            assert_eq!(message.answers[0].ttl, TTL);
            assert_eq!(message.answers[0].data.to_string(), "10.0.0.1");
            let RData::SOA(soa) = &message.authorities[0].data else { panic!("{message:?}") };
            assert_eq!((soa.serial, soa.mname.to_ascii().as_str()), (7, "Internal."));
            assert_eq!(message.authorities[0].name.to_ascii(), "Internal.");
            assert_eq!(message.edns.is_some(), edns);
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_said() {
        for edns in [false, true] {
            let (packet, request) = asked(edns);
            let mut bytes = Vec::new();
            let mut reply = Reply::new(&mut bytes, &packet, &request, 512, FLAGS);
            for last in 0..40 {
                reply.v4(Ipv4Addr::new(10, 0, 0, last));
            }
            reply.finish();
            assert!(bytes.len() <= 512);
            let message = Message::from_vec(&bytes).unwrap();
            assert!(message.truncation && message.answers.is_empty() && message.queries.len() == 1);
            assert_eq!(message.edns.is_some(), edns);
        }
    }

    #[test]
    fn a_code_beyond_the_header_is_in_the_edns_record() {
        let (packet, request) = asked(true);
        let mut bytes = Vec::new();
        Reply::new(&mut bytes, &packet, &request, 512, Flags { code: code::BAD_VERSION, ..FLAGS }).finish();
        let message = Message::from_vec(&bytes).unwrap();
        assert_eq!(u16::from(message.response_code), code::BAD_VERSION);
        plain(&mut bytes, &packet, code::FORMAT_ERROR);
        assert_eq!(bytes.len(), HEADER);
        truncated(&mut bytes, &packet, &request, true);
        assert!(Message::from_vec(&bytes).unwrap().truncation);
    }
}
