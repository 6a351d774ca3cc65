//! Certificates that the ACME server issued.

use jiff::Timestamp;
use platform::{
    audit::AuditId,
    clock,
    db::{Db, Error, Tx},
    on_db,
};
use sqlx::FromRow;

/// A certificate whose key somebody else keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub serial: String,
    pub account: String,
    pub order: String,
    pub names: Vec<String>,
    /// PEM, without the root.
    pub chain: String,
    /// The entry that says who was given it.
    pub audit: AuditId,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    serial: String,
    account: String,
    order_id: String,
    names: String,
    chain: String,
    audit_id: i64,
    not_before: i64,
    not_after: i64,
    revoked_at: Option<i64>,
}

impl Row {
    fn read(self) -> Result<Certificate, Error> {
        Ok(Certificate {
            names: super::json(&self.names, "the names of an ACME certificate")?,
            audit: AuditId(self.audit_id),
            not_before: clock::from_micros(self.not_before),
            not_after: clock::from_micros(self.not_after),
            revoked_at: self.revoked_at.map(clock::from_micros),
            serial: self.serial,
            account: self.account,
            order: self.order_id,
            chain: self.chain,
        })
    }
}

/// A certificate by its serial number.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn certificate(db: &Db, serial: &str) -> Result<Option<Certificate>, Error> {
    let row: Option<Row> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT serial, account, order_id, names, chain, audit_id, not_before, not_after, revoked_at
             FROM mesh_acme_certificates WHERE serial = $1",
        )
        .bind(serial).fetch_optional(c).await
    })?;
    row.map(Row::read).transpose()
}

/// The newest certificates, so many.
///
/// # Errors
/// When the store fails or a row is damaged.
pub async fn newest(db: &Db, most: i64) -> Result<Vec<Certificate>, Error> {
    let rows: Vec<Row> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT serial, account, order_id, names, chain, audit_id, not_before, not_after, revoked_at
             FROM mesh_acme_certificates ORDER BY issued_at DESC, serial LIMIT $1",
        )
        .bind(most).fetch_all(c).await
    })?;
    rows.into_iter().map(Row::read).collect()
}

/// Adds a certificate.
///
/// # Errors
/// When the store fails.
pub async fn insert_certificate(tx: &mut Tx, certificate: &Certificate) -> Result<(), Error> {
    let (names, now) = (super::text(&certificate.names)?, tx.now_micros());
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_acme_certificates
                (serial, account, order_id, names, chain, audit_id, not_before, not_after, issued_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&certificate.serial).bind(&certificate.account).bind(&certificate.order).bind(&names)
        .bind(&certificate.chain).bind(certificate.audit.0).bind(clock::micros(certificate.not_before))
        .bind(clock::micros(certificate.not_after)).bind(now)
        .execute(c).await?;
    });
    Ok(())
}

/// Revokes a certificate; tells whether it was not revoked yet.
///
/// # Errors
/// When the store fails.
pub async fn revoke_certificate(tx: &mut Tx, serial: &str, reason: u8) -> Result<bool, Error> {
    let now = tx.now_micros();
    let changed = on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_certificates SET revoked_at = $2, reason = $3 WHERE serial = $1 AND revoked_at IS NULL")
            .bind(serial).bind(now).bind(i64::from(reason))
            .execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// Serial number, moment and reason (RFC 5280 section 5.3.1) of every revoked certificate that has not ended yet, for the
/// revocation list.
///
/// # Errors
/// When the store fails.
pub async fn revoked(db: &Db) -> Result<Vec<(String, Timestamp, u8)>, Error> {
    let now = clock::micros(db.clock().now());
    let rows: Vec<(String, i64, Option<i64>)> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT serial, revoked_at, reason FROM mesh_acme_certificates
             WHERE revoked_at IS NOT NULL AND not_after > $1 ORDER BY revoked_at, serial",
        )
        .bind(now).fetch_all(c).await
    })?;
    let row = |(serial, at, reason): (String, i64, Option<i64>)| {
        (serial, clock::from_micros(at), reason.and_then(|reason| u8::try_from(reason).ok()).unwrap_or(0))
    };
    Ok(rows.into_iter().map(row).collect())
}
