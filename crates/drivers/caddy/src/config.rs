//! What Caddy shall serve, in types; `render` makes Caddy's JSON of it.
//!
//! The order of the routes means nothing: exact names come before wildcards whatever order they are given in, so that
//! the same set of routes is the same text. Certificates are brought, never fetched: Caddy's own automation is off.

mod access_log;
mod certificates;
mod dynamic;
mod proxy;
mod render;
mod table;

use std::fmt;
use std::path::PathBuf;

use crate::names::{Address, Directory, Host, Id, Listen, UrlPath};
use crate::{Endpoint, Version};
pub use certificates::Authority;
pub use dynamic::Dynamic;

/// The `@id` under which a configuration carries its marker.
pub(crate) const MARKER: &str = "plenum-marker";

/// Where a service proves its name over HTTP (RFC 8555 section 8.3).
pub const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// Everything that Caddy serves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which Caddy is to understand it, where that is known: from 2.7 on, WebSockets live through a load.
    pub version: Option<Version>,
    /// Where its admin API listens: in every configuration, or a load would move it.
    pub admin: Endpoint,
    /// Where Caddy keeps what it keeps.
    pub storage: Directory,
    pub http: Listen,
    pub https: Listen,
    /// Whether plain HTTP for a name with a certificate is redirected to HTTPS; it is answered with 404 otherwise.
    pub redirect: bool,
    /// Whether plain HTTP for a name with a certificate reaches the upstream below [`CHALLENGES`], so that a service can
    /// prove its name to a certificate authority itself.
    pub challenges: bool,
    pub routes: Vec<Route>,
    pub logs: Option<Logs>,
    /// What [`crate::Admin::marker`] gives while this runs.
    pub marker: Option<String>,
    /// Where to look names up that no route has.
    pub dynamic: Option<Dynamic>,
}

/// Where the access logs are. Caddy makes the directory if it is missing, open to everybody; make it first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    pub directory: Directory,
    pub layout: Layout,
}

/// How routes share log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Each route has a file named after its id. Every request then costs some 2 µs for each such route that there is.
    FileEach,
    /// All routes have one file, `access.log`; `logger` in a line is [`Logs::logger`] of its route. Costs nothing more.
    OneFile,
}

impl Logs {
    /// The file with the requests of a route that is logged.
    pub fn file(&self, route: &Id) -> PathBuf {
        match self.layout {
            Layout::FileEach => self.directory.join(&format!("{route}.log")),
            Layout::OneFile => self.directory.join("access.log"),
        }
    }

    /// The file with the requests for names of [`Dynamic`]; `request.host` in a line tells them apart.
    pub fn file_of_names(&self) -> PathBuf {
        match self.layout {
            Layout::FileEach => self.directory.join("dynamic.names.log"),
            Layout::OneFile => self.directory.join("access.log"),
        }
    }

    /// What `logger` is in the lines of a route.
    pub fn logger(route: &Id) -> String {
        format!("http.log.access.{}", access_log::name(route))
    }
}

/// One name and what answers to it.
#[derive(Debug, Clone)]
pub struct Route {
    pub id: Id,
    pub host: Host,
    /// With a certificate it is served over HTTPS, without one over plain HTTP.
    pub tls: Option<Certificate>,
    pub upstream: Upstream,
    /// Whether requests are logged, in a file named after the id.
    pub log: bool,
}

/// A certificate with what proves it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Certificate {
    /// The certificate and its intermediates, PEM.
    pub chain_pem: String,
    /// The private key, PEM. Never in `Debug`.
    pub key_pem: String,
}

/// What a route leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    pub address: Address,
    pub protocol: Protocol,
    /// How an HTTPS upstream proves who it is.
    pub verify: Verify,
    /// The name that its certificate is to have, where that is not the address's.
    pub server_name: Option<Host>,
    /// What Caddy asks regularly; while the answer is no success, the route answers 503.
    pub health: Option<Health>,
}

/// What an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    Http,
    Https,
    /// HTTP/2 without TLS, by prior knowledge; WebSockets still go by HTTP/1.1.
    H2c,
}

/// How an HTTPS upstream proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verify {
    /// By a certificate that the machine trusts.
    SystemRoots,
    /// Not at all.
    Insecure,
    /// By a certificate of this authority, and no other.
    Ca(Authority),
}

/// A regular question to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub path: UrlPath,
    pub interval_s: u32,
    pub timeout_s: u32,
}

impl Upstream {
    /// An upstream that speaks plain HTTP.
    pub fn http(address: Address) -> Self {
        Self { address, protocol: Protocol::Http, verify: Verify::SystemRoots, server_name: None, health: None }
    }
}

impl Config {
    /// Caddy's JSON for it; the same input gives the same text.
    pub fn render(&self) -> serde_json::Value {
        render::render(self)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("chain_pem", &self.chain_pem).field("key_pem", &"***").finish()
    }
}
