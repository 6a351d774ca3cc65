//! A UDP and a TCP socket on one address.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::{Error, Result};

/// How often another free port is tried when the one that TCP got is taken for UDP.
const TRIES: usize = 32;
/// How many bytes of queries may wait to be read: a burst of some thousands.
const WAITING: usize = 1 << 20;
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 128;

pub(super) struct Pair {
    pub(super) address: SocketAddr,
    pub(super) udp: UdpSocket,
    pub(super) tcp: TcpListener,
}

impl Pair {
    pub(super) fn bind(address: SocketAddr) -> Result<Self> {
        let mut left = TRIES;
        loop {
            left -= 1;
            match Self::attempt(address) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() == 0 && left > 0 => {}
                other => return other.map_err(|source| Error::Listen { address, source }),
            }
        }
    }

    fn attempt(address: SocketAddr) -> io::Result<Self> {
        let tcp = socket(address, Type::STREAM, Protocol::TCP)?;
        // Old connections that are not quite over are no reason to wait; another listener still is.
        tcp.set_reuse_address(true)?;
        tcp.bind(&address.into())?;
        tcp.listen(BACKLOG)?;
        tcp.set_nonblocking(true)?;
        let tcp = TcpListener::from_std(tcp.into())?;
        let address = tcp.local_addr()?;
        let udp = socket(address, Type::DGRAM, Protocol::UDP)?;
        // The system gives what it allows.
        let _ = udp.set_recv_buffer_size(WAITING);
        udp.bind(&address.into())?;
        Ok(Self { address, udp: udp.into(), tcp })
    }
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // `[::]` beside `0.0.0.0`, and no IPv4 address in the disguise of an IPv6 one.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}
