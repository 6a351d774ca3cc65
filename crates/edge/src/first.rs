//! The first document: what a fresh installation puts live, so that a `curl` shows HAProxy working.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
};

use serde_json::json;

use crate::{
    apply::{ApplyError, ApplyId, Change, Edit, Engine, Mode, Precondition},
    state::{self, Document},
};

/// Where the first frontend would like to listen.
pub const PORT: u16 = 8080;

/// So many ports are tried when that one is taken.
const TRIES: u16 = 100;

/// A first document: one frontend on `port`, one backend that the daemon itself answers on `welcome`.
pub fn document(port: u16, welcome: SocketAddr) -> Result<Document, ApplyError> {
    let now = jiff::Timestamp::UNIX_EPOCH.to_string();
    let body = json!({
        "schemaVersion": 1,
        "meta": { "createdAt": now, "lastEditedAt": now },
        "haproxy": {
            // Small enough for any machine's limit on open files; a real installation sets its own.
            "globalSettings": { "maxconn": 2000, "fdHardLimit": 10_000 },
            "defaultsBlocks": [{ "id": "defaults", "name": "defaults" }],
            "frontends": [{
                "id": "welcome-http",
                "name": "welcome-http",
                "description": "The first frontend; replace it with your own",
                "fromDefaults": "defaults",
                "binds": [{ "id": "welcome-bind", "address": format!(":{port}") }],
                "httpOpts": { "defaultBackendId": "welcome" },
            }],
            "backends": [{
                "id": "welcome",
                "name": "welcome",
                "balance": "roundrobin",
                "servers": [{ "name": "plenum", "address": welcome.to_string(), "check": false }],
            }],
        },
    });
    Ok(state::read(body.to_string().as_bytes(), None)?)
}

/// Puts a first document live if there is none yet. Returns the port that it listens on.
pub async fn ensure(engine: &Arc<Engine>, welcome: SocketAddr) -> Result<Option<u16>, ApplyError> {
    if engine.live().is_some() || engine.trouble().is_some() {
        return Ok(None);
    }
    // A daemon that died before its first commit may have left a HAProxy behind, which would hold the port that we want.
    if matches!(engine.proxy().mode(), Mode::Managed(_)) && engine.proxy().is_running().await {
        engine.proxy().stop().await.map_err(|error| {
            ApplyError::rejected(format!("a HAProxy that was left behind cannot be stopped: {error}"))
        })?;
    }
    let port = free_port();
    let mut first = document(port, welcome)?;
    first.meta.created_at = shape::Time::from_timestamp(engine.db().clock().now());
    engine.apply(by_system(first.into(), "first-start")).await?;
    Ok(Some(port))
}

/// Stores the live document again, where it stands in for a damaged snapshot.
pub async fn store_again(engine: &Arc<Engine>) -> Result<(), ApplyError> {
    if let Some(live) = engine.live() {
        engine.apply(by_system(Arc::clone(&live.document), "recovered")).await?;
    }
    Ok(())
}

fn by_system(document: Arc<Document>, reason: &str) -> Change {
    Change {
        edit: Edit::Whole(document),
        actor: "system".to_owned(),
        reason: Some(reason.to_owned()),
        precondition: Precondition::None,
        directives: true,
        id: ApplyId::unnamed(),
    }
}

/// The wanted port, or the next one that nobody listens on.
fn free_port() -> u16 {
    (PORT..PORT + TRIES).find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok()).unwrap_or(PORT)
}
