//! Certificate policies (RFC 5280 section 4.2.1.4).

use super::{objects, shown};
use crate::der::{self, Item};

const CPS: &str = "1.3.6.1.5.5.7.2.1";
const USER_NOTICE: &str = "1.3.6.1.5.5.7.2.2";

/// The policies, each with what is said on it.
pub(super) fn print(value: &[u8], indent: usize) -> Option<String> {
    let policies: Option<Vec<String>> = der::sequence(value)?.iter().map(|&policy| one(policy, indent)).collect();
    Some(policies?.join("\n"))
}

fn one(policy: Item<'_>, indent: usize) -> Option<String> {
    let parts = policy.as_tag(der::SEQUENCE)?.items()?;
    let oid = parts.first()?.as_tag(der::OID)?;
    let mut out = format!("{:indent$}Policy: {}", "", objects::long_name(oid.content));
    if let Some(qualifiers) = parts.get(1) {
        let qualifiers: Option<Vec<String>> =
            qualifiers.as_tag(der::SEQUENCE)?.items()?.iter().map(|&each| qualifier(each, indent + 2)).collect();
        out.push('\n');
        out.push_str(&qualifiers?.join("\n"));
    }
    Some(out)
}

fn qualifier(qualifier: Item<'_>, indent: usize) -> Option<String> {
    let [oid, value] = qualifier.as_tag(der::SEQUENCE)?.items()?[..] else { return None };
    let oid = oid.as_tag(der::OID)?.content;
    match der::dotted(oid)?.as_str() {
        CPS => Some(format!("{:indent$}CPS: {}", "", text(value))),
        USER_NOTICE => Some(format!("{:indent$}User Notice:\n{}", "", notice(value, indent + 2)?)),
        _ => Some(format!("{:indent$}Unknown Qualifier: {}", "", objects::long_name(oid))),
    }
}

fn notice(notice: Item<'_>, indent: usize) -> Option<String> {
    let mut out = String::new();
    for part in notice.as_tag(der::SEQUENCE)?.items()? {
        if part.tag == der::SEQUENCE {
            let [organization, numbers] = part.items()?[..] else { return None };
            let numbers: Option<Vec<String>> =
                numbers.items()?.iter().map(|number| Some(der::small(number.content)?.to_string())).collect();
            let numbers = numbers?;
            let plural = if numbers.len() > 1 { "s" } else { "" };
            out.push_str(&format!("{:indent$}Organization: {}\n", "", text(organization)));
            out.push_str(&format!("{:indent$}Number{plural}: {}", "", numbers.join(", ")));
        } else {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&format!("{:indent$}Explicit Text: {}", "", text(part)));
        }
    }
    Some(out)
}

/// A string of any kind as OpenSSL prints it here: its octets up to the first zero.
fn text(value: Item<'_>) -> String {
    shown(value.content.split(|&octet| octet == 0).next().unwrap_or_default())
}
