//! Signed certificate timestamps (RFC 6962 section 3.3): the receipts of certificate transparency logs.

use x509_parser::time::ASN1Time;

use crate::der;

/// The receipts in an extension.
pub(super) fn print(value: &[u8], indent: usize) -> Option<String> {
    let list = der::first(value)?.as_tag(der::OCTET_STRING)?.content;
    let (list, rest) = vector(list)?;
    if !rest.is_empty() {
        return None;
    }
    let mut receipts = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (receipt, after) = vector(rest)?;
        receipts.push(one(receipt, indent)?);
        rest = after;
    }
    Some(receipts.join("\n"))
}

fn one(receipt: &[u8], indent: usize) -> Option<String> {
    let (&version, rest) = receipt.split_first()?;
    let mut out = format!("{:indent$}Signed Certificate Timestamp:\n{:indent$}    Version   : ", "", "");
    let mut line = |name: &str, value: &str| out.push_str(&format!("\n{:indent$}    {name}: {value}", ""));
    if version != 0 {
        out.push_str(&format!("unknown\n{:indent$}                ", ""));
        out.push_str(&block(receipt, indent + 16));
        return Some(out);
    }
    let (log, rest) = rest.split_at_checked(32)?;
    let (time, rest) = rest.split_at_checked(8)?;
    let (extensions, rest) = vector(rest)?;
    let (algorithm, rest) = rest.split_at_checked(2)?;
    let (signature, rest) = vector(rest)?;
    if !rest.is_empty() {
        return None;
    }
    line("Log ID    ", &block(log, indent + 16));
    line("Timestamp ", &timestamp(u64::from_be_bytes(time.try_into().ok()?))?);
    line("Extensions", &if extensions.is_empty() { "none".into() } else { block(extensions, indent + 16) });
    line(
        "Signature ",
        &match algorithm {
            [4, 3] => "ecdsa-with-SHA256".into(),
            [4, 1] => "sha256WithRSAEncryption".into(),
            [hash, key] => format!("{hash:02X}{key:02X}"),
            _ => return None,
        },
    );
    out.push_str(&format!("\n{:indent$}                {}", "", block(signature, indent + 16)));
    let head = format!("{:indent$}    Version   : ", "");
    Some(out.replacen(&head, &format!("{head}v1 (0x0)"), 1))
}

/// A length of two octets, and that many after it.
fn vector(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_at_checked(2)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(length.try_into().ok()?)))
}

/// Milliseconds since 1970 as a date.
fn timestamp(milliseconds: u64) -> Option<String> {
    let time = ASN1Time::from_timestamp(i64::try_from(milliseconds / 1000).ok()?).ok()?;
    let text = super::time(&time);
    let (time, year) = text.rsplit_once(" GMT")?.0.rsplit_once(' ')?;
    Some(format!("{time}.{:03} {year} GMT", milliseconds % 1000))
}

/// Octets in upper-case hex, 16 to a line; the first line begins where the text stands.
fn block(octets: &[u8], indent: usize) -> String {
    let lines: Vec<String> = octets.chunks(16).map(super::hex_upper).collect();
    lines.join(&format!(":\n{:indent$}", ""))
}
