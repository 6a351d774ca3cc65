//! Looking for the proof of a challenge (RFC 8555 section 8): several times within some seconds, as names and answers may
//! take a moment to be there. What is found goes to the store; clients look there.
//!
//! A validation that ends with this process is begun again by the next one ([`Mesh::tend_acme`]).

mod dns;
mod http;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use platform::{db, events};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::base64;
use super::problem::Problem;
use crate::Mesh;
use crate::store::acme::{self as store, Authorization, Challenge, Kind};

/// How long to wait before each attempt.
const ATTEMPTS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// Begins to look, unless somebody does already.
pub(super) fn begin(mesh: &Mesh, id: &str) -> Result<(), getrandom::Error> {
    let acme = mesh.acme()?;
    if !acme.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned()) {
        return Ok(());
    }
    let busy = Busy { mesh: mesh.clone(), id: id.to_owned(), turns: Arc::clone(&acme.turns) };
    tokio::spawn(async move {
        if let Err(error) = look(&busy).await {
            // It stays in the store and is looked at again.
            tracing::warn!(error = &error as &dyn std::error::Error, "an ACME challenge could not be looked at");
        }
    });
    Ok(())
}

/// A challenge that is being looked at, until this is dropped.
struct Busy {
    mesh: Mesh,
    id: String,
    turns: Arc<Semaphore>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Ok(acme) = self.mesh.acme() {
            acme.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        }
    }
}

async fn look(busy: &Busy) -> Result<(), db::Error> {
    let Busy { mesh, id, turns } = busy;
    let Some(challenge) = store::challenge(&mesh.db, id).await? else { return Ok(()) };
    let Some(authorization) = store::authorization(&mesh.db, &challenge.authorization).await? else { return Ok(()) };
    let Some(account) = store::account(&mesh.db, &authorization.account).await? else { return Ok(()) };
    if challenge.status != "processing" || authorization.status != "pending" {
        return Ok(());
    }
    let proof = format!("{}.{}", challenge.token, account.thumbprint);
    let mut problem = None;
    for wait in ATTEMPTS {
        tokio::time::sleep(wait).await;
        let _turn = turns.acquire().await;
        let found = match challenge.kind {
            Kind::Http01 => http::look(mesh, &authorization.name, &challenge.token, &proof).await,
            Kind::Dns01 => dns::look(mesh, &authorization.name, &base64::encode(Sha256::digest(&proof))),
        };
        match found {
            Ok(()) => return settle(mesh, &challenge, &authorization, None).await,
            Err(found) => problem = Some(found),
        }
    }
    settle(mesh, &challenge, &authorization, problem).await
}

async fn settle(
    mesh: &Mesh,
    challenge: &Challenge,
    authorization: &Authorization,
    problem: Option<Problem>,
) -> Result<(), db::Error> {
    let mut tx = mesh.db.begin().await?;
    let settled = match &problem {
        None => store::pass(&mut tx, challenge, authorization).await?,
        Some(problem) => {
            tracing::info!(
                name = authorization.name,
                kind = challenge.kind.as_str(),
                problem = problem.detail(),
                "a name was not proved"
            );
            store::fail(&mut tx, challenge, authorization, &problem.document()).await?
        }
    };
    if settled {
        events::append(&mut tx, "mesh.acme", &json!({ "name": authorization.name, "proved": problem.is_none() }))
            .await?;
    }
    tx.commit().await
}
