//! Names that no route has: Caddy looks them up in a directory, request by request, and needs no load for them.
//!
//! A load sets everything up anew, so it takes longer the more routes there are, and in 2.6 it ends every WebSocket. Here a
//! service is a file whose name says where it is, and a file with its certificate: it answers as soon as they are there,
//! and as long as they are there, whoever wrote them. See [`Dynamic::put`].
//!
//! * For a handshake Caddy asks for the certificate over HTTP. It asks itself: a server of its own, on loopback, below a
//!   path that nobody else knows (a private key is in the answer), gives the file `certificates/<name>.pem`.
//! * For a request the one file in `https/<name>/` or `http/<name>/` is found, and its name taken apart: `<kind>@<address>`.
//!
//! What this cannot do, and a route can: wildcards, an upstream's certificate with another name than its address, health
//! questions, a log of its own. A name with capitals in `Host`, which no browser sends, is not found.

use std::fmt;

use serde_json::{Value, json};

use super::{Authority, Protocol, Upstream, Verify, proxy};
use crate::names::{Directory, Id};
use crate::{Account, Version};

/// A directory of names that no route has.
#[derive(Clone)]
pub struct Dynamic {
    /// Made with mode 0700 by [`Dynamic::prepare`].
    pub directory: Directory,
    /// A port on 127.0.0.1 for Caddy alone.
    pub port: u16,
    /// The path of the certificates there. Never in `Debug`.
    pub secret: Id,
    /// Upstreams behind HTTPS may have a certificate of one of these.
    pub authorities: Vec<(Id, Authority)>,
    /// Who owns the files, as in [`crate::Spec`].
    pub account: Option<Account>,
}

/// The kind of a name whose requests are sent to HTTPS.
pub(super) const REDIRECT: &str = "redirect";

impl Dynamic {
    /// How to speak to an upstream, as one word; nothing when only a route of its own can.
    pub(super) fn kind(&self, upstream: &Upstream) -> Option<String> {
        if upstream.health.is_some() || upstream.protocol == Protocol::Https && upstream.server_name.is_some() {
            return None;
        }
        Some(match (upstream.protocol, &upstream.verify) {
            (Protocol::Http, _) => "http".to_owned(),
            (Protocol::H2c, _) => "h2c".to_owned(),
            (Protocol::Https, Verify::SystemRoots) => "https".to_owned(),
            (Protocol::Https, Verify::Insecure) => "insecure".to_owned(),
            (Protocol::Https, Verify::Ca(wanted)) => {
                let (id, _) = self.authorities.iter().find(|(_, authority)| authority == wanted)?;
                kind_of(id)
            }
        })
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

    /// The server that Caddy asks for certificates, and whether it may make one.
    pub(super) fn server(&self) -> Value {
        json!({
            "listen": [format!("127.0.0.1:{}", self.port)],
            "protocols": ["h1"],
            "automatic_https": { "disable": true },
            "routes": [
                {
                    "match": [{ "path": [self.path("certificate")], "method": ["GET"] }],
                    "handle": [
                        { "handler": "rewrite", "uri": "/{http.request.uri.query.server_name}.pem" },
                        { "handler": "file_server", "root": self.directory.file("certificates") },
                    ],
                    "terminal": true,
                },
                { "handle": [{ "handler": "static_response", "status_code": 403 }] },
            ],
            // There is none, which is no error.
            "errors": { "routes": [{ "handle": [{ "handler": "static_response", "status_code": 204 }] }] },
        })
    }

    /// The routes of a server behind all others, for what is below a path or for everything.
    pub(super) fn routes(
        &self,
        tree: &str,
        below: Option<&str>,
        redirect: Option<&Value>,
        version: Option<Version>,
    ) -> Vec<Value> {
        let mut kinds = vec![
            ("http".to_owned(), Protocol::Http, Verify::SystemRoots),
            ("h2c".to_owned(), Protocol::H2c, Verify::SystemRoots),
            ("https".to_owned(), Protocol::Https, Verify::SystemRoots),
            ("insecure".to_owned(), Protocol::Https, Verify::Insecure),
        ];
        for (id, authority) in &self.authorities {
            kinds.push((kind_of(id), Protocol::Https, Verify::Ca(authority.clone())));
        }
        let to = |protocol, verify: &Verify| {
            proxy::handler("{plenum.upstream}", proxy::transport(protocol, verify, None), version)
        };
        let mut choices: Vec<Value> = kinds
            .iter()
            .map(|(kind, protocol, verify)| {
                let handler = match protocol {
                    Protocol::H2c => proxy::by_upgrade(&to(Protocol::Http, verify), &to(Protocol::H2c, verify)),
                    protocol => to(*protocol, verify),
                };
                choice(kind, &handler)
            })
            .collect();
        if let Some(redirect) = redirect {
            choices.push(choice(REDIRECT, redirect));
        }
        choices.push(json!({ "handle": [{ "handler": "error", "status_code": 502 }] }));
        let mut matches = json!({
            // The name becomes part of a path and of a pattern.
            "vars_regexp": { "{http.request.host}": { "pattern": "^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$" } },
            "file": { "root": self.directory.file(tree), "try_files": ["/{http.request.host}/*"] },
        });
        if let Some(below) = below {
            matches["path"] = json!([format!("{below}*")]);
        }
        vec![json!({
            "match": [matches],
            "handle": [
                {
                    "handler": "map",
                    "source": "{http.matchers.file.relative}",
                    "destinations": ["{plenum.kind}", "{plenum.upstream}"],
                    "mappings": [{ "input_regexp": "^/?[^/]+/([^/@]+)@([^/@]+)$", "outputs": ["${1}", "${2}"] }],
                },
                { "handler": "subroute", "routes": choices },
            ],
            "terminal": true,
        })]
    }

    fn path(&self, name: &str) -> String {
        format!("/{}/{name}", self.secret)
    }

    fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path(name))
    }
}

fn choice(kind: &str, handler: &Value) -> Value {
    json!({
        "match": [{ "vars": { "{plenum.kind}": [kind] } }],
        "handle": [handler],
        "terminal": true,
    })
}

fn kind_of(authority: &Id) -> String {
    format!("https.{authority}")
}

impl fmt::Debug for Dynamic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dynamic")
            .field("directory", &self.directory)
            .field("port", &self.port)
            .field("secret", &"***")
            .field("authorities", &self.authorities)
            .field("account", &self.account)
            .finish()
    }
}
