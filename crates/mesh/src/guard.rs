//! Which upstreams may be reached: never metadata services and link-local addresses, loopback unless the configuration
//! says no (V19).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::service::Invalid;

/// How long a host name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(5);
/// Names that are looked up at once. Each takes a thread for as long as the system's resolver waits, whoever has given up on
/// it, and files are read by threads of the same pool.
static LOOKUPS: Semaphore = Semaphore::const_new(64);

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
            let mut found = tokio::time::timeout(RESOLVE, look_up(host.to_owned())).await.unwrap_or_default();
            found.dedup();
            if found.is_empty() {
                return Err(Invalid("Upstream host does not resolve".to_owned()));
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

async fn look_up(host: String) -> Vec<IpAddr> {
    let Ok(turn) = LOOKUPS.acquire().await else { return Vec::new() };
    // A task of its own: the turn is over when the resolver is done, and not when nobody waits for it any more.
    let asked = tokio::spawn(async move {
        let _turn = turn;
        let found = tokio::net::lookup_host((host, 0)).await;
        found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
    });
    asked.await.unwrap_or_default()
}

/// Looks names up for a client of HTTP: what a name means may have changed since it was registered.
pub struct Resolver {
    /// As the configuration says.
    pub allow_loopback: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_loopback = self.allow_loopback;
        Box::pin(async move {
            let found = addresses(name.as_str(), allow_loopback).await?;
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
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
