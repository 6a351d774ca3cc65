//! The runtime overlay: what an operator changed on the running HAProxy only, carried over a reload.
//!
//! A new worker starts from the configuration and knows nothing of a server that was drained by hand. So before a reload
//! the worker is asked what differs from the document that it was started from, and afterwards that is said again.
//! Where the new document itself changes such a value, the document wins. What vanished from it is forgotten.

use std::collections::HashMap;

use haproxy::{
    Admin, Error,
    admin::{Change, FrontendRow, ServerRow, ServerState, Word},
};

use super::{live::Live, plan::weight, proxy::marker_in};
use crate::state::{Document, backend::Server};

/// HAProxy's bit for a drain that an operator asked for, as opposed to one inherited from a tracked server.
const FORCED_DRAIN: u32 = 0x08;

/// What differs from the document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Overlay {
    servers: Vec<ServerDrift>,
    frontends: Vec<FrontendDrift>,
    global_maxconn: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
struct ServerDrift {
    backend: String,
    server: String,
    state: Option<ServerState>,
    weight: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
struct FrontendDrift {
    name: String,
    paused: bool,
    maxconn: Option<u32>,
}

impl Overlay {
    /// Asks the running worker what differs from what it was started from.
    ///
    /// That is the live document, if the worker reports its marker. If it runs something else (a change that was interrupted),
    /// a difference from the document says nothing about hands: then only what the worker itself knows to be forced counts.
    pub(super) async fn read(admin: &Admin, live: &Live) -> Result<Overlay, Error> {
        let info = admin.info().await?;
        let number = |key: &str| info.number(key).and_then(|value| u32::try_from(value).ok());
        let hard = number("Hard_maxconn");
        let (servers, frontends) = (admin.servers_state().await?, admin.frontends().await?);
        let runs_live = marker_in(&info).is_some_and(|marker| marker == live.marker);
        Ok(Overlay {
            servers: servers_of(&servers, &live.document, runs_live),
            frontends: frontends_of(&frontends, &live.document, runs_live),
            global_maxconn: number("Maxconn").filter(|now| runs_live && Some(*now) != hard),
        })
    }

    /// Whether nothing was changed by hand.
    pub(super) fn is_empty(&self) -> bool {
        *self == Overlay::default()
    }

    /// Says it again to a new worker. `before` and `after` are the documents around the change.
    ///
    /// A refusal is logged, not returned: the new configuration is right without it, and undoing it would be worse.
    pub(super) async fn restore(&self, admin: &Admin, before: &Document, after: &Document) {
        let changes = match self.changes(before, after) {
            Ok(changes) if changes.is_empty() => return,
            Ok(changes) => changes,
            Err(error) => {
                tracing::warn!(%error, "what was changed at run time could not be put into commands");
                return;
            }
        };
        match admin.change_all(&changes).await {
            Ok(results) => {
                for (change, error) in
                    changes.iter().zip(results).filter_map(|(change, result)| Some((change, result.err()?)))
                {
                    tracing::warn!(?change, %error, "a change made at run time could not be carried over the reload");
                }
            }
            Err(error) => tracing::warn!(%error, "what was changed at run time could not be carried over the reload"),
        }
    }

    /// The commands that say it, for what the new document still has and does not itself change.
    fn changes(&self, before: &Document, after: &Document) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        let (old_servers, new_servers) = (index(before), index(after));
        for drift in &self.servers {
            let key = (drift.backend.as_str(), drift.server.as_str());
            let (Some(old), Some(new)) = (old_servers.get(&key), new_servers.get(&key)) else { continue };
            let (backend, server) = (Word::new(&drift.backend)?, Word::new(&drift.server)?);
            if let Some(state) = drift.state {
                changes.push(Change::ServerState { backend: backend.clone(), server: server.clone(), state });
            }
            if let Some(weight) = drift.weight.filter(|_| weight(old) == weight(new)) {
                changes.push(Change::ServerWeight { backend, server, weight: u16::try_from(weight).unwrap_or(256) });
            }
        }
        for drift in &self.frontends {
            let find = |document: &Document| {
                document.haproxy.frontends.iter().find(|frontend| frontend.name.as_str() == drift.name).cloned()
            };
            let (old, Some(new)) = (find(before), find(after)) else { continue };
            let frontend = Word::new(&drift.name)?;
            if let Some(maxconn) = drift.maxconn.filter(|_| old.is_some_and(|old| old.maxconn == new.maxconn)) {
                changes.push(Change::FrontendMaxconn { frontend: frontend.clone(), maxconn });
            }
            if drift.paused {
                changes.push(Change::FrontendEnabled { frontend, enabled: false });
            }
        }
        let same_limit = before.haproxy.global_settings.maxconn == after.haproxy.global_settings.maxconn;
        changes.extend(self.global_maxconn.filter(|_| same_limit).map(|maxconn| Change::GlobalMaxconn { maxconn }));
        Ok(changes)
    }
}

/// One pass over the document; looking each of 20,000 rows up by scanning would be quadratic.
fn index(document: &Document) -> HashMap<(&str, &str), &Server> {
    let backends = document.haproxy.backends.iter();
    backends
        .flat_map(|backend| {
            backend.servers.iter().map(|server| ((backend.name.as_str(), server.name.as_str()), server))
        })
        .collect()
}

fn servers_of(rows: &[ServerRow], document: &Document, runs_live: bool) -> Vec<ServerDrift> {
    let configured = index(document);
    let drift = |row: &ServerRow| {
        let server = configured.get(&(row.backend.as_str(), row.server.as_str()))?;
        let state = if row.forced_maintenance() {
            Some(ServerState::Maintenance)
        } else if row.administrative & FORCED_DRAIN != 0 {
            Some(ServerState::Drain)
        } else {
            None
        };
        // Without a weight in the document, what the worker started with counts: a `default-server` may have set it.
        let initial = i64::from(row.initial_weight);
        let configured = server.weight.as_ref().filter(|_| runs_live).map_or(initial, |weight| weight.get());
        let weight = Some(i64::from(row.weight)).filter(|now| *now != configured);
        let drifted = state.is_some() || weight.is_some();
        drifted.then(|| ServerDrift { backend: row.backend.clone(), server: row.server.clone(), state, weight })
    };
    rows.iter().filter_map(drift).collect()
}

/// Limits count only where the document names one: otherwise they come from a defaults section, which may be about to change.
fn frontends_of(rows: &[FrontendRow], document: &Document, runs_live: bool) -> Vec<FrontendDrift> {
    let drift = |row: &FrontendRow| {
        let frontend = document.haproxy.frontends.iter().find(|frontend| frontend.name.as_str() == row.name)?;
        let configured =
            frontend.maxconn.as_ref().filter(|_| runs_live).and_then(|maxconn| u32::try_from(maxconn.get()).ok());
        let now = row.maxconn.and_then(|now| u32::try_from(now).ok());
        let maxconn = configured.and_then(|configured| now.filter(|now| *now != configured));
        let paused = row.is_paused();
        (paused || maxconn.is_some()).then(|| FrontendDrift { name: row.name.clone(), paused, maxconn })
    };
    rows.iter().filter_map(drift).collect()
}
