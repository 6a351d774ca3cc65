//! Browser sessions: signing in and out, recognising a session, and ending others.
//!
//! The browser holds 256 random bits; the store holds their SHA-256 and an id by which a session can be named in a list.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::remembered::Known;
use super::{Caller, Client, Error, Identity, Source, User, micros_of, random_id};
use crate::audit::{self, Entry, Outcome};
use crate::clock;
use crate::db::{self, Tx};
use crate::on_db;

/// A session that has just begun.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its public id.
    pub id: String,
    /// What the browser gets to hold.
    pub secret: SessionSecret,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// The secret of a session; it prints as `***`.
#[derive(Clone)]
pub struct SessionSecret(Zeroizing<String>);

impl SessionSecret {
    /// The value for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A session, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its public id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Where it was begun.
    pub ip: Option<String>,
    /// With what it was begun.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    id: String,
    user_id: String,
    created_at: i64,
    last_seen: i64,
    expires_at: i64,
    ip: Option<String>,
    user_agent: Option<String>,
}

#[derive(sqlx::FromRow)]
struct CallerRow {
    id: String,
    user_id: String,
    hash: String,
    last_seen: i64,
    expires_at: i64,
    username: String,
    role: String,
    disabled: bool,
}

const CALLER_BY_HASH: &str = "SELECT s.id, s.user_id, s.hash, s.last_seen, s.expires_at, u.username, u.role, u.disabled
     FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = $1";
const CALLER_BY_ID: &str = "SELECT s.id, s.user_id, s.hash, s.last_seen, s.expires_at, u.username, u.role, u.disabled
     FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1";

impl Identity {
    /// Signs a user in. The same work is done and the same answer given for a wrong password and for an unknown user.
    pub async fn login(
        &self,
        username: &str,
        password: &str,
        code: Option<&str>,
        client: &Client,
    ) -> Result<(User, NewSession), Error> {
        let row = match super::users::check_username(username) {
            Ok(()) => self.user_row(username).await?.filter(|row| row.username == username),
            Err(_) => None,
        };
        let right = self.passwords.verify(password, row.as_ref().map(|row| row.password_hash.as_str())).await?;
        let actor = row.as_ref().map_or("anonymous", |row| row.id.as_str());
        let entry = Entry::new(actor, "auth", "login").target(username);
        let refused = |reason: &str| json!({ "reason": reason, "ip": client.ip_text() });
        let row = match row {
            Some(row) if right && !row.disabled => row,
            row => {
                let reason = match row {
                    None => "unknown user",
                    Some(row) if row.disabled => "disabled",
                    Some(_) => "wrong password",
                };
                self.record_failure(entry.details(refused(reason))).await?;
                return Err(Error::InvalidCredentials);
            }
        };
        let step = match self.check_code(&row, code)? {
            super::totp::Checked::NotNeeded => None,
            super::totp::Checked::Step(step) => Some(step),
            super::totp::Checked::Missing => return Err(Error::TotpRequired),
            super::totp::Checked::Wrong => {
                self.record_failure(entry.details(refused("wrong code"))).await?;
                return Err(Error::TotpInvalid);
            }
        };
        let mut tx = self.db.begin().await?;
        let now = tx.now_micros();
        // Under the conditions that were checked: whatever changed meanwhile makes the attempt fail.
        let accepted = on_db!(tx, c => {
            sqlx::query(
                "UPDATE users SET last_login_at = $1, totp_last_step = CASE WHEN $2 > 0 THEN $2 ELSE totp_last_step END
                 WHERE id = $3 AND NOT disabled AND password_hash = $4 AND ($2 = 0 OR totp_last_step < $2)",
            )
            .bind(now).bind(step.unwrap_or(0)).bind(&row.id).bind(&row.password_hash)
            .execute(c).await.map_err(db::Error::from)?.rows_affected()
        });
        if accepted == 0 {
            tx.rollback().await?;
            self.record_failure(entry.details(refused("code used before, or account changed meanwhile"))).await?;
            return Err(if step.is_some() { Error::TotpInvalid } else { Error::InvalidCredentials });
        }
        let session = self.start_session(&mut tx, &row.id, client).await?;
        audit::record(&mut tx, entry.details(json!({ "ip": client.ip_text() })), Outcome::Ok).await?;
        tx.commit().await?;
        Ok((self.user(&row.id).await?, session))
    }

    /// Begins a session inside a transaction that has identified the user.
    pub(super) async fn start_session(&self, tx: &mut Tx, user_id: &str, client: &Client) -> Result<NewSession, Error> {
        let mut random = Zeroizing::new([0; 32]);
        getrandom::fill(random.as_mut_slice())?;
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(*random));
        let id = random_id("s_", 8)?;
        let now = tx.now();
        let expires_at = clock::plus(now, self.settings.session_absolute);
        let (now, until) = (clock::micros(now), clock::micros(expires_at));
        let user_agent = client.user_agent.as_deref().map(audit::clean);
        on_db!(tx, c => {
            sqlx::query(
                "INSERT INTO sessions (id, user_id, hash, created_at, last_seen, expires_at, ip, user_agent)
                 VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
            )
            .bind(&id).bind(user_id).bind(at_rest(&secret)).bind(now).bind(until)
            .bind(client.ip_text()).bind(user_agent)
            .execute(c).await.map_err(db::Error::from)?;
        });
        Ok(NewSession { id, secret: SessionSecret(secret), expires_at })
    }

    /// Recognises a session by what the browser holds.
    pub async fn authenticate_session(&self, secret: &str) -> Result<Option<Arc<Caller>>, Error> {
        // Nothing else was ever given out, so nothing else needs to be hashed or looked up.
        if secret.len() != 43 {
            return Ok(None);
        }
        let key = self.remembered.key("session", secret);
        let version = self.version();
        let known = match self.remembered.get(&key, version) {
            Some((known, true)) => known,
            _ => {
                let row: Option<CallerRow> = on_db!(self.db, c =>
                    sqlx::query_as(CALLER_BY_HASH).bind(at_rest(secret)).fetch_optional(c).await.map_err(db::Error::from))?;
                let Some((caller, hash, last_seen)) = row.map(|row| self.caller_of(row)).transpose()?.flatten() else {
                    self.remembered.forget(&key);
                    return Ok(None);
                };
                let seen = Arc::new(AtomicI64::new(last_seen));
                let known = Known { caller, stored_hash: hash.into(), version, read_at: Instant::now(), seen };
                self.remembered.put(key, known.clone());
                known
            }
        };
        let now = self.now_micros();
        let idle = self.is_idle(known.seen.load(Ordering::Relaxed), now);
        if idle || known.caller.expires_at.is_some_and(|at| clock::micros(at) <= now) {
            self.remembered.forget(&key);
            return Ok(None);
        }
        // Never back: a clock that was wrong for a while must not end what was in use all the time.
        known.seen.fetch_max(now, Ordering::Relaxed);
        self.remembered.use_session(known.caller.session.as_deref().unwrap_or_default(), now);
        Ok(Some(known.caller))
    }

    pub(super) async fn session_caller(&self, id: &str) -> Result<Option<Arc<Caller>>, Error> {
        let row: Option<CallerRow> = on_db!(self.db, c =>
            sqlx::query_as(CALLER_BY_ID).bind(id).fetch_optional(c).await.map_err(db::Error::from))?;
        Ok(row.map(|row| self.caller_of(row)).transpose()?.flatten().map(|(caller, ..)| caller))
    }

    /// The caller behind a row, the stored hash and the last use; nobody when the session or its user is no longer good.
    fn caller_of(&self, row: CallerRow) -> Result<Option<(Arc<Caller>, String, i64)>, Error> {
        let now = self.now_micros();
        let last_seen = self.remembered.session_used(&row.id).unwrap_or(row.last_seen).max(row.last_seen);
        if row.disabled || row.expires_at <= now || self.is_idle(last_seen, now) {
            return Ok(None);
        }
        let role = row.role.parse().map_err(|_| Error::Unusable("a user has a role that does not exist"))?;
        let caller = Caller {
            actor: row.user_id.clone(),
            user_id: Some(row.user_id),
            username: row.username,
            role,
            source: Source::Session,
            token: None,
            session: Some(row.id),
            expires_at: Some(clock::from_micros(row.expires_at)),
        };
        Ok(Some((Arc::new(caller), row.hash, last_seen)))
    }

    // A clock that jumped back makes the difference negative, which is not idle.
    fn is_idle(&self, last_seen: i64, now: i64) -> bool {
        now.saturating_sub(last_seen) >= micros_of(self.settings.session_idle)
    }

    /// Ends the caller's own session.
    pub async fn logout(&self, caller: &Caller, client: &Client) -> Result<(), Error> {
        self.person(caller)?;
        let id = caller.session.as_deref().ok_or(Error::NeedsUser)?;
        let mut tx = self.db.begin().await?;
        on_db!(tx, c => {
            sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id).execute(c).await.map_err(db::Error::from)?;
        });
        let entry = Entry::new(&caller.actor, "auth", "logout").target(&caller.username);
        self.finish(tx, entry.details(json!({ "ip": client.ip_text() }))).await
    }

    /// The caller's own sessions, the most recently used first.
    pub async fn list_sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        let id = caller.user_id.as_deref().ok_or(Error::NeedsUser)?;
        let rows: Vec<ListedRow> = on_db!(self.db, c =>
            sqlx::query_as(
                "SELECT id, user_id, created_at, last_seen, expires_at, ip, user_agent FROM sessions
                 WHERE user_id = $1 AND expires_at > $2",
            )
            .bind(id).bind(self.now_micros()).fetch_all(c).await.map_err(db::Error::from))?;
        let now = self.now_micros();
        let mut sessions: Vec<Session> = rows
            .into_iter()
            .map(|row| {
                let last_seen = self.remembered.session_used(&row.id).unwrap_or(row.last_seen).max(row.last_seen);
                (row, last_seen)
            })
            .filter(|(_, last_seen)| !self.is_idle(*last_seen, now))
            .map(|(row, last_seen)| Session {
                current: caller.session.as_deref() == Some(&row.id),
                id: row.id,
                user_id: row.user_id,
                created_at: clock::from_micros(row.created_at),
                last_seen_at: clock::from_micros(last_seen),
                expires_at: clock::from_micros(row.expires_at),
                ip: row.ip,
                user_agent: row.user_agent,
            })
            .collect();
        sessions.sort_by_key(|session| std::cmp::Reverse(session.last_seen_at));
        Ok(sessions)
    }

    /// Ends one of the caller's own sessions.
    pub async fn revoke_session(&self, caller: &Caller, session_id: &str) -> Result<(), Error> {
        let user_id = caller.user_id.as_deref().ok_or(Error::NeedsUser)?;
        let mut tx = self.db.begin().await?;
        // The owner is part of the condition: an id of someone else's session is an unknown one.
        let ended = on_db!(tx, c => {
            sqlx::query("DELETE FROM sessions WHERE id = $1 AND user_id = $2")
                .bind(session_id).bind(user_id).execute(c).await.map_err(db::Error::from)?.rows_affected()
        });
        if ended == 0 {
            return Err(Error::SessionNotFound);
        }
        self.finish(tx, Entry::new(&caller.actor, "auth", "session-revoke").target(session_id)).await
    }
}

fn at_rest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
