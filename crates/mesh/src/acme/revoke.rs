//! Revocation (RFC 8555 section 7.6): by the account that ordered the certificate, by one that speaks for all of its names
//! now, or by whoever has its key.

use http::StatusCode;
use platform::{
    audit::{self, Entry, Outcome},
    db::{self, Tx},
    events,
};
use serde::Deserialize;
use serde_json::json;

use super::account::actor;
use super::base64;
use super::call::{Answer, Call};
use super::jwk::Key;
use super::problem::Problem;
use crate::registry::CATEGORY;
use crate::store::acme::{self as store, Account, Certificate};

/// Reasons that somebody outside of the authority can have (RFC 5280 section 5.3.1): unspecified, keyCompromise,
/// affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn.
const REASONS: [u8; 6] = [0, 1, 3, 4, 5, 9];

#[derive(Deserialize)]
struct Revoke {
    certificate: String,
    reason: Option<u8>,
}

/// Revokes a certificate.
pub(super) async fn revoke(call: &Call) -> Result<Answer, Problem> {
    let signed = call.by_account_or_key().await?;
    let wanted: Revoke = signed.read()?;
    let reason = wanted.reason.unwrap_or(0);
    if !REASONS.contains(&reason) {
        return Err(Problem::bad_reason(format!("the reason must be one of {REASONS:?}")));
    }
    let unknown = || Problem::malformed("this is not a certificate that was issued here").status(StatusCode::NOT_FOUND);
    let given = base64::decode(&wanted.certificate).ok_or_else(unknown)?;
    let given = pki::Certificate::parse_der(&given).map_err(|_| unknown())?;
    let found = store::certificate(&call.mesh.db, &given.serial.to_string()).await?.ok_or_else(unknown)?;
    let ours = pki::Certificate::parse_pem(&found.chain).map_err(crate::ca::CaError::from)?;
    if ours.fingerprint_sha256 != given.fingerprint_sha256 {
        return Err(unknown());
    }
    let by = match &signed.by {
        Ok(account) => {
            check_account(call, account, &found).await?;
            actor(&account.id)
        }
        Err(key) => {
            check_key(key, &ours)?;
            // The holder of the key, whoever that is.
            format!("acme:key:{}", key.thumbprint())
        }
    };
    let mut tx = call.mesh.db.begin().await?;
    if !store::revoke_certificate(&mut tx, &found.serial, reason).await? {
        return Err(Problem::already_revoked());
    }
    note(&mut tx, &by, &found, reason).await?;
    tx.commit().await?;
    Ok(Answer::empty(StatusCode::OK))
}

/// Says who revoked it, in the same transaction.
pub(super) async fn note(tx: &mut Tx, by: &str, found: &Certificate, reason: u8) -> Result<(), db::Error> {
    let entry = Entry::new(by, CATEGORY, "cert_revoke").target(found.names.join(" "));
    let details =
        json!({ "name": found.names.first(), "names": found.names, "serial": found.serial, "reason": reason });
    audit::record(tx, entry.details(details), Outcome::Ok).await?;
    events::append(tx, "mesh.certificates", &json!({ "name": found.names.first() })).await?;
    Ok(())
}

async fn check_account(call: &Call, account: &Account, found: &Certificate) -> Result<(), Problem> {
    if found.account == account.id {
        return Ok(());
    }
    for name in &found.names {
        let (name, wildcard) = name.strip_prefix("*.").map_or((name.as_str(), false), |name| (name, true));
        if !store::proved(&call.mesh.db, &account.id, name, wildcard).await? {
            return Err(Problem::unauthorized(
                "this account did not order the certificate and does not speak for its names",
            ));
        }
    }
    Ok(())
}

fn check_key(key: &Key, certificate: &pki::Certificate) -> Result<(), Problem> {
    if key.in_certificate() == certificate.public_key {
        Ok(())
    } else {
        Err(Problem::unauthorized("the request is not signed by the key of the certificate"))
    }
}
