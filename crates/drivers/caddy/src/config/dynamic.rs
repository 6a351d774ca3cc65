//! Names that no route has yet: Caddy asks for their certificate and their upstream, request by request.
//!
//! A load sets every route up anew, so it takes longer the more routes there are, and it ends WebSockets (up to 2.6). With
//! this, a new service answers at once and without a load, and is made a route with the next load, whenever that is.
//! What is a route is never asked about: it goes on without whoever answers here.
//!
//! The other side is three addresses below one secret prefix (secret because a private key is given to whoever asks):
//!
//! * `GET <prefix>/certificate?server_name=<name>&…`, in the handshake. 200 with the chain and then the private key in
//!   PEM, or 204 where there is none.
//! * `GET <prefix>/issue?domain=<name>`, after a 204. Anything but 2xx, always: yes would mean that Caddy makes one.
//! * `GET <prefix>/route` for each request, with `X-Forwarded-Host` and `X-Forwarded-Proto`. 200 with the headers of
//!   [`Dynamic::answer`] or of [`REDIRECT`], or anything else where there is none. It must not read a body.

use serde_json::{Value, json};

use super::{Authority, Protocol, Upstream, Verify, proxy, render};
use crate::names::{Address, Id, UrlPath, invalid};
use crate::{Result, Version};

/// The header with the address of the upstream.
pub const ANSWER_UPSTREAM: &str = "Plenum-Upstream";
/// The header with how to speak to it.
pub const ANSWER_KIND: &str = "Plenum-Upstream-Kind";
/// The headers that say that plain HTTP is to be redirected to HTTPS.
pub const REDIRECT: (&str, &str) = (ANSWER_KIND, "redirect");

/// Whom to ask about names that no route has.
#[derive(Debug, Clone)]
pub struct Dynamic {
    address: Address,
    prefix: UrlPath,
    authorities: Vec<(Id, Authority)>,
}

impl Dynamic {
    /// Asks `address` over plain HTTP, below `prefix`. Upstreams behind HTTPS may have a certificate of one of the
    /// `authorities`; others are spoken to when they are routes.
    pub fn new(address: Address, prefix: UrlPath, authorities: Vec<(Id, Authority)>) -> Result<Self> {
        if prefix.as_str().contains(['?', '%']) || prefix.as_str().ends_with('/') {
            return Err(invalid("prefix", prefix.as_str(), "it has no `?`, no `%` and no `/` at its end"));
        }
        Ok(Self { address, prefix, authorities })
    }

    /// What to answer for an upstream; nothing when it can be spoken to only by a route of its own.
    pub fn answer(&self, upstream: &Upstream) -> Option<[(&'static str, String); 2]> {
        let kind = match (upstream.protocol, &upstream.verify) {
            // One transport serves all of a kind, so none can look for a name of its own.
            (Protocol::Https, _) if upstream.server_name.is_some() => return None,
            (Protocol::Http, _) => "http".to_owned(),
            (Protocol::H2c, _) => "h2c".to_owned(),
            (Protocol::Https, Verify::SystemRoots) => "https".to_owned(),
            (Protocol::Https, Verify::Insecure) => "insecure".to_owned(),
            (Protocol::Https, Verify::Ca(wanted)) => {
                let (id, _) = self.authorities.iter().find(|(_, authority)| authority == wanted)?;
                kind_of(id)
            }
        };
        Some([(ANSWER_UPSTREAM, upstream.address.to_string()), (ANSWER_KIND, kind)])
    }

    /// Caddy's `automation`: ask for a certificate, never make one.
    pub(super) fn automation(&self) -> Value {
        json!({
            "policies": [{
                "on_demand": true,
                "get_certificate": [{ "via": "http", "url": self.url("certificate") }],
                // Never reached, for the answer is always no; without it, it would be a public authority.
                "issuers": [{ "module": "internal" }],
            }],
            "on_demand": { "ask": self.url("issue") },
        })
    }

    /// The routes behind all others: ask, then do what the answer says.
    pub(super) fn routes(&self, redirect: Option<&Value>, version: Option<Version>) -> Vec<Value> {
        let to_upstream = |protocol, verify: &Verify| to_upstream(protocol, verify, version);
        let mut kinds = vec![
            ("http".to_owned(), to_upstream(Protocol::Http, &Verify::SystemRoots)),
            ("https".to_owned(), to_upstream(Protocol::Https, &Verify::SystemRoots)),
            ("insecure".to_owned(), to_upstream(Protocol::Https, &Verify::Insecure)),
            (
                "h2c".to_owned(),
                proxy::by_upgrade(
                    &to_upstream(Protocol::Http, &Verify::SystemRoots),
                    &to_upstream(Protocol::H2c, &Verify::SystemRoots),
                ),
            ),
        ];
        for (id, authority) in &self.authorities {
            kinds.push((kind_of(id), to_upstream(Protocol::Https, &Verify::Ca(authority.clone()))));
        }
        if let Some(redirect) = redirect {
            kinds.push((REDIRECT.1.to_owned(), redirect.clone()));
        }
        let mut routes = vec![json!({ "handle": [self.lookup()] })];
        for (kind, handler) in kinds {
            routes.push(json!({
                "match": [{ "vars": { "plenum_kind": [kind] } }],
                "handle": [handler],
                "terminal": true,
            }));
        }
        routes
    }

    /// Asks for the route and keeps the answer; every answer but 2xx is 404 to the client.
    fn lookup(&self) -> Value {
        json!({
            "handler": "reverse_proxy",
            "upstreams": [{ "dial": self.address.to_string() }],
            "transport": { "protocol": "http", "dial_timeout": "1s", "response_header_timeout": "2s", "versions": ["1.1"] },
            "rewrite": { "method": "GET", "uri": self.path("route") },
            // What the client says to the service is not for us.
            "headers": { "request": { "delete": ["Cookie", "Authorization", "Connection", "Upgrade"] } },
            "handle_response": [
                {
                    "match": { "status_code": [2] },
                    "routes": [{
                        "handle": [{
                            "handler": "vars",
                            "plenum_upstream": format!("{{http.reverse_proxy.header.{ANSWER_UPSTREAM}}}"),
                            "plenum_kind": format!("{{http.reverse_proxy.header.{ANSWER_KIND}}}"),
                        }],
                    }],
                },
                { "routes": [render::unknown()] },
            ],
        })
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    fn url(&self, name: &str) -> String {
        format!("http://{}{}", self.address, self.path(name))
    }
}

fn kind_of(authority: &Id) -> String {
    format!("https:{authority}")
}

fn to_upstream(protocol: Protocol, verify: &Verify, version: Option<Version>) -> Value {
    proxy::handler("{http.vars.plenum_upstream}", proxy::transport(protocol, verify, None), version)
}
