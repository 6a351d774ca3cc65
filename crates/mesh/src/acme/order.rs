//! Orders, and what is to be proved for them (RFC 8555 sections 7.4 and 7.5).
//!
//! Every order has authorizations of its own, one for each name: what was proved for one order entitles to nothing in
//! another.

use http::header::{LINK, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::identifier::{Identifier, names};
use super::problem::Problem;
use super::{base64, random, validation};
use crate::store::acme::{self as store, Authorization, Challenge, Kind, Order};
use crate::text;

/// How soon a client should look again.
const AGAIN: &str = "1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    identifiers: Vec<Identifier>,
    not_before: Option<Value>,
    not_after: Option<Value>,
}

#[derive(Deserialize)]
struct Change {
    status: Option<String>,
}

/// Takes an order.
pub(super) async fn create(call: &Call) -> Result<Answer, Problem> {
    let signed = call.by_account().await?;
    let wanted: New = signed.read()?;
    if wanted.not_before.is_some() || wanted.not_after.is_some() {
        return Err(Problem::malformed("the period of a certificate cannot be chosen (notBefore, notAfter)"));
    }
    let names = names(&wanted.identifiers, &call.mesh.config.domain)?;
    let account = signed.by.id;
    call.count("order", &account, &super::ORDERS)?;
    let expires_at = platform::clock::plus(call.mesh.clock.now(), super::ORDER);
    let id = hex::encode(random::<16>()?);
    let authorizations = names
        .iter()
        .map(|name| {
            let (name, wildcard) = name.strip_prefix("*.").map_or((name.as_str(), false), |name| (name, true));
            // A wildcard stands for names that nobody can be asked over HTTP.
            let kinds: &[Kind] = if wildcard { &[Kind::Dns01] } else { &[Kind::Http01, Kind::Dns01] };
            let authorization = hex::encode(random::<16>()?);
            let challenges =
                kinds.iter().map(|kind| challenge(&authorization, *kind)).collect::<Result<_, Problem>>()?;
            Ok(Authorization {
                id: authorization,
                order: id.clone(),
                account: account.clone(),
                name: name.to_owned(),
                wildcard,
                status: "pending".to_owned(),
                expires_at,
                challenges,
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let status = "pending".to_owned();
    let order = Order { id, account, names, status, error: None, serial: None, expires_at };
    let mut tx = call.mesh.db.begin().await?;
    if store::open_orders(&mut tx, &order.account).await? >= super::OPEN {
        return Err(Problem::rate_limited(3600));
    }
    store::insert_order(&mut tx, &order, &authorizations).await?;
    tx.commit().await?;
    Ok(Answer::json(&shown(call, &order, &authorizations)?).created().at(call.url(&format!("order/{}", order.id))?))
}

fn challenge(authorization: &str, kind: Kind) -> Result<Challenge, Problem> {
    Ok(Challenge {
        id: hex::encode(random::<16>()?),
        authorization: authorization.to_owned(),
        kind,
        token: base64::encode(random::<32>()?),
        status: "pending".to_owned(),
        error: None,
        validated_at: None,
    })
}

/// An order as clients see it.
pub(super) fn shown(call: &Call, order: &Order, authorizations: &[Authorization]) -> Result<Value, Problem> {
    let urls =
        authorizations.iter().map(|each| call.url(&format!("authz/{}", each.id))).collect::<Result<Vec<_>, _>>()?;
    let is_over = order.expires_at <= call.mesh.clock.now();
    let status =
        if is_over && matches!(order.status.as_str(), "pending" | "ready") { "invalid" } else { &order.status };
    let mut shown = json!({
        "status": status,
        "expires": text::seconds(order.expires_at),
        "identifiers": order.names.iter().map(|name| json!({ "type": "dns", "value": name })).collect::<Vec<_>>(),
        "authorizations": urls,
        "finalize": call.url(&format!("order/{}/finalize", order.id))?,
    });
    if let Some(error) = &order.error {
        shown["error"] = error.clone();
    }
    if order.serial.is_some() {
        shown["certificate"] = json!(call.url(&format!("certificate/{}", order.id))?);
    }
    Ok(shown)
}

/// An order of this account.
pub(super) async fn find(call: &Call, account: &str, id: &str) -> Result<(Order, Vec<Authorization>), Problem> {
    let order = store::order(&call.mesh.db, id).await?.filter(|order| order.account == account);
    let order = order.ok_or_else(|| Problem::unknown("order"))?;
    let authorizations = store::authorizations(&call.mesh.db, id).await?;
    Ok((order, authorizations))
}

/// Shows an order.
pub(super) async fn show(call: &Call, id: &str) -> Result<Answer, Problem> {
    let account = call.by_account().await?.nothing()?;
    let (order, authorizations) = find(call, &account.id, id).await?;
    Ok(Answer::json(&shown(call, &order, &authorizations)?).with(RETRY_AFTER, AGAIN))
}

async fn find_authorization(call: &Call, account: &str, id: &str) -> Result<Authorization, Problem> {
    let found = store::authorization(&call.mesh.db, id).await?.filter(|found| found.account == account);
    found.ok_or_else(|| Problem::unknown("authorization"))
}

fn challenge_shown(call: &Call, challenge: &Challenge) -> Result<Value, Problem> {
    let mut shown = json!({
        "type": challenge.kind.as_str(),
        "url": call.url(&format!("challenge/{}", challenge.id))?,
        "status": challenge.status,
        "token": challenge.token,
    });
    if let Some(at) = challenge.validated_at {
        shown["validated"] = json!(text::seconds(at));
    }
    if let Some(error) = &challenge.error {
        shown["error"] = error.clone();
    }
    Ok(shown)
}

async fn authorization_shown(call: &Call, authorization: &Authorization) -> Result<Value, Problem> {
    let mut challenges = store::challenges(&call.mesh.db, &authorization.id).await?;
    if authorization.status == "valid" {
        // What was not needed says nothing any more.
        challenges.retain(|challenge| challenge.status == "valid");
    }
    let is_over = authorization.expires_at <= call.mesh.clock.now();
    let status = match authorization.status.as_str() {
        "pending" | "valid" if is_over => "expired",
        status => status,
    };
    let mut shown = json!({
        "identifier": { "type": "dns", "value": authorization.name },
        "status": status,
        "expires": text::seconds(authorization.expires_at),
        "challenges": challenges.iter().map(|each| challenge_shown(call, each)).collect::<Result<Vec<_>, _>>()?,
    });
    if authorization.wildcard {
        shown["wildcard"] = json!(true);
    }
    Ok(shown)
}

/// Shows an authorization, or gives it up.
pub(super) async fn authorization(call: &Call, id: &str) -> Result<Answer, Problem> {
    let signed = call.by_account().await?;
    let mut found = find_authorization(call, &signed.by.id, id).await?;
    if !signed.payload.is_empty() {
        let wanted: Change = signed.read()?;
        match wanted.status.as_deref() {
            None => {}
            Some("deactivated") => {
                let mut tx = call.mesh.db.begin().await?;
                store::release(&mut tx, &found).await?;
                tx.commit().await?;
                found = find_authorization(call, &signed.by.id, id).await?;
            }
            Some(_) => {
                return Err(Problem::malformed("the status of an authorization can only become \"deactivated\""));
            }
        }
    }
    Ok(Answer::json(&authorization_shown(call, &found).await?).with(RETRY_AFTER, AGAIN))
}

/// Has a challenge looked at: the client says that it is ready. An empty request only shows it.
pub(super) async fn respond(call: &Call, id: &str) -> Result<Answer, Problem> {
    let signed = call.by_account().await?;
    let db = &call.mesh.db;
    let unknown = || Problem::unknown("challenge");
    let mut challenge = store::challenge(db, id).await?.ok_or_else(unknown)?;
    let found = find_authorization(call, &signed.by.id, &challenge.authorization).await.map_err(|_| unknown())?;
    if !signed.payload.is_empty() {
        // Whatever is in it: the content of a response is not defined, beyond being an object.
        signed.read::<serde_json::Map<String, Value>>()?;
        let is_over = found.expires_at <= call.mesh.clock.now();
        if challenge.status == "pending" && (found.status != "pending" || is_over) {
            return Err(Problem::malformed("the authorization is not pending any more; order again"));
        }
        let mut tx = db.begin().await?;
        let started = store::start(&mut tx, id).await?;
        tx.commit().await?;
        if started {
            platform::failpoint!("acme.after_start");
            validation::begin(&call.mesh, id)?;
        }
        challenge = store::challenge(db, id).await?.ok_or_else(unknown)?;
    }
    let up = call.url(&format!("authz/{}", found.id))?;
    let answer = Answer::json(&challenge_shown(call, &challenge)?).with(LINK, format!("<{up}>;rel=\"up\""));
    Ok(answer.with(RETRY_AFTER, AGAIN))
}
