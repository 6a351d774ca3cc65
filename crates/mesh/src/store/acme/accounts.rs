//! Accounts of the ACME server.

use jiff::Timestamp;
use platform::{
    clock,
    db::{Db, Error, Tx},
    on_db,
};
use sqlx::FromRow;

/// Whoever has a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    pub thumbprint: String,
    /// The public key as canonical JSON.
    pub jwk: String,
    pub contact: Vec<String>,
    /// Whether it may still ask for anything.
    pub is_valid: bool,
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: String,
    thumbprint: String,
    jwk: String,
    contact: String,
    status: String,
    created_at: i64,
}

impl Row {
    fn read(self) -> Result<Account, Error> {
        Ok(Account {
            contact: super::json(&self.contact, "the contact of an ACME account")?,
            is_valid: self.status == "valid",
            created_at: clock::from_micros(self.created_at),
            id: self.id,
            thumbprint: self.thumbprint,
            jwk: self.jwk,
        })
    }
}

/// An account by its id.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn account(db: &Db, id: &str) -> Result<Option<Account>, Error> {
    let row: Option<Row> = on_db!(db, c => {
        sqlx::query_as("SELECT id, thumbprint, jwk, contact, status, created_at FROM mesh_acme_accounts WHERE id = $1")
            .bind(id).fetch_optional(c).await
    })?;
    row.map(Row::read).transpose()
}

/// An account by its key.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn account_of(db: &Db, thumbprint: &str) -> Result<Option<Account>, Error> {
    let row: Option<Row> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT id, thumbprint, jwk, contact, status, created_at FROM mesh_acme_accounts WHERE thumbprint = $1",
        )
        .bind(thumbprint).fetch_optional(c).await
    })?;
    row.map(Row::read).transpose()
}

/// Adds an account.
///
/// # Errors
/// When the store fails; [`Error::Duplicate`] when the key has one.
pub async fn insert_account(tx: &mut Tx, account: &Account) -> Result<(), Error> {
    let contact = super::text(&account.contact)?;
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_acme_accounts (id, thumbprint, jwk, contact, status, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&account.id).bind(&account.thumbprint).bind(&account.jwk).bind(&contact)
        .bind(if account.is_valid { "valid" } else { "deactivated" }).bind(clock::micros(account.created_at))
        .execute(c).await?;
    });
    Ok(())
}

/// Replaces whom to write to.
///
/// # Errors
/// When the store fails.
pub async fn set_contact(tx: &mut Tx, id: &str, contact: &[String]) -> Result<(), Error> {
    let contact = super::text(&contact)?;
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_accounts SET contact = $2 WHERE id = $1").bind(id).bind(&contact).execute(c).await?;
    });
    Ok(())
}

/// Replaces the key, if the old one is still this; tells whether it was.
///
/// # Errors
/// When the store fails; [`Error::Duplicate`] when the new key has another account.
pub async fn set_key(tx: &mut Tx, id: &str, old: &str, thumbprint: &str, jwk: &str) -> Result<bool, Error> {
    let changed = on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_accounts SET thumbprint = $3, jwk = $4 WHERE id = $1 AND thumbprint = $2")
            .bind(id).bind(old).bind(thumbprint).bind(jwk)
            .execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// Ends an account, and with it what it has not got yet.
///
/// # Errors
/// When the store fails.
pub async fn deactivate(tx: &mut Tx, id: &str) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_accounts SET status = 'deactivated' WHERE id = $1").bind(id).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_orders SET status = 'invalid' WHERE account = $1 AND status IN ('pending', 'ready')")
            .bind(id).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_authorizations SET status = 'deactivated' WHERE account = $1 AND status IN ('pending', 'valid')")
            .bind(id).execute(c).await?;
    });
    Ok(())
}
