//! The mesh listener: plain HTTP on loopback, where a caller is whoever owns the other end of the connection.
//!
//! The kernel tells the user of every TCP socket of this machine (proc_net_tcp(5)). Root and the daemon's own user are the
//! local operator, as on the local socket; anybody else needs a token. A browser is used by people but driven by pages, so
//! requests that a foreign page makes are refused, and so are those for a host name that is not this machine's (DNS
//! rebinding). Bound to anything but loopback, nobody is told apart by their socket.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, Uri, header};
use platform::http::Peer;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::listen::ending;

/// What of `/api` is the mesh area's on this listener; the rest is the main listener's, for the web app.
const OURS: [&str; 7] = ["status", "ping", "services", "dns", "tls", "servers", "routing"];
/// The same, but nothing below it: checking and exporting the whole log is the main listener's.
const AUDIT: &str = "audit";

/// The state of a connection that neither side has ended.
const ESTABLISHED: &str = "01";
/// What proxies say about whom they speak for. They may run as our own user, but nobody they serve is the operator.
const FORWARDED: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/// The bound listener.
pub(crate) struct Mesh {
    listener: TcpListener,
    address: SocketAddr,
}

impl Mesh {
    /// Binds the address.
    pub(crate) fn bind(wanted: SocketAddr) -> anyhow::Result<Mesh> {
        let listener = TcpListener::bind(wanted)
            .with_context(|| format!("cannot listen on {wanted}; mesh.listen chooses another address, or off"))?;
        listener.set_nonblocking(true)?;
        Ok(Mesh { address: listener.local_addr()?, listener })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then lets requests finish for at most `grace`.
    pub(crate) async fn serve(self, router: Router, stop: CancellationToken, grace: Duration) {
        let handle = ending(stop, grace);
        let here = self.address;
        let outer = Router::new()
            .fallback_service(router)
            .layer(middleware::from_fn(move |request, next| translate(here, request, next)));
        let service = outer.into_make_service_with_connect_info::<SocketAddr>();
        let served = match axum_server::from_tcp(self.listener) {
            Ok(server) => server.handle(handle).serve(service).await,
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            tracing::error!(%error, "the mesh listener ended");
        }
    }
}

/// Makes a request of this listener one that the whole application understands.
async fn translate(here: SocketAddr, mut request: Request, next: Next) -> Response {
    let Some(ConnectInfo(there)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() else {
        return refuse("the connection has no other end");
    };
    let is_loopback = here.ip().to_canonical().is_loopback();
    if is_loopback && let Err(reason) = check_origin(request.headers()) {
        return refuse(reason);
    }
    let is_direct = !FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    let owner = if is_loopback && is_direct { owner_of(there, here).await } else { None };
    request.extensions_mut().insert(owner.map_or(Peer::Tcp(there), |uid| Peer::local(uid, None)));
    if let Some(uri) = rewritten(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

fn refuse(reason: &str) -> Response {
    (StatusCode::FORBIDDEN, axum::Json(json!({ "error": reason, "detail": reason }))).into_response()
}

/// Refuses what a page of another site, or under another name, has a browser send.
fn check_origin(headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if !text(header::HOST).is_some_and(is_this_machine) {
        return Err("this listener answers for localhost only");
    }
    if text(header::HeaderName::from_static("sec-fetch-site"))
        .is_some_and(|site| !matches!(site, "same-origin" | "none"))
    {
        return Err("this request comes from another site");
    }
    match text(header::ORIGIN) {
        None => Ok(()),
        Some(origin) => {
            let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            if host.is_some_and(is_this_machine) { Ok(()) } else { Err("this request comes from another site") }
        }
    }
}

/// Whether `host[:port]` is a name that only this machine has.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// The user whose socket is at `there`, connected to `here`, where the kernel says so.
async fn owner_of(there: SocketAddr, here: SocketAddr) -> Option<u32> {
    let owner = look_up(there, here).await?;
    // Root is believed when it is still there: a line that is written while its socket is closed may say so of anybody.
    if owner == 0 { look_up(there, here).await } else { Some(owner) }
}

async fn look_up(there: SocketAddr, here: SocketAddr) -> Option<u32> {
    let mut tables = String::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        match tokio::fs::read_to_string(table).await {
            Ok(text) => tables.push_str(&text),
            Err(error) => tracing::debug!(table, %error, "the owner of a connection cannot be looked up here"),
        }
    }
    find_owner(&tables, there, here)
}

/// Columns: slot, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode.
///
/// A socket that was closed stays in the table for a while, as root's whoever had it; it has no inode any more. So a
/// connection has an owner only for as long as it is held open.
fn find_owner(table: &str, there: SocketAddr, here: SocketAddr) -> Option<u32> {
    let is = |text: &str, wanted: SocketAddr| parse_address(text) == Some((wanted.ip().to_canonical(), wanted.port()));
    table.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (local, remote) = (words.next()?, words.next()?);
        if !is(local, there) || !is(remote, here) {
            return None;
        }
        if words.next()? != ESTABLISHED {
            return None;
        }
        let uid = words.nth(3)?.parse().ok()?;
        (words.nth(1)? != "0").then_some(uid)
    })
}

/// `0100007F:1F90`: each 32 bits of the address as the machine stores them, and the port.
fn parse_address(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let mut bytes = [0; 16];
            for (i, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(i * 8)?);
            }
            IpAddr::from(bytes)
        }
        _ => return None,
    };
    Some((ip.to_canonical(), port))
}

/// `/api/dns` is `/mesh/api/dns` to the application.
fn rewritten(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix("/api/")?;
    let first = rest.split('/').next()?;
    if !OURS.contains(&first) && rest != AUDIT {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("/mesh/api/{rest}{query}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_connection_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let stream = std::net::TcpStream::connect(here).unwrap();
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let there = stream.local_addr().unwrap();
        assert_eq!(find_owner(&table, there, here), Some(rustix::process::geteuid().as_raw()));
        // Our own end of it is not theirs, and a connection that is not there is nobody's.
        assert_eq!(find_owner(&table, SocketAddr::from(([127, 0, 0, 1], 1)), here), None);
        assert_eq!(parse_address("0000000000000000FFFF00000100007F:0050"), Some(("127.0.0.1".parse().unwrap(), 80)));
        for broken in ["", "0100007F", "0100007F:XYZ", "01:1", "zz00007F:0001"] {
            assert_eq!(parse_address(broken), None, "{broken}");
        }
    }

    #[test]
    fn v8_a_connection_that_was_closed_is_nobodys() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let stream = std::net::TcpStream::connect(here).unwrap();
        let there = stream.local_addr().unwrap();
        // Our end stays open, as it does while a request is answered.
        let _accepted = listener.accept().unwrap();
        let mut half = stream.try_clone().unwrap();
        std::io::Write::write_all(&mut half, b"POST /api/services HTTP/1.1").unwrap();
        drop((stream, half));
        let table = || std::fs::read_to_string("/proc/net/tcp").unwrap();
        let line = |table: &str| {
            let is_theirs = |line: &&str| {
                line.split_whitespace().nth(1).and_then(parse_address) == Some((there.ip(), there.port()))
            };
            table.lines().find(is_theirs).map(str::to_owned)
        };
        let left = line(&table()).expect("the kernel keeps it");
        assert_eq!(left.split_whitespace().nth(7), Some("0"), "it is root's whoever had it: {left}");
        assert_eq!(find_owner(&table(), there, here), None, "{left}");
        // The same said of one that is open, but has no inode.
        let open = left.replacen(left.split_whitespace().nth(3).unwrap(), ESTABLISHED, 1);
        assert_eq!(find_owner(&open, there, here), None, "{open}");
    }

    #[test]
    fn v8_pages_of_other_sites_and_names_are_refused() {
        let check = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            check_origin(&headers).is_ok()
        };
        assert!(check(&[("host", "localhost:9999")]));
        assert!(check(&[("host", "[::1]:9999"), ("origin", "http://[::1]:9999"), ("sec-fetch-site", "same-origin")]));
        assert!(!check(&[]));
        assert!(!check(&[("host", "evil.example:9999")]));
        assert!(!check(&[("host", "127.0.0.1.evil.example")]));
        assert!(!check(&[("host", "localhost:9999"), ("origin", "https://evil.example")]));
        assert!(!check(&[("host", "localhost:9999"), ("origin", "null")]));
        assert!(!check(&[("host", "localhost:9999"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn only_the_areas_own_paths_are_translated() {
        let to = |path: &str| rewritten(&path.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(to("/api/dns/resolve?domain=core").as_deref(), Some("/mesh/api/dns/resolve?domain=core"));
        assert_eq!(to("/api/status").as_deref(), Some("/mesh/api/status"));
        assert_eq!(to("/api/state"), None);
        assert_eq!(to("/api/audit?limit=3").as_deref(), Some("/mesh/api/audit?limit=3"));
        assert_eq!(to("/api/audit/verify"), None);
        assert_eq!(to("/api/statusx"), None);
        assert_eq!(to("/"), None);
    }
}
