//! Users, sessions and API tokens: one store of identities for all areas.
//!
//! [`Identity`] answers "who is this?" for each request and carries out what people do to identities, each together with
//! its audit entry in one transaction. Credentials are stored as hashes only. A verified credential is remembered in
//! memory under a keyed hash, and forgotten at once when anything about identities changes, so the expensive first check
//! is paid once and a revocation takes effect with the next request.
//!
//! Invariant: nothing here knows HTTP. Cookies, headers and status codes belong to the HTTP kit.

mod callers;
mod error;
mod password;
mod remembered;
mod sessions;
mod setup;
mod tokens;
mod totp;
mod users;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{Semaphore, watch};

pub use self::callers::{Caller, Client, Source, TokenRef};
pub use self::error::Error;
pub use self::sessions::{NewSession, Session};
pub use self::setup::{SETUP_TOKEN_FILE, SetupStatus};
pub use self::tokens::{NewToken, Token};
pub use self::totp::Enrolment;
pub use self::users::User;
use crate::audit::{self, Entry, Outcome};
use crate::clock::{self, Clock};
use crate::db::{self, Db, Tx};
use crate::limits::{Rule, Windows};
use crate::on_db;
pub use crate::permissions::{Permission, Role};
use crate::secrets::Vault;

/// Refused attempts of all clients together that are recorded per minute.
const RECORDED_FAILURES: Rule = Rule { max: 600, window: SignedDuration::from_mins(1) };

/// What the configuration decides about identities.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A session ends after this long without a request.
    pub session_idle: SignedDuration,
    /// A session ends after this long in any case.
    pub session_absolute: SignedDuration,
    /// The cost of token hashes. The secrets are random, so a high cost protects nothing and delays each first use.
    pub bcrypt_cost: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_idle: SignedDuration::from_hours(24),
            session_absolute: SignedDuration::from_hours(24 * 7),
            bcrypt_cost: 10,
        }
    }
}

/// The identity store. Clones share it.
#[derive(Clone)]
pub struct Identity {
    db: Db,
    vault: Arc<Vault>,
    data_dir: PathBuf,
    settings: Settings,
    passwords: password::Passwords,
    token_turn: Arc<Semaphore>,
    remembered: Arc<remembered::Remembered>,
    changes: watch::Sender<u64>,
    failures: Arc<Windows>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Identity {
    /// The identities of a store.
    pub fn new(db: Db, vault: Arc<Vault>, data_dir: &Path, settings: Settings) -> Result<Self, Error> {
        Ok(Self {
            remembered: Arc::new(remembered::Remembered::new(db.is_shared())?),
            db,
            vault,
            data_dir: data_dir.to_owned(),
            settings,
            passwords: password::Passwords::new()?,
            token_turn: Arc::new(Semaphore::new(2)),
            changes: watch::Sender::new(0),
            failures: Arc::new(Windows::new(1_000)),
        })
    }

    /// Changes whenever a user, a session or a token changed: a long-lived stream then asks [`Identity::recheck`].
    ///
    /// Other nodes of a shared database are not heard here; ask at least once a second there.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Who the caller is now: their current role, or nobody when the credential is no longer good.
    pub async fn recheck(&self, caller: &Caller) -> Result<Option<Arc<Caller>>, Error> {
        match (caller.source, &caller.token, &caller.session) {
            (Source::Token, Some(token), _) => self.token_caller(&token.key_id).await,
            (Source::Session, _, Some(session)) => self.session_caller(session).await,
            (Source::Local | Source::System, _, _) => Ok(Some(Arc::new(caller.clone()))),
            _ => Ok(None),
        }
    }

    /// Records a refused attempt in a transaction of its own; the attempt itself has changed nothing.
    ///
    /// Limits bound what one address may try. This bounds what all of them together can make us write.
    async fn record_failure(&self, entry: Entry) -> Result<(), Error> {
        if !self.failures.take("all", &RECORDED_FAILURES, self.clock().now()).allowed {
            tracing::warn!(action = entry.action, "too many refused attempts; this one is not in the audit log");
            return Ok(());
        }
        let mut tx: Tx = self.db.begin().await?;
        audit::record(&mut tx, entry, Outcome::Fail).await?;
        tx.commit().await?;
        Ok(())
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.db.clock()
    }

    fn now_micros(&self) -> i64 {
        clock::micros(self.clock().now())
    }

    /// To be called after each commit that changed users, sessions or tokens.
    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    fn version(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Writes down when sessions and tokens were last used. A reconciler calls it once a minute, and the shutdown once.
    pub async fn flush_last_used(&self) -> Result<u64, Error> {
        let (sessions, tokens) = self.remembered.take_uses();
        if sessions.is_empty() && tokens.is_empty() {
            return Ok(0);
        }
        let count = (sessions.len() + tokens.len()) as u64;
        let written = async {
            let mut tx = self.db.begin().await?;
            for (id, at) in &sessions {
                on_db!(tx, c => {
                    sqlx::query("UPDATE sessions SET last_seen = $1 WHERE id = $2 AND last_seen < $1")
                        .bind(at).bind(id).execute(c).await?;
                });
            }
            for (key_id, at) in &tokens {
                on_db!(tx, c => {
                    sqlx::query(
                        "UPDATE tokens SET last_used_at = $1
                         WHERE key_id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
                    )
                    .bind(at).bind(key_id).execute(c).await?;
                });
            }
            tx.commit().await
        };
        if let Err(error) = written.await {
            // Idle expiry depends on them.
            self.remembered.put_back_uses(sessions, tokens);
            return Err(error.into());
        }
        Ok(count)
    }

    /// Removes sessions that are over and tokens that expired more than 30 days ago.
    pub async fn remove_expired(&self) -> Result<u64, Error> {
        let now = self.now_micros();
        let idle_since = now.saturating_sub(micros_of(self.settings.session_idle));
        let long_ago = now.saturating_sub(micros_of(SignedDuration::from_hours(24 * 30)));
        // Uses that are only in memory count, too.
        self.flush_last_used().await?;
        let mut tx = self.db.begin().await?;
        let sessions = on_db!(tx, c => {
            sqlx::query("DELETE FROM sessions WHERE expires_at <= $1 OR last_seen <= $2")
                .bind(now).bind(idle_since).execute(c).await.map_err(db::Error::from)?.rows_affected()
        });
        let tokens = on_db!(tx, c => {
            sqlx::query("DELETE FROM tokens WHERE expires_at IS NOT NULL AND expires_at <= $1")
                .bind(long_ago).execute(c).await.map_err(db::Error::from)?.rows_affected()
        });
        tx.commit().await?;
        Ok(sessions + tokens)
    }
}

pub(crate) fn micros_of(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// `prefix` and `bytes` random bytes in hex.
fn random_id(prefix: &str, bytes: usize) -> Result<String, Error> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)?;
    Ok(format!("{prefix}{}", hex::encode(random)))
}
