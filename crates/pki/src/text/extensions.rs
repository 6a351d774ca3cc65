//! The extensions of a certificate (RFC 5280 section 4.2).
//!
//! An extension that is not known, or whose value is not what it should be, is shown as OpenSSL shows it: its octets,
//! with a dot for each that cannot be printed.

use x509_parser::extensions::X509Extension;
use x509_parser::time::ASN1Time;

use super::general_names::{self, Directory};
use super::{hex_upper, objects, points, policies, scts, shown};
use crate::der::{self, Item};

/// How far the values are indented.
const INDENT: usize = 16;

const KEY_USAGES: [&str; 9] = [
    "Digital Signature",
    "Non Repudiation",
    "Key Encipherment",
    "Data Encipherment",
    "Key Agreement",
    "Certificate Sign",
    "CRL Sign",
    "Encipher Only",
    "Decipher Only",
];

const NETSCAPE_TYPES: [&str; 8] =
    ["SSL Client", "SSL Server", "S/MIME", "Object Signing", "Unused", "SSL CA", "S/MIME CA", "Object Signing CA"];

/// The section on extensions.
pub(super) fn print(out: &mut String, extensions: &[X509Extension<'_>]) {
    if extensions.is_empty() {
        return;
    }
    out.push_str("        X509v3 extensions:\n");
    for extension in extensions {
        let name = objects::long_name(extension.oid.as_bytes());
        let critical = if extension.critical { "critical" } else { "" };
        out.push_str(&format!("            {name}: {critical}\n"));
        match der::dotted(extension.oid.as_bytes()).and_then(|oid| value(&oid, extension.value)) {
            Some(text) => out.push_str(&text),
            None => {
                out.push_str(&format!("{:INDENT$}", ""));
                out.extend(extension.value.iter().map(|&octet| match octet {
                    // OpenSSL keeps carriage returns too; at a terminal they would write over what stands there.
                    b' '..=b'~' | b'\n' => char::from(octet),
                    _ => '.',
                }));
            }
        }
        out.push('\n');
    }
}

/// The value of a known extension, indented, without the end of its last line.
fn value(oid: &str, value: &[u8]) -> Option<String> {
    match oid {
        "2.5.29.14" => Some(indented(&hex_upper(der::first(value)?.as_tag(der::OCTET_STRING)?.content))),
        "2.5.29.15" => bits(value, &KEY_USAGES),
        "2.5.29.16" => private_key_period(value),
        "2.5.29.17" | "2.5.29.18" => Some(words(&general_names::words(&der::sequence(value)?)?)),
        "2.5.29.19" => basic_constraints(value),
        "2.5.29.30" => points::constraints(value, INDENT),
        "2.5.29.31" | "2.5.29.46" => points::distribution(value, INDENT),
        "2.5.29.32" => policies::print(value, INDENT),
        "2.5.29.33" => policy_mappings(value),
        "2.5.29.35" => authority_key(value),
        "2.5.29.36" => policy_constraints(value),
        "2.5.29.37" => extended_key_usage(value),
        "2.5.29.54" => Some(indented(&integer(der::first(value)?)?)),
        "1.3.6.1.5.5.7.1.1" | "1.3.6.1.5.5.7.1.11" => access(value),
        "1.3.6.1.5.5.7.1.24" => tls_features(value),
        "1.3.6.1.5.5.7.48.1.5" => Some(String::new()),
        "1.3.6.1.4.1.11129.2.4.2" => scts::print(value, INDENT),
        // NULL
        "1.3.6.1.4.1.11129.2.4.3" => der::first(value)?.as_tag(5).map(|_| indented("NULL")),
        "2.16.840.1.113730.1.1" => bits(value, &NETSCAPE_TYPES),
        "2.16.840.1.113730.1.2"
        | "2.16.840.1.113730.1.3"
        | "2.16.840.1.113730.1.4"
        | "2.16.840.1.113730.1.7"
        | "2.16.840.1.113730.1.8"
        | "2.16.840.1.113730.1.12"
        | "2.16.840.1.113730.1.13" => {
            // IA5String
            Some(indented(&shown(der::first(value)?.as_tag(22)?.content)))
        }
        _ => None,
    }
}

fn indented(text: &str) -> String {
    format!("{:INDENT$}{text}", "")
}

/// Words in one line.
fn words(words: &[String]) -> String {
    indented(&if words.is_empty() { "<EMPTY>\n".into() } else { words.join(", ") })
}

/// Words in one line; a list of none is not a value of the extension.
fn some_words(list: &[String]) -> Option<String> {
    (!list.is_empty()).then(|| words(list))
}

/// Words in a line each.
fn lines(lines: &[String]) -> String {
    if lines.is_empty() {
        return words(lines);
    }
    lines.iter().map(|line| indented(line)).collect::<Vec<_>>().join("\n")
}

fn integer(item: Item<'_>) -> Option<String> {
    Some(der::small(item.content)?.to_string())
}

/// The names of the bits that are set.
pub(super) fn named_bits(octets: &[u8], names: &[&str]) -> Vec<String> {
    let set = |bit: usize| octets.get(bit / 8).is_some_and(|octet| octet & (0x80 >> (bit % 8)) != 0);
    names.iter().enumerate().filter(|&(bit, _)| set(bit)).map(|(_, name)| (*name).into()).collect()
}

fn bits(value: &[u8], names: &[&str]) -> Option<String> {
    let octets = der::bits(der::first(value)?.as_tag(der::BIT_STRING)?.content)?;
    some_words(&named_bits(&octets, names))
}

fn basic_constraints(value: &[u8]) -> Option<String> {
    let (mut authority, mut depth) = (false, None);
    for part in der::sequence(value)? {
        match part.tag {
            der::BOOLEAN => authority = part.content.first().is_some_and(|&octet| octet != 0),
            der::INTEGER => depth = Some(integer(part)?),
            _ => return None,
        }
    }
    let mut out = vec![if authority { "CA:TRUE" } else { "CA:FALSE" }.to_string()];
    out.extend(depth.map(|depth| format!("pathlen:{depth}")));
    Some(words(&out))
}

fn extended_key_usage(value: &[u8]) -> Option<String> {
    let usages: Option<Vec<String>> =
        der::sequence(value)?.iter().map(|usage| Some(objects::long_name(usage.as_tag(der::OID)?.content))).collect();
    some_words(&usages?)
}

/// Authority key identifier (section 4.2.1.1).
fn authority_key(value: &[u8]) -> Option<String> {
    let parts = der::sequence(value)?;
    let mut out = Vec::new();
    for part in &parts {
        match part.tag {
            0x80 if parts.len() == 1 => out.push(hex_upper(part.content)),
            0x80 => out.push(format!("keyid:{}", hex_upper(part.content))),
            0xa1 => out.extend(general_names::words(&part.items()?)?),
            0x82 => out.push(format!("serial:{}", hex_upper(der::unsigned(part.content)))),
            _ => return None,
        }
    }
    Some(lines(&out))
}

/// Authority and subject information access (section 4.2.2.1).
fn access(value: &[u8]) -> Option<String> {
    let descriptions: Option<Vec<String>> = der::sequence(value)?
        .iter()
        .map(|description| {
            let [method, location] = description.as_tag(der::SEQUENCE)?.items()?[..] else { return None };
            let (kind, location) = general_names::pair(location, Directory::Old)?;
            Some(format!("{} - {kind}:{location}", objects::long_name(method.as_tag(der::OID)?.content)))
        })
        .collect();
    Some(lines(&descriptions?))
}

fn policy_mappings(value: &[u8]) -> Option<String> {
    let mappings: Option<Vec<String>> = der::sequence(value)?
        .iter()
        .map(|mapping| {
            let [from, to] = mapping.as_tag(der::SEQUENCE)?.items()?[..] else { return None };
            let name = |item: Item<'_>| Some(objects::long_name(item.as_tag(der::OID)?.content));
            Some(format!("{}:{}", name(from)?, name(to)?))
        })
        .collect();
    some_words(&mappings?)
}

fn policy_constraints(value: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    for part in der::sequence(value)? {
        let name = match part.tag {
            0x80 => "Require Explicit Policy",
            0x81 => "Inhibit Policy Mapping",
            _ => return None,
        };
        out.push(format!("{name}:{}", integer(part)?));
    }
    some_words(&out)
}

/// TLS features (RFC 7633).
fn tls_features(value: &[u8]) -> Option<String> {
    let features: Option<Vec<String>> = der::sequence(value)?
        .iter()
        .map(|feature| {
            Some(match integer(feature.as_tag(der::INTEGER)?)?.as_str() {
                "5" => "status_request".into(),
                "17" => "status_request_v2".into(),
                other => other.into(),
            })
        })
        .collect();
    some_words(&features?)
}

/// Private key usage period (RFC 3280 section 4.2.1.4).
fn private_key_period(value: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    for part in der::sequence(value)? {
        let name = match part.tag {
            0x80 => "Not Before",
            0x81 => "Not After",
            _ => return None,
        };
        out.push(format!("{name}: {}", super::time(&generalized(part.content)?)));
    }
    Some(indented(&out.join(", ")))
}

/// A GeneralizedTime in the only form that RFC 5280 allows: `YYYYMMDDHHMMSSZ`.
fn generalized(content: &[u8]) -> Option<ASN1Time> {
    use x509_parser::asn1_rs::FromDer as _;
    let value = [&[24, u8::try_from(content.len()).ok().filter(|&length| length < 128)?], content].concat();
    ASN1Time::from_der(&value).ok().map(|(_, time)| time)
}
