//! The public key of a certificate (RFC 5280 section 4.1.2.7), as text and in a word.

use x509_parser::x509::SubjectPublicKeyInfo;

use super::{hex_block, objects};
use crate::der;

const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";

/// The named curves: object identifier, size in bits, and the name that NIST gave to it.
const CURVES: &[(&str, usize, Option<&str>)] = &[
    ("1.2.840.10045.3.1.1", 192, Some("P-192")),
    ("1.2.840.10045.3.1.7", 256, Some("P-256")),
    ("1.3.132.0.33", 224, Some("P-224")),
    ("1.3.132.0.34", 384, Some("P-384")),
    ("1.3.132.0.35", 521, Some("P-521")),
    ("1.3.132.0.10", 256, None),
    ("1.3.36.3.3.2.8.1.1.7", 256, None),
    ("1.3.36.3.3.2.8.1.1.11", 384, None),
    ("1.3.36.3.3.2.8.1.1.13", 512, None),
];

/// The keys that are only octets (RFC 8410): object identifier, the name on paper, and the length.
const PLAIN: &[(&str, &str, usize)] = &[
    ("1.3.101.110", "X25519", 32),
    ("1.3.101.111", "X448", 56),
    ("1.3.101.112", "Ed25519", 32),
    ("1.3.101.113", "Ed448", 57),
];

/// A public key that can be shown.
enum Key<'a> {
    Rsa { modulus: &'a [u8], exponent: &'a [u8] },
    Ec { point: &'a [u8], curve: &'a [u8], bits: usize, nist: Option<&'static str> },
    Plain { octets: &'a [u8], name: &'static str },
}

fn read<'a>(info: &'a SubjectPublicKeyInfo<'_>) -> Option<Key<'a>> {
    let octets: &[u8] = &info.subject_public_key.data;
    let algorithm = der::dotted(info.algorithm.algorithm.as_bytes())?;
    match algorithm.as_str() {
        RSA | RSA_PSS => match der::sequence(octets)?[..] {
            [modulus, exponent] => Some(Key::Rsa {
                modulus: positive(modulus.as_tag(der::INTEGER)?.content)?,
                exponent: positive(exponent.as_tag(der::INTEGER)?.content)?,
            }),
            _ => None,
        },
        EC => {
            let parameters = info.algorithm.parameters.as_ref()?;
            let curve = (parameters.tag().0 == u32::from(der::OID)).then_some(parameters.data)?;
            let dotted = der::dotted(curve)?;
            let &(_, bits, nist) = CURVES.iter().find(|(oid, ..)| *oid == dotted)?;
            // SEC 1 section 2.3.3: both coordinates, or one and a bit of the other.
            let coordinate = bits.div_ceil(8);
            let sound = match octets.first()? {
                2 | 3 => octets.len() == 1 + coordinate,
                4 => octets.len() == 1 + 2 * coordinate,
                _ => false,
            };
            sound.then_some(Key::Ec { point: octets, curve, bits, nist })
        }
        plain => {
            let &(_, name, length) = PLAIN.iter().find(|(oid, ..)| *oid == plain)?;
            (octets.len() == length).then_some(Key::Plain { octets, name })
        }
    }
}

/// The absolute value of an INTEGER that is greater than zero.
fn positive(content: &[u8]) -> Option<&[u8]> {
    if content.first()? & 0x80 != 0 {
        return None;
    }
    let zeros = content.iter().take_while(|&&octet| octet == 0).count();
    content.get(zeros..).filter(|magnitude| !magnitude.is_empty())
}

fn bits(magnitude: &[u8]) -> usize {
    magnitude.first().map_or(0, |first| magnitude.len() * 8 - first.leading_zeros() as usize)
}

/// What kind of key it is, in a word: `ECDSA P-256`, `RSA 2048`, `Ed25519`.
pub(crate) fn describe(info: &SubjectPublicKeyInfo<'_>) -> String {
    match read(info) {
        Some(Key::Rsa { modulus, .. }) => format!("RSA {}", bits(modulus)),
        Some(Key::Ec { nist: Some(nist), .. }) => format!("ECDSA {nist}"),
        Some(Key::Ec { curve, .. }) => format!("ECDSA {}", objects::long_name(curve)),
        Some(Key::Plain { name, .. }) => name.into(),
        None => objects::long_name(info.algorithm.algorithm.as_bytes()),
    }
}

/// The section on the public key.
pub(super) fn print(out: &mut String, info: &SubjectPublicKeyInfo<'_>) {
    out.push_str("        Subject Public Key Info:\n            Public Key Algorithm: ");
    out.push_str(&objects::long_name(info.algorithm.algorithm.as_bytes()));
    out.push('\n');
    match read(info) {
        Some(Key::Rsa { modulus, exponent }) => {
            out.push_str(&format!("                Public-Key: ({} bit)\n", bits(modulus)));
            number(out, "Modulus", modulus);
            number(out, "Exponent", exponent);
            if der::dotted(info.algorithm.algorithm.as_bytes()).as_deref() == Some(RSA_PSS)
                && info.algorithm.parameters.is_none()
            {
                out.push_str("                No PSS parameter restrictions\n");
            }
        }
        Some(Key::Ec { point, curve, bits, nist }) => {
            out.push_str(&format!("                Public-Key: ({bits} bit)\n                pub:\n"));
            hex_block(out, point, 20, 15);
            out.push_str(&format!("                ASN1 OID: {}\n", objects::short_name(curve).unwrap_or_default()));
            if let Some(nist) = nist {
                out.push_str(&format!("                NIST CURVE: {nist}\n"));
            }
        }
        Some(Key::Plain { octets, name }) => {
            out.push_str(&format!("                {} Public-Key:\n                pub:\n", name.to_uppercase()));
            hex_block(out, octets, 20, 15);
        }
        None => out.push_str("            Unable to load Public Key\n"),
    }
}

/// A number: in one line if it fits into a machine word, else in hex.
fn number(out: &mut String, label: &str, magnitude: &[u8]) {
    if magnitude.len() <= 8 {
        let word = magnitude.iter().fold(0u64, |word, &octet| word << 8 | u64::from(octet));
        out.push_str(&format!("                {label}: {word} ({word:#x})\n"));
        return;
    }
    out.push_str(&format!("                {label}:\n"));
    let mut octets = Vec::with_capacity(magnitude.len() + 1);
    if magnitude[0] & 0x80 != 0 {
        octets.push(0);
    }
    octets.extend_from_slice(magnitude);
    hex_block(out, &octets, 20, 15);
}
