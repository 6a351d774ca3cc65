//! What servers say: the client and the forwarder read it without a panic, and no address of ours gets in from outside.
#![no_main]

use std::sync::LazyLock;

use dns::{Zone, packets};
use libfuzzer_sys::fuzz_target;

static PACKETS: LazyLock<packets::Packets> =
    LazyLock::new(|| packets::Packets::new(Zone::new("internal").unwrap()).unwrap());

/// Asks for the address of `example.com` with EDNS.
const QUERY: &[u8] = b"\xbe\xef\x01\0\0\x01\0\0\0\0\0\x01\x07example\x03com\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0";

fuzz_target!(|said: &[u8]| {
    let _ = packets::read_answer(QUERY, said);
    // Whoever answers may copy the question; what is behind it is theirs.
    let copied = [&[0xbe, 0xef, 0x81, 0x80, 0, 1, 0, 2, 0, 1, 0, 1], &QUERY[12..29], said].concat();
    for said in [said, &copied] {
        let _ = packets::read_answer(QUERY, said);
        for limit in [512, 1232, 65_535] {
            let Some(answer) = PACKETS.forwarded(QUERY, said, limit) else { continue };
            assert!(answer.len() <= limit);
            assert_eq!(answer[..2], QUERY[..2]);
            let read = packets::read_answer(QUERY, &answer).expect("what is passed on can be read");
            assert!(!read.addresses.into_iter().any(packets::is_ours));
        }
    }
});
