//! What should be becomes what is: the one place that tells DNS and Caddy. Both get the whole picture each time, made of
//! the store, so that a publication that failed is mended by the next one, whoever asks for it.
//!
//! Callers that come while one is under way share the next: a thousand registrations at once are a handful of loads.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use caddy::config::{Certificate, Config, Layout, Logs, Protocol as Speaks, Route, Upstream, Verify};
use caddy::names::{Address, Directory, Host, Id, Listen};
use dns::Zone;
use platform::db::Db;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::ca::{Ca, CaError};
use crate::engines::{Dns, Proxy};
use crate::guard;
use crate::service::{Protocol, Service, State};
use crate::store;

/// Why what should be could not be put in place.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PublishError {
    #[error("{0}")]
    Store(Arc<platform::db::Error>),
    #[error("{0}")]
    Ca(Arc<CaError>),
    #[error("DNS: {0}")]
    Dns(Arc<dns::Error>),
    #[error("{0}")]
    Caddy(Arc<caddy::Error>),
}

impl From<platform::db::Error> for PublishError {
    fn from(error: platform::db::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}
impl From<CaError> for PublishError {
    fn from(error: CaError) -> Self {
        Self::Ca(Arc::new(error))
    }
}
impl From<dns::Error> for PublishError {
    fn from(error: dns::Error) -> Self {
        Self::Dns(Arc::new(error))
    }
}
impl From<caddy::Error> for PublishError {
    fn from(error: caddy::Error) -> Self {
        Self::Caddy(Arc::new(error))
    }
}

impl PublishError {
    /// Whether Caddy is not there, and not that it said no.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Caddy(error) if error.is_absent() || matches!(**error, caddy::Error::Start { .. } | caddy::Error::Program { .. }))
    }
}

/// Tells DNS and Caddy what should be.
pub struct Publisher {
    db: Db,
    domain: String,
    gateway: IpAddr,
    pub(crate) dns: Dns,
    pub(crate) proxy: Proxy,
    wanted: AtomicU64,
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    /// Every wish up to this one is fulfilled, or failed as below.
    done: u64,
    result: Option<Result<(), PublishError>>,
}

impl Publisher {
    /// Nothing is told to anybody yet.
    #[must_use]
    pub fn new(db: Db, domain: String, gateway: IpAddr, dns: Dns, proxy: Proxy) -> Self {
        Self { db, domain, gateway, dns, proxy, wanted: AtomicU64::new(0), turn: Mutex::default() }
    }

    /// Puts in place what the store says now, or a later state of it. `anew` loads Caddy even if it has the same already.
    ///
    /// # Errors
    /// When DNS or Caddy cannot be told.
    pub async fn publish(&self, ca: &Ca, anew: bool) -> Result<(), PublishError> {
        let mine = self.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let mut turn = self.turn.lock().await;
        if let (true, false, Some(result)) = (turn.done >= mine, anew, &turn.result) {
            return result.clone();
        }
        let up_to = self.wanted.load(Ordering::Acquire);
        let result = self.tell(ca, anew).await;
        turn.done = up_to;
        turn.result = Some(result.clone());
        result
    }

    async fn tell(&self, ca: &Ca, anew: bool) -> Result<(), PublishError> {
        let services = store::all(&self.db).await?;
        let services: Vec<_> =
            services.into_iter().filter(|each| matches!(each.state, State::Registering | State::Active)).collect();
        self.dns.set(self.zone(&services).await?).await?;
        // Who never had a service has no Caddy; who had one keeps it, with what is left.
        if services.is_empty() && !anew && !self.proxy.is_up().await {
            return Ok(());
        }
        let mut config = self.routes(ca, &services).await?;
        let marker = hex::encode(Sha256::digest(config.render().to_string()));
        config.marker = Some(marker);
        let admin = self.proxy.ready().await?;
        // Caddy itself says what it runs: one that was started anew, by whomever, runs something else.
        if anew || admin.marker().await? != config.marker {
            admin.load(&config.render()).await?;
        }
        Ok(())
    }

    async fn zone(&self, services: &[Service]) -> Result<Zone, PublishError> {
        let mut names = Vec::with_capacity(services.len());
        for service in services {
            let addresses = if service.direct {
                // A name that does not resolve now has no address now.
                guard::addresses(&service.host, true).await.unwrap_or_default()
            } else {
                vec![self.gateway]
            };
            names.push((service.key.clone(), addresses));
        }
        Ok(Zone::of(&self.domain, names)?)
    }

    async fn routes(&self, ca: &Ca, services: &[Service]) -> Result<Config, PublishError> {
        let certificates = store::live(&self.db).await?;
        let (http, https) = self.proxy.ports();
        let storage = self.proxy.storage()?;
        let logs = Logs { directory: Directory::new(storage.join("logs"))?, layout: Layout::OneFile };
        let mut routes = Vec::with_capacity(services.len());
        for service in services {
            let of = |key: &str| certificates.binary_search_by(|each| each.service.as_str().cmp(key)).ok();
            let tls = match of(&service.key).filter(|_| service.tls).map(|at| &certificates[at]) {
                Some(certificate) => Some(Certificate {
                    chain_pem: certificate.chain.clone(),
                    key_pem: ca.key(certificate)?.reveal().to_owned(),
                }),
                None => None,
            };
            let protocol = match service.upstream_protocol {
                Protocol::Http => Speaks::Http,
                Protocol::Https => Speaks::Https,
                Protocol::H2c => Speaks::H2c,
            };
            let address = Address::new(&service.upstream())?;
            let mut upstream = Upstream::http(address);
            upstream.protocol = protocol;
            // Upstreams inside are known by where they are; their certificates are usually their own.
            upstream.verify = Verify::Insecure;
            routes.push(Route {
                id: Id::new(&service.key)?,
                host: Host::new(&service.fqdn(&self.domain))?,
                tls,
                upstream,
                log: true,
            });
        }
        Ok(Config {
            version: self.proxy.version().await,
            admin: self.proxy.endpoint()?,
            storage,
            http: Listen::everywhere(http),
            https: Listen::everywhere(https),
            redirect: true,
            routes,
            logs: Some(logs),
            marker: None,
            dynamic: None,
        })
    }
}
