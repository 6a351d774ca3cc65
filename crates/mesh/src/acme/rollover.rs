//! A new key for an account (RFC 8555 section 7.3.5): the old key signs that the new one has signed that it takes over.

use platform::{
    audit::{self, Entry, Outcome},
    db,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::account::{actor, taken};
use super::call::{Answer, Call};
use super::jwk::Key;
use super::jws::{Jws, Signer};
use super::problem::Problem;
use crate::registry::CATEGORY;
use crate::store::acme::{self as store, Account};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rollover {
    account: String,
    old_key: Map<String, Value>,
}

/// Replaces the key of an account.
pub(super) async fn change(call: &Call) -> Result<Answer, Problem> {
    let signed = call.by_account().await?;
    let account = signed.by;
    let new = taken_over(call, &account, &signed.payload)?;
    let thumbprint = new.thumbprint();
    let db = &call.mesh.db;
    if let Some(other) = store::account_of(db, &thumbprint).await? {
        return Err(taken(call, &other));
    }
    let mut tx = db.begin().await?;
    match store::set_key(&mut tx, &account.id, &account.thumbprint, &thumbprint, &new.jwk()).await {
        Ok(true) => {}
        Ok(false) => return Err(Problem::unauthorized("the account has another key by now")),
        Err(db::Error::Duplicate(_)) => return Err(taken(call, &account)),
        Err(error) => return Err(error.into()),
    }
    let entry = Entry::new(actor(&account.id), CATEGORY, "acme_key_change").target(&account.id);
    let details = json!({ "old": account.thumbprint, "new": thumbprint });
    audit::record(&mut tx, entry.details(details), Outcome::Ok).await?;
    tx.commit().await?;
    Ok(Answer::json(&json!({ "status": "valid", "contact": account.contact })))
}

/// The key that takes over, if it says so itself, and about this account and its key.
fn taken_over(call: &Call, account: &Account, inner: &[u8]) -> Result<Key, Problem> {
    let inner = Jws::read(inner)?;
    let Signer::Key(new) = inner.signer()? else {
        return Err(Problem::malformed("the inner JWS must be signed by the new key: \"jwk\", not \"kid\""));
    };
    inner.meant_for(&call.own_url()?)?;
    if inner.header.nonce.is_some() {
        return Err(Problem::malformed("the inner JWS must not have a nonce"));
    }
    inner.verify(&new)?;
    let said: Rollover = serde_json::from_slice(&inner.payload)
        .map_err(|error| Problem::malformed(format!("the payload of the inner JWS cannot be read: {error}")))?;
    if said.account != call.url(&format!("account/{}", account.id))? {
        return Err(Problem::malformed("the inner JWS is about another account"));
    }
    if Key::read(&said.old_key)?.thumbprint() != account.thumbprint {
        return Err(Problem::malformed("\"oldKey\" is not the key of the account"));
    }
    Ok(new)
}
