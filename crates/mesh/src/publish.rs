//! What should be becomes what is: the one place that tells DNS and Caddy.
//!
//! It knows what both were last told, and tells what differs from the store. After a failure, or when Caddy runs something
//! else, nobody knows any more, and everything is told again: so a publication that failed is mended by the next one, whoever
//! asks for it. Callers that come while one is under way share the next.
//!
//! What a managed Caddy serves is a directory ([`caddy::config::Dynamic`]), so its configuration never changes and a service
//! costs a few files. A Caddy that is somebody else's cannot read them; it is given all routes whenever one changes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use caddy::Admin;
use caddy::config::{Certificate, Config, Dynamic, Layout, Logs, Protocol as Speaks, Route, Upstream, Verify};
use caddy::names::{Address, Directory, Host, Id, Listen};
use dns::Zone;
use futures_util::future::join_all;
use platform::{config::CaddyMode, db::Db};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::ca::{Ca, CaError};
use crate::engines::{Dns, Proxy};
use crate::guard;
use crate::service::{Protocol, Service, State};
use crate::store;

/// Changes of so many services at once are found by looking at all of them.
const FEW: usize = 64;
/// Services whose files are written in one go.
const CHUNK: usize = 256;
/// How long the addresses of an upstream that is given by name, and answers directly, are taken for granted.
const RESOLVED: Duration = Duration::from_secs(60);

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

/// What is to be put in place.
#[derive(Clone, Copy, Debug)]
pub enum What<'k> {
    /// Some services, by their keys.
    Some(&'k [String]),
    /// The texts in the zone.
    Texts,
    /// Whatever differs.
    All,
    /// Everything, also where it seems to be in place.
    Anew,
}

/// Tells DNS and Caddy what should be.
pub struct Publisher {
    db: Db,
    domain: String,
    gateway: IpAddr,
    pub(crate) dns: Dns,
    pub(crate) proxy: Proxy,
    wanted: std::sync::Mutex<Wanted>,
    turn: Mutex<Turn>,
}

/// What nobody has begun with.
#[derive(Default)]
struct Wanted {
    /// Of the last wish.
    number: u64,
    keys: BTreeSet<String>,
    texts: bool,
    all: bool,
    anew: bool,
}

#[derive(Default)]
struct Turn {
    /// Every wish up to this one is fulfilled, or failed as below.
    done: u64,
    result: Option<Result<(), PublishError>>,
    told: Option<Told>,
}

/// What DNS and Caddy were last told.
struct Told {
    lines: BTreeMap<String, Line>,
    texts: Arc<Texts>,
    resolved: Instant,
    /// Of Caddy's configuration; nothing while there is no Caddy because there never was a service.
    marker: Option<String>,
}

/// What names say besides their addresses.
type Texts = BTreeMap<String, Vec<String>>;

/// What is told about one service.
#[derive(Clone, PartialEq, Eq)]
struct Line {
    addresses: Vec<IpAddr>,
    upstream: String,
    protocol: Protocol,
    /// Of the certificate, where there is TLS.
    serial: Option<String>,
}

/// What Caddy is told about one service.
struct Entry {
    id: Id,
    host: Host,
    tls: Option<Certificate>,
    upstream: Upstream,
}

impl Publisher {
    /// Nothing is told to anybody yet.
    #[must_use]
    pub fn new(db: Db, domain: String, gateway: IpAddr, dns: Dns, proxy: Proxy) -> Self {
        Self { db, domain, gateway, dns, proxy, wanted: std::sync::Mutex::default(), turn: Mutex::default() }
    }

    /// Puts in place what the store says now, or a later state of it.
    ///
    /// # Errors
    /// When DNS or Caddy cannot be told.
    pub async fn publish(&self, ca: &Ca, what: What<'_>) -> Result<(), PublishError> {
        let mine = self.wish(what);
        let mut turn = self.turn.lock().await;
        if let (true, Some(result)) = (turn.done >= mine, &turn.result) {
            return result.clone();
        }
        let wanted = {
            let mut waiting = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            let number = waiting.number;
            std::mem::replace(&mut *waiting, Wanted { number, ..Wanted::default() })
        };
        // Whoever is interrupted here leaves nobody knowing what was told.
        let told = turn.told.take();
        let result = self.tell(ca, told, &wanted).await.map(|told| turn.told = Some(told));
        turn.done = wanted.number;
        turn.result = Some(result.clone());
        result
    }

    fn wish(&self, what: What<'_>) -> u64 {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.number += 1;
        match what {
            What::Some(keys) => wanted.keys.extend(keys.iter().cloned()),
            What::Texts => wanted.texts = true,
            What::All => wanted.all = true,
            What::Anew => wanted.anew = true,
        }
        wanted.number
    }

    async fn tell(&self, ca: &Ca, told: Option<Told>, wanted: &Wanted) -> Result<Told, PublishError> {
        let is_whole = wanted.all
            || wanted.anew
            || told.is_none()
            || wanted.keys.len() > FEW
            || (wanted.keys.is_empty() && !wanted.texts);
        let resolved = told.as_ref().map(|told| told.resolved).filter(|at| at.elapsed() < RESOLVED);
        let known = told.as_ref().map(|told| &told.lines).filter(|_| resolved.is_some());
        let mut lines = if is_whole {
            self.lines(store::all(&self.db).await?, store::serials(&self.db).await?, known).await
        } else {
            told.as_ref().map(|told| told.lines.clone()).unwrap_or_default()
        };
        if !is_whole {
            for key in &wanted.keys {
                let service = store::find(&self.db, key).await?;
                let serial = store::live_of(&self.db, key).await?.map(|stored| (key.clone(), stored.serial));
                let one = self.lines(service.into_iter().collect(), serial.into_iter().collect(), None).await;
                lines.remove(key);
                lines.extend(one);
            }
        }
        let texts = match &told {
            Some(told) if !is_whole && !wanted.texts => Arc::clone(&told.texts),
            _ => Arc::new(store::texts(&self.db).await?),
        };
        let before = told.as_ref().map(|told| &told.lines);
        let same_texts = told.as_ref().is_some_and(|told| told.texts == texts);
        let addresses = |lines: &BTreeMap<String, Line>| -> Vec<(String, Vec<IpAddr>)> {
            lines.iter().map(|(key, line)| (key.clone(), line.addresses.clone())).collect()
        };
        let same_names = before.is_some_and(|before| addresses(before) == addresses(&lines));
        if !same_names || !same_texts || !self.dns.is_alive().await {
            self.dns.set(zone(&self.domain, addresses(&lines), &texts)?).await?;
        }
        // Who never had a service has no Caddy; who had one keeps it, with what is left.
        let marker = if !is_whole && wanted.keys.is_empty() {
            // Texts are nothing to Caddy.
            told.and_then(|told| told.marker)
        } else if lines.is_empty() && !wanted.anew && !self.proxy.is_up().await {
            None
        } else {
            Some(self.tell_caddy(ca, told.as_ref(), &lines, wanted.anew).await?)
        };
        Ok(Told { lines, texts, resolved: resolved.unwrap_or_else(Instant::now), marker })
    }

    /// What should be told about services; `known` spares asking for addresses again.
    async fn lines(
        &self,
        services: Vec<Service>,
        mut serials: BTreeMap<String, String>,
        known: Option<&BTreeMap<String, Line>>,
    ) -> BTreeMap<String, Line> {
        let live = services.into_iter().filter(|each| matches!(each.state, State::Registering | State::Active));
        let lines = live.map(|service| {
            let serial = serials.remove(&service.key).filter(|_| service.tls);
            async move {
                let upstream = service.upstream();
                let before = known.and_then(|lines| lines.get(&service.key)).filter(|line| line.upstream == upstream);
                let addresses = match (service.direct, before) {
                    (false, _) => vec![self.gateway],
                    (true, Some(line)) if line.addresses != [self.gateway] => line.addresses.clone(),
                    // A name that does not resolve now has no address now.
                    (true, _) => guard::addresses(&service.host, true).await.unwrap_or_default(),
                };
                (service.key, Line { addresses, upstream, protocol: service.upstream_protocol, serial })
            }
        });
        join_all(lines).await.into_iter().collect()
    }

    /// Gives Caddy what it lacks; tells the marker of its configuration.
    async fn tell_caddy(
        &self,
        ca: &Ca,
        told: Option<&Told>,
        lines: &BTreeMap<String, Line>,
        anew: bool,
    ) -> Result<String, PublishError> {
        let admin = self.proxy.ready().await?;
        // Caddy itself says what it runs: one that was started anew, by whomever, runs something else.
        let running = admin.marker().await?;
        let told = told.filter(|told| !anew && running.is_some() && told.marker == running);
        if self.proxy.mode() == CaddyMode::External {
            return self.tell_routes(ca, &admin, told, lines, running.filter(|_| !anew)).await;
        }
        let dynamic = self.proxy.dynamic()?;
        let changed: Vec<_> =
            lines.iter().filter(|(key, line)| told.is_none_or(|told| told.lines.get(*key) != Some(line))).collect();
        let mut gone: BTreeSet<Host> = match told {
            Some(told) => {
                let keys = told.lines.keys().filter(|key| !lines.contains_key(*key));
                keys.map(|key| self.host(key)).collect::<Result<_, _>>()?
            }
            None => {
                dynamic.prepare()?;
                let mut found = dynamic.hosts()?;
                for key in lines.keys() {
                    found.remove(&self.host(key)?);
                }
                found
            }
        };
        for chunk in changed.chunks(CHUNK) {
            let mut entries = Vec::with_capacity(chunk.len());
            for (key, line) in chunk {
                entries.push(self.entry(ca, key, line).await?);
            }
            write(dynamic.clone(), entries, BTreeSet::new()).await?;
        }
        write(dynamic.clone(), Vec::new(), std::mem::take(&mut gone)).await?;
        let (marker, config) = self.config(Vec::new(), Some(dynamic)).await?;
        if anew || running.as_ref() != Some(&marker) {
            self.proxy.load(&admin, &config).await?;
        }
        Ok(marker)
    }

    async fn tell_routes(
        &self,
        ca: &Ca,
        admin: &Admin,
        told: Option<&Told>,
        lines: &BTreeMap<String, Line>,
        running: Option<String>,
    ) -> Result<String, PublishError> {
        if let Some(marker) = told.filter(|told| told.lines == *lines).and_then(|told| told.marker.clone()) {
            return Ok(marker);
        }
        let mut routes = Vec::with_capacity(lines.len());
        for (key, line) in lines {
            let Entry { id, host, tls, upstream } = self.entry(ca, key, line).await?;
            routes.push(Route { id, host, tls, upstream, log: true });
        }
        let (marker, config) = self.config(routes, None).await?;
        if running.as_ref() != Some(&marker) {
            admin.load(&config).await?;
        }
        Ok(marker)
    }

    fn host(&self, key: &str) -> Result<Host, PublishError> {
        Ok(Host::new(&format!("{key}.{}", self.domain))?)
    }

    async fn entry(&self, ca: &Ca, key: &str, line: &Line) -> Result<Entry, PublishError> {
        let stored = match &line.serial {
            Some(_) => store::live_of(&self.db, key).await?,
            None => None,
        };
        let tls = match stored {
            Some(stored) => {
                let key_pem = ca.key(&stored)?.reveal().to_owned();
                Some(Certificate { chain_pem: stored.chain, key_pem })
            }
            None => None,
        };
        let mut upstream = Upstream::http(Address::new(&line.upstream)?);
        upstream.protocol = match line.protocol {
            Protocol::Http => Speaks::Http,
            Protocol::Https => Speaks::Https,
            Protocol::H2c => Speaks::H2c,
        };
        // Upstreams inside are known by where they are; their certificates are usually their own.
        upstream.verify = Verify::Insecure;
        Ok(Entry { id: Id::new(key)?, host: self.host(key)?, tls, upstream })
    }

    /// The configuration and its marker.
    async fn config(
        &self,
        routes: Vec<Route>,
        dynamic: Option<Dynamic>,
    ) -> Result<(String, serde_json::Value), PublishError> {
        let (http, https) = self.proxy.ports();
        let storage = self.proxy.storage()?;
        let logs = Logs { directory: Directory::new(storage.join("logs"))?, layout: Layout::OneFile };
        let mut config = Config {
            version: self.proxy.version().await,
            admin: self.proxy.endpoint()?,
            storage,
            http: Listen::everywhere(http),
            https: Listen::everywhere(https),
            redirect: true,
            challenges: true,
            routes,
            logs: Some(logs),
            marker: None,
            dynamic,
        };
        let marker = hex::encode(Sha256::digest(config.render().to_string()));
        config.marker = Some(marker.clone());
        Ok((marker, config.render()))
    }
}

/// The zone: names with their addresses, and texts. A text that was set while the domain was another one is left out.
fn zone(domain: &str, names: Vec<(String, Vec<IpAddr>)>, texts: &Texts) -> Result<Zone, dns::Error> {
    let mut zone = Zone::of(domain, names)?;
    let is_below = |name: &str| name.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
    for (name, values) in texts.iter().filter(|(name, _)| is_below(name)) {
        for value in values {
            zone = zone.with_text(&format!("{name}."), value)?;
        }
    }
    Ok(zone)
}

/// Writes what Caddy looks up. It is many small files, so it is not for the threads that serve requests.
async fn write(dynamic: Dynamic, entries: Vec<Entry>, gone: BTreeSet<Host>) -> Result<(), PublishError> {
    if entries.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let work = move || {
        for Entry { host, tls, upstream, .. } in &entries {
            if !dynamic.put(host, tls.as_ref(), upstream)? {
                return Err(caddy::Error::Invalid {
                    what: "route",
                    value: host.to_string(),
                    reason: "it cannot be looked up",
                });
            }
        }
        gone.iter().try_for_each(|host| dynamic.remove(host))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
