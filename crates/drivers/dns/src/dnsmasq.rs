//! The other engine: a dnsmasq of ours, as a supervised process.
//!
//! Everything that does not change is on its command line, where no value can be mistaken for another setting;
//! everything that changes is in files that it reads again on SIGHUP. dnsmasq says nothing in reply to a signal, so every
//! hosts file has a name in it that is asked for until it answers with the number of this file.
//!
//! Texts cannot be in a file that it reads again ([`texts`]), so it asks us for them.
//!
//! As root it gives up its privileges, so the hosts file can be read by everybody, and the directories above it must
//! let its account through: a name table is no secret, as its purpose is to be asked.

mod command;
mod files;
mod log;
mod running;
mod texts;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::client::{self, Rcode};
use crate::explain::{Explanation, Remembered, explain};
use crate::zone::Zone;
use crate::{Error, Result};
use log::Log;
use running::Running;
use texts::Texts;

/// How often it is asked whether it has read the file.
const POLL: Duration = Duration::from_millis(2);
/// How long it has for that.
const READ: Duration = Duration::from_secs(10);
/// How long one question may take meanwhile.
const ASK: Duration = Duration::from_millis(500);
/// The name that answers with the number of the hosts file; nobody else can have one below `invalid`.
const MARK: &str = "hosts.plenum.invalid";

/// What a dnsmasq is made of.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The program, such as `dnsmasq`.
    pub program: PathBuf,
    /// Where its hosts file and pid file are; made when it is missing, open to everybody. As root, choose one that its
    /// account can get to, such as one below `/run`: a start fails when it cannot.
    pub directory: PathBuf,
    /// One address with its port. Whoever can reach it has the upstream servers asked: dnsmasq does not tell its clients
    /// apart when it is given an address.
    pub listen: SocketAddr,
    /// Whom to ask for names that are not ours; nobody means that no other names exist.
    pub upstreams: Vec<SocketAddr>,
    /// Whether upstream servers may answer with private addresses, which turns off the protection from rebinding.
    pub allow_private_answers: bool,
    /// How many of their answers are remembered.
    pub remembered: usize,
    /// The account that it works as when we are root: by default `dnsmasq` if there is one, else `nobody`. Otherwise it
    /// works as us.
    pub account: Option<String>,
    /// How long it has to start.
    pub within: Duration,
}

impl Spec {
    /// A dnsmasq with the usual limits that asks nobody.
    pub fn new(program: impl Into<PathBuf>, directory: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            program: program.into(),
            directory: directory.into(),
            listen,
            upstreams: Vec::new(),
            allow_private_answers: false,
            remembered: 10_000,
            account: None,
            within: Duration::from_secs(10),
        }
    }
}

/// A running dnsmasq; it is ended when this value is dropped, or earlier and in order by [`Process::stop`].
#[derive(Debug)]
pub struct Process {
    spec: Spec,
    running: Running,
    log: Log,
    state: Mutex<State>,
    shown: arc_swap::ArcSwap<Zone>,
}

/// What was given to it last.
#[derive(Debug)]
struct State {
    number: u64,
    zone: Zone,
    texts: Texts,
}

impl Process {
    /// Starts dnsmasq for a zone and waits until it answers from it. One that an earlier daemon left behind is ended
    /// first.
    ///
    /// # Errors
    /// [`Error::Start`] with what it printed when it ends or does not answer in time; it is stopped then.
    /// [`Error::Option`] when it would ask itself or has no address of its own.
    pub async fn start(spec: Spec, zone: Zone) -> Result<Self> {
        if spec.listen.port() == 0 {
            return Err(Error::Option { value: spec.listen.to_string(), reason: "dnsmasq needs a port" });
        }
        if !spec.directory.is_absolute() {
            return Err(Error::Option { value: spec.directory.display().to_string(), reason: "it is not absolute" });
        }
        if let Some(upstream) = spec.upstreams.iter().find(|upstream| **upstream == spec.listen) {
            return Err(Error::Option { value: upstream.to_string(), reason: "the server would ask itself" });
        }
        files::directory(&spec.directory)?;
        running::evict(&spec.directory).await?;
        let mut state = State { number: files::first_number(), zone, texts: Texts::default() };
        write(&spec, &mut state).await?;
        let (running, log) = Running::spawn(&spec, state.zone.domain())?;
        let number = state.number;
        let shown = arc_swap::ArcSwap::from_pointee(state.zone.clone());
        let process = Self { spec, running, log, state: Mutex::new(state), shown };
        if let Err(reason) = process.ready(number).await {
            let log = process.log.text();
            let reason = match process.stop().await {
                Ok(()) => reason,
                Err(error) => format!("{reason}; and then {error}"),
            };
            return Err(Error::Start { reason, log });
        }
        Ok(process)
    }

    /// Ends the one that an earlier daemon left in this directory, where another engine is to have its port.
    ///
    /// # Errors
    /// [`Error::Stop`] when it survives.
    pub async fn end_left_behind(directory: &Path) -> Result<()> {
        running::evict(directory).await
    }

    /// Answers from another zone of the same domain; when this returns, it does.
    ///
    /// # Errors
    /// [`Error::Option`] when the domain is another, which takes a new process; [`Error::Reload`] when it does not answer
    /// from the zone in time.
    pub async fn set(&self, zone: &Zone) -> Result<()> {
        let mut state = self.state.lock().await;
        if zone.domain() != state.zone.domain() {
            let value = zone.domain().to_owned();
            return Err(Error::Option { value, reason: "another domain takes another process" });
        }
        state.zone = zone.clone();
        self.shown.store(Arc::new(zone.clone()));
        self.reload(&mut state).await
    }

    /// Has it forget what upstream servers said, which dnsmasq does whenever it reads its hosts file.
    pub async fn flush(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        self.reload(&mut state).await
    }

    /// Why a name answers what it answers, from what dnsmasq was given; what it remembers is known to it alone.
    pub fn explain(&self, name: &str) -> Explanation {
        explain(&self.shown.load(), &self.spec.upstreams, name, |_| Remembered::Unknown)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.spec.listen
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// What it printed last.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Whether it lives.
    pub fn is_alive(&self) -> bool {
        self.running.ended_with().is_none()
    }

    /// Waits until it has ended, for whatever reason; tells how.
    pub async fn wait(&self) -> String {
        self.running.ended().await
    }

    /// Ends it and waits until it has.
    pub async fn stop(self) -> Result<()> {
        self.running.stop().await?;
        files::remove(&self.spec.directory.join(command::PID_FILE))
    }

    /// Waits until it answers, twice: it reads its hosts file as root first, and only after that as its account.
    async fn ready(&self, number: u64) -> Result<(), String> {
        let within = self.spec.within;
        let end = Instant::now() + within;
        self.answers(number, within).await?;
        let mut state = self.state.lock().await;
        state.number += 1;
        write(&self.spec, &mut state).await.map_err(|error| error.to_string())?;
        self.running.hang_up().map_err(|error| error.to_string())?;
        self.answers(state.number, end.saturating_duration_since(Instant::now())).await
    }

    async fn reload(&self, state: &mut State) -> Result<()> {
        state.number += 1;
        write(&self.spec, state).await?;
        self.running.hang_up()?;
        let failed = |reason| Error::Reload { reason, log: self.log.text() };
        self.answers(state.number, READ).await.map_err(failed)
    }

    /// Waits until it answers from the hosts file with this number.
    async fn answers(&self, number: u64, within: Duration) -> Result<(), String> {
        let end = Instant::now() + within;
        let expected = IpAddr::from(mark(number));
        let mut last = "it has not answered yet".to_owned();
        while Instant::now() < end {
            if let Some(how) = self.running.ended_with() {
                return Err(format!("it ended ({how})"));
            }
            match client::ask(self.spec.listen, MARK, client::Kind::Aaaa, ASK).await {
                Ok(answer) if answer.addresses == [expected] => return Ok(()),
                Ok(answer) if answer.rcode == Rcode::NoError && !answer.addresses.is_empty() => {
                    last = "it answers, but not from the new hosts file".to_owned();
                }
                // Its own words are the best there are: it may not be allowed to read the file.
                Ok(_) => last = "it answers, but not from its hosts file".to_owned(),
                Err(error) => last = error.to_string(),
            }
            sleep(POLL).await;
        }
        Err(format!("{last}, after {within:?}"))
    }
}

/// Writes what dnsmasq is to read.
async fn write(spec: &Spec, state: &mut State) -> Result<()> {
    let servers = state.texts.servers(&state.zone).await?;
    files::write(spec, command::SERVERS, &servers)?;
    files::write(spec, command::HOSTS, &hosts(state))
}

/// The hosts file of a state.
fn hosts(state: &State) -> String {
    let mark = mark(state.number);
    format!("{mark} {MARK}\n{}", state.zone.to_hosts())
}

/// A number as an address of the block that leads nowhere (RFC 6666).
fn mark(number: u64) -> Ipv6Addr {
    Ipv6Addr::from((0x0100_u128 << 112) | u128::from(number))
}
