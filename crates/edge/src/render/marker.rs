//! The name of a configuration: what HAProxy reports as its description, and so what tells which one really runs.
//!
//! It derives from what was rendered and from nothing else, so the same document always gives the same marker. What can be
//! changed in a running HAProxy (a server's weight and address, the entries of a map) does not count: a document that
//! differs in such values only has the same marker and needs no reload.

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::File;

/// How many hexadecimal digits a marker has.
const DIGITS: usize = 64;

/// What stands for the marker until it is known.
pub(super) const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Derives the marker and puts it where [`BLANK`] stands.
pub(super) fn seal(text: &mut String, volatile: &[Range<usize>], files: &BTreeMap<String, File>) -> String {
    let mut hash = Sha256::new();
    let bytes = text.as_bytes();
    let mut from = 0;
    for range in volatile {
        // Nothing stands for what is left out, so a weight that is not written counts like one that is.
        hash.update(&bytes[from..range.start]);
        from = range.end;
    }
    hash.update(&bytes[from..]);
    for (name, file) in files {
        hash.update([0]);
        hash.update(name);
        hash.update([0]);
        if !name.starts_with("maps/") {
            hash.update(Sha256::digest(&file.bytes));
        }
    }
    let marker = hex::encode(hash.finalize());
    debug_assert_eq!(marker.len(), DIGITS);
    if let Some(at) = text.find(BLANK) {
        text.replace_range(at..at + BLANK.len(), &marker);
    }
    marker
}
