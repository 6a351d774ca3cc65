//! How a stored text is kept: whole, or as what differs from the text before it.
//!
//! Two versions of one document share nearly all of their bytes, so a delta is what is left after the common beginning
//! and the common end are cut off, deflated. That needs no knowledge of the document, costs two memory comparisons to
//! make, and turns a year of small edits into kilobytes. Many scattered edits make a large middle; then the caller
//! stores the text whole, which also bounds how many deltas a read must walk.

use std::io::{Read as _, Write as _};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

/// No stored text may inflate to more than this (bytes), so that a damaged or hostile row cannot exhaust memory.
const MAX_TEXT: usize = 512 << 20;

/// Why a stored body could not be turned back into its text.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// The compressed bytes are damaged.
    #[error("stored bytes cannot be inflated")]
    Inflate(#[source] std::io::Error),
    /// The delta's header does not fit its base.
    #[error("stored delta does not fit the text it is based on")]
    Misfit,
    /// The text is not UTF-8 or larger than any document may be.
    #[error("stored text is damaged")]
    Damaged,
}

/// The whole text, deflated.
pub fn pack(text: &str) -> Vec<u8> {
    deflate(text.as_bytes())
}

/// The text that [`pack`] was given.
pub fn unpack(body: &[u8]) -> Result<String, DeltaError> {
    String::from_utf8(inflate(body)?).map_err(|_| DeltaError::Damaged)
}

/// What turns `base` into `text`: two lengths (little-endian u32) and the deflated middle.
///
/// Returns `None` where the middle is so large that storing the text whole serves better.
pub fn diff(base: &str, text: &str) -> Option<Vec<u8>> {
    let (a, b) = (base.as_bytes(), text.as_bytes());
    let prefix = common_prefix(a, b);
    let room = a.len().min(b.len()) - prefix;
    let suffix = common_suffix(a, b, room);
    let middle = &b[prefix..b.len() - suffix];
    if middle.len() > 4096 && middle.len() > text.len() / 4 {
        return None;
    }
    let mut body = Vec::with_capacity(64);
    body.extend_from_slice(&u32::try_from(prefix).ok()?.to_le_bytes());
    body.extend_from_slice(&u32::try_from(suffix).ok()?.to_le_bytes());
    body.extend_from_slice(&deflate(middle));
    Some(body)
}

/// The text that [`diff`] described, given the same base.
pub fn patch(base: &str, body: &[u8]) -> Result<String, DeltaError> {
    let (head, packed) = body.split_at_checked(8).ok_or(DeltaError::Misfit)?;
    let length = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let (prefix, suffix) = (length(0), length(4));
    let base = base.as_bytes();
    if prefix.checked_add(suffix).is_none_or(|kept| kept > base.len()) {
        return Err(DeltaError::Misfit);
    }
    let middle = inflate(packed)?;
    let mut text = Vec::with_capacity(prefix + middle.len() + suffix);
    text.extend_from_slice(&base[..prefix]);
    text.extend_from_slice(&middle);
    text.extend_from_slice(&base[base.len() - suffix..]);
    String::from_utf8(text).map_err(|_| DeltaError::Damaged)
}

/// Compared in blocks first: byte by byte, five megabytes would take longer than everything else a small change does.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 256;
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK)).take_while(|(x, y)| x == y).count() * BLOCK;
    blocks + a[blocks..].iter().zip(&b[blocks..]).take_while(|(x, y)| x == y).count()
}

fn common_suffix(a: &[u8], b: &[u8], room: usize) -> usize {
    const BLOCK: usize = 256;
    let (a, b) = (&a[a.len() - room..], &b[b.len() - room..]);
    let blocks = a.rchunks_exact(BLOCK).zip(b.rchunks_exact(BLOCK)).take_while(|(x, y)| x == y).count() * BLOCK;
    let (a, b) = (&a[..room - blocks], &b[..room - blocks]);
    blocks + a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(bytes.len() / 8 + 16), Compression::fast());
    // Writing to a Vec cannot fail; the encoder's own errors come only from its writer.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, DeltaError> {
    let mut bytes = Vec::new();
    let limit = MAX_TEXT as u64 + 1;
    DeflateDecoder::new(packed).take(limit).read_to_end(&mut bytes).map_err(DeltaError::Inflate)?;
    if bytes.len() > MAX_TEXT { Err(DeltaError::Damaged) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whole_texts_come_back(text in ".{0,600}") {
            prop_assert_eq!(unpack(&pack(&text)).unwrap(), text);
        }

        #[test]
        fn deltas_come_back(head in "[a-c]{0,700}", old in "\\PC{0,40}", new in "\\PC{0,40}", tail in "[a-c]{0,700}") {
            let (base, text) = (format!("{head}{old}{tail}"), format!("{head}{new}{tail}"));
            let body = diff(&base, &text).expect("a middle of 160 bytes at most is never stored whole");
            prop_assert_eq!(patch(&base, &body).unwrap(), text);
        }

        #[test]
        fn damage_is_an_error_not_a_panic(base in "[a-c]{0,50}", body in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = patch(&base, &body);
            let _ = unpack(&body);
        }
    }

    #[test]
    fn a_small_edit_in_a_large_text_is_small() {
        let base = "backend ".repeat(100_000);
        let text = base.replacen("backend backend b", "backend BACKEND b", 1);
        assert!(diff(&base, &text).unwrap().len() < 64);
    }

    #[test]
    fn a_large_middle_is_stored_whole() {
        let base = "x".repeat(20_000);
        let text = format!("a{}", "y".repeat(20_000));
        assert!(diff(&base, &text).is_none());
    }
}
