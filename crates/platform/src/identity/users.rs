//! Users: created, listed, changed, removed, and signed in.
//!
//! Nobody gives a role above their own or touches a user above their own, and the last enabled owner stays. Role, identity
//! and flags are never taken from a body as such: each change is its own operation with its own check.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{Caller, Client, Error, Identity, NewSession, Role, password, random_id};
use crate::audit::{self, Entry, Outcome};
use crate::clock;
use crate::db::{self, Tx};
use crate::on_db;

/// A user, as others may see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `u_<16 hex>`.
    pub id: String,
    /// The name to sign in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are kept from signing in.
    pub disabled: bool,
    /// Whether a second factor is needed.
    pub totp: bool,
    /// When they were created.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
    /// When their password was last set.
    pub password_changed_at: Timestamp,
}

#[derive(Clone, sqlx::FromRow)]
pub(super) struct UserRow {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) password_hash: String,
    pub(super) role: String,
    pub(super) disabled: bool,
    pub(super) totp_secret: Option<String>,
    pub(super) totp_confirmed: bool,
    pub(super) totp_last_step: i64,
    created_at: i64,
    last_login_at: Option<i64>,
    password_changed_at: i64,
}

impl UserRow {
    pub(super) fn role(&self) -> Result<Role, Error> {
        self.role.parse().map_err(|_| Error::Unusable("a user has a role that does not exist"))
    }

    pub(super) fn into_user(self) -> Result<User, Error> {
        Ok(User {
            role: self.role()?,
            id: self.id,
            username: self.username,
            disabled: self.disabled,
            totp: self.totp_confirmed,
            created_at: clock::from_micros(self.created_at),
            last_login_at: self.last_login_at.map(clock::from_micros),
            password_changed_at: clock::from_micros(self.password_changed_at),
        })
    }
}

/// Checks the form of a username.
pub(super) fn check_username(username: &str) -> Result<(), Error> {
    let mut bytes = username.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
    if first && rest && (2..=32).contains(&username.len()) { Ok(()) } else { Err(Error::UsernameInvalid) }
}

impl Identity {
    /// How many users there are.
    pub async fn user_count(&self) -> Result<u64, Error> {
        let count: i64 = on_db!(self.db, c =>
            sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(c).await.map_err(db::Error::from))?;
        Ok(count.unsigned_abs())
    }

    /// All users by name.
    pub async fn list_users(&self) -> Result<Vec<User>, Error> {
        let rows: Vec<UserRow> = on_db!(self.db, c =>
            sqlx::query_as("SELECT * FROM users ORDER BY username").fetch_all(c).await.map_err(db::Error::from))?;
        rows.into_iter().map(UserRow::into_user).collect()
    }

    /// One user by id or name.
    pub async fn user(&self, id_or_name: &str) -> Result<User, Error> {
        self.user_row(id_or_name).await?.ok_or(Error::UserNotFound)?.into_user()
    }

    pub(super) async fn user_row(&self, id_or_name: &str) -> Result<Option<UserRow>, Error> {
        Ok(on_db!(self.db, c =>
            sqlx::query_as("SELECT * FROM users WHERE id = $1 OR username = $1")
                .bind(id_or_name).fetch_optional(c).await.map_err(db::Error::from))?)
    }

    /// Creates a user.
    pub async fn create_user(
        &self,
        caller: &Caller,
        username: &str,
        role: Role,
        password: &str,
    ) -> Result<User, Error> {
        check_username(username)?;
        password::check_length(password)?;
        if role > caller.role {
            return Err(Error::RoleTooLow);
        }
        let hash = self.passwords.hash(password).await?;
        let mut tx = self.db.begin().await?;
        let user = insert_user(&mut tx, username, role, &hash).await?;
        let entry = Entry::new(&caller.actor, "user", "create").target(username);
        audit::record(&mut tx, entry.details(json!({ "id": user.id, "role": role })), Outcome::Ok).await?;
        tx.commit().await?;
        self.changed();
        Ok(user)
    }

    /// Gives a user another role. It takes effect with their next request, also through their tokens.
    pub async fn set_role(&self, caller: &Caller, id_or_name: &str, role: Role) -> Result<User, Error> {
        let mut tx = self.db.begin().await?;
        let user = self.lock_for_change(&mut tx, caller, id_or_name).await?;
        if role > caller.role {
            return Err(Error::RoleTooLow);
        }
        if role < Role::Owner {
            keep_an_owner(&mut tx, &user).await?;
        }
        on_db!(tx, c => {
            sqlx::query("UPDATE users SET role = $1 WHERE id = $2")
                .bind(role.as_str()).bind(&user.id).execute(c).await.map_err(db::Error::from)?;
        });
        let details = json!({ "id": user.id, "from": user.role, "to": role });
        let entry = Entry::new(&caller.actor, "user", "set-role").target(&user.username).details(details);
        self.finish(tx, entry).await?;
        self.user(&user.id).await
    }

    /// Keeps a user from signing in, or lets them again. Disabling ends their sessions and silences their tokens.
    pub async fn set_disabled(&self, caller: &Caller, id_or_name: &str, disabled: bool) -> Result<User, Error> {
        let mut tx = self.db.begin().await?;
        let user = self.lock_for_change(&mut tx, caller, id_or_name).await?;
        if disabled {
            keep_an_owner(&mut tx, &user).await?;
            end_sessions(&mut tx, &user.id).await?;
        }
        on_db!(tx, c => {
            sqlx::query("UPDATE users SET disabled = $1 WHERE id = $2")
                .bind(disabled).bind(&user.id).execute(c).await.map_err(db::Error::from)?;
        });
        let action = if disabled { "disable" } else { "enable" };
        let entry = Entry::new(&caller.actor, "user", action).target(&user.username).details(json!({ "id": user.id }));
        self.finish(tx, entry).await?;
        self.user(&user.id).await
    }

    /// Sets another user's password and ends all their sessions; `drop_totp` also removes their second factor.
    pub async fn set_password(
        &self,
        caller: &Caller,
        id_or_name: &str,
        password: &str,
        drop_totp: bool,
    ) -> Result<User, Error> {
        password::check_length(password)?;
        let hash = self.passwords.hash(password).await?;
        let mut tx = self.db.begin().await?;
        let user = self.lock_for_change(&mut tx, caller, id_or_name).await?;
        store_password(&mut tx, &user.id, &hash).await?;
        if drop_totp {
            super::totp::clear(&mut tx, &user.id).await?;
        }
        let details = json!({ "id": user.id, "secondFactorRemoved": drop_totp && user.totp_confirmed });
        let entry = Entry::new(&caller.actor, "user", "set-password").target(&user.username).details(details);
        self.finish(tx, entry).await?;
        self.user(&user.id).await
    }

    /// Removes a user with their sessions and tokens.
    pub async fn delete_user(&self, caller: &Caller, id_or_name: &str) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let user = self.lock_for_change(&mut tx, caller, id_or_name).await?;
        keep_an_owner(&mut tx, &user).await?;
        on_db!(tx, c => {
            sqlx::query("DELETE FROM users WHERE id = $1").bind(&user.id).execute(c).await.map_err(db::Error::from)?;
        });
        let entry =
            Entry::new(&caller.actor, "user", "delete").target(&user.username).details(json!({ "id": user.id }));
        self.finish(tx, entry).await
    }

    /// Changes one's own password, ends all one's sessions, and starts a fresh one.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: &str,
        next: &str,
        client: &Client,
    ) -> Result<(User, NewSession), Error> {
        let id = self.person(caller)?;
        password::check_length(next)?;
        let row = self.user_row(id).await?.ok_or(Error::UserNotFound)?;
        let entry = Entry::new(&caller.actor, "auth", "change-password").target(&row.username);
        if !self.passwords.verify(current, Some(&row.password_hash)).await? {
            let details = json!({ "reason": "current password incorrect", "ip": client.ip_text() });
            self.record_failure(entry.details(details)).await?;
            return Err(Error::CurrentPasswordIncorrect);
        }
        let hash = self.passwords.hash(next).await?;
        let mut tx = self.db.begin().await?;
        store_password(&mut tx, id, &hash).await?;
        let session = self.start_session(&mut tx, id, client).await?;
        self.finish(tx, entry.details(json!({ "ip": client.ip_text() }))).await?;
        Ok((self.user(id).await?, session))
    }

    /// The id of the user who is signed in; tokens, the command line and the system are not.
    pub(super) fn person<'c>(&self, caller: &'c Caller) -> Result<&'c str, Error> {
        match (caller.source, &caller.user_id) {
            (super::Source::Session, Some(id)) => Ok(id),
            _ => Err(Error::NeedsUser),
        }
    }

    async fn lock_for_change(&self, tx: &mut Tx, caller: &Caller, id_or_name: &str) -> Result<UserRow, Error> {
        tx.serialize().await?;
        let row: Option<UserRow> = on_db!(tx, c => {
            sqlx::query_as("SELECT * FROM users WHERE id = $1 OR username = $1")
                .bind(id_or_name).fetch_optional(c).await.map_err(db::Error::from)?
        });
        let row = row.ok_or(Error::UserNotFound)?;
        if row.role()? > caller.role {
            return Err(Error::RoleTooLow);
        }
        Ok(row)
    }

    /// Records, commits, and makes every remembered credential be looked at again.
    ///
    /// In a task of its own: a client that hangs up while a revocation is committed must not keep the old credential alive.
    pub(super) async fn finish(&self, mut tx: Tx, entry: Entry) -> Result<(), Error> {
        let identity = self.clone();
        let finished = tokio::spawn(async move {
            audit::record(&mut tx, entry, Outcome::Ok).await?;
            let committed = tx.commit().await;
            // Also after an error: a commit whose answer was lost may have happened.
            identity.changed();
            Ok::<_, Error>(committed?)
        });
        finished.await.map_err(|_| Error::Unusable("the change was interrupted"))?
    }
}

pub(super) async fn insert_user(tx: &mut Tx, username: &str, role: Role, hash: &str) -> Result<User, Error> {
    let now = tx.now_micros();
    let row = UserRow {
        id: random_id("u_", 8)?,
        username: username.to_owned(),
        password_hash: hash.to_owned(),
        role: role.as_str().to_owned(),
        disabled: false,
        totp_secret: None,
        totp_confirmed: false,
        totp_last_step: 0,
        created_at: now,
        last_login_at: None,
        password_changed_at: now,
    };
    let inserted = on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO users (id, username, password_hash, role, created_at, password_changed_at)
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(&row.id).bind(&row.username).bind(&row.password_hash).bind(&row.role).bind(now)
        .execute(c).await.map_err(db::Error::from)
        .map(|_| ())
    });
    match inserted {
        Ok(()) => row.into_user(),
        Err(db::Error::Duplicate(_)) => Err(Error::UsernameExists),
        Err(error) => Err(error.into()),
    }
}

async fn store_password(tx: &mut Tx, id: &str, hash: &str) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query("UPDATE users SET password_hash = $1, password_changed_at = $2 WHERE id = $3")
            .bind(hash).bind(now).bind(id).execute(c).await.map_err(db::Error::from)?;
    });
    end_sessions(tx, id).await
}

async fn end_sessions(tx: &mut Tx, user_id: &str) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(user_id).execute(c).await.map_err(db::Error::from)?;
    });
    Ok(())
}

/// Refuses when `user` is the only enabled owner. The caller holds the ledger, so two such changes cannot pass each other.
async fn keep_an_owner(tx: &mut Tx, user: &UserRow) -> Result<(), Error> {
    if user.disabled || user.role()? != Role::Owner {
        return Ok(());
    }
    let others: i64 = on_db!(tx, c => {
        sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'owner' AND NOT disabled AND id <> $1")
            .bind(&user.id).fetch_one(c).await.map_err(db::Error::from)?
    });
    if others == 0 { Err(Error::LastOwner) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::check_username;

    #[test]
    fn usernames_have_one_form() {
        for good in ["ab", "alice", "a.b_c-9", &"a".repeat(32)] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "Alice", "9lives", "-ab", "al ice", "a/../b", "a\nb", "älice", &"a".repeat(33)] {
            assert!(check_username(bad).is_err(), "{bad:?}");
        }
    }
}
