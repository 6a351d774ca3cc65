//! The programs behind the area: whoever answers DNS, and Caddy. Each is started when it is first needed, adopted after a
//! restart, and tried again while it is not there.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use caddy::{
    Admin, Binary, Endpoint, Process, Spec, Version,
    config::Dynamic,
    names::{Directory, Id},
};
use dns::{Engine, Options, Server, Zone, client, dnsmasq};
use platform::config::{CaddyMode, DnsEngine, Listen, MeshCaddy, MeshDns};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OnceCell, RwLock};

/// How long Caddy has to start.
const START: Duration = Duration::from_secs(15);
/// The file that says where names are looked up.
const LOOKUP: &str = "lookup";
/// How long a question to our own DNS may take.
const ASK: Duration = Duration::from_millis(800);

/// Where root puts what accounts without privileges are to read.
const RUN: &str = "/run/plenum";

/// Whoever answers DNS.
pub struct Dns {
    config: MeshDns,
    /// The area's part of the data directory.
    area: PathBuf,
    engine: RwLock<Option<Engine>>,
    zone: std::sync::RwLock<Option<Zone>>,
}

impl Dns {
    /// Nothing is started yet.
    #[must_use]
    pub fn new(config: MeshDns, directory: &Path) -> Self {
        let area = directory.to_owned();
        Self { config, area, engine: RwLock::new(None), zone: std::sync::RwLock::default() }
    }

    /// Has the zone answered: starts the engine when it is not there.
    ///
    /// # Errors
    /// When it cannot be started or does not take the zone. Without a place to listen there is nothing to do.
    pub async fn set(&self, zone: Zone) -> Result<(), dns::Error> {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = Some(zone.clone());
        let Listen::On(listen) = self.config.listen else { return Ok(()) };
        let mut engine = self.engine.write().await;
        if let Some(running) = engine.as_ref().filter(|engine| engine.is_alive()) {
            let done = running.set(zone).await;
            if matches!(done, Err(dns::Error::Reload { .. }))
                && let Some(deaf) = engine.take()
            {
                // It lives and does not listen: the next attempt starts another.
                deaf.stop().await?;
            }
            return done;
        }
        *engine = Some(self.start(listen, zone).await?);
        tracing::info!(%listen, "names are answered here");
        Ok(())
    }

    /// The zone that was set last, whether anybody can ask for it or not.
    pub fn zone(&self) -> Option<Zone> {
        self.zone.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn start(&self, listen: SocketAddr, zone: Zone) -> Result<Engine, dns::Error> {
        match self.config.engine {
            DnsEngine::Embedded => {
                dnsmasq::Process::end_left_behind(&readable(&self.area)).await?;
                let mut options = Options::new(zone);
                options.listen = vec![listen];
                options.upstreams.clone_from(&self.config.upstreams);
                Server::bind(options).await.map(Engine::Embedded)
            }
            DnsEngine::Dnsmasq => {
                let mut spec = dnsmasq::Spec::new("dnsmasq", readable(&self.area), listen);
                spec.upstreams.clone_from(&self.config.upstreams);
                dnsmasq::Process::start(spec, zone).await.map(Engine::Dnsmasq)
            }
        }
    }

    /// Whether nothing needs to be started; also where there is no place to listen.
    pub async fn is_alive(&self) -> bool {
        self.config.listen == Listen::Off || self.engine.read().await.as_ref().is_some_and(Engine::is_alive)
    }

    /// Whether queries are answered, by asking.
    pub async fn answers(&self, domain: &str) -> bool {
        let engine = self.engine.read().await;
        let Some(engine) = engine.as_ref() else { return false };
        client::ask(engine.address(), domain, client::Kind::Soa, ASK).await.is_ok()
    }

    /// Asks our own server for the addresses of a name.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn resolve(&self, name: &str) -> Result<(SocketAddr, client::Answer), String> {
        let engine = self.engine.read().await;
        let engine = engine.as_ref().ok_or("the DNS server is not running")?;
        let mut answer = client::ask(engine.address(), name, client::Kind::A, ASK).await.map_err(|e| e.to_string())?;
        let six = client::ask(engine.address(), name, client::Kind::Aaaa, ASK).await.map_err(|e| e.to_string())?;
        answer.addresses.extend(six.addresses);
        Ok((engine.address(), answer))
    }

    /// Why a name answers what it answers.
    pub async fn explain(&self, name: &str) -> Option<dns::Explanation> {
        self.engine.read().await.as_ref().map(|engine| engine.explain(name))
    }

    /// Forgets what upstream servers said; how many answers that were, where the engine knows.
    ///
    /// # Errors
    /// When it is not running or cannot be told.
    pub async fn flush(&self) -> Result<Option<u64>, String> {
        let engine = self.engine.read().await;
        let engine = engine.as_ref().ok_or("the DNS server is not running")?;
        engine.flush().await.map_err(|error| error.to_string())
    }

    /// Ends it.
    pub async fn stop(&self) {
        let Some(engine) = self.engine.write().await.take() else { return };
        if let Err(error) = engine.stop().await {
            tracing::warn!(%error, "the DNS server did not stop");
        } else if self.config.engine == DnsEngine::Dnsmasq
            && let Err(error) = std::fs::remove_dir_all(readable(&self.area))
        {
            tracing::debug!(%error, "the names that dnsmasq answered stay behind");
        }
    }
}

/// Where dnsmasq has its files. It gives root's privileges up before it reads them, and nobody but us gets through the data
/// directory; so they are elsewhere then, and there is nothing in them that it is not there to tell everybody. The same data
/// directory has the same place every time, for that is how one that was left behind is found.
fn readable(area: &Path) -> PathBuf {
    let area = area.canonicalize().or_else(|_| std::path::absolute(area)).unwrap_or_else(|_| area.to_owned());
    if !rustix::process::geteuid().is_root() {
        return area.join("dns");
    }
    let hash = Sha256::digest(area.as_os_str().as_encoded_bytes());
    Path::new(RUN).join(hex::encode(&hash[..6])).join("dns")
}

/// Caddy, ours or somebody else's.
pub struct Proxy {
    config: MeshCaddy,
    directory: PathBuf,
    process: Mutex<Option<Process>>,
    /// What the managed program says it is; nothing where it is somebody else's or does not say.
    version: OnceCell<Option<Version>>,
}

impl Proxy {
    /// Nothing is started yet.
    #[must_use]
    pub fn new(config: MeshCaddy, directory: &Path) -> Self {
        Self { config, directory: directory.join("caddy"), process: Mutex::new(None), version: OnceCell::new() }
    }

    /// Ports of the routes: plain HTTP and HTTPS.
    #[must_use]
    pub fn ports(&self) -> (u16, u16) {
        self.config.ports(rustix::process::geteuid().is_root())
    }

    /// Where Caddy keeps what it keeps.
    ///
    /// # Errors
    /// When the path is one that Caddy cannot be given.
    pub fn storage(&self) -> Result<Directory, caddy::Error> {
        self.spec()?.storage()
    }

    fn spec(&self) -> Result<Spec, caddy::Error> {
        Spec::new(&self.config.bin, Directory::new(&self.directory)?)
    }

    /// Where its admin API is.
    ///
    /// # Errors
    /// When the configured address is none.
    pub fn endpoint(&self) -> Result<Endpoint, caddy::Error> {
        match self.config.mode {
            CaddyMode::Managed => Ok(self.spec()?.admin),
            CaddyMode::External => Ok(Admin::new(&self.config.admin)?.endpoint().clone()),
        }
    }

    /// Whether it is ours.
    #[must_use]
    pub fn mode(&self) -> CaddyMode {
        self.config.mode
    }

    /// Where a managed Caddy looks names up. Its port and its secret are made once and kept in a file, for a Caddy that is
    /// adopted goes on asking there.
    ///
    /// # Errors
    /// When the file can neither be read nor made.
    pub fn dynamic(&self) -> Result<Dynamic, caddy::Error> {
        let directory = Directory::new(&self.directory)?;
        let path = self.directory.join(LOOKUP);
        let failed = |action, source: std::io::Error| caddy::Error::File { action, path: path.clone(), source };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
                let mut secret = [0; 16];
                getrandom::fill(&mut secret).map_err(|error| failed("create", error.into()))?;
                let text = format!("{} {}", port.map_err(|error| failed("create", error))?.port(), hex::encode(secret));
                platform::files::write_atomic(&path, text.as_bytes(), 0o600)
                    .map_err(|error| failed("create", std::io::Error::other(error)))?;
                text
            }
            Err(error) => return Err(failed("read", error)),
        };
        let (port, secret) = text.trim().split_once(' ').unwrap_or_default();
        let damaged = || failed("read", std::io::Error::other("it is damaged; remove it"));
        Ok(Dynamic {
            directory: Directory::new(directory.join("names"))?,
            port: port.parse().map_err(|_| damaged())?,
            secret: Id::new(secret).map_err(|_| damaged())?,
            authorities: Vec::new(),
            account: None,
        })
    }

    /// Loads a configuration into a managed Caddy. If it is refused, the port where names are looked up may be taken: another
    /// one is chosen with the next attempt.
    ///
    /// # Errors
    /// When Caddy does not take it.
    pub async fn load(&self, admin: &Admin, config: &serde_json::Value) -> Result<(), caddy::Error> {
        let loaded = admin.load(config).await;
        if loaded.is_err()
            && let Err(error) = std::fs::remove_file(self.directory.join(LOOKUP))
        {
            tracing::debug!(%error, "the place where names are looked up stays");
        }
        loaded
    }

    /// Its admin API; a managed Caddy is adopted or started first.
    ///
    /// # Errors
    /// When a managed Caddy does not start.
    pub async fn ready(&self) -> Result<Admin, caddy::Error> {
        if self.config.mode == CaddyMode::External {
            return Admin::new(&self.config.admin);
        }
        let mut process = self.process.lock().await;
        if let Some(running) = process.as_ref().filter(|process| process.is_alive()) {
            return Ok(Admin::at(running.spec().admin.clone()));
        }
        let spec = self.spec()?;
        let found = match Process::adopt(&spec).await {
            Ok(found) => found,
            Err(caddy::Error::Silent { pid, reason }) => {
                tracing::warn!(pid, reason, "a Caddy of ours does not answer and is ended");
                Process::evict(&spec, START).await?;
                None
            }
            Err(error) => return Err(error),
        };
        let running = match found {
            Some(adopted) => adopted,
            None => {
                let (http, https) = self.ports();
                tracing::info!(http, https, "starting Caddy; its routes are on these ports");
                Process::start(spec, START).await?
            }
        };
        let admin = Admin::at(running.spec().admin.clone());
        *process = Some(running);
        Ok(admin)
    }

    /// The version of the managed program, if it says.
    pub async fn version(&self) -> Option<Version> {
        let ask = async || match self.config.mode {
            CaddyMode::Managed => Binary::new(&self.config.bin).version().await.ok(),
            CaddyMode::External => None,
        };
        *self.version.get_or_init(ask).await
    }

    /// Whether its admin API answers; nothing is started.
    pub async fn is_up(&self) -> bool {
        match self.endpoint() {
            Ok(endpoint) => Admin::at(endpoint).is_up().await,
            Err(_) => false,
        }
    }
}
