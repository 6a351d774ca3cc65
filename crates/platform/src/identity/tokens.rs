//! API tokens: `pp_<8 hex>.<32 hex>`, the first part public, the second shown once.
//!
//! A token acts as its creator with the creator's current role. It is stored as bcrypt; a verified one is remembered, so
//! only its first use after a start or after a change of identities pays anything.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::remembered::Known;
use super::{Caller, Client, Error, Identity, Role, Source, TokenRef, random_id};
use crate::audit::{self, Entry, Outcome};
use crate::clock;
use crate::db;
use crate::limits::Rule;
use crate::on_db;

/// How long a temporary token lives.
const TEMPORARY: SignedDuration = SignedDuration::from_hours(1);
/// Wrong tokens that are recorded per minute, of one client and of all together; a flood must not fill the audit log.
const RECORDED_OF_ONE: Rule = Rule { max: 10, window: SignedDuration::from_mins(1) };
const RECORDED_OF_ALL: Rule = Rule { max: 60, window: SignedDuration::from_mins(1) };

/// A token, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The public part, `pp_<8 hex>`.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The id of the user it acts for.
    pub created_by: String,
}

/// A token that has just been created.
pub struct NewToken {
    /// What will be listed.
    pub token: Token,
    /// What the client sends; it cannot be had again.
    pub wire: Zeroizing<String>,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("token", &self.token).finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    key_id: String,
    name: String,
    created_by: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct CallerRow {
    key_id: String,
    name: String,
    hash: String,
    expires_at: Option<i64>,
    user_id: String,
    username: String,
    role: String,
    disabled: bool,
}

const CALLER: &str = "SELECT t.key_id, t.name, t.hash, t.expires_at, u.id AS user_id, u.username, u.role, u.disabled
     FROM tokens t JOIN users u ON u.id = t.created_by WHERE t.key_id = $1";

impl Identity {
    /// Creates a token that acts for the caller, or (for the local operator only) for the user named `acts_for`.
    pub async fn create_token(
        &self,
        caller: &Caller,
        acts_for: Option<&str>,
        name: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<NewToken, Error> {
        check_name(name)?;
        if expires_at.is_some_and(|at| at <= self.clock().now()) {
            return Err(Error::TokenExpiresAtPast);
        }
        self.mint(caller, acts_for, name, expires_at, "create").await
    }

    /// Creates a token for an hour, for trying the API out.
    pub async fn create_temporary_token(&self, caller: &Caller) -> Result<NewToken, Error> {
        let name = random_id("swagger-temp-", 4)?;
        let expires_at = clock::plus(self.clock().now(), TEMPORARY);
        self.mint(caller, None, &name, Some(expires_at), "temp-mint").await
    }

    async fn mint(
        &self,
        caller: &Caller,
        acts_for: Option<&str>,
        name: &str,
        expires_at: Option<Timestamp>,
        action: &'static str,
    ) -> Result<NewToken, Error> {
        let user_id = match (caller.source, acts_for, &caller.user_id) {
            (Source::Local | Source::System, Some(user), _) => self.user(user).await?.id,
            (Source::Local | Source::System, None, _) => return Err(Error::NeedsUser),
            (_, _, Some(id)) => id.clone(),
            (_, _, None) => return Err(Error::NeedsUser),
        };
        let key_id = random_id("pp_", 4)?;
        let secret = Zeroizing::new(random_id("", 16)?);
        let wire = Zeroizing::new(format!("{key_id}.{}", *secret));
        let cost = self.settings.bcrypt_cost;
        let hash = self
            .bcrypt(move || bcrypt::hash(secret.as_bytes(), cost).map_err(|_| Error::Unusable("bcrypt failed")))
            .await?;
        let mut tx = self.db.begin().await?;
        let created_at = tx.now();
        let until = expires_at.map(clock::micros);
        let inserted = on_db!(tx, c => {
            sqlx::query(
                "INSERT INTO tokens (key_id, name, hash, created_by, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&key_id).bind(name).bind(&hash).bind(&user_id).bind(clock::micros(created_at)).bind(until)
            .execute(c).await.map_err(db::Error::from).map(|_| ())
        });
        match inserted {
            Ok(()) => {}
            // A key id that is taken is one chance in four thousand million per token, and only an error.
            Err(db::Error::Duplicate(_)) => return Err(Error::TokenNameExists),
            Err(error) => return Err(error.into()),
        }
        let details = json!({ "keyId": key_id, "createdBy": user_id, "expiresAt": expires_at });
        audit::record(
            &mut tx,
            Entry::new(&caller.actor, "api-token", action).target(name).details(details),
            Outcome::Ok,
        )
        .await?;
        tx.commit().await?;
        // Nothing that is remembered becomes wrong by a new token.
        let token =
            Token { key_id, name: name.to_owned(), created_at, expires_at, last_used_at: None, created_by: user_id };
        Ok(NewToken { token, wire })
    }

    /// All tokens, newest first.
    pub async fn list_tokens(&self) -> Result<Vec<Token>, Error> {
        let rows: Vec<ListedRow> = on_db!(self.db, c =>
            sqlx::query_as(
                "SELECT key_id, name, created_by, created_at, expires_at, last_used_at FROM tokens
                 ORDER BY created_at DESC, key_id",
            )
            .fetch_all(c).await.map_err(db::Error::from))?;
        let listed = rows.into_iter().map(|row| Token {
            last_used_at: self.remembered.token_used(&row.key_id).max(row.last_used_at).map(clock::from_micros),
            key_id: row.key_id,
            name: row.name,
            created_at: clock::from_micros(row.created_at),
            expires_at: row.expires_at.map(clock::from_micros),
            created_by: row.created_by,
        });
        Ok(listed.collect())
    }

    /// Revokes a token; its next request is refused. Tokens of someone with a higher role are out of reach.
    pub async fn revoke_token(&self, caller: &Caller, key_id: &str) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let row: Option<CallerRow> =
            on_db!(tx, c => sqlx::query_as(CALLER).bind(key_id).fetch_optional(c).await.map_err(db::Error::from))?;
        let row = row.ok_or(Error::TokenNotFound)?;
        if row.role.parse::<Role>().is_ok_and(|role| role > caller.role) {
            return Err(Error::RoleTooLow);
        }
        on_db!(tx, c => {
            sqlx::query("DELETE FROM tokens WHERE key_id = $1").bind(key_id).execute(c).await.map_err(db::Error::from)?;
        });
        let entry = Entry::new(&caller.actor, "api-token", "delete").target(&row.name);
        self.finish(tx, entry.details(json!({ "keyId": key_id }))).await
    }

    /// Recognises a token by what the client sent after `Bearer `. A wrong one is recorded.
    pub async fn authenticate_token(&self, wire: &str, client: &Client) -> Result<Option<Arc<Caller>>, Error> {
        let found = match parse(wire) {
            Some((key_id, secret)) => self.verify_token(wire, key_id, secret).await?,
            None => None,
        };
        match found {
            Some(caller) => {
                if let Some(token) = &caller.token {
                    self.remembered.use_token(&token.key_id, self.now_micros());
                }
                Ok(Some(caller))
            }
            None => {
                self.record_bearer_failure(wire, client).await?;
                Ok(None)
            }
        }
    }

    async fn verify_token(&self, wire: &str, key_id: &str, secret: &str) -> Result<Option<Arc<Caller>>, Error> {
        let key = self.remembered.key("token", wire);
        let version = self.version();
        let remembered = self.remembered.get(&key, version);
        if let Some((known, true)) = &remembered {
            return Ok(self.unexpired(&known.caller));
        }
        let row: Option<CallerRow> =
            on_db!(self.db, c => sqlx::query_as(CALLER).bind(key_id).fetch_optional(c).await.map_err(db::Error::from))?;
        let Some(row) = row else {
            self.remembered.forget(&key);
            return Ok(None);
        };
        // The secret was checked against this very hash before: only who it belongs to had to be read again.
        let checked_before = remembered.is_some_and(|(known, _)| *known.stored_hash == *row.hash);
        if !checked_before && !self.check_secret(&key, version, secret, &row.hash).await? {
            return Ok(None);
        }
        let hash = row.hash.clone();
        let Some(caller) = caller_of(row)? else {
            self.remembered.forget(&key);
            return Ok(None);
        };
        let known = Known {
            caller: Arc::new(caller),
            stored_hash: hash.into(),
            version,
            read_at: Instant::now(),
            seen: Arc::default(),
        };
        self.remembered.put(key, known.clone());
        Ok(self.unexpired(&known.caller))
    }

    /// Waits for its turn and checks the secret, unless another request with the same token did so meanwhile.
    async fn check_secret(&self, key: &[u8; 32], version: u64, secret: &str, hash: &str) -> Result<bool, Error> {
        let (secret, stored) = (Zeroizing::new(secret.to_owned()), hash.to_owned());
        let turn = Arc::clone(&self.token_turn).acquire_owned().await;
        if self.remembered.get(key, version).is_some_and(|(known, _)| *known.stored_hash == *stored) {
            return Ok(true);
        }
        let checked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            bcrypt::verify(secret.as_bytes(), &stored).map_err(|_| Error::Unusable("a token hash is malformed"))
        });
        checked.await.map_err(|_| Error::Unusable("hashing was interrupted"))?
    }

    async fn bcrypt<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.token_turn).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Error::Unusable("hashing was interrupted"))?
    }

    pub(super) async fn token_caller(&self, key_id: &str) -> Result<Option<Arc<Caller>>, Error> {
        let row: Option<CallerRow> =
            on_db!(self.db, c => sqlx::query_as(CALLER).bind(key_id).fetch_optional(c).await.map_err(db::Error::from))?;
        let caller = row.map(caller_of).transpose()?.flatten();
        Ok(caller.and_then(|caller| self.unexpired(&Arc::new(caller))))
    }

    fn unexpired(&self, caller: &Arc<Caller>) -> Option<Arc<Caller>> {
        let expired = caller.expires_at.is_some_and(|at| at <= self.clock().now());
        (!expired).then(|| Arc::clone(caller))
    }

    async fn record_bearer_failure(&self, wire: &str, client: &Client) -> Result<(), Error> {
        let from = client.ip.map(crate::limits::client_key).unwrap_or_default();
        let now = self.clock().now();
        let counted = |whose: &str, rule: &Rule| self.failures.take(whose, rule, now).allowed;
        if !counted(&from, &RECORDED_OF_ONE) || !counted("bearers", &RECORDED_OF_ALL) {
            return Ok(());
        }
        // Only a well-formed key id is worth keeping: it is public, and nothing else of what was sent may be stored.
        let target = parse(wire).map(|(key_id, _)| key_id.to_owned());
        let mut entry = Entry::new("anonymous", "auth", "bearer-fail").details(json!({ "ip": client.ip_text() }));
        entry.target = target;
        self.record_failure(entry).await
    }
}

fn caller_of(row: CallerRow) -> Result<Option<Caller>, Error> {
    if row.disabled {
        return Ok(None);
    }
    let role = row.role.parse().map_err(|_| Error::Unusable("a user has a role that does not exist"))?;
    Ok(Some(Caller {
        actor: row.key_id.clone(),
        user_id: Some(row.user_id),
        username: row.username,
        role,
        source: Source::Token,
        token: Some(TokenRef { key_id: row.key_id, name: row.name }),
        session: None,
        expires_at: row.expires_at.map(clock::from_micros),
    }))
}

/// Splits a token into its public part and its secret.
fn parse(wire: &str) -> Option<(&str, &str)> {
    let (key_id, secret) = wire.split_once('.')?;
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let id = key_id.strip_prefix("pp_")?;
    (id.len() == 8 && hex(id) && secret.len() == 32 && hex(secret)).then_some((key_id, secret))
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::TokenNameRequired);
    }
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'.' | b'_' | b'-'));
    if first && rest && name.len() <= 64 { Ok(()) } else { Err(Error::TokenNameInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v29_only_the_documented_form_is_a_token() {
        assert_eq!(
            parse("pp_0123abcd.0123456789abcdef0123456789abcdef"),
            Some(("pp_0123abcd", "0123456789abcdef0123456789abcdef"))
        );
        for bad in [
            "",
            ".",
            "pp_0123abcd",
            "pp_0123abcd.",
            "pp_0123ABCD.0123456789abcdef0123456789abcdef",
            "tk_0123abcd.0123456789abcdef0123456789abcdef",
            "pp_0123abcd.0123456789abcdef0123456789abcdef0",
            "pp_0123abcd.0123456789abcdef0123456789abcde\n",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn names_follow_the_documented_rule() {
        for good in ["a", "CI pipeline", "9", "a.b_c-d e", &"x".repeat(64)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        assert!(matches!(check_name(""), Err(Error::TokenNameRequired)));
        assert!(matches!(check_name("  "), Err(Error::TokenNameRequired)));
        for bad in [" a", ".a", "a\nb", "a/b", "ä", &"x".repeat(65)] {
            assert!(matches!(check_name(bad), Err(Error::TokenNameInvalid)), "{bad:?}");
        }
    }
}
