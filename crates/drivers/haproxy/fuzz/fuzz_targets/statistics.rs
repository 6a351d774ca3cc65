//! `show stat`, in pieces: the rows are the same however the bytes arrive.
#![no_main]

use haproxy::admin::StatReader;
use libfuzzer_sys::fuzz_target;

fn read(pieces: &[&[u8]]) -> (bool, Vec<String>) {
    let mut rows = Vec::new();
    let mut reader = StatReader::default();
    let fed = pieces.iter().try_for_each(|piece| {
        reader.feed(piece, &mut |row| rows.push(format!("{}/{}/{:?}", row.proxy(), row.service(), row.get("status"))))
    });
    (fed.and_then(|()| reader.finish()).is_ok(), rows)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let text = [b"# pxname,svname,status\n", bytes].concat();
    let cut = usize::from(cut).min(text.len());
    assert_eq!(read(&[&text]), read(&[&text[..cut], &text[cut..]]));
});
