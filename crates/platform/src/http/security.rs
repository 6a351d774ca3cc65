//! What browsers are told and asked: response headers that narrow what a page may do, and the check that a write which
//! rides on a cookie comes from our own pages.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::client::{Client, Encrypted};
use super::error::Error;

/// Scripts, styles, connections: from here and nowhere else, nothing inline. `$styles` is what styles may be besides.
macro_rules! policy {
    ($styles:literal) => {
        concat!(
            "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; ",
            "img-src 'self' data:; style-src 'self'",
            $styles,
            "; script-src 'self'; connect-src 'self'"
        )
    };
}

const POLICY: HeaderValue = HeaderValue::from_static(policy!(""));

/// A value that one answer carries both in its policy and in its page: `<style>` elements that have it are ours.
#[derive(Clone, Debug)]
pub struct Nonce(String);

impl Nonce {
    /// A value that was never used before.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| Error::internal(std::io::Error::from(error)))?;
        Ok(Self(hex::encode(bytes)))
    }

    /// The text, for the page. Safe in an attribute.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The policy that the page is sent with: everybody's, and this nonce for styles.
    ///
    /// # Errors
    /// Never: hexadecimal digits are always a legal header value.
    pub fn policy(&self) -> Result<HeaderValue, Error> {
        HeaderValue::try_from(format!(policy!(" 'nonce-{}'"), self.0)).map_err(Error::internal)
    }
}

/// Headers that depend on the configuration.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    hsts: Option<HeaderValue>,
}

impl Policy {
    pub(super) fn new(hsts_max_age_seconds: u64) -> Self {
        // Without includeSubDomains: other services of the same domain are not ours to decide about.
        let value = || HeaderValue::from_str(&format!("max-age={hsts_max_age_seconds}")).ok();
        Self { hsts: if hsts_max_age_seconds == 0 { None } else { value() } }
    }
}

/// Adds the headers to every answer, errors and panics included: that is why it stands outside everything but `observe`.
/// A handler that set one of them itself knows better.
pub(super) async fn headers(policy: Arc<Policy>, request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path());
    let tls = request.extensions().get::<Encrypted>().is_some();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    set(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    set(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    set(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if let (true, Some(value)) = (tls, &policy.hsts) {
        set(STRICT_TRANSPORT_SECURITY, value.clone());
    }
    if api {
        set(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Whether a path belongs to the API and therefore answers in JSON.
pub(super) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/") || path == "/mesh/api" || path.starts_with("/mesh/api/")
}

/// Refuses a write that a browser sent on behalf of another site. Programs send none of these headers and pass.
///
/// # Errors
/// 403 when the request says that it comes from elsewhere.
pub(super) fn same_site(headers: &HeaderMap, client: &Client) -> Result<(), Error> {
    let foreign = || {
        Error::forbidden(
            "auth.forbidden.crossSite",
            "this request comes from another site; sign in here, or use an API token",
        )
    };
    if let Some(site) = headers.get("sec-fetch-site") {
        // `same-site` is another origin too: a neighbour on a sibling subdomain or another port.
        if !matches!(site.as_bytes(), b"same-origin" | b"none") {
            return Err(foreign());
        }
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    if origins.next().is_some() {
        return Err(foreign());
    }
    // `null` has no `://` and is foreign: it stands for a sandboxed frame or a local file.
    let authority = origin.to_str().ok().and_then(|origin| {
        let (scheme, authority) = origin.split_once("://")?;
        let default_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return None,
        };
        Some(authority.strip_suffix(default_port).unwrap_or(authority))
    });
    let host = client.host.as_deref().map(|host| {
        let default_port = if client.https { ":443" } else { ":80" };
        host.strip_suffix(default_port).unwrap_or(host)
    });
    match (authority, host) {
        (Some(authority), Some(host)) if !authority.is_empty() && authority.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(foreign()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn check(host: Option<&str>, https: bool, headers: &[(&'static str, &str)]) -> bool {
        let client = Client {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            https,
            host: host.map(str::to_owned),
            ingress_path: String::new(),
            user_agent: None,
            peer: None,
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        same_site(&map, &client).is_ok()
    }

    #[test]
    fn v8_only_our_own_pages_and_programs_may_write() {
        let host = Some("panel.example:8099");
        for (origin, passes) in [
            ("https://panel.example:8099", true),
            ("https://PANEL.example:8099", true),
            ("null", false),
            ("", false),
            ("https://", false),
            ("https://panel.example", false),
            ("https://panel.example:80990", false),
            ("https://panel.example:8099.evil.example", false),
            ("https://evil.example/panel.example:8099", false),
            ("https://xpanel.example:8099", false),
            ("https://evil.example", false),
            ("file://panel.example:8099", false),
            ("chrome-extension://panel.example:8099", false),
        ] {
            assert_eq!(check(host, true, &[("origin", origin)]), passes, "{origin}");
        }
        assert!(check(host, true, &[]));
        assert!(!check(None, true, &[("origin", "https://panel.example:8099")]));
        assert!(check(Some("panel.example:443"), true, &[("origin", "https://panel.example")]));
        assert!(check(Some("panel.example"), false, &[("origin", "http://panel.example:80")]));
        let twice = [("origin", "https://panel.example:8099"), ("origin", "https://evil.example")];
        assert!(!check(host, true, &twice));
    }

    #[test]
    fn v8_the_browsers_own_word_counts() {
        let host = Some("panel.example:8099");
        for (site, passes) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false), ("", false)]
        {
            assert_eq!(check(host, true, &[("sec-fetch-site", site)]), passes, "{site}");
        }
        let mixed = [("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")];
        assert!(!check(host, true, &mixed));
    }
}
