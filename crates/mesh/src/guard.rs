//! Which upstreams may be reached: never metadata services and link-local addresses, loopback unless the configuration
//! says no (V19).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::service::Invalid;

/// How long a host name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(5);

/// Metadata services that are not in a link-local network.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Every address of a host, when all of them may be reached.
///
/// # Errors
/// When it does not resolve, or any of its addresses may not be reached.
pub async fn addresses(host: &str, allow_loopback: bool) -> Result<Vec<IpAddr>, Invalid> {
    let found = match host.parse::<IpAddr>() {
        Ok(ip) => vec![ip],
        Err(_) => {
            let lookup = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((host, 0))).await;
            let unresolved = || Invalid("Upstream host does not resolve".to_owned());
            let mut found: Vec<IpAddr> = match lookup {
                Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
                Ok(Err(_)) | Err(_) => return Err(unresolved()),
            };
            found.dedup();
            if found.is_empty() {
                return Err(unresolved());
            }
            found
        }
    };
    match found.iter().find(|ip| !may_reach(**ip, allow_loopback)) {
        None => Ok(found),
        Some(ip) => Err(Invalid(format!(
            "Upstream host is in a blocked range (link-local or metadata, unspecified, multicast or reserved{}): {ip}",
            if allow_loopback { "" } else { ", loopback" }
        ))),
    }
}

/// Whether an address may be reached.
#[must_use]
pub fn may_reach(ip: IpAddr, allow_loopback: bool) -> bool {
    let ip = ip.to_canonical();
    if ip.is_loopback() {
        return allow_loopback;
    }
    let is_blocked = match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0 || v4.octets()[0] >= 240,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !is_blocked && !ip.is_unspecified() && !ip.is_multicast() && !METADATA.contains(&ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn v19_metadata_and_link_local_addresses_are_never_reached() {
        for bad in [
            "169.254.169.254",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "::ffff:169.254.169.254",
        ] {
            assert!(addresses(bad, true).await.is_err(), "{bad}");
        }
        for good in ["10.0.1.5", "192.168.0.1", "fd00::5", "127.0.0.1", "203.0.113.9"] {
            assert!(addresses(good, true).await.is_ok(), "{good}");
        }
        assert!(addresses("127.0.0.1", false).await.is_err());
        assert!(addresses("::ffff:127.0.0.1", false).await.is_err());
        assert!(addresses("no.such.name.invalid", true).await.is_err());
    }
}
