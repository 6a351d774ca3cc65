//! Distinguished names (RFC 5280 section 4.1.2.4) in the two ways in which OpenSSL writes them.
//!
//! `CN = core.qp.local, O = "Acme, Inc."` is the usual one; its quoting is that of RFC 2253 with quotation marks around
//! what would need a backslash. `/CN=core.qp.local` is the old one, still used for directory names among others.

use super::{hex_packed, objects};
use crate::der::{self, Item};

/// The longest name that OpenSSL writes in the old way.
const OLD_MOST: usize = 255;

/// A DER name in one line, parts in the order in which they stand.
pub(crate) fn one_line(name: &[u8]) -> String {
    let parts = der::sequence(name).unwrap_or_default();
    let parts: Vec<String> = parts.iter().filter_map(|set| relative(set.content)).collect();
    parts.join(", ")
}

/// The attributes of one part of a name.
pub(super) fn relative(set: &[u8]) -> Option<String> {
    let attributes: Option<Vec<String>> = der::items(set)?
        .iter()
        .map(|attribute| {
            let (kind, value) = attribute_of(*attribute)?;
            Some(format!("{} = {}", objects::short_name(kind.content)?, quoted(value)))
        })
        .collect();
    Some(attributes?.join(" + "))
}

/// A DER name in the old way.
pub(super) fn old_line(name: &[u8]) -> Option<String> {
    let mut line = String::new();
    for set in der::sequence(name)? {
        for (at, &attribute) in set.items()?.iter().enumerate() {
            let (kind, value) = attribute_of(attribute)?;
            let between = if at == 0 { '/' } else { '+' };
            let mut part = format!("{between}{}=", objects::short_name(kind.content)?);
            for &octet in value.content {
                match octet {
                    b'/' | b'+' => part.extend(['\\', char::from(octet)]),
                    b' '..=b'~' => part.push(char::from(octet)),
                    _ => part.push_str(&format!("\\x{octet:02X}")),
                }
            }
            if line.len() + part.len() > OLD_MOST {
                return Some(line);
            }
            line.push_str(&part);
        }
    }
    Some(line)
}

fn attribute_of(attribute: Item<'_>) -> Option<(Item<'_>, Item<'_>)> {
    match attribute.as_tag(der::SEQUENCE)?.items()?[..] {
        [kind, value] => Some((kind.as_tag(der::OID)?, value)),
        _ => None,
    }
}

/// The value of an attribute, escaped and in quotation marks if it needs them.
fn quoted(value: Item<'_>) -> String {
    let Some(octets) = as_octets(value) else {
        return format!("#{}", hex_packed(value.raw));
    };
    let mut text = String::with_capacity(octets.len());
    let mut quotes = false;
    for (at, &octet) in octets.iter().enumerate() {
        let (first, last) = (at == 0, at + 1 == octets.len());
        match octet {
            b',' | b'+' | b'<' | b'>' | b';' => quotes = true,
            b'#' if first => quotes = true,
            b' ' if first || last => quotes = true,
            b'"' | b'\\' => text.push('\\'),
            0..0x20 | 0x7f.. => {
                text.push_str(&format!("\\{octet:02X}"));
                continue;
            }
            _ => {}
        }
        text.push(char::from(octet));
    }
    if quotes { format!("\"{text}\"") } else { text }
}

/// The text of a string in UTF-8 or what claims to be that, or nothing if the value is not a string.
fn as_octets(value: Item<'_>) -> Option<Vec<u8>> {
    let wide = |size: usize| {
        let characters = value.content.chunks(size).map(|character| {
            let code = character.iter().fold(0u32, |code, &octet| code << 8 | u32::from(octet));
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
        });
        characters.collect::<String>().into_bytes()
    };
    match value.tag {
        der::UTF8_STRING => Some(value.content.to_vec()),
        // Numeric, Printable, Teletex, IA5, both times, Visible: one octet is one character.
        18 | 19 | 20 | 22 | 23 | 24 | 26 => Some(wide(1)),
        28 => Some(wide(4)),
        30 => Some(wide(2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(tag: u8, content: &[u8]) -> String {
        let raw = [&[tag, content.len() as u8], content].concat();
        quoted(der::first(&raw).unwrap())
    }

    #[test]
    fn values_are_escaped_or_quoted() {
        for (plain, shown) in [
            ("core.qp.local", "core.qp.local"),
            ("a, b", "\"a, b\""),
            ("#a", "\"#a\""),
            ("a#", "a#"),
            (" a", "\" a\""),
            ("a=b", "a=b"),
            ("q\"\\", "q\\\"\\\\"),
            ("Ü\n", "\\C3\\9C\\0A"),
            ("", ""),
        ] {
            assert_eq!(text(der::UTF8_STRING, plain.as_bytes()), shown);
        }
        assert_eq!(text(20, &[0xdc]), "\\C3\\9C");
        assert_eq!(text(30, &[0, b'a', 0, 0xdc]), "a\\C3\\9C");
        assert_eq!(text(der::OCTET_STRING, &[1]), "#040101");
    }
}
