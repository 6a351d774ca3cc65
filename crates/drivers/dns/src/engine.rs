//! Two engines behind one driver.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::Result;
use crate::client::{self, Answer, Kind};
use crate::dnsmasq::Process;
use crate::explain::Explanation;
use crate::server::Server;
use crate::zone::Zone;

/// Whatever answers queries.
#[derive(Debug)]
pub enum Engine {
    Embedded(Server),
    Dnsmasq(Process),
}

impl Engine {
    /// Answers from another zone; when this returns, it does.
    ///
    /// # Errors
    /// Never for the embedded engine; as [`Process::set`] for dnsmasq.
    pub async fn set(&self, zone: Zone) -> Result<()> {
        match self {
            Self::Embedded(server) => {
                server.set(zone);
                Ok(())
            }
            Self::Dnsmasq(process) => process.set(&zone).await,
        }
    }

    /// Forgets what upstream servers said; tells how many answers that were, where the engine knows.
    pub async fn flush(&self) -> Result<Option<u64>> {
        match self {
            Self::Embedded(server) => Ok(Some(server.flush())),
            Self::Dnsmasq(process) => process.flush().await.map(|()| None),
        }
    }

    /// Why a name, or the name of an address, answers what it answers.
    pub fn explain(&self, name: &str) -> Explanation {
        match self {
            Self::Embedded(server) => server.explain(name),
            Self::Dnsmasq(process) => process.explain(name),
        }
    }

    /// Where it listens; the first address, when there are several.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Embedded(server) => server.address(),
            Self::Dnsmasq(process) => process.address(),
        }
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        match self {
            Self::Embedded(server) => server.addresses().to_vec(),
            Self::Dnsmasq(process) => vec![process.address()],
        }
    }

    /// Asks it, over the network like everybody else: the way to know whether queries are answered.
    ///
    /// # Errors
    /// As [`client::ask`].
    pub async fn ask(&self, name: &str, kind: Kind, within: Duration) -> Result<Answer> {
        let mut address = self.address();
        if address.ip().is_unspecified() {
            // It listens on every address, so on this one.
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        client::ask(address, name, kind, within).await
    }

    /// Whether it can answer at all; whether it does, [`Engine::ask`] tells.
    pub fn is_alive(&self) -> bool {
        match self {
            Self::Embedded(_) => true,
            Self::Dnsmasq(process) => process.is_alive(),
        }
    }

    /// Waits until it has ended by itself, which the embedded engine never does; tells how.
    pub async fn wait(&self) -> String {
        match self {
            Self::Embedded(_) => std::future::pending().await,
            Self::Dnsmasq(process) => process.wait().await,
        }
    }

    /// Ends it; afterwards its addresses are free.
    pub async fn stop(self) -> Result<()> {
        match self {
            Self::Embedded(server) => {
                server.shutdown().await;
                Ok(())
            }
            Self::Dnsmasq(process) => process.stop().await,
        }
    }
}
