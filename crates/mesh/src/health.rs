//! How services are: each is asked regularly, and is up, degraded, down or unknown.
//!
//! * **down**: the last `fall` checks failed: no answer in time, or a status of 400 and more.
//! * **degraded**: it answers, but slower than `degradedMs`, or it changed between up and down three times and more in its
//!   last twenty checks.
//! * **up**: the last `rise` checks succeeded. The first check of all decides at once.
//!
//! A change is an audit entry and an event. The last sixty checks of each service are kept in memory, eight bytes each, which
//! is what a sparkline shows; what an hour was like is added up and kept in the store ([`crate::history`]).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use platform::{
    audit::{self, Entry, Outcome},
    config::MeshHealth,
    events,
};
use reqwest::{Client, redirect};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::Mesh;
use crate::guard::Resolver;
use crate::history::Hour;
use crate::registry::CATEGORY;
use crate::service::{Protocol, Service};

/// Checks under way at once.
const AT_ONCE: usize = 256;
/// Checks that one round begins; the next round goes on.
const ROUND: usize = 1024;
/// The checks of a round begin over this time: hundreds at the same moment would keep everything else waiting.
const PACED: Duration = Duration::from_millis(500);
/// After a start the first checks are spread over this time, or the interval if that is shorter.
const SPREAD: Duration = Duration::from_secs(10);
/// Checks of a service that are remembered.
pub const REMEMBERED: usize = 60;
/// Among so many checks, so many changes are flapping.
const FLAPPING: (usize, usize) = (20, 3);

/// How a service is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Up,
    Degraded,
    Down,
    #[default]
    Unknown,
}

impl Status {
    /// As routes show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Check {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub ok: bool,
    /// How long the answer took, in milliseconds.
    pub ms: u32,
}

/// A check in eight bytes: its second since the epoch (until 2106), and twice its milliseconds, plus one if it failed.
#[derive(Clone, Copy, Debug)]
struct Packed(u32, u32);

impl From<Check> for Packed {
    fn from(check: Check) -> Self {
        let second = u32::try_from(check.at.as_second()).unwrap_or_default();
        Self(second, check.ms.min(u32::MAX >> 1) << 1 | u32::from(!check.ok))
    }
}

impl From<Packed> for Check {
    fn from(Packed(second, rest): Packed) -> Self {
        let at = Timestamp::from_second(i64::from(second)).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { at, ok: rest & 1 == 0, ms: rest >> 1 }
    }
}

/// What is known about a service.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub status: Status,
    pub since: Option<Timestamp>,
    /// Why the last check failed.
    pub reason: Option<String>,
    checks: VecDeque<Packed>,
    /// What of this hour is not in the store yet.
    pub(crate) hour: Hour,
    service: Option<Arc<Service>>,
    due: Option<Instant>,
    is_running: bool,
    run: u32,
    run_ok: bool,
}

impl Known {
    /// The last check.
    #[must_use]
    pub fn last(&self) -> Option<Check> {
        self.checks.back().map(|check| Check::from(*check))
    }

    /// The last checks, at most so many, oldest first.
    #[must_use]
    pub fn checks(&self, most: usize) -> Vec<Check> {
        self.checks.iter().skip(self.checks.len().saturating_sub(most)).map(|check| Check::from(*check)).collect()
    }

    /// Takes in a check; tells what it was before, if that changed.
    fn note(&mut self, check: Check, reason: Option<String>, rules: &MeshHealth) -> Option<Status> {
        let before = self.status;
        self.run = if self.run_ok == check.ok { self.run.saturating_add(1) } else { 1 };
        self.run_ok = check.ok;
        self.reason = reason;
        if self.checks.len() == REMEMBERED {
            self.checks.pop_front();
        }
        self.checks.push_back(check.into());
        let is_first = before == Status::Unknown;
        let is_good = match check.ok {
            true if is_first || self.run >= rules.rise => true,
            false if is_first || self.run >= rules.fall => false,
            _ => before != Status::Down,
        };
        let is_slow = check.ok && u64::from(check.ms) > rules.degraded_ms;
        self.status = match is_good {
            false => Status::Down,
            true if is_slow || self.is_flapping() => Status::Degraded,
            true => Status::Up,
        };
        if self.status == before {
            return None;
        }
        self.since = Some(check.at);
        Some(before)
    }

    fn is_flapping(&self) -> bool {
        let recent = self.checks.iter().rev().take(FLAPPING.0).map(|Packed(_, rest)| rest & 1);
        let changes = recent.clone().zip(recent.skip(1)).filter(|(a, b)| a != b).count();
        changes >= FLAPPING.1
    }
}

/// The checker.
pub struct Health {
    rules: MeshHealth,
    allow_loopback: bool,
    known: Mutex<HashMap<String, Known>>,
    permits: Arc<Semaphore>,
    clients: OnceLock<Clients>,
}

impl Health {
    pub(crate) fn new(rules: &MeshHealth, allow_loopback: bool) -> Self {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        Self { rules: rules.clone(), allow_loopback, known: Mutex::default(), permits, clients: OnceLock::new() }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known about a service.
    #[must_use]
    pub fn of(&self, key: &str) -> Known {
        self.known().get(key).cloned().unwrap_or_default()
    }

    /// Watches a service, beginning anew with the next round.
    pub(crate) fn watch(&self, service: Service) {
        let (key, service) = (service.key.clone(), Some(Arc::new(service)));
        self.known().insert(key, Known { service, ..Known::default() });
    }

    /// Watches these and no others; what is known of those that stay the same is kept.
    pub(crate) fn watch_only(&self, services: impl IntoIterator<Item = Service>) {
        let (mut known, now) = (self.known(), Instant::now());
        let spread = SPREAD.min(Duration::from_millis(self.rules.interval_ms));
        let mut there = HashSet::new();
        for service in services {
            there.insert(service.key.clone());
            let at = known.entry(service.key.clone()).or_default();
            if at.service.as_deref() != Some(&service) {
                let due = Some(now + spread.mul_f64(place(&service.key)));
                *at = Known { service: Some(Arc::new(service)), due, ..Known::default() };
            }
        }
        known.retain(|key, _| there.contains(key));
    }

    pub(crate) fn forget(&self, key: &str) {
        self.known().remove(key);
    }

    /// Takes the sums that are not in the store yet.
    pub(crate) fn take_hours(&self) -> Vec<(String, Hour)> {
        let mut known = self.known();
        let taken = known.iter_mut().filter(|(_, at)| at.hour.checks > 0);
        taken.map(|(key, at)| (key.clone(), std::mem::take(&mut at.hour))).collect()
    }

    /// Some of those that are due now, each marked as under way.
    fn due(&self, now: Instant) -> Vec<Arc<Service>> {
        let mut known = self.known();
        let due = known.values_mut().filter(|at| !at.is_running && at.due.is_none_or(|due| due <= now));
        due.take(ROUND)
            .filter_map(|at| {
                at.is_running = true;
                at.service.clone()
            })
            .collect()
    }

    /// The clients, set up when the first check needs them: they cost memory.
    fn clients(&self) -> Result<&Clients, reqwest::Error> {
        if let Some(clients) = self.clients.get() {
            return Ok(clients);
        }
        let clients = Clients::new(&self.rules, self.allow_loopback)?;
        Ok(self.clients.get_or_init(|| clients))
    }
}

/// A client of checks: no redirects, no connections kept, certificates of upstreams taken as they are.
fn client(rules: &MeshHealth, allow_loopback: bool, protocol: Protocol) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .dns_resolver(Arc::new(Resolver { allow_loopback }))
        .timeout(Duration::from_millis(rules.timeout_ms))
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .user_agent("Plenum-Health")
        .tls_danger_accept_invalid_certs(true)
        .tls_danger_accept_invalid_hostnames(true);
    match protocol {
        Protocol::H2c => builder.http2_prior_knowledge().build(),
        Protocol::Http | Protocol::Https => builder.build(),
    }
}

/// One client for each way of speaking.
struct Clients {
    plain: Client,
    h2c: Client,
}

impl Clients {
    fn new(rules: &MeshHealth, allow_loopback: bool) -> Result<Self, reqwest::Error> {
        let client = |protocol| client(rules, allow_loopback, protocol);
        Ok(Self { plain: client(Protocol::Http)?, h2c: client(Protocol::H2c)? })
    }
}

impl Mesh {
    /// Starts every check that is due. Called often; a service that is being checked is left alone.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub async fn check_due(&self) -> Result<(), reqwest::Error> {
        if self.health.known().is_empty() {
            return Ok(());
        }
        // Before any check is marked as under way: one that is never made would be so for ever.
        self.health.clients()?;
        let due = self.health.due(Instant::now());
        let Some(pace) = PACED.checked_div(u32::try_from(due.len()).unwrap_or(u32::MAX)) else { return Ok(()) };
        let mut pace = tokio::time::interval(pace.max(Duration::from_micros(1)));
        for service in due {
            pace.tick().await;
            let mesh = self.clone();
            // Waiting here, and not in the task: ten thousand tasks that wait are a hundred megabytes.
            let Ok(permit) = Arc::clone(&self.health.permits).acquire_owned().await else { return Ok(()) };
            tokio::spawn(async move {
                let _permit = permit;
                if let Err(error) = mesh.check(&service).await {
                    tracing::warn!(service = service.name, %error, "a change of health could not be recorded");
                }
            });
        }
        Ok(())
    }

    async fn check(&self, service: &Service) -> Result<(), platform::db::Error> {
        let (at, begin) = (self.clock.now(), Instant::now());
        let reason = match self.health.clients() {
            Ok(clients) => probe(clients, service).await.err(),
            Err(error) => Some(error.to_string()),
        };
        let ms = u32::try_from(begin.elapsed().as_millis()).unwrap_or(u32::MAX);
        // A tenth earlier or later, so that services that came together do not stay together.
        let interval = Duration::from_millis(self.health.rules.interval_ms).mul_f64(0.9 + 0.2 * place(&service.key));
        let change = {
            let mut known = self.health.known();
            // Another service of that name may have come in the meantime, and is not judged by this.
            let same = known.get_mut(&service.key).filter(|at| at.service.as_deref() == Some(service));
            let Some(at_service) = same else { return Ok(()) };
            at_service.is_running = false;
            at_service.due = Some(begin + interval);
            let check = Check { at, ok: reason.is_none(), ms };
            at_service.hour.add(check);
            let change = at_service.note(check, reason.clone(), &self.health.rules);
            change.map(|before| (before, at_service.status))
        };
        let Some((before, now)) = change else { return Ok(()) };
        let mut tx = self.db.begin().await?;
        let data = json!({ "name": service.name, "from": before.as_str(), "to": now.as_str(), "reason": reason });
        // The first look at a service is news, but no change that anybody must answer for.
        if before != Status::Unknown {
            let entry = Entry::new("system", CATEGORY, "health_change").target(&service.name).details(data.clone());
            audit::record(&mut tx, entry, Outcome::Ok).await?;
        }
        events::append(&mut tx, "mesh.health", &data).await?;
        tx.commit().await
    }
}

/// A number from 0 to 1 that is always the same for a name, and different for most.
fn place(key: &str) -> f64 {
    let sum = key.bytes().fold(0xcbf2_9ce4_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    f64::from(sum) / f64::from(u32::MAX)
}

async fn probe(clients: &Clients, service: &Service) -> Result<(), String> {
    let (client, scheme) = match service.upstream_protocol {
        Protocol::Http => (&clients.plain, "http"),
        Protocol::Https => (&clients.plain, "https"),
        Protocol::H2c => (&clients.h2c, "http"),
    };
    let url = format!("{scheme}://{}{}", service.upstream(), service.health_path);
    let answer = client.get(url).send().await.map_err(|error| {
        if error.is_timeout() { "no answer in time".to_owned() } else { format!("no connection: {}", cause(&error)) }
    })?;
    let status = answer.status();
    if status.is_client_error() || status.is_server_error() { Err(format!("status {status}")) } else { Ok(()) }
}

/// The innermost reason; the outer ones repeat the address.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(oks: &[(bool, u32)]) -> Vec<Status> {
        let rules = MeshHealth { interval_ms: 5000, timeout_ms: 3000, fall: 2, rise: 2, degraded_ms: 1000 };
        let mut known = Known::default();
        oks.iter()
            .map(|(ok, ms)| {
                known.note(Check { at: Timestamp::UNIX_EPOCH, ok: *ok, ms: *ms }, None, &rules);
                known.status
            })
            .collect()
    }

    #[test]
    fn thresholds_decide_and_the_first_check_counts_at_once() {
        use Status::{Degraded, Down, Up};
        assert_eq!(run(&[(true, 1), (false, 1), (false, 1)]), [Up, Up, Down]);
        assert_eq!(run(&[(false, 1), (true, 1), (true, 1)]), [Down, Down, Up]);
        assert_eq!(run(&[(true, 1), (true, 1500), (true, 1)]), [Up, Degraded, Up]);
        let flapping = run(&[(true, 1), (false, 1), (true, 1), (false, 1), (true, 1), (true, 1)]);
        assert_eq!(flapping.last(), Some(&Degraded));
    }

    #[tokio::test]
    async fn v15_a_name_that_came_to_mean_another_address_is_not_asked() {
        let rules = MeshHealth { interval_ms: 5000, timeout_ms: 3000, fall: 2, rise: 2, degraded_ms: 1000 };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let refused = client(&rules, false, Protocol::Http).unwrap().get(&url).send().await.unwrap_err();
        assert!(cause(&refused).contains("blocked range"), "{refused:?}");
        let reached = tokio::spawn(client(&rules, true, Protocol::Http).unwrap().get(&url).send());
        tokio::time::timeout(Duration::from_secs(5), listener.accept()).await.unwrap().unwrap();
        reached.abort();
    }

    #[test]
    fn only_so_many_checks_are_remembered() {
        let rules = MeshHealth { interval_ms: 5000, timeout_ms: 3000, fall: 2, rise: 2, degraded_ms: 1000 };
        let mut known = Known::default();
        for _ in 0..500 {
            known.note(Check { at: Timestamp::UNIX_EPOCH, ok: true, ms: 1 }, None, &rules);
        }
        assert_eq!(known.checks.len(), REMEMBERED);
    }
}
