//! Containers: what Docker says on this machine, and on the others through SSH.

use std::path::{Path, PathBuf};
use std::time::Duration;

use docker::{Client, Id, Usage};
use platform::db;
use serde::Serialize;
use tokio::task::JoinSet;
use utoipa::ToSchema;

use super::LOCAL;
use super::looks::{LIMIT, LookError};
use crate::registry::Mesh;
use crate::store::servers::{self as store, Server};
use crate::text;

/// How long each answer of an engine may take.
const ANSWER: Duration = Duration::from_secs(8);
/// Between the two looks at what containers take.
const SAMPLE: Duration = Duration::from_millis(500);
/// Questions to one engine under way at once.
const AT_ONCE: usize = 4;
/// Containers of one machine that are told of.
const SHOWN: usize = 1000;
const NAME_CHARS: usize = 200;

/// One container.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MeshContainer)]
pub struct Container {
    /// The id of its machine.
    pub server: String,
    pub id: String,
    pub name: String,
    pub image: String,
    /// `running`, `paused`, `restarting`, `exited`, `created`, `removing` or `dead`.
    pub state: String,
    /// The same for people: `Up 3 minutes`.
    pub status: String,
    /// Of one processor, over half a second; like all numbers here none where it does not run or nobody tells.
    pub cpu_percent: Option<f64>,
    /// Bytes.
    pub memory_usage: Option<u64>,
    pub memory_limit: Option<u64>,
    /// Bytes since it started.
    pub net_rx: Option<u64>,
    pub net_tx: Option<u64>,
    pub pids: Option<u64>,
}

/// What the engine of one machine says, or why it says nothing.
#[derive(Clone, Debug)]
pub struct Containers {
    pub server: String,
    pub found: Result<Vec<Container>, String>,
}

/// Why containers are not known.
#[derive(Debug, thiserror::Error)]
enum ContainersError {
    #[error("There is no Docker on this machine ({0} is missing)")]
    None(PathBuf),
    #[error(transparent)]
    Docker(#[from] docker::Error),
    #[error(transparent)]
    Look(#[from] LookError),
    #[error("there is no Docker at {socket}, or {user} may not use it")]
    Closed { socket: String, user: String },
}

impl Mesh {
    /// The containers of every machine: this one first, the others by name. Several who ask at once share one look.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn containers(&self) -> Result<Vec<Containers>, db::Error> {
        let mesh = self.clone();
        // A task of its own: it goes on when the one who asked is gone, so that the next one need not begin again.
        let look = tokio::spawn(async move {
            let shared = &mesh.monitor.containers;
            let _turn = shared.turn.lock().await;
            if let Some(found) = shared.fresh() {
                return Ok(found);
            }
            let found = mesh.containers_now().await?;
            shared.keep(found.clone());
            Ok(found)
        });
        match look.await {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    async fn containers_now(&self) -> Result<Vec<Containers>, db::Error> {
        let servers = store::all(&self.db).await?;
        let mut looks = JoinSet::new();
        let socket = self.config.docker_socket.clone();
        looks.spawn(async move { (0, within(LOCAL.to_owned(), local(&socket)).await) });
        for (place, server) in servers.into_iter().enumerate() {
            let mesh = self.clone();
            looks.spawn(async move { (place + 1, within(server.key.clone(), mesh.remote(&server)).await) });
        }
        let mut found = looks.join_all().await;
        found.sort_by_key(|(place, _)| *place);
        Ok(found.into_iter().map(|(_, containers)| containers).collect())
    }

    async fn remote(&self, server: &Server) -> Result<Vec<Container>, ContainersError> {
        let session = self.session(server).await?;
        let mut clients = Vec::new();
        for _ in 0..AT_ONCE {
            let stream = session.unix_stream(&server.docker_socket, ANSWER).await.map_err(|error| match error {
                ssh::Error::Closed(_) => {
                    ContainersError::Closed { socket: server.docker_socket.clone(), user: server.user.to_string() }
                }
                other => LookError::from(other).into(),
            })?;
            clients.push(Client::over(stream, ANSWER).await?);
        }
        let found = ask(clients, &server.key).await?;
        session.close().await;
        Ok(found)
    }
}

async fn within(server: String, look: impl Future<Output = Result<Vec<Container>, ContainersError>>) -> Containers {
    let found = tokio::time::timeout(LIMIT, Box::pin(look)).await.unwrap_or(Err(LookError::Slow.into()));
    Containers { server, found: found.map_err(|error| error.to_string()) }
}

async fn local(socket: &Path) -> Result<Vec<Container>, ContainersError> {
    if !socket.exists() {
        return Err(ContainersError::None(socket.to_owned()));
    }
    let mut clients = Vec::new();
    for _ in 0..AT_ONCE {
        clients.push(Client::local(socket, ANSWER).await?);
    }
    Ok(ask(clients, LOCAL).await?)
}

/// Lists, looks at what the running ones take, and looks again.
async fn ask(mut clients: Vec<Client>, server: &str) -> Result<Vec<Container>, docker::Error> {
    let Some(first) = clients.first_mut() else { return Ok(Vec::new()) };
    let mut listed = first.containers().await?;
    listed.truncate(SHOWN);
    let running: Vec<Id> = listed.iter().filter(|one| is_alive(&one.state)).map(|one| one.id.clone()).collect();
    let (clients, before) = usages(clients, &running).await?;
    tokio::time::sleep(if running.is_empty() { Duration::ZERO } else { SAMPLE }).await;
    let (_, after) = usages(clients, &running).await?;
    let usage_of = |id: &Id| {
        let at = running.iter().position(|one| one == id)?;
        Some((before.get(at).copied().flatten(), after.get(at).copied().flatten()?))
    };
    let container = |one: docker::Container| {
        let usage = usage_of(&one.id);
        let now = usage.map(|(_, now)| now);
        Container {
            server: server.to_owned(),
            name: text::clean(one.name.as_deref().unwrap_or_else(|| one.id.short()), NAME_CHARS),
            image: text::clean(&one.image, NAME_CHARS),
            state: text::clean(&one.state, NAME_CHARS),
            status: text::clean(&one.status, NAME_CHARS),
            cpu_percent: usage.and_then(|(before, now)| now.cpu_percent(&before?)),
            memory_usage: now.map(|now| now.memory),
            memory_limit: now.and_then(|now| now.memory_limit),
            net_rx: now.and_then(|now| now.received),
            net_tx: now.and_then(|now| now.sent),
            pids: now.and_then(|now| now.processes),
            id: one.id.short().to_owned(),
        }
    };
    let mut found: Vec<Container> = listed.into_iter().map(container).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn is_alive(state: &str) -> bool {
    matches!(state, "running" | "paused" | "restarting")
}

/// Asks all connections at once, each for its share; the answers are in the order of the ids.
async fn usages(clients: Vec<Client>, ids: &[Id]) -> Result<(Vec<Client>, Vec<Option<Usage>>), docker::Error> {
    let share = ids.len().div_ceil(clients.len()).max(1);
    let mut parts = ids.chunks(share);
    let mut asked = Vec::new();
    for mut client in clients {
        let part = parts.next().unwrap_or_default().to_vec();
        asked.push(async move {
            let mut found = Vec::with_capacity(part.len());
            for id in &part {
                found.push(client.usage(id).await?);
            }
            Ok::<_, docker::Error>((client, found))
        });
    }
    let answers = futures_util::future::try_join_all(asked).await?;
    let (clients, found): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    Ok((clients, found.into_iter().flatten().collect()))
}
