//! Who is at the other end of the connection, and what a proxy in front says about it.
//!
//! Forwarded-for headers are anybody's to write. They count only when the connection itself comes from a network in
//! `server.trustProxy`, and then only as far as every hop in the list is trusted too. With an empty list nothing of it is
//! ever believed.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HOST, HeaderMap, HeaderName, USER_AGENT};
use http::request::Parts;
use http::{Extensions, Uri};
use ipnet::IpNet;

use crate::config::Server;

/// The other end of a connection. A listener puts it into the extensions of every request that it hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A TCP connection.
    Tcp(SocketAddr),
    /// A connection to the local socket; the kernel vouches for who opened it.
    Local { uid: u32, pid: Option<i32>, user: String },
}

impl Peer {
    /// The process with this uid at the other end of the local socket.
    #[must_use]
    pub fn local(uid: u32, pid: Option<i32>) -> Self {
        Self::Local { uid, pid, user: user_name(uid) }
    }

    /// This very process, for commands that run without a daemon.
    #[must_use]
    pub fn this_process() -> Self {
        let pid = i32::try_from(std::process::id()).ok();
        Self::local(rustix::process::geteuid().as_raw(), pid)
    }

    /// The operating system's user, when it is root or the user that the daemon runs as. Nobody else is the operator.
    #[must_use]
    pub fn operator(&self) -> Option<&str> {
        match self {
            Self::Local { uid, user, .. } if *uid == 0 || *uid == rustix::process::geteuid().as_raw() => Some(user),
            _ => None,
        }
    }
}

/// The name of a local user; its number when it has none there.
fn user_name(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| uid.to_string())
}

/// Put beside the [`Peer`] by a listener whose connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encrypted;

/// What is known about the client of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address; loopback for the local socket.
    pub ip: IpAddr,
    /// Whether the client reached us, or the trusted proxy in front of us, over TLS.
    pub https: bool,
    /// Host and port under which the client knows us.
    pub host: Option<String>,
    /// The path under which a trusted proxy publishes us; empty when at the root.
    pub ingress_path: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The connection that the request came on.
    pub peer: Option<Peer>,
}

impl Client {
    /// The client of a request that has passed the outer layers.
    pub(super) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// The same for the identity store.
    #[must_use]
    pub fn identity(&self) -> crate::identity::Client {
        crate::identity::Client { ip: Some(self.ip), user_agent: self.user_agent.clone() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions)
            .cloned()
            .unwrap_or_else(|| Trust::default().client(parts.extensions.get(), false, &parts.headers, &parts.uri)))
    }
}

/// Which proxies are believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust {
    networks: Vec<IpNet>,
    ingress_header: Option<HeaderName>,
}

impl Trust {
    pub(super) fn new(server: &Server) -> Self {
        Self {
            networks: server.trust_proxy.clone(),
            // The configuration has checked the name.
            ingress_header: HeaderName::try_from(server.ingress_path_header.as_str()).ok(),
        }
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&ip))
    }

    pub(super) fn client(&self, peer: Option<&Peer>, tls: bool, headers: &HeaderMap, uri: &Uri) -> Client {
        let direct = match peer {
            // `::ffff:192.0.2.1` is 192.0.2.1, or the same client would have two names and miss every IPv4 network.
            Some(Peer::Tcp(address)) => address.ip().to_canonical(),
            Some(Peer::Local { .. }) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        let trusted = matches!(peer, Some(Peer::Tcp(_))) && self.trusts(direct);
        let user_agent =
            headers.get(USER_AGENT).and_then(|v| v.to_str().ok()).map(|text| text.chars().take(256).collect());
        let peer = peer.cloned();
        let own_host = headers.get(HOST).and_then(|v| v.to_str().ok()).or_else(|| uri.authority().map(|a| a.as_str()));
        if !trusted {
            return Client {
                ip: direct,
                https: tls,
                host: own_host.map(str::to_owned),
                ingress_path: String::new(),
                user_agent,
                peer,
            };
        }
        let forwarded_host = last(headers, "x-forwarded-host");
        let https = match last(headers, "x-forwarded-proto") {
            Some(scheme) => scheme.eq_ignore_ascii_case("https"),
            None => tls,
        };
        Client {
            ip: self.forwarded_for(direct, headers),
            https,
            host: forwarded_host.or(own_host).map(str::to_owned),
            ingress_path: self.ingress_path(headers).unwrap_or_default(),
            user_agent,
            peer,
        }
    }

    /// Walks the list from our end: each hop vouches for the one before it, as long as the hop itself is trusted.
    fn forwarded_for(&self, direct: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = direct;
        let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        for line in lines.into_iter().rev() {
            let Ok(line) = line.to_str() else { return client };
            for hop in line.rsplit(',') {
                let Some(ip) = parse_hop(hop.trim()) else { return client };
                client = ip;
                if !self.trusts(ip) {
                    return client;
                }
            }
        }
        client
    }

    /// Becomes part of a redirect, so only a plain absolute path is taken.
    fn ingress_path(&self, headers: &HeaderMap) -> Option<String> {
        let path = headers.get(self.ingress_header.as_ref()?)?.to_str().ok()?.trim_end_matches('/');
        let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b));
        (path.starts_with('/') && !path.starts_with("//") && plain).then(|| path.to_owned())
    }
}

/// The entry that the proxy next to us wrote: the last one.
fn last<'h>(headers: &'h HeaderMap, name: &'static str) -> Option<&'h str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    let entry = value.rsplit(',').next()?.trim();
    (!entry.is_empty()).then_some(entry)
}

/// An address with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches('"');
    let ip = hop
        .parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(ip.to_canonical())
}

/// Finds out the client's address. Stands before the limits and the audit, which both go by it.
pub(super) async fn resolve(trust: Arc<Trust>, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let tls = extensions.get::<Encrypted>().is_some();
    let client = trust.client(extensions.get::<Peer>(), tls, request.headers(), request.uri());
    tracing::Span::current().record("ip", tracing::field::display(client.ip));
    request.extensions_mut().insert(client);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trust: &[&str], peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let trust = Trust {
            networks: trust.iter().map(|network| network.parse().unwrap()).collect(),
            ingress_header: Some(HeaderName::from_static("x-ingress-path")),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        trust.client(Some(&Peer::Tcp(peer.parse().unwrap())), false, &map, &Uri::from_static("/"))
    }

    #[test]
    fn v14_forwarded_for_counts_only_from_trusted_hops() {
        const XFF: &str = "x-forwarded-for";
        let proxy = ["10.0.0.0/8", "2001:db8::/32"];
        for (trust, peer, lines, expected) in [
            // Nobody is trusted.
            (&[][..], "10.0.0.1:1", &["203.0.113.9"][..], "10.0.0.1"),
            // The peer itself is not trusted.
            (&proxy, "192.0.2.1:1", &["203.0.113.9"], "192.0.2.1"),
            // One trusted hop.
            (&proxy, "10.0.0.1:1", &["203.0.113.9"], "203.0.113.9"),
            // What the client wrote in front of it does not count.
            (&proxy, "10.0.0.1:1", &["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            (&proxy, "10.0.0.1:1", &["127.0.0.1", "203.0.113.9"], "203.0.113.9"),
            // Two trusted hops.
            (&proxy, "10.0.0.1:1", &["6.6.6.6, 203.0.113.9, 10.2.3.4"], "203.0.113.9"),
            // Every hop is trusted: the farthest.
            (&proxy, "10.0.0.1:1", &["10.0.0.7, 10.0.0.6"], "10.0.0.7"),
            // Nonsense ends the walk at the last good hop.
            (&proxy, "10.0.0.1:1", &["203.0.113.9, unknown"], "10.0.0.1"),
            (&proxy, "10.0.0.1:1", &["unknown, 203.0.113.9"], "203.0.113.9"),
            (&proxy, "10.0.0.1:1", &[""], "10.0.0.1"),
            // IPv4-mapped addresses are IPv4 addresses, at both ends.
            (&proxy, "[::ffff:10.0.0.1]:1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            (&[], "[::ffff:192.0.2.1]:1", &[], "192.0.2.1"),
            // Ports and brackets.
            (&proxy, "[2001:db8::1]:1", &["203.0.113.9:5000"], "203.0.113.9"),
            (&proxy, "10.0.0.1:1", &["[2001:470::9]:443"], "2001:470::9"),
            (&proxy, "10.0.0.1:1", &["\"[2001:470::9]\""], "2001:470::9"),
        ] {
            let headers: Vec<_> = lines.iter().map(|line| (XFF, *line)).collect();
            let found = client(trust, peer, &headers).ip.to_string();
            assert_eq!(found, expected, "trust {trust:?}, peer {peer}, {lines:?}");
        }
    }

    #[test]
    fn v14_scheme_host_and_path_count_only_from_trusted_proxies() {
        let headers = [
            ("host", "plenum.internal:8099"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example, panel.example"),
            ("x-ingress-path", "/panel/"),
        ];
        let stranger = client(&[], "10.0.0.1:1", &headers);
        assert!(!stranger.https);
        assert_eq!(stranger.host.as_deref(), Some("plenum.internal:8099"));
        assert_eq!(stranger.ingress_path, "");

        let proxied = client(&["10.0.0.1/32"], "10.0.0.1:1", &headers);
        assert!(proxied.https);
        assert_eq!(proxied.host.as_deref(), Some("panel.example"));
        assert_eq!(proxied.ingress_path, "/panel");
    }

    #[test]
    fn v12_an_ingress_path_cannot_lead_elsewhere() {
        for path in ["//evil.example", "https://evil.example", "/a?b", "/a\\b", "panel", "/%2e"] {
            let found = client(&["10.0.0.1/32"], "10.0.0.1:1", &[("x-ingress-path", path)]);
            assert_eq!(found.ingress_path, "", "{path}");
        }
    }
}
