//! Which names an order may have: DNS names below the domain, in the one form that certificates have.

use serde::Deserialize;

use super::problem::Problem;

/// An identifier as a client writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Identifier {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

/// The names of an order in lower case, in the order in which they came, each once.
pub(super) fn names(identifiers: &[Identifier], domain: &str) -> Result<Vec<String>, Problem> {
    if identifiers.is_empty() {
        return Err(Problem::malformed("the order has no identifiers"));
    }
    if identifiers.len() > super::NAMES {
        return Err(Problem::malformed(format!("the order has more than {} identifiers", super::NAMES)));
    }
    let (mut names, mut refused) = (Vec::<String>::new(), Vec::new());
    for identifier in identifiers {
        match name(identifier, domain) {
            Ok(name) if names.contains(&name) => {}
            Ok(name) => names.push(name),
            Err(problem) => {
                let value = identifier.value.chars().take(255).collect();
                refused.push((value, problem));
            }
        }
    }
    match refused.as_slice() {
        [] => Ok(names),
        [(_, problem)] => Err(problem.clone()),
        [(_, first), ..] => Err(first.clone().about(&refused)),
    }
}

fn name(identifier: &Identifier, domain: &str) -> Result<String, Problem> {
    if identifier.kind != "dns" {
        let kind = identifier.kind.chars().take(40).collect::<String>();
        let detail =
            format!("only DNS names can be certified, not identifiers of the type \"{}\"", kind.escape_debug());
        return Err(Problem::unsupported_identifier(detail));
    }
    let whole = identifier.value.to_ascii_lowercase();
    let plain = whole.strip_prefix("*.").unwrap_or(&whole);
    let shown = whole.chars().take(255).collect::<String>();
    let shown = shown.escape_debug();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if plain.len() > 253 || !plain.split('.').all(is_label) {
        return Err(Problem::rejected(format!("\"{shown}\" is not a DNS name that a certificate can have")));
    }
    if !plain.strip_suffix(domain).is_some_and(|front| front.ends_with('.')) {
        let detail = if plain == domain && plain != whole {
            format!("\"{shown}\" would be every service of the domain; certificates are for names below one of them")
        } else {
            format!("\"{shown}\" is not below {domain}, the only domain that this authority issues for")
        };
        return Err(Problem::rejected(detail));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<Vec<String>, Problem> {
        let identifiers: Vec<_> =
            values.iter().map(|(kind, value)| Identifier { kind: (*kind).into(), value: (*value).into() }).collect();
        names(&identifiers, "qp.local")
    }

    #[test]
    fn v19_only_names_below_the_domain_are_taken() {
        let good =
            [("dns", "Core.QP.local"), ("dns", "a.b.qp.local"), ("dns", "core.qp.local"), ("dns", "*.my_app.qp.local")];
        assert_eq!(read(&good).unwrap(), ["core.qp.local", "a.b.qp.local", "*.my_app.qp.local"]);
        for bad in [
            "",
            "qp.local",
            "*.qp.local",
            "*",
            "*.",
            "core",
            "core.qp.local.",
            "core.qp.local.evil.example",
            "xqp.local",
            "a.xqp.local",
            "example.com",
            "10.0.0.1",
            "-a.qp.local",
            "a..qp.local",
            ".qp.local",
            "a.*.qp.local",
            "*.*.a.qp.local",
            "a b.qp.local",
            "a\n.qp.local",
            "a\0.qp.local",
            "ä.qp.local",
        ] {
            let problem = read(&[("dns", bad)]).unwrap_err().document();
            assert_eq!(problem["type"], "urn:ietf:params:acme:error:rejectedIdentifier", "{bad:?}");
        }
        let problem = read(&[("ip", "10.0.0.1")]).unwrap_err().document();
        assert_eq!(problem["type"], "urn:ietf:params:acme:error:unsupportedIdentifier");
        let problem = read(&[("dns", "core.qp.local"), ("dns", "a.example"), ("ip", "::1")]).unwrap_err().document();
        assert_eq!(problem["subproblems"].as_array().unwrap().len(), 2);
        assert_eq!(problem["subproblems"][1]["identifier"]["value"], "::1");
        assert!(read(&[]).is_err());
        assert!(read(&vec![("dns", "a.qp.local"); 101]).is_err());
    }
}
