//! Texts, which dnsmasq reads once and for all when it starts. Whom to ask for a name it reads again, so it is told to ask an
//! embedded server of ours for names that have texts: on loopback, on a port that only it is told, and only while there are
//! any.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use crate::Result;
use crate::server::{Options, Server};
use crate::zone::Zone;

/// The server that knows the texts, once there were some.
#[derive(Debug, Default)]
pub(super) struct Texts(Option<Box<Server>>);

impl Texts {
    /// The lines that say whom to ask for the names with texts in a zone; the server answers from it.
    ///
    /// Names hold nothing but letters, digits, `-`, `_` and dots (see [`Zone::with`]), so none can end its line.
    pub(super) async fn servers(&mut self, zone: &Zone) -> Result<String> {
        let names: Vec<&str> =
            zone.entries().iter().filter(|entry| !entry.texts.is_empty()).map(|entry| &*entry.name).collect();
        if names.is_empty() {
            if let Some(server) = self.0.take() {
                server.shutdown().await;
            }
            return Ok(String::new());
        }
        let address = match &self.0 {
            Some(server) => {
                server.set(zone.clone());
                server.address()
            }
            None => {
                let mut options = Options::new(zone.clone());
                options.listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
                options.threads = 1;
                self.0.insert(Box::new(Server::bind(options).await?)).address()
            }
        };
        let mut text = String::new();
        for name in names {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "server=/{name}/{}#{}", address.ip(), address.port());
        }
        Ok(text)
    }
}
