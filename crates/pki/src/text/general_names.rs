//! The names in extensions (GeneralName, RFC 5280 section 4.2.1.6).

use super::{names, objects, shown};
use crate::der::{self, Item};

/// Which of OpenSSL's two ways of writing a directory name is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Directory {
    /// `/CN=x`, among alternative names.
    Old,
    /// `CN = x`, everywhere else.
    New,
}

/// A name as its kind and its text.
pub(super) fn pair(name: Item<'_>, directory: Directory) -> Option<(String, String)> {
    // Other programs would read such a name only up to the zero octet.
    let text = || (!name.content.contains(&0)).then(|| shown(name.content));
    let (kind, value) = match name.tag {
        0xa0 => return other(name),
        0x81 => ("email", text()?),
        0x82 => ("DNS", text()?),
        0xa3 => ("X400Name", "<unsupported>".into()),
        0xa4 if directory == Directory::Old => ("DirName", names::old_line(name.content)?),
        0xa4 => ("DirName", names::one_line(name.content)),
        0xa5 => ("EdiPartyName", "<unsupported>".into()),
        0x86 => ("URI", text()?),
        0x87 => ("IP Address", address(name.content)),
        0x88 => ("Registered ID", objects::long_name(name.content)),
        _ => return None,
    };
    Some((kind.into(), value))
}

/// A name in one word: `DNS:core.qp.local`.
pub(super) fn word(name: Item<'_>, directory: Directory) -> Option<String> {
    let (kind, value) = pair(name, directory)?;
    Some(format!("{kind}:{value}"))
}

/// Names in the way of alternative names.
pub(super) fn words(names: &[Item<'_>]) -> Option<Vec<String>> {
    names.iter().map(|&name| word(name, Directory::Old)).collect()
}

/// A name of a kind that somebody else defined.
fn other(name: Item<'_>) -> Option<(String, String)> {
    let [kind, value] = der::items(name.content)?[..] else { return None };
    let kind = kind.as_tag(der::OID)?.content;
    let value = der::first(value.as_tag(der::context_of(0))?.content)?;
    let kind = match der::dotted(kind)?.as_str() {
        "1.3.6.1.5.5.7.8.9" => "SmtpUTF8Mailbox".into(),
        "1.3.6.1.4.1.311.20.2.3" => "UPN".into(),
        _ => objects::long_name(kind),
    };
    // UTF8String and IA5String can be shown.
    let text = match value.tag {
        der::UTF8_STRING | 22 => shown(value.content),
        _ => "<unsupported>".into(),
    };
    Some((format!("othername: {kind}:"), text))
}

/// An IP address, IPv6 without abbreviation.
pub(super) fn address(octets: &[u8]) -> String {
    match octets.len() {
        4 => octets.iter().map(ToString::to_string).collect::<Vec<_>>().join("."),
        16 => octets
            .chunks(2)
            .map(|pair| format!("{:X}", u16::from(pair[0]) << 8 | u16::from(pair[1])))
            .collect::<Vec<_>>()
            .join(":"),
        length => format!("<invalid length={length}>"),
    }
}
