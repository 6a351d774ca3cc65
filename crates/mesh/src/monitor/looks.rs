//! Looking at machines: all at once, each within its own time, and what was last seen is remembered.
//!
//! Whoever wants to know makes it happen. Several who want to know the same at once share one look, and a look goes on when
//! the one who asked for it is gone, so a page that is reloaded does not log in twice. A look that fails changes nothing
//! but what is said about the machine: the last good numbers stay, with their time.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use platform::{
    audit::{self, Entry, Outcome},
    db, events,
};
use serde_json::json;
use ssh::{Fingerprint, Host, Session};
use tokio::task::JoinSet;

use super::containers::Containers;
use super::reading::Reading;
use super::{LOCAL, Machine, Status, local, remote};
use crate::registry::{CATEGORY, Mesh};
use crate::servers::KeyError;
use crate::service::Invalid;
use crate::store::servers::{self as store, Server};
use crate::{guard, text};

/// How long one machine may take, however it goes about it. The whole answer is documented to take 15 s at most.
pub const LIMIT: Duration = Duration::from_secs(11);
/// Whoever asks so soon after another gets the same answer.
const FRESH: Duration = Duration::from_secs(2);

/// What is known about the machines, from one look to the next.
#[derive(Default)]
pub struct Monitor {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    pub(super) containers: Shared<Vec<Containers>>,
}

/// What several who ask at once get from one look.
pub(super) struct Shared<T> {
    pub(super) turn: tokio::sync::Mutex<()>,
    last: Mutex<Option<(Instant, T)>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { turn: tokio::sync::Mutex::default(), last: Mutex::new(None) }
    }
}

impl<T: Clone> Shared<T> {
    fn last(&self) -> MutexGuard<'_, Option<(Instant, T)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last look found, if that was just now.
    pub(super) fn fresh(&self) -> Option<T> {
        self.last().as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, found)| found.clone())
    }

    pub(super) fn keep(&self, found: T) {
        *self.last() = Some((Instant::now(), found));
    }
}

#[derive(Default)]
struct Slot {
    /// Held by the one who looks.
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

/// What is known about one machine.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub status: Status,
    /// Why the last look failed.
    pub error: Option<String>,
    /// The key that was shown instead of the pinned one.
    pub offered: Option<Fingerprint>,
    /// The last numbers, and when they were read.
    pub last: Option<(Reading, Timestamp)>,
    looked: Option<(Instant, Timestamp)>,
}

impl Slot {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitor {
    fn slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, key: &str) -> Arc<Slot> {
        Arc::clone(self.slots().entry(key.to_owned()).or_default())
    }

    /// What was last seen of a machine.
    #[must_use]
    pub fn of(&self, key: &str) -> Known {
        let slot = self.slots().get(key).cloned();
        slot.map_or_else(Known::default, |slot| slot.known().clone())
    }

    /// Forgets a machine: it is gone, or what was known about it does not hold any more.
    pub fn forget(&self, key: &str) {
        self.slots().remove(key);
        *self.containers.last() = None;
    }

    /// Notes what a look that was made elsewhere has seen.
    pub fn note(&self, key: &str, reading: Reading, now: Timestamp) {
        let slot = self.slot(key);
        let mut known = slot.known();
        *known = Known { status: Status::Online, last: Some((reading, now)), ..Known::default() };
        known.looked = Some((Instant::now(), now));
        *self.containers.last() = None;
    }

    fn keep(&self, servers: &[Server]) {
        let keys: HashSet<&str> = servers.iter().map(|server| server.key.as_str()).collect();
        self.slots().retain(|key, _| keys.contains(key.as_str()));
    }
}

/// Why a machine could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    #[error(transparent)]
    Guard(#[from] Invalid),
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error(transparent)]
    Remote(#[from] remote::RemoteError),
    #[error("no answer within {LIMIT:?}")]
    Slow,
}

impl From<ssh::Error> for LookError {
    fn from(error: ssh::Error) -> Self {
        Self::Remote(error.into())
    }
}

impl Mesh {
    /// Every machine as it is now: this one first, the others by name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn machines(&self) -> Result<Vec<Machine>, db::Error> {
        let servers = store::all(&self.db).await?;
        self.monitor.keep(&servers);
        let mut looks = JoinSet::new();
        for (place, server) in servers.iter().cloned().enumerate() {
            let mesh = self.clone();
            looks.spawn(async move { (place, mesh.look(server).await) });
        }
        let (here, known) = tokio::join!(self.this_machine(), looks.join_all());
        let mut known: HashMap<usize, Known> = known.into_iter().collect();
        let others = servers.into_iter().enumerate().map(|(place, server)| {
            let known = known.remove(&place).unwrap_or_default();
            machine(server, known)
        });
        Ok(std::iter::once(here).chain(others).collect())
    }

    /// How many machines there are, and how many of them answered when they were last looked at.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count_machines(&self) -> Result<(usize, usize), db::Error> {
        let servers = store::all(&self.db).await?;
        let is_online = |server: &&Server| self.monitor.of(&server.key).status == Status::Online;
        Ok((1 + servers.iter().filter(is_online).count(), 1 + servers.len()))
    }

    /// Looks at every other machine; called regularly, so that a count of them is true without anybody asking.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_at_servers(&self) -> Result<Option<String>, db::Error> {
        let servers = store::all(&self.db).await?;
        self.monitor.keep(&servers);
        let total = servers.len();
        if total == 0 {
            return Ok(None);
        }
        let mut looks = JoinSet::new();
        for server in servers {
            let mesh = self.clone();
            looks.spawn(async move { mesh.look(server).await.status });
        }
        let online = looks.join_all().await.into_iter().filter(|status| *status == Status::Online).count();
        Ok(Some(format!("{online} of {total} online")))
    }

    async fn this_machine(&self) -> Machine {
        let reading = local::read().await;
        let now = text::seconds(self.clock.now());
        let host = local::hostname().unwrap_or_else(|_| "localhost".to_owned());
        let (status, error, reading) = match reading {
            Ok(reading) => (Status::Online, None, Some(reading)),
            // This machine answers, or nobody would; that it cannot be read is another matter.
            Err(error) => (Status::Online, Some(error.to_string()), None),
        };
        Machine {
            id: LOCAL.to_owned(),
            name: host.clone(),
            host,
            status,
            error,
            user: None,
            port: None,
            host_key: None,
            offered_key: None,
            read_at: reading.is_some().then(|| now.clone()),
            reading: reading.unwrap_or_default(),
            last_check: now,
        }
    }

    /// Looks at a machine, or waits for the one who is looking.
    async fn look(&self, server: Server) -> Known {
        let slot = self.monitor.slot(&server.key);
        let (mesh, shared) = (self.clone(), Arc::clone(&slot));
        // A task of its own: it does not end when the one who asked is gone, and so it never has to begin again.
        let task = tokio::spawn(async move {
            let _turn = shared.turn.lock().await;
            if shared.known().looked.is_some_and(|(at, _)| at.elapsed() < FRESH) {
                return;
            }
            let found = mesh.look_now(&server).await;
            mesh.note_look(&server, &shared, found).await;
        });
        if let Err(error) = task.await {
            tracing::error!(%error, "a look at a machine ended early");
        }
        slot.known().clone()
    }

    async fn look_now(&self, server: &Server) -> Result<Reading, LookError> {
        let look = async {
            let session = self.session(server).await?;
            let reading = remote::read(&session).await?;
            session.close().await;
            Ok(reading)
        };
        tokio::time::timeout(LIMIT, Box::pin(look)).await.unwrap_or(Err(LookError::Slow))
    }

    /// Logs in at a machine. It may be reached only where services may be, whatever its name resolves to today.
    pub(super) async fn session(&self, server: &Server) -> Result<Session, LookError> {
        let addresses = self.addresses(&server.host, server.port).await?;
        let credential = self.credential(server).await?;
        Ok(remote::connect(&addresses, &server.user, &credential, Some(&server.host_key)).await?)
    }

    /// Where a machine is, if it may be reached there.
    pub(crate) async fn addresses(&self, host: &Host, port: u16) -> Result<Vec<SocketAddr>, LookError> {
        let addresses = guard::addresses(host.as_str(), self.config.allow_loopback).await;
        let addresses = addresses.map_err(|Invalid(why)| Invalid(why.replacen("Upstream host", "Host", 1)))?;
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    async fn note_look(&self, server: &Server, slot: &Slot, found: Result<Reading, LookError>) {
        let now = self.clock.now();
        let (status, error, offered, last) = match found {
            Ok(reading) => (Status::Online, None, None, Some((reading, now))),
            Err(LookError::Remote(remote::RemoteError::Ssh(ssh::Error::HostKeyChanged { offered }))) => {
                let why = format!(
                    "it shows another host key than the pinned one ({}); nothing was sent to it",
                    server.host_key
                );
                (Status::ChangedKey, Some(why), Some(offered), None)
            }
            Err(error) => (Status::Offline, Some(error.to_string()), None, None),
        };
        let before = {
            let mut known = slot.known();
            let before = known.looked.map(|_| known.status);
            let last = last.or_else(|| known.last.take());
            *known = Known { status, error, offered: offered.clone(), last, looked: Some((Instant::now(), now)) };
            before
        };
        if let Err(error) = self.tell(server, before, status, offered.as_ref()).await {
            tracing::warn!(server = server.name, %error, "what became of a machine could not be recorded");
        }
    }

    /// Records what others are to know: a change of status, and each other key once.
    async fn tell(
        &self,
        server: &Server,
        before: Option<Status>,
        now: Status,
        offered: Option<&Fingerprint>,
    ) -> Result<(), db::Error> {
        // Only what was really seen changes what is stored; a machine that does not answer shows no key.
        let is_shown = now != Status::Offline && server.offered_key.as_ref() != offered;
        let is_change = before != Some(now);
        if !is_shown && !is_change {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        if is_shown {
            store::offer(&mut tx, &server.key, offered).await?;
            if let Some(offered) = offered.filter(|offered| server.reported_key.as_ref() != Some(*offered)) {
                let details = json!({
                    "name": server.name,
                    "host": server.host.as_str(),
                    "pinned": server.host_key.as_str(),
                    "offered": offered.as_str(),
                });
                let entry = Entry::new("system", CATEGORY, "server_key_changed").target(&server.name).details(details);
                audit::record(&mut tx, entry, Outcome::Fail).await?;
            }
        }
        if is_change {
            let data = json!({ "name": server.name, "status": now.as_str() });
            events::append(&mut tx, "mesh.servers", &data).await?;
        }
        tx.commit().await
    }
}

fn machine(server: Server, known: Known) -> Machine {
    let (reading, read_at) =
        known.last.map_or_else(Default::default, |(reading, at)| (reading, Some(text::seconds(at))));
    Machine {
        id: server.key,
        name: server.name,
        host: server.host.to_string(),
        status: known.status,
        error: known.error,
        user: Some(server.user.to_string()),
        port: Some(server.port),
        host_key: Some(server.host_key.to_string()),
        offered_key: known.offered.map(|offered| offered.to_string()),
        reading,
        last_check: known.looked.map(|(_, at)| text::seconds(at)).unwrap_or_default(),
        read_at,
    }
}
