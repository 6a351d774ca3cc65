//! The names that certificates are for: which text is a DNS name, and which of them are inside of a domain.
//!
//! Only the plain form is accepted: letters, digits and hyphens in labels (RFC 1123 section 2.1) and the underscore that
//! internal names often have, no dot at the end, and international names in their ASCII form (RFC 5890). So no two spellings of a name can be told apart by one
//! program and not by another.

use crate::{Error, Result};

/// The most characters of a common name (RFC 5280 appendix A.1, ub-common-name).
pub(crate) const COMMON_NAME_MOST: usize = 64;

/// The DNS name in lower case, if it is one.
pub(crate) fn host(text: &str) -> Result<String> {
    let error = |reason| Err(Error::Name { name: text.chars().take(300).collect(), reason });
    if text.is_empty() {
        return error("it is empty");
    }
    if !text.is_ascii() {
        return error("it must be written in its ASCII form (xn--…)");
    }
    if text.len() > 253 {
        return error("it has more than 253 characters");
    }
    for label in text.split('.') {
        if label.is_empty() {
            return error("a part of it is empty");
        }
        if label.len() > 63 {
            return error("a part of it has more than 63 characters");
        }
        if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return error("only letters, digits, `_`, hyphens and dots are allowed");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return error("a part of it begins or ends with a hyphen");
        }
    }
    // RFC 1123 section 2.1: what ends in a number is taken for an address.
    if text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return error("it ends in a number, like an address");
    }
    Ok(text.to_ascii_lowercase())
}

/// The DNS name in lower case; its first label may be `*` (RFC 9525 section 6.3).
pub(crate) fn host_or_wildcard(text: &str) -> Result<String> {
    match text.strip_prefix("*.") {
        Some(parent) => Ok(format!("*.{}", host(parent)?)),
        None => host(text),
    }
}

/// Whether the name is the domain or below it (RFC 5280 section 4.2.1.10); both are in lower case.
pub(crate) fn within(name: &str, domain: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    name == domain || name.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
}

/// Passes the name on if the domain covers it.
pub(crate) fn inside(name: String, domain: &str) -> Result<String> {
    if within(&name, domain) { Ok(name) } else { Err(Error::OutsideDomain { name, domain: domain.into() }) }
}

/// Checks a common name: short enough, and nothing in it that cannot be seen.
pub(crate) fn common_name(text: &str) -> Result<()> {
    let error = |reason| Err(Error::CommonName { name: text.chars().take(300).collect(), reason });
    if text.chars().count() > COMMON_NAME_MOST {
        return error("it has more than 64 characters");
    }
    if text.chars().any(char::is_control) {
        return error("it holds control characters");
    }
    if text.trim() != text {
        return error("it begins or ends with a space");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_are_told_from_other_text() {
        for name in ["a", "core.qp.local", "xn--bcher-kva.example", "1.2.3.4.in-addr.arpa", "A-1.B"] {
            assert_eq!(host(name).unwrap(), name.to_lowercase());
        }
        let long = format!("{}.a", "a.".repeat(126));
        for name in
            ["", ".", "a.", ".a", "a..b", "-a", "a-", "10.0.0.1", "a b", "a\0.qp.local", "ü.de", "*.a", "::1", &long]
        {
            assert!(matches!(host(name), Err(Error::Name { .. })), "{name:?}");
        }
        assert_eq!(host_or_wildcard("*.QP.local").unwrap(), "*.qp.local");
        for name in ["*", "*.", "a.*.b", "*.*.b", "*a.b"] {
            assert!(host_or_wildcard(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below() {
        for name in ["qp.local", "core.qp.local", "*.qp.local", "a.b.qp.local"] {
            assert!(within(name, "qp.local"), "{name}");
        }
        for name in ["local", "xqp.local", "qp.local.evil", "*.local", "core.qp.localx"] {
            assert!(!within(name, "qp.local"), "{name}");
        }
    }
}
