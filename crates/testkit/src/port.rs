//! Free TCP ports that no other test process gets as well.
//!
//! Asking the kernel for port 0 and letting go of it again is a race between test processes, and against outgoing
//! connections, which take their ports from the same range. These ports lie below that range, and a lock file per
//! port is held until this process ends.

use std::fs::File;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::sync::Mutex;

static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// A port that is free now on every address, for TCP and UDP, and that no other test takes while this process lives.
///
/// # Panics
/// When there is none, or the lock directory cannot be used.
pub fn free_port() -> u16 {
    // One directory for each account: another's files could not be locked.
    let account = rustix::process::geteuid().as_raw();
    let directory = std::env::temp_dir().join(format!("plenum-test-ports-{account}"));
    std::fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("cannot make {directory:?}: {error}"));
    let span = u32::from(LAST - FIRST) + 1;
    let mut held = HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // Each process begins elsewhere, so that parallel tests rarely meet.
    let start = std::process::id().wrapping_mul(7919).wrapping_add(held.len() as u32 * 31) % span;
    for step in 0..span {
        let port = FIRST + ((start + step) % span) as u16;
        let path = directory.join(port.to_string());
        let Ok(file) = File::options().create(true).truncate(false).write(true).open(&path) else {
            continue;
        };
        if file.try_lock().is_ok() && is_free(port) {
            held.push(file);
            return port;
        }
    }
    panic!("no free port between {FIRST} and {LAST}");
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
        && TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).is_ok()
        && UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_never_given_twice() {
        let mut ports: Vec<u16> = (0..50).map(|_| free_port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }
}
