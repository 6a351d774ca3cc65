//! Request headers that make an answer conditional: `If-Match`, `If-None-Match` and `Prefer`.
//!
//! Only parsing and comparing; which resource has which tag is its owner's business.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;

use super::error::Error;

/// One entity tag. `value` is without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag {
    pub weak: bool,
    pub value: String,
}

impl ETag {
    /// A strong tag. `value` must hold only characters that a tag may hold, which hashes do.
    #[must_use]
    pub fn strong(value: impl Into<String>) -> Self {
        Self { weak: false, value: value.into() }
    }
}

impl std::fmt::Display for ETag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let weak = if self.weak { "W/" } else { "" };
        write!(f, "{weak}\"{}\"", self.value)
    }
}

/// What `If-Match` or `If-None-Match` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// `*`
    Any,
    /// One or more tags.
    Some(Vec<ETag>),
}

impl Tags {
    fn contains(&self, current: &str, weak_is_enough: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Some(tags) => tags.iter().any(|tag| tag.value == current && (weak_is_enough || !tag.weak)),
        }
    }
}

/// The conditions of a request. A malformed header is a 400: to ignore a guard would be worse than to refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    pub if_match: Option<Tags>,
    pub if_none_match: Option<Tags>,
}

impl Conditions {
    /// Reads both headers.
    ///
    /// # Errors
    /// 400 when a header is not a list of entity tags.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        Ok(Self { if_match: tags(headers, &IF_MATCH)?, if_none_match: tags(headers, &IF_NONE_MATCH)? })
    }

    /// Whether a write may go on when the current tag is `current` (`None`: nothing exists yet). Weak tags never match
    /// here, as RFC 9110 wants it.
    #[must_use]
    pub fn allows_write(&self, current: Option<&str>) -> bool {
        let matched = match (&self.if_match, current) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(tags), Some(current)) => tags.contains(current, false),
        };
        let absent = match (&self.if_none_match, current) {
            (None, _) | (Some(_), None) => true,
            (Some(tags), Some(current)) => !tags.contains(current, true),
        };
        matched && absent
    }

    /// Whether the caller already has the current version, so that 304 is the answer to a read.
    #[must_use]
    pub fn has_current(&self, current: &str) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.contains(current, true))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Conditions {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        Self::from_headers(&parts.headers)
    }
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Error> {
    let malformed =
        || Error::invalid("api.badRequest", format!("the header {name} must be `*` or a list of quoted entity tags"));
    let mut all = Vec::new();
    let mut any = false;
    for value in headers.get_all(name) {
        let mut rest = value.to_str().map_err(|_| malformed())?.trim();
        if rest == "*" {
            any = true;
            continue;
        }
        loop {
            let weak = rest.strip_prefix("W/");
            let quoted = weak.unwrap_or(rest).strip_prefix('"').ok_or_else(malformed)?;
            let (value, after) = quoted.split_once('"').ok_or_else(malformed)?;
            all.push(ETag { weak: weak.is_some(), value: value.to_owned() });
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(next) => rest = next.trim_start(),
                None if rest.is_empty() => break,
                None => return Err(malformed()),
            }
            // An empty element at the end of a list is allowed.
            if rest.is_empty() {
                break;
            }
        }
    }
    Ok(match (any, all.is_empty()) {
        (true, _) => Some(Tags::Any),
        (false, true) => None,
        (false, false) => Some(Tags::Some(all)),
    })
}

/// What the caller would like of the answer (RFC 7240). Unknown preferences are ignored, as that document demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefer {
    /// `return=minimal`: no body where the status says it all.
    pub minimal: bool,
}

impl Prefer {
    /// Reads the header.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        // The first of two contradicting preferences counts.
        let wish = headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|item| item.split(';').next()?.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("return"));
        Self { minimal: wish.is_some_and(|(_, value)| value.trim().trim_matches('"').eq_ignore_ascii_case("minimal")) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Prefer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::from_headers(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(name: HeaderName, value: &str) -> Result<Conditions, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Conditions::from_headers(&headers)
    }

    #[test]
    fn writes_are_guarded_by_strong_tags() {
        for (value, allowed) in [
            ("\"abc\"", true),
            ("\"x\", \"abc\"", true),
            ("\"x\",\"abc\",", true),
            ("*", true),
            ("W/\"abc\"", false),
            ("\"x\"", false),
            ("\"\"", false),
        ] {
            assert_eq!(conditions(IF_MATCH, value).unwrap().allows_write(Some("abc")), allowed, "{value}");
        }
        assert!(!conditions(IF_MATCH, "*").unwrap().allows_write(None));
        assert!(!conditions(IF_NONE_MATCH, "*").unwrap().allows_write(Some("abc")));
        assert!(conditions(IF_NONE_MATCH, "*").unwrap().allows_write(None));
        assert!(Conditions::default().allows_write(Some("abc")));
    }

    #[test]
    fn reads_accept_weak_tags() {
        for (value, current) in [("W/\"abc\"", true), ("\"abc\"", true), ("*", true), ("\"abd\"", false)] {
            assert_eq!(conditions(IF_NONE_MATCH, value).unwrap().has_current("abc"), current, "{value}");
        }
    }

    #[test]
    fn a_malformed_guard_is_refused_instead_of_ignored() {
        for value in ["abc", "\"abc", "\"a\" \"b\"", "", "W/abc", "*, \"a\""] {
            assert_eq!(conditions(IF_MATCH, value).unwrap_err().status(), 400, "{value}");
        }
    }

    #[test]
    fn return_minimal_is_recognised() {
        for (value, minimal) in [
            ("return=minimal", true),
            ("respond-async, return=\"minimal\"; foo", true),
            ("return=representation", false),
            ("return=representation, return=minimal", false),
            ("minimal", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            assert_eq!(Prefer::from_headers(&headers).minimal, minimal, "{value}");
        }
    }
}
