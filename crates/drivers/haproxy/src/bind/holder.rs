//! Who holds a port: `/proc/net` tells the socket, `/proc/<pid>/fd` whose it is.
//!
//! Without privileges only one's own processes can be seen; then nobody is named.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::address::{Endpoint, Transport};
use super::overlap;

/// The process that has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    /// The program's name, as the kernel keeps it (15 characters).
    pub program: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.program, self.pid)
    }
}

/// Finds the process that listens where `endpoint` would.
pub(super) fn of(endpoint: &Endpoint) -> Option<Holder> {
    let Endpoint::Inet { address, transport } = endpoint else { return None };
    let tables: &[&str] = match transport {
        Transport::Stream => &["/proc/net/tcp", "/proc/net/tcp6"],
        Transport::Datagram => &["/proc/net/udp", "/proc/net/udp6"],
    };
    tables.iter().find_map(|table| {
        let text = fs::read_to_string(table).ok()?;
        text.lines().skip(1).filter_map(|line| inode(line, *address, *transport)).find_map(owner)
    })
}

/// The inode of the socket on this line of the table, if it is in the way of `wanted`.
fn inode(line: &str, wanted: SocketAddr, transport: Transport) -> Option<u64> {
    const LISTEN: &str = "0A";
    let words: Vec<&str> = line.split_whitespace().collect();
    let local = socket_address(words.get(1)?)?;
    if transport == Transport::Stream && *words.get(3)? != LISTEN {
        return None;
    }
    overlap(local, wanted).then(|| words.get(9)?.parse().ok())?.filter(|inode| *inode != 0)
}

/// `0100007F:1F90`: the address in the machine's own byte order, four bytes at a time, then the port.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip: IpAddr = match address.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let mut bytes = [0_u8; 16];
            for part in 0..4 {
                bytes[part * 4..part * 4 + 4].copy_from_slice(&word(part * 8)?);
            }
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn owner(inode: u64) -> Option<Holder> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for pid in pids {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
        let has =
            descriptors.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str()));
        if has {
            let program = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned();
            return Some(Holder { pid, program });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_table() {
        assert_eq!(socket_address("0100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!(socket_address("00000000000000000000000001000000:0050"), Some("[::1]:80".parse().unwrap()));
        for text in ["", "0100007F", "01:0050", "zz00007F:0050", "0100007F:zz"] {
            assert_eq!(socket_address(text), None, "{text}");
        }
    }
}
