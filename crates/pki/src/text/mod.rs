//! A certificate as the text that people know from `openssl x509 -text -noout` (OpenSSL 3.0).
//!
//! The text is the same octet for octet for what is in use: keys on elliptic curves, RSA and Edwards keys, and the
//! extensions of RFC 5280 and of certificate transparency. It differs on purpose in one place: a control character
//! inside of a name or of a notice is shown as a dot, so that these cannot write lines of their own into the text.
//! Keys that are in no such use (DSA, curves given by their parameters) are reported as ones that cannot be loaded.

mod extensions;
mod general_names;
mod key;
mod names;
mod objects;
mod points;
mod policies;
mod scts;
mod signature;

use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::nom::Parser as _;
use x509_parser::time::ASN1Time;

use crate::{Error, Result, pem, serial::Serial};

pub(crate) use key::describe as describe_key;
pub(crate) use names::one_line;
pub(crate) use objects::long_name;

/// The first certificate of a PEM text as OpenSSL 3.0 prints it with `x509 -text -noout`.
pub fn dump(pem: &str) -> Result<String> {
    let der = pem::decode(pem, pem::CERTIFICATE)?;
    // What is inside of the extensions is read here, and leniently: what cannot be read is still shown.
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    let (rest, certificate) = parser.parse(&der).map_err(|error| Error::Certificate { reason: error.to_string() })?;
    if !rest.is_empty() {
        return Err(Error::Certificate { reason: "something follows the certificate".into() });
    }
    Ok(print(&certificate))
}

fn print(certificate: &X509Certificate<'_>) -> String {
    let body = &certificate.tbs_certificate;
    let mut out = String::with_capacity(4096);
    out.push_str("Certificate:\n    Data:\n");
    match body.version.0 {
        version @ 0..=2 => out.push_str(&format!("        Version: {} ({version:#x})\n", version + 1)),
        version => out.push_str(&format!("        Version: Unknown ({version})\n")),
    }
    serial(&mut out, body.raw_serial());
    out.push_str("    ");
    signature::algorithm(&mut out, &body.signature, None);
    out.push_str(&format!("        Issuer: {}\n", one_line(body.issuer.as_raw())));
    out.push_str("        Validity\n");
    out.push_str(&format!("            Not Before: {}\n", time(&body.validity.not_before)));
    out.push_str(&format!("            Not After : {}\n", time(&body.validity.not_after)));
    out.push_str(&format!("        Subject: {}\n", one_line(body.subject.as_raw())));
    key::print(&mut out, &body.subject_pki);
    for (name, id) in [("Issuer", &body.issuer_uid), ("Subject", &body.subject_uid)] {
        if let Some(id) = id {
            out.push_str(&format!("        {name} Unique ID: "));
            hex_block(&mut out, &id.0.data, 12, 18);
        }
    }
    extensions::print(&mut out, body.extensions());
    signature::algorithm(&mut out, &certificate.signature_algorithm, Some(&certificate.signature_value.data));
    out
}

/// The serial number, in one line if it fits into a machine word.
fn serial(out: &mut String, content: &[u8]) {
    let serial = Serial::from_integer(content);
    let magnitude = serial.magnitude();
    let sign = if serial.is_negative() { "-" } else { "" };
    out.push_str("        Serial Number:");
    let word = (magnitude.len() <= 8)
        .then(|| magnitude.iter().fold(0u64, |value, &octet| value << 8 | u64::from(octet)))
        .filter(|&word| i64::try_from(word).is_ok() && !(serial.is_negative() && word == 1));
    if let Some(word) = word {
        out.push_str(&format!(" {sign}{word} ({sign}{word:#x})\n"));
    } else {
        out.push_str(&format!("\n            {}", if serial.is_negative() { " (Negative)" } else { "" }));
        out.push_str(&hex(magnitude));
        out.push('\n');
    }
}

fn time(time: &ASN1Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let time = time.to_datetime();
    let month = MONTHS[(u8::from(time.month()) as usize + 11) % 12];
    let (hour, minute, second) = time.to_hms();
    format!("{month} {:2} {hour:02}:{minute:02}:{second:02} {} GMT", time.day(), time.year())
}

/// Octets in lower-case hex with colons.
fn hex(octets: &[u8]) -> String {
    digits(octets, b"0123456789abcdef", ":")
}

/// Octets in upper-case hex with colons.
fn hex_upper(octets: &[u8]) -> String {
    digits(octets, b"0123456789ABCDEF", ":")
}

/// Octets in upper-case hex with nothing between them.
fn hex_packed(octets: &[u8]) -> String {
    digits(octets, b"0123456789ABCDEF", "")
}

fn digits(octets: &[u8], digits: &[u8; 16], between: &str) -> String {
    let mut text = String::with_capacity(octets.len() * 3);
    for (at, octet) in octets.iter().enumerate() {
        if at > 0 {
            text.push_str(between);
        }
        text.push(char::from(digits[usize::from(octet >> 4)]));
        text.push(char::from(digits[usize::from(octet & 15)]));
    }
    text
}

/// Octets in lower-case hex over several lines, the last of them ended.
fn hex_block(out: &mut String, octets: &[u8], indent: usize, per_line: usize) {
    let mut lines = octets.chunks(per_line).peekable();
    while let Some(line) = lines.next() {
        out.push_str(&format!("{:indent$}{}", "", hex(line)));
        if lines.peek().is_some() {
            out.push_str(":\n");
        }
    }
    out.push('\n');
}

/// Octets that ought to be text, without what could forge a line.
fn shown(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).chars().map(|c| if c.is_control() { '.' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_serials_stand_in_one_line() {
        let shown = |content: &[u8]| {
            let mut out = String::new();
            serial(&mut out, content);
            out
        };
        assert_eq!(shown(&[0]), "        Serial Number: 0 (0x0)\n");
        assert_eq!(shown(&[0x12, 0x34]), "        Serial Number: 4660 (0x1234)\n");
        assert_eq!(shown(&[0xfb]), "        Serial Number: -5 (-0x5)\n");
        assert_eq!(shown(&[0xff]), "        Serial Number:\n             (Negative)01\n");
        assert_eq!(
            shown(&[0, 0xff, 1, 1, 1, 1, 1, 1, 1]),
            "        Serial Number:\n            ff:01:01:01:01:01:01:01\n"
        );
    }
}
