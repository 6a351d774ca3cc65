//! PEM, the textual envelope of keys and certificates (RFC 7468).
//!
//! Written here and not taken from a library because private keys pass through: no copy may be left behind unwiped.
//! Text before, between and after the blocks is skipped, as every other reader of PEM does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// What to look for in a text: a name for people, and the labels it goes by.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    name: &'static str,
    labels: &'static [&'static str],
}

/// A certificate.
pub(crate) const CERTIFICATE: Kind = Kind { name: "certificate", labels: &["CERTIFICATE", "X509 CERTIFICATE"] };

/// A private key that is not encrypted.
pub(crate) const PRIVATE_KEY: Kind =
    Kind { name: "private key", labels: &["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] };

/// The content of the first block of the kind.
pub(crate) fn decode(text: &str, kind: Kind) -> Result<Zeroizing<Vec<u8>>> {
    blocks(text, kind).next().unwrap_or(Err(Error::Pem { wanted: kind.name, reason: "there is none in the text" }))
}

/// The contents of all blocks of the kind.
pub(crate) fn blocks(text: &str, kind: Kind) -> impl Iterator<Item = Result<Zeroizing<Vec<u8>>>> {
    let mut rest = text;
    let error = move |reason| Error::Pem { wanted: kind.name, reason };
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once("-----BEGIN ")?;
            let Some((label, body)) = after.split_once("-----") else {
                rest = "";
                return Some(Err(error("its first line is cut off")));
            };
            rest = body;
            if !kind.labels.contains(&label) {
                continue;
            }
            let Some((body, after)) = body.split_once("-----END ") else {
                rest = "";
                return Some(Err(error("its last line is missing")));
            };
            rest = after;
            if !after.starts_with(label) || !after[label.len()..].starts_with("-----") {
                return Some(Err(error("its last line is not that of its first")));
            }
            let mut packed = Zeroizing::new(Vec::with_capacity(body.len()));
            packed.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            return Some(STANDARD.decode(&*packed).map(Zeroizing::new).map_err(|_| error("it is not base64")));
        }
    })
}

/// A block with lines of 64 characters.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let mut packed = Zeroizing::new(String::with_capacity(der.len() / 3 * 4 + 4));
    STANDARD.encode_string(der, &mut packed);
    // Room for all of it at once: a text that grows leaves unwiped copies behind.
    let mut text = Zeroizing::new(String::with_capacity(packed.len() + packed.len() / 64 + 2 * label.len() + 48));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = packed.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for length in [0, 1, 47, 48, 49, 96, 1000] {
            let der: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let text = encode("CERTIFICATE", &der);
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(*decode(&text, CERTIFICATE).unwrap(), der);
        }
    }

    #[test]
    fn other_blocks_and_text_are_skipped() {
        let text = format!(
            "a note\n{}{}{}",
            *encode("EC PARAMETERS", b"no"),
            *encode("EC PRIVATE KEY", b"yes"),
            *encode("CERTIFICATE", b"c")
        );
        assert_eq!(decode(&text, PRIVATE_KEY).unwrap().as_slice(), b"yes");
        assert_eq!(blocks(&text, CERTIFICATE).count(), 1);
    }

    #[test]
    fn broken_blocks_are_refused() {
        let end = "-----END CERTIFICATE-----";
        for text in [
            "",
            "-----BEGIN CERTIFICATE",
            "-----BEGIN CERTIFICATE-----\nAAAA\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END KEY-----",
            &format!("-----BEGIN CERTIFICATE-----\nA*AA\n{end}"),
            &format!("-----BEGIN CERTIFICATE-----\nAAA\n{end}"),
        ] {
            assert!(matches!(decode(text, CERTIFICATE), Err(Error::Pem { .. })), "{text:?}");
            assert!(blocks(text, CERTIFICATE).count() <= 1);
        }
    }
}
