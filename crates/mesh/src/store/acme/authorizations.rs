//! Authorizations of the ACME server and their challenges: one authorization for each name of each order.

use jiff::Timestamp;
use platform::{
    clock,
    db::{Db, Error, Tx},
    on_db,
};
use serde_json::Value;
use sqlx::FromRow;

/// How a name is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Http01,
    Dns01,
}

impl Kind {
    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::Dns01 => "dns-01",
        }
    }
}

/// That an account speaks for a name: to be proved, proved, or not any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorization {
    pub id: String,
    pub order: String,
    pub account: String,
    /// Without the wildcard.
    pub name: String,
    pub wildcard: bool,
    /// `pending`, `valid`, `invalid`, `deactivated` or `expired`.
    pub status: String,
    pub expires_at: Timestamp,
    /// Empty unless it is new.
    pub challenges: Vec<Challenge>,
}

/// One way to prove it.
#[derive(Clone, Debug, PartialEq)]
pub struct Challenge {
    pub id: String,
    pub authorization: String,
    pub kind: Kind,
    pub token: String,
    /// `pending`, `processing`, `valid` or `invalid`.
    pub status: String,
    pub error: Option<Value>,
    pub validated_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct AuthorizationRow {
    id: String,
    order_id: String,
    account: String,
    name: String,
    wildcard: i64,
    status: String,
    expires_at: i64,
}

impl From<AuthorizationRow> for Authorization {
    fn from(row: AuthorizationRow) -> Self {
        Self {
            id: row.id,
            order: row.order_id,
            account: row.account,
            name: row.name,
            wildcard: row.wildcard != 0,
            status: row.status,
            expires_at: clock::from_micros(row.expires_at),
            challenges: Vec::new(),
        }
    }
}

#[derive(FromRow)]
struct ChallengeRow {
    id: String,
    authorization_id: String,
    kind: String,
    token: String,
    status: String,
    error: Option<String>,
    validated_at: Option<i64>,
}

impl ChallengeRow {
    fn read(self) -> Result<Challenge, Error> {
        Ok(Challenge {
            kind: match self.kind.as_str() {
                "http-01" => Kind::Http01,
                "dns-01" => Kind::Dns01,
                _ => return Err(Error::Unreadable(format!("ACME challenge {}: its kind is damaged", self.id))),
            },
            error: self.error.map(|text| super::json(&text, "the error of an ACME challenge")).transpose()?,
            validated_at: self.validated_at.map(clock::from_micros),
            id: self.id,
            authorization: self.authorization_id,
            token: self.token,
            status: self.status,
        })
    }
}

pub(super) async fn insert_authorization(tx: &mut Tx, authorization: &Authorization) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_acme_authorizations (id, order_id, account, name, wildcard, status, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&authorization.id).bind(&authorization.order).bind(&authorization.account).bind(&authorization.name)
        .bind(i64::from(authorization.wildcard)).bind(&authorization.status)
        .bind(clock::micros(authorization.expires_at))
        .execute(c).await?;
    });
    for challenge in &authorization.challenges {
        on_db!(tx, c => {
            sqlx::query(
                "INSERT INTO mesh_acme_challenges (id, authorization_id, kind, token, status) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&challenge.id).bind(&authorization.id).bind(challenge.kind.as_str()).bind(&challenge.token)
            .bind(&challenge.status)
            .execute(c).await?;
        });
    }
    Ok(())
}

/// An authorization by its id.
///
/// # Errors
/// When the store fails.
pub async fn authorization(db: &Db, id: &str) -> Result<Option<Authorization>, Error> {
    let row: Option<AuthorizationRow> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT id, order_id, account, name, wildcard, status, expires_at FROM mesh_acme_authorizations WHERE id = $1",
        )
        .bind(id).fetch_optional(c).await
    })?;
    Ok(row.map(Authorization::from))
}

/// The authorizations of an order, by name.
///
/// # Errors
/// When the store fails.
pub async fn authorizations(db: &Db, order: &str) -> Result<Vec<Authorization>, Error> {
    let rows: Vec<AuthorizationRow> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT id, order_id, account, name, wildcard, status, expires_at FROM mesh_acme_authorizations
             WHERE order_id = $1 ORDER BY name, wildcard",
        )
        .bind(order).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(Authorization::from).collect())
}

/// Whether an account has proved a name lately.
///
/// # Errors
/// When the store fails.
pub async fn proved(db: &Db, account: &str, name: &str, wildcard: bool) -> Result<bool, Error> {
    let now = clock::micros(db.clock().now());
    let count: i64 = on_db!(db, c => {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM mesh_acme_authorizations
             WHERE account = $1 AND name = $2 AND wildcard = $3 AND status = 'valid' AND expires_at > $4",
        )
        .bind(account).bind(name).bind(i64::from(wildcard)).bind(now).fetch_one(c).await
    })?;
    Ok(count > 0)
}

/// A challenge by its id.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn challenge(db: &Db, id: &str) -> Result<Option<Challenge>, Error> {
    let row: Option<ChallengeRow> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT id, authorization_id, kind, token, status, error, validated_at FROM mesh_acme_challenges WHERE id = $1",
        )
        .bind(id).fetch_optional(c).await
    })?;
    row.map(ChallengeRow::read).transpose()
}

/// The challenges of an authorization.
///
/// # Errors
/// When the store fails or a row is damaged.
pub async fn challenges(db: &Db, authorization: &str) -> Result<Vec<Challenge>, Error> {
    let rows: Vec<ChallengeRow> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT id, authorization_id, kind, token, status, error, validated_at FROM mesh_acme_challenges
             WHERE authorization_id = $1 ORDER BY kind DESC",
        )
        .bind(authorization).fetch_all(c).await
    })?;
    rows.into_iter().map(ChallengeRow::read).collect()
}

/// The challenges that somebody is to look at.
///
/// # Errors
/// When the store fails.
pub async fn processing(db: &Db) -> Result<Vec<String>, Error> {
    let now = clock::micros(db.clock().now());
    Ok(on_db!(db, c => {
        sqlx::query_scalar(
            "SELECT c.id FROM mesh_acme_challenges c JOIN mesh_acme_authorizations a ON a.id = c.authorization_id
             WHERE c.status = 'processing' AND a.status = 'pending' AND a.expires_at > $1 ORDER BY c.started_at LIMIT 1000",
        )
        .bind(now).fetch_all(c).await
    })?)
}

/// Has a pending challenge looked at; tells whether it was pending, and no other of its authorization is looked at.
///
/// # Errors
/// When the store fails.
pub async fn start(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    let now = tx.now_micros();
    let changed = on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_challenges SET status = 'processing', started_at = $2 WHERE id = $1 AND status = 'pending'")
            .bind(id).bind(now)
            .execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// The name is proved: the challenge and its authorization are valid, and the order is ready when it was the last. Tells
/// whether that was still open.
///
/// # Errors
/// When the store fails.
pub async fn pass(tx: &mut Tx, challenge: &Challenge, authorization: &Authorization) -> Result<bool, Error> {
    // Two names of one order may be proved at the same time, and one of the two must see the other.
    tx.serialize().await?;
    let now = tx.now_micros();
    if !settle(tx, authorization, "valid").await? {
        return Ok(false);
    }
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_challenges SET status = 'valid', validated_at = $2 WHERE id = $1")
            .bind(&challenge.id).bind(now).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query(
            "UPDATE mesh_acme_orders SET status = 'ready' WHERE id = $1 AND status = 'pending'
             AND NOT EXISTS (SELECT 1 FROM mesh_acme_authorizations WHERE order_id = $1 AND status <> 'valid')",
        )
        .bind(&authorization.order).execute(c).await?;
    });
    Ok(true)
}

/// The name is not proved: challenge, authorization and order are invalid. Tells whether that was still open.
///
/// # Errors
/// When the store fails.
pub async fn fail(
    tx: &mut Tx,
    challenge: &Challenge,
    authorization: &Authorization,
    error: &Value,
) -> Result<bool, Error> {
    tx.serialize().await?;
    if !settle(tx, authorization, "invalid").await? {
        return Ok(false);
    }
    let error = super::text(error)?;
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_challenges SET status = 'invalid', error = $2 WHERE id = $1")
            .bind(&challenge.id).bind(&error).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_orders SET status = 'invalid', error = $2 WHERE id = $1 AND status IN ('pending', 'ready')")
            .bind(&authorization.order).bind(&error).execute(c).await?;
    });
    Ok(true)
}

async fn settle(tx: &mut Tx, authorization: &Authorization, status: &str) -> Result<bool, Error> {
    let now = tx.now_micros();
    let changed = on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_authorizations SET status = $2 WHERE id = $1 AND status = 'pending' AND expires_at > $3")
            .bind(&authorization.id).bind(status).bind(now)
            .execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// The account does not speak for the name any more, by its own word; its order cannot be fulfilled.
///
/// # Errors
/// When the store fails.
pub async fn release(tx: &mut Tx, authorization: &Authorization) -> Result<(), Error> {
    tx.serialize().await?;
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_authorizations SET status = 'deactivated' WHERE id = $1 AND status IN ('pending', 'valid')")
            .bind(&authorization.id).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_orders SET status = 'invalid' WHERE id = $1 AND status IN ('pending', 'ready')")
            .bind(&authorization.order).execute(c).await?;
    });
    Ok(())
}
