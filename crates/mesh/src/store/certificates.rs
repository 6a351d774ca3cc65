use jiff::Timestamp;
use platform::{
    clock,
    db::{Db, Error, Tx},
    on_db,
};
use sqlx::FromRow;

/// A certificate of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub serial: String,
    /// The key of the service.
    pub service: String,
    /// PEM, without the root.
    pub chain: String,
    pub sealed_key: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

#[derive(FromRow)]
struct Row {
    serial: String,
    service: String,
    chain: String,
    sealed_key: String,
    not_before: i64,
    not_after: i64,
}

impl Row {
    fn read(self) -> Stored {
        Stored {
            not_before: clock::from_micros(self.not_before),
            not_after: clock::from_micros(self.not_after),
            serial: self.serial,
            service: self.service,
            chain: self.chain,
            sealed_key: self.sealed_key,
        }
    }
}

/// The newest certificate of each service that was not revoked, by the service's name.
///
/// # Errors
/// When the store fails.
pub async fn live(db: &Db) -> Result<Vec<Stored>, Error> {
    let mut rows: Vec<Row> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT serial, service, chain, sealed_key, not_before, not_after FROM mesh_certificates
             WHERE revoked_at IS NULL ORDER BY service, issued_at DESC, serial DESC",
        )
        .fetch_all(c).await
    })?;
    rows.dedup_by(|later, first| later.service == first.service);
    Ok(rows.into_iter().map(Row::read).collect())
}

/// The same of one service.
///
/// # Errors
/// When the store fails.
pub async fn live_of(db: &Db, service: &str) -> Result<Option<Stored>, Error> {
    let row: Option<Row> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT serial, service, chain, sealed_key, not_before, not_after FROM mesh_certificates
             WHERE revoked_at IS NULL AND service = $1 ORDER BY issued_at DESC, serial DESC LIMIT 1",
        )
        .bind(service).fetch_optional(c).await
    })?;
    Ok(row.map(Row::read))
}

/// Adds a certificate.
///
/// # Errors
/// When the store fails.
pub async fn insert(tx: &mut Tx, certificate: &Stored) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_certificates (serial, service, chain, sealed_key, not_before, not_after, issued_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&certificate.serial).bind(&certificate.service).bind(&certificate.chain).bind(&certificate.sealed_key)
        .bind(clock::micros(certificate.not_before)).bind(clock::micros(certificate.not_after)).bind(now)
        .execute(c).await?;
    });
    Ok(())
}

/// Revokes every certificate of a service that is older than one of them, or all of them. A newer one is somebody else's, who
/// replaces it as well.
///
/// # Errors
/// When the store fails.
pub async fn revoke(tx: &mut Tx, service: &str, before: Option<&str>) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query(
            "UPDATE mesh_certificates SET revoked_at = $1 WHERE service = $2 AND revoked_at IS NULL AND ($3 = '' OR EXISTS (
                SELECT 1 FROM mesh_certificates AS newer WHERE newer.serial = $3 AND (newer.issued_at > mesh_certificates.issued_at
                    OR newer.issued_at = mesh_certificates.issued_at AND newer.serial > mesh_certificates.serial)))",
        )
        .bind(now).bind(service).bind(before.unwrap_or_default())
        .execute(c).await?;
    });
    Ok(())
}

/// Revokes the certificates of services that are gone.
///
/// # Errors
/// When the store fails.
pub async fn revoke_gone(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query(
            "UPDATE mesh_certificates SET revoked_at = $1 WHERE revoked_at IS NULL
                AND service NOT IN (SELECT key FROM mesh_services WHERE state <> 'inactive')",
        )
        .bind(now).execute(c).await?;
    });
    Ok(())
}

/// Revokes the certificates of a service that were issued at this moment (microseconds) or later.
///
/// # Errors
/// When the store fails.
pub async fn revoke_since(tx: &mut Tx, service: &str, since: i64) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_certificates SET revoked_at = $1 WHERE service = $2 AND revoked_at IS NULL AND issued_at >= $3")
            .bind(now).bind(service).bind(since)
            .execute(c).await?;
    });
    Ok(())
}

/// Revokes every certificate of a service that has a newer one: what a crash left undone.
///
/// # Errors
/// When the store fails.
pub async fn revoke_replaced(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query(
            "UPDATE mesh_certificates SET revoked_at = $1 WHERE revoked_at IS NULL AND EXISTS (
                SELECT 1 FROM mesh_certificates AS newer WHERE newer.service = mesh_certificates.service
                AND newer.revoked_at IS NULL AND (newer.issued_at > mesh_certificates.issued_at
                    OR newer.issued_at = mesh_certificates.issued_at AND newer.serial > mesh_certificates.serial))",
        )
        .bind(now).execute(c).await?;
    });
    Ok(())
}

/// Certificate and sealed key of an authority, by its kind (`root`, `issuing`).
///
/// # Errors
/// When the store fails.
pub async fn authorities(db: &Db) -> Result<Vec<(String, String, String)>, Error> {
    Ok(on_db!(db, c => sqlx::query_as("SELECT kind, cert, sealed_key FROM mesh_authorities").fetch_all(c).await)?)
}

/// Keeps an authority in the place of the one of its kind.
///
/// # Errors
/// When the store fails.
pub async fn save_authority(tx: &mut Tx, kind: &str, cert: &str, sealed_key: &str) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_authorities (kind, cert, sealed_key, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (kind) DO UPDATE SET cert = excluded.cert, sealed_key = excluded.sealed_key,
                created_at = excluded.created_at",
        )
            .bind(kind).bind(cert).bind(sealed_key).bind(now)
            .execute(c).await?;
    });
    Ok(())
}

/// Serial number and moment of every certificate that the present authority issued, that was revoked, and that has not ended.
///
/// # Errors
/// When the store fails.
pub async fn revoked(db: &Db, now: Timestamp) -> Result<Vec<(String, Timestamp)>, Error> {
    let rows: Vec<(String, i64)> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT serial, revoked_at FROM mesh_certificates WHERE revoked_at IS NOT NULL AND not_after > $1
                AND issued_at >= (SELECT created_at FROM mesh_authorities WHERE kind = 'issuing') ORDER BY revoked_at, serial",
        )
        .bind(clock::micros(now)).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|(serial, at)| (serial, clock::from_micros(at))).collect())
}

/// Takes back a certificate that was never served.
///
/// # Errors
/// When the store fails.
pub async fn withdraw(tx: &mut Tx, serial: &str) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_certificates SET revoked_at = $1 WHERE serial = $2").bind(now).bind(serial).execute(c).await?;
    });
    Ok(())
}
