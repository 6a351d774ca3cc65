//! Where to find the revocation list, and which names an authority is limited to (RFC 5280 sections 4.2.1.13 and
//! 4.2.1.10).

use super::general_names::{Directory, address, word};
use super::names;
use crate::der::{self, Item};

const REASONS: [&str; 9] = [
    "Unused",
    "Key Compromise",
    "CA Compromise",
    "Affiliation Changed",
    "Superseded",
    "Cessation Of Operation",
    "Certificate Hold",
    "Privilege Withdrawn",
    "AA Compromise",
];

/// Distribution points of revocation lists.
pub(super) fn distribution(value: &[u8], indent: usize) -> Option<String> {
    let points: Option<Vec<String>> = der::sequence(value)?.iter().map(|&point| one(point, indent)).collect();
    Some(points?.join("\n"))
}

fn one(point: Item<'_>, indent: usize) -> Option<String> {
    let mut out = String::new();
    for part in point.as_tag(der::SEQUENCE)?.items()? {
        match part.tag {
            0xa0 => {
                let name = der::first(part.content)?;
                if name.tag == der::context_of(0) {
                    out.push_str(&format!("{:indent$}Full Name:\n{}", "", list(&name.items()?, indent)?));
                } else {
                    let name = names::relative(name.as_tag(der::context_of(1))?.content)?;
                    out.push_str(&format!("{:indent$}Relative Name:\n{:indent$}  {name}\n", "", ""));
                }
            }
            0x81 => {
                let bits = der::bits(part.content)?;
                let reasons = super::extensions::named_bits(&bits, &REASONS);
                let reasons = if reasons.is_empty() { "<EMPTY>".into() } else { reasons.join(", ") };
                out.push_str(&format!("{:indent$}Reasons:\n{:indent$}  {reasons}\n", "", ""));
            }
            0xa2 => out.push_str(&format!("{:indent$}CRL Issuer:\n{}", "", list(&part.items()?, indent)?)),
            _ => return None,
        }
    }
    Some(out)
}

fn list(names: &[Item<'_>], indent: usize) -> Option<String> {
    let lines: Option<Vec<String>> =
        names.iter().map(|&name| Some(format!("{:indent$}  {}", "", word(name, Directory::New)?))).collect();
    Some(lines?.join("\n"))
}

/// Name constraints: permitted and excluded trees of names.
pub(super) fn constraints(value: &[u8], indent: usize) -> Option<String> {
    let mut sections = Vec::new();
    for section in der::sequence(value)? {
        let title = match section.tag {
            0xa0 => "Permitted",
            0xa1 => "Excluded",
            _ => return None,
        };
        let trees: Option<Vec<String>> = section.items()?.iter().map(|&tree| subtree(tree, indent)).collect();
        sections.push(format!("{:indent$}{title}:\n{}", "", trees?.join("\n")));
    }
    Some(sections.join("\n"))
}

fn subtree(tree: Item<'_>, indent: usize) -> Option<String> {
    let base = *tree.as_tag(der::SEQUENCE)?.items()?.first()?;
    let text = if base.tag == der::context(7) {
        let octets = base.content;
        let (net, mask) = octets.split_at(match octets.len() {
            16.. => 16,
            4.. => 4,
            length => length,
        });
        // An IPv4 network is 4 octets and a mask of 4, an IPv6 network 16 and 16.
        format!("IP:{}/{}", address(net), address(mask))
    } else {
        word(base, Directory::New)?
    };
    Some(format!("{:indent$}  {text}", ""))
}
