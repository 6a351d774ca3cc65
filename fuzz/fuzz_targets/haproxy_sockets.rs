//! Answers of the master and admin sockets, of any bytes and in any pieces, are read or refused.
#![no_main]

use haproxy::{
    Processes,
    admin::{StatReader, parse_servers_state},
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut reader = StatReader::default();
    let read = data.chunks(7).try_for_each(|piece| {
        reader.feed(piece, &mut |row| {
            let _ = (row.get("pxname"), row.number("scur"));
        })
    });
    if read.is_ok() {
        let _ = reader.finish();
    }
    let text = String::from_utf8_lossy(data);
    let _ = Processes::parse(&text);
    let _ = parse_servers_state(&text);
});
