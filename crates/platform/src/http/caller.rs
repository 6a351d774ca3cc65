//! Who the caller is, as handlers and guards see it. The answer is found by `admit`, once per request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, COOKIE as COOKIE_HEADER, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Extensions, HeaderName};
use std::convert::Infallible;

use super::error::Error;
use crate::identity::Caller;

/// The name of the session cookie.
pub const COOKIE: &str = "cp_session";

/// The caller, if there is one: for public routes. Everywhere else take [`Caller`] itself.
#[derive(Clone, Debug, Default)]
pub struct MaybeCaller(pub Option<Arc<Caller>>);

impl MaybeCaller {
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    /// The guard of a route that is not public has refused strangers before; the 401 is for public routes that take a
    /// caller all the same.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        match MaybeCaller::of(&parts.extensions).0 {
            Some(caller) => Ok(Self::clone(&caller)),
            None => Err(Error::unauthenticated("auth.required", "authentication required")),
        }
    }
}

/// What a request brings along to say who it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential<'r> {
    Bearer(&'r str),
    Session(&'r str),
}

/// Finds the credential. An explicit `Authorization` goes before the cookie that a browser adds by itself.
pub(super) fn credential(headers: &HeaderMap) -> Option<Credential<'_>> {
    if let Some(value) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())
        && let Some((scheme, token)) = value.split_once(' ')
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(Credential::Bearer(token.trim()));
    }
    cookie(headers, COOKIE).map(Credential::Session)
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE_HEADER).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        (found.trim() == name && !value.trim().is_empty()).then(|| value.trim())
    })
}

/// The header that gives the browser its session. Not readable by scripts, not sent along by other sites' requests.
pub(super) fn set_session(secret: &str, secure: bool, max_age_seconds: u64) -> (HeaderName, HeaderValue) {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}");
    // A session secret is made of hex digits, so the value is always a valid header.
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (http::header::SET_COOKIE, value)
}

/// The header that takes the session away from the browser.
pub(super) fn clear_session(secure: bool) -> (HeaderName, HeaderValue) {
    set_session("", secure, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        credential(&map).map(|credential| match credential {
            Credential::Bearer(token) => format!("bearer {token}"),
            Credential::Session(secret) => format!("session {secret}"),
        })
    }

    #[test]
    fn the_credential_is_found_where_it_may_be_and_nowhere_else() {
        for (headers, expected) in [
            (&[("authorization", "Bearer pp_1.2")][..], Some("bearer pp_1.2")),
            (&[("authorization", "bearer  pp_1.2 ")], Some("bearer pp_1.2")),
            (&[("authorization", "Basic abc")], None),
            (&[("authorization", "Bearer")], None),
            (&[("cookie", "a=b; cp_session=s3cret; c=d")], Some("session s3cret")),
            (&[("cookie", "a=b"), ("cookie", "cp_session=s3cret")], Some("session s3cret")),
            (&[("cookie", "xcp_session=s3cret")], None),
            (&[("cookie", "cp_session=")], None),
            (&[("cookie", "cp_session=a"), ("authorization", "Bearer pp_1.2")], Some("bearer pp_1.2")),
            (&[("x-api-key", "pp_1.2")], None),
        ] {
            assert_eq!(found(headers).as_deref(), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let (_, value) = set_session("abc", true, 60);
        let text = value.to_str().unwrap();
        assert_eq!(text, "cp_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        assert!(!set_session("abc", false, 60).1.to_str().unwrap().contains("Secure"));
        assert!(clear_session(true).1.to_str().unwrap().contains("Max-Age=0"));
    }
}
