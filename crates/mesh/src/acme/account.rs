//! Accounts (RFC 8555 section 7.3): whoever has a key may have one, as an account alone entitles to nothing.

use http::StatusCode;
use http::header::LOCATION;
use platform::{
    audit::{self, Entry, Outcome},
    db,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::problem::Problem;
use crate::registry::CATEGORY;
use crate::store::acme::{self as store, Account};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    #[serde(default)]
    contact: Vec<String>,
    #[serde(default)]
    only_return_existing: bool,
}

#[derive(Deserialize)]
struct Change {
    contact: Option<Vec<String>>,
    status: Option<String>,
}

/// Whom the audit log names.
pub(super) fn actor(account: &str) -> String {
    format!("acme:{account}")
}

fn shown(call: &Call, account: &Account) -> Result<Value, Problem> {
    Ok(json!({
        "status": if account.is_valid { "valid" } else { "deactivated" },
        "contact": account.contact,
        "orders": call.url(&format!("account/{}/orders", account.id))?,
    }))
}

/// Finds or makes the account of a key.
pub(super) async fn create(call: &Call) -> Result<Answer, Problem> {
    let signed = call.by_key()?;
    let wanted: New = signed.read()?;
    let (db, key) = (&call.mesh.db, &signed.by);
    let thumbprint = key.thumbprint();
    if let Some(account) = store::account_of(db, &thumbprint).await? {
        return existing(call, &account);
    }
    if wanted.only_return_existing {
        return Err(Problem::no_account("this key has no account here"));
    }
    check_contact(&wanted.contact)?;
    call.count("account", &call.client(), &super::ACCOUNTS)?;
    let account = Account {
        id: hex::encode(super::random::<8>()?),
        thumbprint,
        jwk: key.jwk(),
        contact: wanted.contact,
        is_valid: true,
        created_at: call.mesh.clock.now(),
    };
    let mut tx = db.begin().await?;
    match store::insert_account(&mut tx, &account).await {
        Ok(()) => {}
        // The same key has asked twice at the same time.
        Err(db::Error::Duplicate(_)) => {
            tx.rollback().await?;
            let account = store::account_of(db, &account.thumbprint).await?;
            return existing(call, &account.ok_or_else(|| Problem::no_account("the account is gone already"))?);
        }
        Err(error) => return Err(error.into()),
    }
    let entry = Entry::new(actor(&account.id), CATEGORY, "acme_account_create").target(&account.id);
    let entry = entry.details(json!({ "contact": account.contact, "key": key.algorithm(), "ip": call.client() }));
    audit::record(&mut tx, entry, Outcome::Ok).await?;
    tx.commit().await?;
    Ok(Answer::json(&shown(call, &account)?).created().at(call.url(&format!("account/{}", account.id))?))
}

fn existing(call: &Call, account: &Account) -> Result<Answer, Problem> {
    if !account.is_valid {
        return Err(Problem::unauthorized("the account of this key is deactivated"));
    }
    Ok(Answer::json(&shown(call, account)?).at(call.url(&format!("account/{}", account.id))?))
}

/// Shows or changes an account; only its own.
pub(super) async fn change(call: &Call, id: &str) -> Result<Answer, Problem> {
    let signed = call.by_account().await?;
    if signed.by.id != id {
        return Err(Problem::unauthorized("this is another account"));
    }
    if signed.payload.is_empty() {
        return Ok(Answer::json(&shown(call, &signed.by)?));
    }
    let wanted: Change = signed.read()?;
    let mut account = signed.by;
    let mut tx = call.mesh.db.begin().await?;
    let action = match wanted.status.as_deref() {
        None | Some("valid") => "acme_account_change",
        Some("deactivated") => {
            store::deactivate(&mut tx, id).await?;
            account.is_valid = false;
            "acme_account_deactivate"
        }
        Some(_) => return Err(Problem::malformed("the status of an account can only become \"deactivated\"")),
    };
    if let Some(contact) = wanted.contact {
        check_contact(&contact)?;
        store::set_contact(&mut tx, id, &contact).await?;
        account.contact = contact;
    }
    let entry = Entry::new(actor(id), CATEGORY, action).target(id).details(json!({ "contact": account.contact }));
    audit::record(&mut tx, entry, Outcome::Ok).await?;
    tx.commit().await?;
    Ok(Answer::json(&shown(call, &account)?))
}

/// The account's orders, the newest so many.
pub(super) async fn orders(call: &Call, id: &str) -> Result<Answer, Problem> {
    let account = call.by_account().await?.nothing()?;
    if account.id != id {
        return Err(Problem::unauthorized("this is another account"));
    }
    let ids = store::of_account(&call.mesh.db, id, 500).await?;
    let urls = ids.iter().map(|id| call.url(&format!("order/{id}"))).collect::<Result<Vec<_>, _>>()?;
    Ok(Answer::json(&json!({ "orders": urls })))
}

/// Nobody is written to; the addresses are kept for people who look at the account.
fn check_contact(contact: &[String]) -> Result<(), Problem> {
    if contact.len() > 10 {
        return Err(Problem::contact("invalidContact", "an account can have at most 10 contacts"));
    }
    for url in contact {
        let Some(address) = url.strip_prefix("mailto:") else {
            let detail = "a contact must be a mailto: URL";
            return Err(Problem::contact("unsupportedContact", detail));
        };
        let is_plain = |b: u8| b.is_ascii_graphic() && !b"?,<>\"\\".contains(&b);
        let parts: Vec<_> = address.split('@').collect();
        if address.len() > 254 || parts.len() != 2 || parts.contains(&"") || !address.bytes().all(is_plain) {
            let detail = "a contact must be one plain mail address after mailto:";
            return Err(Problem::contact("invalidContact", detail));
        }
    }
    Ok(())
}

/// Another account has this key.
pub(super) fn taken(call: &Call, account: &Account) -> Problem {
    let problem = Problem::malformed("the new key has an account already").status(StatusCode::CONFLICT);
    match call.url(&format!("account/{}", account.id)) {
        Ok(url) => problem.with(LOCATION, url),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_plain_mail_addresses() {
        let check = |url: &str| check_contact(&[url.to_owned()]).map_err(|problem| problem.document()["type"].clone());
        assert!(check("mailto:ops@example.com").is_ok());
        for (bad, kind) in [
            ("tel:+49", "unsupportedContact"),
            ("ops@example.com", "unsupportedContact"),
            ("mailto:", "invalidContact"),
            ("mailto:ops", "invalidContact"),
            ("mailto:a@b,c@d", "invalidContact"),
            ("mailto:a@b?cc=c@d", "invalidContact"),
            ("mailto:a@b\r\nX: y", "invalidContact"),
        ] {
            assert_eq!(check(bad), Err(json!(format!("urn:ietf:params:acme:error:{kind}"))), "{bad}");
        }
        assert!(check_contact(&vec!["mailto:a@b".to_owned(); 11]).is_err());
    }
}
