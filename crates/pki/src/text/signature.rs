//! The lines on how a certificate is signed.

use x509_parser::x509::AlgorithmIdentifier;

use super::{hex_block, hex_packed, objects};
use crate::der::{self, Item};

/// RSASSA-PSS (RFC 8017), the only algorithm whose parameters OpenSSL shows.
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

/// The algorithm, and after it the signature if there is one to be shown.
pub(super) fn algorithm(out: &mut String, algorithm: &AlgorithmIdentifier<'_>, signature: Option<&[u8]>) {
    let oid = algorithm.algorithm.as_bytes();
    out.push_str(&format!("    Signature Algorithm: {}", objects::long_name(oid)));
    if signature.is_some() {
        out.push_str("\n    Signature Value:");
    }
    if der::dotted(oid).as_deref() == Some(RSASSA_PSS) {
        let parameters = algorithm.parameters.as_ref().and_then(|any| der::items(any.data));
        match parameters.and_then(|items| pss(&items)) {
            Some(text) => out.push_str(&format!("        {text}")),
            None => out.push_str("        (INVALID PSS PARAMETERS)\n"),
        }
    } else {
        out.push('\n');
    }
    if let Some(signature) = signature {
        hex_block(out, signature, 8, 18);
    }
}

/// The parameters of RSASSA-PSS (RFC 4055 section 3.1).
fn pss(items: &[Item<'_>]) -> Option<String> {
    let inside = |number: u8| match items.iter().find(|item| item.tag == der::context_of(number)) {
        Some(item) => der::first(item.content).map(Some),
        None => Some(None),
    };
    let name =
        |algorithm: &Item<'_>| Some(objects::long_name(der::first(algorithm.content)?.as_tag(der::OID)?.content));

    let hash = match inside(0)? {
        Some(algorithm) => name(&algorithm)?,
        None => "sha1 (default)".into(),
    };
    let mask = match inside(1)? {
        Some(algorithm) => {
            let hash = algorithm.items()?.get(1).and_then(&name).unwrap_or_else(|| "INVALID".into());
            format!("{} with {hash}", name(&algorithm)?)
        }
        None => "mgf1 with sha1 (default)".into(),
    };
    let number = |item: Option<Item<'_>>, default: &str| match item {
        Some(item) => Some(hex_packed(der::unsigned(item.as_tag(der::INTEGER)?.content))),
        None => Some(default.to_string()),
    };
    let salt = number(inside(2)?, "14 (default)")?;
    let trailer = number(inside(3)?, "01 (default)")?;
    Some(format!(
        "\n        Hash Algorithm: {hash}\n        Mask Algorithm: {mask}\n         Salt Length: 0x{salt}\n        Trailer Field: 0x{trailer}\n"
    ))
}
