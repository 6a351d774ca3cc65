//! What runs now, as HAProxy itself says: the process, its servers, and what a person should look at.

use std::{collections::HashMap, sync::Arc};

use haproxy::admin::{Info, StatKind};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::apply::{ApplyError, Engine, Live, MARKER_PREFIX, Mode};

/// HAProxy as it is at the moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HaproxyStatus)]
pub struct Status {
    /// `managed` or `external`.
    pub mode: &'static str,
    /// Whether it answers.
    pub running: bool,
    /// Whether it was stopped on purpose.
    pub stopped: bool,
    /// Its version, of the running process or else of the program.
    pub version: Option<String>,
    /// The worker's process id.
    pub pid: Option<u32>,
    /// For how long the worker runs.
    pub uptime_seconds: Option<u64>,
    /// Connections that are open now.
    pub connections: Option<u64>,
    /// How many may be open at once.
    pub max_connections: Option<u64>,
    /// New sessions in the last second.
    pub session_rate: Option<u64>,
    /// Whether what runs is what the stored document renders to.
    pub agrees: bool,
    /// The stored document.
    pub document: Option<Applied>,
    /// What a person should look at, the worst first.
    pub attention: Vec<Attention>,
}

/// The document that is in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AppliedDocument)]
pub struct Applied {
    /// Its ETag.
    pub etag: String,
    /// Its snapshot.
    pub snapshot: String,
    /// When it was applied.
    #[schema(value_type = String, format = DateTime)]
    pub applied_at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Why, where it was not a plain change.
    pub reason: Option<String>,
}

/// How urgent something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Traffic suffers, or will.
    Error,
    /// Something is not as it was meant.
    Warning,
    /// Worth knowing.
    Info,
}

/// One thing that a person should look at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attention {
    /// How urgent it is.
    pub severity: Urgency,
    /// A stable name, such as `haproxy.notRunning`.
    pub code: &'static str,
    /// What is the matter and what to do.
    pub message: String,
    /// How many things it is about, where it is about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

/// How a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LiveState)]
pub enum State {
    /// It takes connections and its checks pass.
    Up,
    /// Its checks fail.
    Down,
    /// It takes no new connections.
    Drain,
    /// It is in maintenance.
    Maint,
    /// It takes connections; nothing checks it.
    Unchecked,
}

/// One server of a backend, as HAProxy sees it now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LiveServer)]
pub struct Server {
    /// The backend's name.
    pub backend: String,
    /// The server's name.
    pub server: String,
    /// How it does.
    pub state: State,
    /// The weight that counts now.
    pub weight: u64,
    /// Connections that are open now.
    pub sessions: u64,
    /// For how long it has been in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_seconds: Option<u64>,
    /// What the last check found, such as `L7OK` or `L4CON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// How long the last check took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_ms: Option<u64>,
}

/// HAProxy as it is now. What cannot be asked is left out; only a broken store is an error.
pub(crate) async fn status(engine: &Engine) -> Result<Status, ApplyError> {
    let live = engine.live();
    let stopped = engine.is_stopped().await?;
    let info = engine.proxy().admin().info().await.ok();
    let running = info.is_some();
    let agrees = matches!((&info, &live), (Some(info), Some(live)) if runs(info, live));
    let version = match info.as_ref().and_then(Info::version) {
        Some(version) => Some(version.to_string()),
        None => engine.proxy().probe().await.ok().map(|probe| probe.version.to_string()),
    };
    let servers = if running { servers(engine).await.unwrap_or_default() } else { Vec::new() };
    let number = |name| info.as_ref().and_then(|info| info.number(name));
    Ok(Status {
        mode: if matches!(engine.proxy().mode(), Mode::Managed(_)) { "managed" } else { "external" },
        running,
        stopped,
        attention: attention(
            engine,
            live.as_deref(),
            Found { running, stopped, agrees, version: version.is_some() },
            &servers,
        ),
        version,
        pid: info.as_ref().and_then(Info::pid),
        uptime_seconds: number("Uptime_sec"),
        connections: number("CurrConns"),
        max_connections: number("Maxconn"),
        session_rate: number("SessRate"),
        agrees,
        document: live.map(|live| Applied {
            etag: live.hash().to_owned(),
            snapshot: live.row.id.clone(),
            applied_at: platform::clock::from_micros(live.row.at),
            actor: live.row.actor.clone(),
            reason: live.row.reason.clone(),
        }),
    })
}

/// Every server of every backend. Internal proxies, whose names are not of the document, are among them.
pub(crate) async fn servers(engine: &Engine) -> Result<Vec<Server>, haproxy::Error> {
    let mut found = Vec::new();
    engine
        .proxy()
        .admin()
        .stat(|row| {
            if row.kind() != Some(StatKind::Server) {
                return;
            }
            let status = row.get("status").unwrap_or_default();
            found.push(Server {
                backend: row.proxy().to_owned(),
                server: row.service().to_owned(),
                state: state_of(status),
                weight: row.number("weight").unwrap_or_default(),
                sessions: row.number("scur").unwrap_or_default(),
                since_seconds: row.number("lastchg"),
                check: row.get("check_status").filter(|check| !check.is_empty()).map(str::to_owned),
                check_ms: row.number("check_duration"),
            });
        })
        .await?;
    Ok(found)
}

/// Tells the news of servers that changed, for as long as anybody follows them.
#[derive(Debug, Default)]
pub struct Watch {
    last: tokio::sync::Mutex<HashMap<(String, String), State>>,
}

impl Watch {
    /// Compares with the last look and tells what changed as `haproxy.servers`. Without listeners HAProxy is not even asked.
    ///
    /// # Errors
    /// When HAProxy does not answer; the next look tells what changed meanwhile.
    pub async fn look(&self, engine: &Engine) -> Result<(), haproxy::Error> {
        let mut last = self.last.lock().await;
        if !engine.news().is_heard() {
            *last = HashMap::new();
            return Ok(());
        }
        let now = match servers(engine).await {
            Ok(now) => now,
            // Stopped, or not started yet: all that was known is out of date.
            Err(error) if error.is_absent() => Vec::new(),
            Err(error) => return Err(error),
        };
        let first = last.is_empty();
        let states: HashMap<_, _> =
            now.into_iter().map(|server| ((server.backend, server.server), server.state)).collect();
        let is_new = |(key, state): &(&(String, String), &State)| last.get(*key) != Some(*state);
        let changed: Vec<_> = states
            .iter()
            .filter(is_new)
            .take(TOLD)
            .map(|((backend, server), state)| json!({ "backend": backend, "server": server, "state": state }))
            .collect();
        if !first && (!changed.is_empty() || states.len() != last.len()) {
            engine.news().tell("haproxy.servers", || json!({ "changed": changed }));
        }
        *last = states;
        Ok(())
    }
}

/// Servers that one piece of news names; whoever needs all of them asks for them.
const TOLD: usize = 100;

/// HAProxy's own words (management guide, 9.1), of which `UP 1/3` and `DOWN 1/2` are on their way to the other.
fn state_of(status: &str) -> State {
    match status.split_whitespace().next().unwrap_or_default() {
        "UP" => State::Up,
        "DOWN" => State::Down,
        "DRAIN" | "NOLB" => State::Drain,
        "MAINT" => State::Maint,
        _ => State::Unchecked,
    }
}

fn runs(info: &Info, live: &Live) -> bool {
    info.description().and_then(|text| text.strip_prefix(MARKER_PREFIX)) == Some(live.marker.as_str())
}

#[derive(Clone, Copy)]
struct Found {
    running: bool,
    stopped: bool,
    agrees: bool,
    version: bool,
}

fn attention(engine: &Engine, live: Option<&Live>, found: Found, servers: &[Server]) -> Vec<Attention> {
    let mut all = Vec::new();
    let mut note = |severity, code, message: String, count| all.push(Attention { severity, code, message, count });
    let trouble: Option<Arc<String>> = engine.trouble();
    if let Some(trouble) = trouble {
        note(Urgency::Error, "document.unreadable", format!("the stored document cannot be loaded: {trouble}"), None);
    }
    if !found.version {
        let text = "HAProxy cannot be run; is it installed, and is haproxy.bin right?".to_owned();
        note(Urgency::Error, "haproxy.notInstalled", text, None);
    } else if found.stopped {
        note(Urgency::Error, "haproxy.stopped", "HAProxy was stopped on purpose; nothing is served".to_owned(), None);
    } else if !found.running {
        note(Urgency::Error, "haproxy.notRunning", "HAProxy does not run; nothing is served".to_owned(), None);
    } else if !found.agrees && live.is_some() {
        let text = "HAProxy runs something else than the stored document; it is being put right".to_owned();
        note(Urgency::Warning, "haproxy.differs", text, None);
    }
    if engine.is_stand_in() {
        let text = "the newest snapshot is damaged; the last good one is in force".to_owned();
        note(Urgency::Error, "document.standIn", text, None);
    }
    let down = servers.iter().filter(|server| server.state == State::Down).count();
    if down > 0 {
        note(Urgency::Warning, "servers.down", format!("{down} of {} servers are down", servers.len()), Some(down));
    }
    if live.is_some_and(|live| live.row.reason.as_deref() == Some("first-start")) {
        let text = "only the welcome page is served; set up your first backend and frontend".to_owned();
        note(Urgency::Info, "document.first", text, None);
    }
    all.sort_by_key(|attention| attention.severity);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haproxys_words_are_told_apart() {
        for (word, state) in [
            ("UP", State::Up),
            ("UP 1/3", State::Up),
            ("DOWN 1/2", State::Down),
            ("DOWN (agent)", State::Down),
            ("DRAIN", State::Drain),
            ("MAINT (via a/b)", State::Maint),
            ("no check", State::Unchecked),
        ] {
            assert_eq!(state_of(word), state, "{word}");
        }
    }
}
