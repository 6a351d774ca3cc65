//! A managed Caddy: started by us, living without us, found again by us.
//!
//! It runs as `caddy run` in a process group of its own, with a clean environment whose home is its directory, and with
//! its standard error appended to a file, so nothing that it needs ends with the daemon. It starts with a configuration
//! that serves nothing but its admin API. A later daemon adopts it, and what it serves by then it serves on.
//!
//! A started process is our child until we end, so a task waits for it and no zombie stays behind.

mod identity;
mod log;
mod place;

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Signal, pidfd_send_signal};
use serde_json::json;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::config::MARKER;
use crate::names::Directory;
use crate::{Admin, Binary, Endpoint, Error, Result};
use identity::{birth, find, handle, is_alive, is_ours};
use log::Log;

/// How often a process that is starting is looked at.
const POLL: Duration = Duration::from_millis(5);
/// How long the kernel may take to end what was killed.
const KILL: Duration = Duration::from_secs(2);
/// How long a process may take to answer whoever wants to adopt it.
const ADOPT: Duration = Duration::from_secs(5);

/// Everything that makes a managed Caddy what it is; the same value starts it and finds it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub bin: PathBuf,
    /// Its own: storage, pid file, log, first configuration. Made with mode 0700.
    pub directory: Directory,
    pub admin: Endpoint,
    /// The account to run as, when we are root and do not want it to be. Ports below 1024 are then out of its reach.
    pub account: Option<Account>,
}

/// A user and a group by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Spec {
    /// A Caddy in a directory, with its admin API on a socket in it.
    pub fn new(bin: impl Into<PathBuf>, directory: Directory) -> Result<Self> {
        let admin = Endpoint::unix(directory.join("admin.sock"))?;
        Ok(Self { bin: bin.into(), directory, admin, account: None })
    }

    /// Where it keeps what it keeps; what [`crate::Config::storage`] is to say.
    pub fn storage(&self) -> Result<Directory> {
        Directory::new(self.directory.join("data"))
    }

    /// The file with its process id.
    pub fn pid_file(&self) -> PathBuf {
        self.directory.join("caddy.pid")
    }

    /// The file with what it prints.
    pub fn log_file(&self) -> PathBuf {
        self.directory.join("caddy.log")
    }

    fn first_config(&self) -> PathBuf {
        self.directory.join("first.json")
    }

    /// What it is started with, and known by. The directory is in it, so no two have the same.
    fn arguments(&self) -> Vec<OsString> {
        let (config, pid) = (self.first_config().into(), self.pid_file().into());
        vec!["run".into(), "--config".into(), config, "--pidfile".into(), pid]
    }

    fn owner(&self) -> u32 {
        self.account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid)
    }
}

/// A running managed Caddy.
#[derive(Debug)]
pub struct Process {
    spec: Spec,
    pid: u32,
    birth: Option<u64>,
    // Names the process beyond doubt, even if it ends and its number is given to another.
    handle: AsyncFd<OwnedFd>,
    admin: Admin,
    log: Log,
}

impl Process {
    /// Starts Caddy with nothing to serve, and waits until its admin API answers.
    ///
    /// # Errors
    /// [`Error::Start`] with what it printed, when it ends or does not become ready within `within`; it is stopped then.
    /// Also when there is one already, or somebody else answers at its admin address: [`Process::adopt`] or
    /// [`Process::evict`] it first.
    pub async fn start(spec: Spec, within: Duration) -> Result<Self> {
        let end = Instant::now() + within;
        let not = |reason: String| Error::Start { reason, log: String::new() };
        if let Some(pid) = find(&spec) {
            // Two with one set of ports would be worse than none that answers.
            return Err(not(format!("process {pid} still runs in {}", spec.directory)));
        }
        let admin = Admin::at(spec.admin.clone());
        if place::is_taken(&spec.admin).await {
            return Err(not(format!("somebody else listens at {}", spec.admin)));
        }
        let nonce = nonce();
        place::prepare(&spec, &first_config(&spec, &nonce)?)?;
        let log = Log::open(&spec.log_file())?;
        let begin = log.end()?;
        let mut child =
            command(&spec, &log)?.spawn().map_err(|source| Error::Program { program: spec.bin.clone(), source })?;
        let Some(pid) = child.id() else {
            return Err(Error::Start { reason: "it ended at once".to_owned(), log: log.since(begin) });
        };
        let handle = handle(pid)?;
        // Reaps it whenever it ends. Ends itself with the runtime; the process then belongs to init.
        tokio::spawn(async move { child.wait().await });
        let process = Self { spec, pid, birth: birth(pid), handle, admin, log };
        match process.ready(&nonce, end).await {
            Ok(()) => Ok(process),
            Err(reason) => {
                let stopped = process.stop(KILL).await;
                let log = process.log.since(begin);
                let reason = match stopped {
                    Ok(()) => reason,
                    Err(error) => format!("{reason}; and then {error}"),
                };
                Err(Error::Start { reason, log })
            }
        }
    }

    /// Finds the process that an earlier [`Process::start`] with the same `spec` left running; nothing when there is none.
    ///
    /// # Errors
    /// [`Error::Silent`] when it runs and its admin API does not answer: [`Process::evict`] it.
    pub async fn adopt(spec: &Spec) -> Result<Option<Self>> {
        let Some(process) = Self::found(spec)? else { return Ok(None) };
        let end = Instant::now() + ADOPT;
        loop {
            let reason = match process.answers().await {
                Ok(()) => return Ok(Some(process)),
                Err(_) if !process.is_alive() => return Ok(None),
                Err(reason) => reason,
            };
            if Instant::now() >= end {
                return Err(Error::Silent { pid: process.pid, reason });
            }
            sleep(POLL).await;
        }
    }

    /// Ends the process that an earlier start left running, whether it answers or not; tells whether there was one.
    pub async fn evict(spec: &Spec, within: Duration) -> Result<bool> {
        let Some(process) = Self::found(spec)? else { return Ok(false) };
        process.stop(within).await?;
        Ok(true)
    }

    fn found(spec: &Spec) -> Result<Option<Self>> {
        let Some(pid) = find(spec) else { return Ok(None) };
        // One that ends in this moment cannot be held, and is none.
        let Ok(handle) = handle(pid) else { return Ok(None) };
        // Asked again, now that the handle holds it: in between, the number could have become another's.
        let birth = birth(pid);
        if !is_ours(pid, spec) {
            return Ok(None);
        }
        let (admin, log) = (Admin::at(spec.admin.clone()), Log::open(&spec.log_file())?);
        Ok(Some(Self { spec: spec.clone(), pid, birth, handle, admin, log }))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its admin API's client.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// What it was started from.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The program that it was started from, for its version and its opinion. An upgrade may have replaced it since.
    pub fn binary(&self) -> Binary {
        Binary::new(&self.spec.bin)
    }

    /// Whether it lives.
    pub fn is_alive(&self) -> bool {
        is_alive(self.pid) && birth(self.pid) == self.birth
    }

    /// Waits until it has ended.
    pub async fn ended(&self) {
        // A handle becomes readable when its process ends. Failing to wait is answered by looking instead.
        if self.handle.readable().await.is_err() {
            while self.is_alive() {
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// How long the log is now; give it to [`Process::log_since`] later.
    pub fn log_end(&self) -> Result<u64> {
        self.log.end()
    }

    /// What was printed since the log was `offset` long, its last part if that is very much.
    pub fn log_since(&self, offset: u64) -> String {
        self.log.since(offset)
    }

    /// Cuts the log back when it has grown beyond `limit`, keeping its last part.
    pub fn trim_log(&self, limit: u64) -> Result<()> {
        self.log.trim(limit)
    }

    /// Has it end when its requests have ended, and kills it when that takes longer than `within`.
    pub async fn stop(&self, within: Duration) -> Result<()> {
        self.signal(Signal::TERM)?;
        if timeout(within, self.ended()).await.is_err() {
            self.signal(Signal::KILL)?;
            if timeout(KILL, self.ended()).await.is_err() {
                return Err(Error::Stop { pid: self.pid, reason: "it survives SIGKILL".to_owned() });
            }
        }
        // A later start or adoption should find nothing.
        place::remove_if_present(&self.spec.pid_file())?;
        if let Endpoint::Unix(path) = &self.spec.admin {
            place::remove_if_present(path)?;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(Error::Stop { pid: self.pid, reason: error.to_string() }),
        }
    }

    /// Waits for the admin API of this very process: only it has the nonce.
    async fn ready(&self, nonce: &str, end: Instant) -> Result<(), String> {
        loop {
            if !self.is_alive() {
                return Err("it ended while starting".to_owned());
            }
            let last = match self.admin.marker_within_second().await {
                Ok(Some(marker)) if marker == nonce => return Ok(()),
                Ok(_) => "another Caddy answers at its address".to_owned(),
                Err(error) => error.to_string(),
            };
            if Instant::now() >= end {
                return Err(format!("it was not ready in time: {last}"));
            }
            sleep(POLL).await;
        }
    }

    /// Whether the admin API answers, and as this process where that can be told.
    async fn answers(&self) -> Result<(), String> {
        if let Endpoint::Unix(path) = &self.spec.admin {
            let peer = UnixStream::connect(path).await.and_then(|stream| stream.peer_cred());
            let peer = peer.map_err(|error| format!("its socket: {error}"))?;
            if let Some(other) = peer.pid().filter(|pid| u32::try_from(*pid) != Ok(self.pid)) {
                return Err(format!("process {other} answers at its socket"));
            }
        }
        self.admin.presence().await.map_err(|error| error.to_string())
    }
}

/// What nobody else's configuration has.
fn nonce() -> String {
    // A hasher is keyed at random, each anew; this is to tell processes apart, not to keep a secret.
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("starting-{}-{random:016x}", std::process::id())
}

fn first_config(spec: &Spec, nonce: &str) -> Result<Vec<u8>> {
    let config = json!({
        "admin": { "listen": spec.admin.to_string(), "config": { "persist": false } },
        "storage": { "module": "file_system", "root": spec.storage()?.as_str() },
        "logging": { "logs": { "default": { "level": "WARN" } } },
        "apps": { "http": { "servers": { "http": {
            "listen": [],
            "automatic_https": { "disable": true },
            "routes": [{ "@id": MARKER, "match": [{ "not": [{}] }], "handle": [{ "handler": "vars", "marker": nonce }] }],
        } } } },
    });
    Ok(config.to_string().into_bytes())
}

fn command(spec: &Spec, log: &Log) -> Result<Command> {
    let mut command = Command::new(&spec.bin);
    command
        .args(spec.arguments())
        .current_dir(spec.directory.as_path())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", spec.directory.as_path())
        .env("XDG_DATA_HOME", spec.directory.join("data"))
        .env("XDG_CONFIG_HOME", spec.directory.join("config"))
        .stdin(Stdio::null())
        .stdout(log.stdio()?)
        .stderr(log.stdio()?)
        // A signal to our group (Ctrl-C in a terminal) must not reach it.
        .process_group(0)
        .kill_on_drop(false);
    if let Some(account) = spec.account {
        command.uid(account.uid).gid(account.gid);
    }
    Ok(command)
}
