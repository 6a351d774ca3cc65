//! From a proved order to a certificate (RFC 8555 sections 7.4 and 7.4.2).
//!
//! Who is given a certificate, and why, is in the audit log in the same transaction that stores it: there is no
//! certificate without its entry.

use std::collections::BTreeSet;

use pki::SigningRequest;
use platform::{
    audit::{self, Entry, Outcome},
    events,
};
use serde::Deserialize;
use serde_json::json;

use super::account::actor;
use super::call::{Answer, Call};
use super::jwk::Key;
use super::problem::Problem;
use super::{base64, order};
use crate::registry::CATEGORY;
use crate::store::acme::{self as store, Account, Authorization, Certificate, Order};

#[derive(Deserialize)]
struct Finalize {
    csr: String,
}

/// Issues the certificate of an order.
pub(super) async fn finalize(call: &Call, id: &str) -> Result<Answer, Problem> {
    let signed = call.by_account().await?;
    let wanted: Finalize = signed.read()?;
    let (order, authorizations) = order::find(call, &signed.by.id, id).await?;
    check_ready(call, &order, &authorizations)?;
    let csr = base64::decode(&wanted.csr).ok_or_else(|| Problem::bad_csr("\"csr\" is not base64url"))?;
    check_request(&csr, &order, &signed.by)?;
    let order = issue(call, order, &csr).await?;
    Ok(Answer::json(&order::shown(call, &order, &authorizations)?).at(call.url(&format!("order/{id}"))?))
}

fn check_ready(call: &Call, order: &Order, authorizations: &[Authorization]) -> Result<(), Problem> {
    let now = call.mesh.clock.now();
    if order.status != "ready" || order.expires_at <= now {
        return Err(Problem::not_ready(format!("the order is {}, not ready", order.status)));
    }
    // Every name, and each still proved: one may have been given up after the order became ready.
    let proved: BTreeSet<String> = authorizations
        .iter()
        .filter(|each| each.status == "valid" && each.expires_at > now)
        .map(|each| if each.wildcard { format!("*.{}", each.name) } else { each.name.clone() })
        .collect();
    if order.names.iter().all(|name| proved.contains(name)) {
        Ok(())
    } else {
        Err(Problem::not_ready("a name of the order is not proved any more"))
    }
}

/// The request must be for the order's names, all of them and nothing else, with a key of its own.
fn check_request(csr: &[u8], order: &Order, account: &Account) -> Result<(), Problem> {
    let request = SigningRequest::parse(csr).map_err(|error| Problem::bad_csr(error.to_string()))?;
    if !request.dns_names.iter().eq(order.names.iter().collect::<BTreeSet<_>>()) {
        return Err(Problem::bad_csr("the names of the signing request are not those of the order"));
    }
    if Key::parse(&account.jwk).is_some_and(|key| key.in_certificate() == request.public_key) {
        return Err(Problem::bad_csr("the key of the signing request is that of the account"));
    }
    Ok(())
}

async fn issue(call: &Call, order: Order, csr: &[u8]) -> Result<Order, Problem> {
    let mesh = &call.mesh;
    let ca = mesh.ca().await?;
    let mut tx = mesh.db.begin().await?;
    let entry = Entry::new(actor(&order.account), CATEGORY, "cert_issue").target(order.names.join(" "));
    let entry = entry.details(json!({ "name": order.names.first(), "names": order.names, "order": order.id }));
    let audit = audit::open(&mut tx, entry).await?;
    let signed = ca.sign(csr, &order.names, mesh.clock.now())?;
    let serial = signed.serial.to_string();
    let certificate = Certificate {
        serial: serial.clone(),
        account: order.account.clone(),
        order: order.id.clone(),
        names: order.names.clone(),
        chain: signed.chain_pem,
        audit,
        not_before: signed.not_before,
        not_after: signed.not_after,
        revoked_at: None,
    };
    // Of two that finalize at the same time, one finds the order taken, and nothing of it remains.
    if !store::issued(&mut tx, &order.id, &serial).await? {
        return Err(Problem::not_ready("the order is not ready any more"));
    }
    store::insert_certificate(&mut tx, &certificate).await?;
    audit::complete(&mut tx, audit, Outcome::Ok, json!({ "serial": serial })).await?;
    events::append(&mut tx, "mesh.certificates", &json!({ "name": order.names.first() })).await?;
    tx.commit().await?;
    Ok(Order { status: "valid".to_owned(), serial: Some(serial), ..order })
}

/// Gives the certificate of an order.
pub(super) async fn certificate(call: &Call, id: &str) -> Result<Answer, Problem> {
    let account = call.by_account().await?.nothing()?;
    let (order, _) = order::find(call, &account.id, id).await.map_err(|_| Problem::unknown("certificate"))?;
    let serial = order.serial.ok_or_else(|| Problem::unknown("certificate"))?;
    let found = store::certificate(&call.mesh.db, &serial).await?;
    Ok(Answer::chain(found.ok_or_else(|| Problem::unknown("certificate"))?.chain))
}
