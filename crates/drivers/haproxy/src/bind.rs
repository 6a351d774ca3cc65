//! Whether HAProxy could listen on an address, found out by trying.
//!
//! `haproxy -c` accepts a port that somebody else holds, and the reload that follows pauses every frontend for two
//! seconds before it gives up. So the address of each new listener is bound first, with the socket options that
//! HAProxy itself uses (`SO_REUSEADDR`, `SO_REUSEPORT`), and released again without ever listening.
//!
//! What cannot be known from here is not guessed: a host name, an inherited descriptor, an environment variable, an
//! address of another network namespace are passed over, and left to the reload's verdict.

mod address;
mod holder;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

pub use address::{Endpoint, Transport, parse};
pub use holder::Holder;

/// An address that cannot be listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindError {
    /// The one address of a list or a range that failed, such as `0.0.0.0:8080`.
    pub endpoint: Endpoint,
    pub reason: Reason,
}

/// Why it cannot be listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Somebody has it; who, where that can be seen.
    InUse { holder: Option<Holder> },
    /// Ports below 1024, and directories, need privileges that this process does not have.
    Denied,
    /// No interface of this machine has the address.
    NotLocal,
    /// The directory of a Unix socket is missing.
    NoDirectory,
    /// Anything else, as the system words it.
    Other(String),
}

impl std::fmt::Display for BindError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endpoint = &self.endpoint;
        match &self.reason {
            Reason::InUse { holder: Some(holder) } => write!(f, "{endpoint} is in use by {holder}"),
            Reason::InUse { holder: None } => write!(f, "{endpoint} is in use by another program"),
            Reason::Denied => write!(f, "{endpoint} may not be used without more privileges"),
            Reason::NotLocal => write!(f, "{endpoint} is not an address of this machine"),
            Reason::NoDirectory => write!(f, "the directory of {endpoint} does not exist"),
            Reason::Other(text) => write!(f, "{endpoint} cannot be used: {text}"),
        }
    }
}

impl std::error::Error for BindError {}

/// Tries every address of each `bind` argument, and returns those that fail with the argument that they came from.
pub fn try_bind<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Vec<(String, BindError)> {
    let mut failures = Vec::new();
    for argument in arguments {
        for endpoint in parse(argument) {
            if let Err(error) = attempt(&endpoint) {
                let reason = explain(&endpoint, &error);
                failures.push((argument.to_owned(), BindError { endpoint, reason }));
            }
        }
    }
    failures
}

fn attempt(endpoint: &Endpoint) -> io::Result<()> {
    match endpoint {
        Endpoint::Inet { address, transport } => inet(*address, *transport),
        Endpoint::Unix(path) => unix(path),
    }
}

fn inet(address: SocketAddr, transport: Transport) -> io::Result<()> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let (kind, protocol) = match transport {
        Transport::Stream => (Type::STREAM, Protocol::TCP),
        Transport::Datagram => (Type::DGRAM, Protocol::UDP),
    };
    let socket = match Socket::new(domain, kind, Some(protocol)) {
        // A machine without IPv6: HAProxy would fail the same, but as a reason of its own.
        Err(error) if error.raw_os_error() == Some(97) => return Err(io::ErrorKind::AddrNotAvailable.into()),
        other => other?,
    };
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&SockAddr::from(address))
}

/// HAProxy binds a Unix socket under a temporary name and renames it, so an existing file is no obstacle; what can
/// fail is its directory.
fn unix(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let trial = directory.join(format!(".{}.bind", std::process::id()));
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(&trial)?)?;
    std::fs::remove_file(&trial)
}

fn explain(endpoint: &Endpoint, error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::AddrInUse => Reason::InUse { holder: holder::of(endpoint) },
        io::ErrorKind::PermissionDenied => Reason::Denied,
        io::ErrorKind::AddrNotAvailable => Reason::NotLocal,
        io::ErrorKind::NotFound if matches!(endpoint, Endpoint::Unix(_)) => Reason::NoDirectory,
        _ => Reason::Other(error.to_string()),
    }
}

/// Whether a listener on `one` keeps others off `two`: the same port, and the same address or every address.
fn overlap(one: SocketAddr, two: SocketAddr) -> bool {
    let all = |address: IpAddr| address.is_unspecified();
    let plain = |address: IpAddr| match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    one.port() == two.port() && (all(one.ip()) || all(two.ip()) || plain(one.ip()) == plain(two.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    #[test]
    fn a_free_port_passes_and_a_held_one_names_its_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let argument = format!("127.0.0.1:{port}");
        let failures = try_bind([argument.as_str()]);
        let [(from, error)] = failures.as_slice() else { panic!("{failures:?}") };
        assert_eq!(from, &argument);
        let Reason::InUse { holder: Some(holder) } = &error.reason else { panic!("{error:?}") };
        assert_eq!(holder.pid, std::process::id());
        assert!(error.to_string().contains(&format!("127.0.0.1:{port} is in use by")), "{error}");
        // Every spelling of "all addresses" meets the same listener.
        for spelling in [format!("*:{port}"), format!(":{port}"), format!("ipv4@:{port}"), format!("0.0.0.0:{port}")] {
            assert_eq!(try_bind([spelling.as_str()]).len(), 1, "{spelling}");
        }
        drop(listener);
        assert!(try_bind([argument.as_str()]).is_empty());
    }

    #[test]
    fn quic_asks_for_udp() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert_eq!(try_bind([format!("quic4@127.0.0.1:{port}").as_str()]).len(), 1);
        assert!(try_bind([format!("127.0.0.1:{port}").as_str()]).is_empty());
    }

    #[test]
    fn foreign_addresses_and_missing_directories_have_their_own_reasons() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing/x.sock");
        let missing = missing.to_str().unwrap();
        let failures = try_bind(["192.0.2.1:8080", missing, &format!("unix@{missing}")]);
        let reasons: Vec<_> = failures.into_iter().map(|(_, error)| error.reason).collect();
        assert_eq!(reasons, [Reason::NotLocal, Reason::NoDirectory, Reason::NoDirectory]);
    }

    #[test]
    fn a_unix_socket_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.sock");
        assert!(try_bind([path.to_str().unwrap()]).is_empty());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_range_reports_the_one_that_is_taken() {
        let port = testkit::free_port();
        let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let failures = try_bind([format!("127.0.0.1:{port}-{port},unix@/tmp/x.sock").as_str()]);
        assert_eq!(failures.len(), 1);
    }
}
