//! Packets from clients: nothing panics, and there is at most one bounded answer, which others can read.
#![no_main]

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use dns::{Zone, packets::Packets};
use libfuzzer_sys::fuzz_target;

static PACKETS: LazyLock<Packets> = LazyLock::new(|| {
    let many = (0..200).map(|last| Ipv4Addr::new(10, 0, 0, last).into()).collect();
    let names = [("web", vec!["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()]), ("many", many)];
    let zone = Zone::of("internal", names).unwrap().with_text("_acme-challenge.web", "token").unwrap();
    Packets::new(zone).unwrap()
});

fuzz_target!(|packet: &[u8]| {
    for limit in [512, 1232, 65_535] {
        let Some(answer) = PACKETS.answer(packet, limit) else { continue };
        assert!(answer.len() <= limit && answer.len() >= 12);
        assert_eq!(answer[..2], packet[..2]);
        assert!(packet[2] & 0x80 == 0 && answer[2] & 0x80 != 0);
        // It says as much as it counts, and reads as an answer to what was asked.
        let is_whole = answer[4..6] == [0, 1];
        assert!(!is_whole || dns::packets::read_answer(&answer, &answer).is_some());
        if answer.len() == 12 {
            assert_eq!(answer[4..12], [0; 8]);
        }
    }
});
