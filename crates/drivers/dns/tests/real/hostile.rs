//! Packets that no honest client sends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::serve;

/// A good query for `web.internal`.
fn good(id: u16) -> Vec<u8> {
    let mut packet = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    packet[..2].copy_from_slice(&id.to_be_bytes());
    packet.extend_from_slice(b"\x03web\x08internal\0\0\x01\0\x01");
    packet
}

/// Sends a packet and then a good query; whatever is answered before the answer to the good one.
fn answers(server: SocketAddr, packet: &[u8]) -> Vec<Vec<u8>> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.connect(server).unwrap();
    socket.send(packet).unwrap();
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    socket.send(&good(id)).unwrap();
    let mut before = Vec::new();
    let mut buffer = [0; 65_535];
    loop {
        let length = socket.recv(&mut buffer).unwrap();
        let answer = buffer[..length].to_vec();
        if answer.ends_with(&[10, 0, 0, 1]) && answer.starts_with(&id.to_be_bytes()) {
            return before;
        }
        before.push(answer);
    }
}

fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let tail = proptest::collection::vec(any::<u8>(), 0..40);
    (edits, tail, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(edits, tail, cut, shorten)| {
        let mut packet = good(0xbeef);
        packet.extend(tail);
        for (at, byte) in edits {
            let at = at.index(packet.len());
            packet[at] = byte;
        }
        if shorten {
            packet.truncate(cut.index(packet.len()));
        }
        packet
    })
}

#[test]
fn v23_no_packet_gets_more_than_one_bounded_answer_and_none_stops_the_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(serve(|options| options.threads = 1));
    let at = server.address();
    let random = proptest::collection::vec(any::<u8>(), 0..1500);
    let packets = prop_oneof![3 => mangled(), 1 => random];
    let mut runner = TestRunner::new(Config { cases: 1500, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&packets, |packet| {
        let answers = answers(at, &packet);
        prop_assert!(answers.len() <= 1, "{} answers", answers.len());
        for answer in answers {
            prop_assert!(answer.len() <= 1232 && answer.len() >= 12);
            prop_assert!(answer[2] & 0x80 != 0);
            prop_assert_eq!(&answer[..2], &packet[..2]);
            prop_assert!(packet[2] & 0x80 == 0, "an answer was answered");
        }
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(server.shutdown());
}

#[test]
fn v23_names_that_cannot_be_are_format_errors() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(serve(|options| options.threads = 1));
    let packet = |name: &[u8]| {
        let mut packet = good(1)[..12].to_vec();
        packet.extend_from_slice(name);
        packet.extend_from_slice(&[0, 1, 0, 1]);
        packet
    };
    let long = [b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(4);
    let too_long = [&long[..], b"\0"].concat();
    let mut longest = long[..255 - 63].to_vec();
    longest.push(61);
    longest.extend([b'a'; 61]);
    longest.push(0);
    assert_eq!((too_long.len(), longest.len()), (257, 255));
    for hostile in [
        &too_long[..],
        // A label of 64.
        &[&[64][..], &[b'a'; 64], &[0]].concat(),
        // Pointers to themselves, to each other, and forward.
        b"\xc0\x0c",
        b"\x01a\xc0\x0c",
        b"\xc0\x0e\xc0\x0c",
        b"\xc0\x20",
        // Reserved kinds of labels.
        b"\x80a\0",
        b"\x41a\0",
        // No end.
        b"\x3fa",
    ] {
        let answers = answers(server.address(), &packet(hostile));
        assert_eq!(answers.len(), 1, "{hostile:?}");
        assert_eq!((answers[0].len(), answers[0][3] & 15), (12, 1), "{hostile:?}");
    }
    // The longest name that can be is a name like any other: nobody has it.
    let answers = answers(server.address(), &packet(&longest));
    assert_eq!(answers[0][3] & 15, 3);
    runtime.block_on(server.shutdown());
}

#[test]
fn a_zone_is_not_given_away_as_a_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(serve(|options| options.threads = 1));
    for kind in [251, 252] {
        let mut packet = good(1)[..12].to_vec();
        packet.extend_from_slice(&[b"\x08internal\0\0".as_slice(), &[kind, 0, 1]].concat());
        let answers = answers(server.address(), &packet);
        assert_eq!((answers.len(), answers[0][3] & 15, &answers[0][6..8]), (1, 5, &[0, 0][..]));
    }
    runtime.block_on(server.shutdown());
}

#[test]
fn v23_streams_that_are_no_queries_are_ended() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(serve(|_| {}));
    for bytes in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\xff\xff", b"\0\x02ab", b"\0\0", &[&[0, 12][..], &[0xff; 12]].concat()]
    {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // Ended or reset, as there may be bytes that nobody read.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{bytes:?} got {answer:?}");
    }
    // Several queries in one go are answered one after the other.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let framed = |id| [&(good(id).len() as u16).to_be_bytes()[..], &good(id)].concat();
    stream.write_all(&[framed(1), framed(2), framed(3)].concat()).unwrap();
    for id in 1..=3u16 {
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer[..2], id.to_be_bytes());
    }
    runtime.block_on(server.shutdown());
}
