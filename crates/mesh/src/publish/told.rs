//! What DNS and Caddy were last told, and how the store differs from it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{PublishError, Publisher};
use crate::guard;
use crate::service::{Protocol, Service, State};
use crate::store::{self, Fingerprint};

/// How long the addresses of an upstream that is given by name, and answers directly, are taken for granted.
const RESOLVED: Duration = Duration::from_secs(60);

/// What they were told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) lines: BTreeMap<String, Line>,
    pub(super) texts: Texts,
    /// Of Caddy's configuration; nothing while there is no Caddy because there never was a service.
    pub(super) marker: Option<String>,
    /// Of the tables when all of them were last looked through.
    seen: Option<Fingerprint>,
    /// When that was.
    resolved: Option<Instant>,
}

/// What names say besides their addresses.
pub(super) type Texts = BTreeMap<String, Vec<String>>;

/// What is told about one service.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) upstream: String,
    pub(super) protocol: Protocol,
    /// Of the certificate, where there is TLS.
    pub(super) serial: Option<String>,
    /// Whether the addresses are those of a name that may come to mean others.
    by_name: bool,
}

/// What becomes of services; nothing for one that is gone.
pub(super) type Changes = BTreeMap<String, Option<Line>>;

impl Told {
    /// Takes changes in; tells whether a name or an address is among them.
    pub(super) fn take_in(&mut self, changes: &Changes) -> bool {
        let mut renamed = false;
        for (key, line) in changes {
            let before = match line {
                Some(line) => self.lines.insert(key.clone(), line.clone()),
                None => self.lines.remove(key),
            };
            renamed |= before.map(|before| before.addresses) != line.as_ref().map(|line| line.addresses.clone());
        }
        renamed
    }
}

impl Publisher {
    /// Every difference. Where nothing was written since the last look, there is none to look for.
    pub(super) async fn differences(&self, told: &mut Told) -> Result<Changes, PublishError> {
        let now = store::fingerprint(&self.db).await?;
        let is_stale =
            told.resolved.is_none_or(|at| at.elapsed() > RESOLVED) && told.lines.values().any(|line| line.by_name);
        if told.seen.as_ref() == Some(&now) && !is_stale {
            return Ok(Changes::new());
        }
        let known = told.lines.iter().filter(|(_, line)| line.by_name && !is_stale);
        let known: BTreeMap<&str, &Line> = known.map(|(key, line)| (key.as_str(), line)).collect();
        let mut changes = Changes::new();
        let mut gone: BTreeSet<&String> = told.lines.keys().collect();
        let mut after = String::new();
        loop {
            let page = store::page(&self.db, &after).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(&last.key);
            for (key, line) in self.lines(page, &known).await {
                gone.remove(&key);
                if told.lines.get(&key) != Some(&line) {
                    changes.insert(key, Some(line));
                }
            }
        }
        changes.extend(gone.into_iter().map(|key| (key.clone(), None)));
        told.seen = Some(now);
        if is_stale || told.resolved.is_none() {
            told.resolved = Some(Instant::now());
        }
        Ok(changes)
    }

    /// What becomes of some.
    pub(super) async fn differences_of(&self, keys: &BTreeSet<String>) -> Result<Changes, PublishError> {
        let mut changes = Changes::new();
        for key in keys {
            changes.insert(key.clone(), None);
            if let Some(found) = store::find(&self.db, key).await? {
                let serial = store::live_of(&self.db, key).await?.map(|stored| stored.serial);
                let lines = self.lines(vec![(found, serial)], &BTreeMap::new()).await;
                changes.extend(lines.into_iter().map(|(key, line)| (key, Some(line))));
            }
        }
        Ok(changes)
    }

    /// What should be told about services that are there; `known` spares asking for addresses again.
    async fn lines(
        &self,
        services: Vec<(Service, Option<String>)>,
        known: &BTreeMap<&str, &Line>,
    ) -> Vec<(String, Line)> {
        let live = services.into_iter().filter(|(each, _)| matches!(each.state, State::Registering | State::Active));
        let lines = live.map(|(service, serial)| async move {
            let upstream = service.upstream();
            let by_name = service.direct && service.host.parse::<IpAddr>().is_err();
            let before = known.get(service.key.as_str()).filter(|line| line.upstream == upstream);
            let addresses = match (service.direct, before) {
                (false, _) => vec![self.gateway],
                (true, Some(line)) => line.addresses.clone(),
                // A name that does not resolve now has no address now.
                (true, None) => guard::addresses(&service.host, true).await.unwrap_or_default(),
            };
            let serial = serial.filter(|_| service.tls);
            (service.key, Line { addresses, upstream, protocol: service.upstream_protocol, serial, by_name })
        });
        join_all(lines).await
    }
}
