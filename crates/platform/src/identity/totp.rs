//! The second factor: time-based codes, sealed secrets, and no code accepted twice.

use serde::Serialize;
use serde_json::json;
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::users::UserRow;
use super::{Caller, Error, Identity};
use crate::audit::Entry;
use crate::db::{self, Tx};
use crate::on_db;

const ISSUER: &str = "Plenum";

/// What a user needs to set up their authenticator; shown once.
#[derive(Clone, Serialize)]
pub struct Enrolment {
    /// The secret in base 32, for typing.
    pub secret: String,
    /// The same as a URL, for a QR code.
    pub url: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment(***)")
    }
}

pub(super) enum Checked {
    NotNeeded,
    Missing,
    Wrong,
    Step(i64),
}

impl Identity {
    /// Begins to set up a second factor. It is needed only after [`Identity::confirm_totp`]; until then, begin again at will.
    pub async fn begin_totp(&self, caller: &Caller) -> Result<Enrolment, Error> {
        let id = self.person(caller)?;
        let row = self.user_row(id).await?.ok_or(Error::UserNotFound)?;
        if row.totp_confirmed {
            return Err(Error::TotpRequired);
        }
        let secret = Secret::generate();
        let text = Zeroizing::new(secret.to_base32());
        let sealed = self.vault.seal(&aad(id), &text)?;
        let url = totp(secret, &row.username)?.to_url().map_err(|_| Error::Unusable("a username fits no URL"))?;
        let mut tx = self.db.begin().await?;
        on_db!(tx, c => {
            sqlx::query("UPDATE users SET totp_secret = $1, totp_last_step = 0 WHERE id = $2 AND NOT totp_confirmed")
                .bind(sealed).bind(id).execute(c).await.map_err(db::Error::from)?;
        });
        tx.commit().await?;
        Ok(Enrolment { secret: text.to_string(), url })
    }

    /// Turns the second factor on, by a first code.
    pub async fn confirm_totp(&self, caller: &Caller, code: &str) -> Result<(), Error> {
        let id = self.person(caller)?;
        let row = self.user_row(id).await?.ok_or(Error::UserNotFound)?;
        if row.totp_confirmed || row.totp_secret.is_none() {
            return Err(Error::TotpNotEnrolled);
        }
        let step = self.step_of(&row, code)?.ok_or(Error::TotpInvalid)?;
        let mut tx = self.db.begin().await?;
        let turned_on = on_db!(tx, c => {
            sqlx::query(
                "UPDATE users SET totp_confirmed = TRUE, totp_last_step = $1 WHERE id = $2 AND totp_secret = $3",
            )
            .bind(step).bind(id).bind(&row.totp_secret).execute(c).await.map_err(db::Error::from)?.rows_affected()
        });
        if turned_on == 0 {
            return Err(Error::TotpNotEnrolled);
        }
        self.finish(tx, Entry::new(&caller.actor, "auth", "totp-enable").target(&row.username)).await
    }

    /// Turns the second factor off, by the password.
    pub async fn disable_totp(&self, caller: &Caller, password: &str) -> Result<(), Error> {
        let id = self.person(caller)?;
        let row = self.user_row(id).await?.ok_or(Error::UserNotFound)?;
        let entry = Entry::new(&caller.actor, "auth", "totp-disable").target(&row.username);
        if !self.passwords.verify(password, Some(&row.password_hash)).await? {
            self.record_failure(entry.details(json!({ "reason": "current password incorrect" }))).await?;
            return Err(Error::CurrentPasswordIncorrect);
        }
        let mut tx = self.db.begin().await?;
        clear(&mut tx, id).await?;
        self.finish(tx, entry).await
    }

    /// Checks the code that came with a right password. Whether it is new is decided where it is stored.
    pub(super) fn check_code(&self, row: &UserRow, code: Option<&str>) -> Result<Checked, Error> {
        if !row.totp_confirmed {
            return Ok(Checked::NotNeeded);
        }
        let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else { return Ok(Checked::Missing) };
        Ok(match self.step_of(row, code)? {
            Some(step) if step > row.totp_last_step => Checked::Step(step),
            _ => Checked::Wrong,
        })
    }

    fn step_of(&self, row: &UserRow, code: &str) -> Result<Option<i64>, Error> {
        let sealed = row.totp_secret.as_deref().ok_or(Error::TotpNotEnrolled)?;
        let text =
            self.vault.open(&aad(&row.id), sealed).map_err(|_| Error::Unusable("a second factor cannot be opened"))?;
        let secret =
            Secret::try_from_base32(text.as_str()).map_err(|_| Error::Unusable("a second factor is malformed"))?;
        // Before 1970 no code is right.
        let Ok(seconds) = u64::try_from(self.clock().now().as_second()) else { return Ok(None) };
        Ok(totp(secret, &row.username)?.check(code, seconds).and_then(|step| i64::try_from(step).ok()))
    }
}

/// Removes the second factor of a user.
pub(super) async fn clear(tx: &mut Tx, user_id: &str) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query("UPDATE users SET totp_secret = NULL, totp_confirmed = FALSE, totp_last_step = 0 WHERE id = $1")
            .bind(user_id).execute(c).await.map_err(db::Error::from)?;
    });
    Ok(())
}

fn totp(secret: Secret, username: &str) -> Result<Totp, Error> {
    Builder::new()
        .with_secret(secret)
        .with_issuer(Some(ISSUER))
        .with_account_name(username)
        .build()
        .map_err(|_| Error::Unusable("a second factor is malformed"))
}

fn aad(user_id: &str) -> String {
    format!("users.totp_secret.{user_id}")
}
