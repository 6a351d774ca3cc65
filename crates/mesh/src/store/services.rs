use jiff::Timestamp;
use platform::{
    clock,
    db::{Db, Error, Tx},
    on_db,
};
use sqlx::FromRow;

use crate::service::{Service, State};

#[derive(FromRow)]
struct Row {
    key: String,
    name: String,
    host: String,
    port: i64,
    upstream_protocol: String,
    health_path: String,
    tls: i64,
    direct: i64,
    tags: String,
    state: String,
    registered_at: i64,
    deregistered_at: Option<i64>,
}

const ALL: &str = "SELECT key, name, host, port, upstream_protocol, health_path, tls, direct, tags, state, registered_at, deregistered_at
    FROM mesh_services ORDER BY key";
const ONE: &str = "SELECT key, name, host, port, upstream_protocol, health_path, tls, direct, tags, state, registered_at, deregistered_at
    FROM mesh_services WHERE key = $1";

impl Row {
    fn read(self) -> Result<Service, Error> {
        let broken = |what: &str| Error::Unreadable(format!("mesh service {}: its {what} is damaged", self.key));
        Ok(Service {
            port: u16::try_from(self.port).map_err(|_| broken("port"))?,
            upstream_protocol: self.upstream_protocol.parse().map_err(|_| broken("protocol"))?,
            tags: serde_json::from_str(&self.tags).map_err(|_| broken("list of tags"))?,
            state: match self.state.as_str() {
                "registering" => State::Registering,
                "active" => State::Active,
                "removing" => State::Removing,
                "inactive" => State::Inactive,
                _ => return Err(broken("state")),
            },
            registered_at: clock::from_micros(self.registered_at),
            deregistered_at: self.deregistered_at.map(clock::from_micros),
            tls: self.tls != 0,
            direct: self.direct != 0,
            key: self.key,
            name: self.name,
            host: self.host,
            health_path: self.health_path,
        })
    }
}

/// Every service that ever was, by name.
///
/// # Errors
/// When the store fails or a row is damaged.
pub async fn all(db: &Db) -> Result<Vec<Service>, Error> {
    let rows: Vec<Row> = on_db!(db, c => sqlx::query_as(ALL).fetch_all(c).await)?;
    rows.into_iter().map(Row::read).collect()
}

/// One service.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn one(tx: &mut Tx, key: &str) -> Result<Option<Service>, Error> {
    let row: Option<Row> = on_db!(tx, c => { sqlx::query_as(ONE).bind(key).fetch_optional(c).await? });
    row.map(Row::read).transpose()
}

/// How many services [`page`] gives at once.
const PAGE: i64 = 500;

#[derive(FromRow)]
struct WithSerial {
    #[sqlx(flatten)]
    row: Row,
    serial: Option<String>,
}

/// The next services after a key, by key, each with the serial number of its newest certificate that was not revoked.
///
/// # Errors
/// When the store fails or a row is damaged.
pub async fn page(db: &Db, after: &str) -> Result<Vec<(Service, Option<String>)>, Error> {
    let rows: Vec<WithSerial> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT key, name, host, port, upstream_protocol, health_path, tls, direct, tags, state, registered_at, deregistered_at,
                (SELECT serial FROM mesh_certificates WHERE service = key AND revoked_at IS NULL
                    ORDER BY issued_at DESC, serial DESC LIMIT 1)
                AS serial
             FROM mesh_services WHERE key > $1 ORDER BY key LIMIT $2",
        )
        .bind(after).bind(PAGE).fetch_all(c).await
    })?;
    rows.into_iter().map(|found| Ok((found.row.read()?, found.serial))).collect()
}

/// What changes with every change of a service or of a certificate: counts, and the newest moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<i64>);

/// Whether the tables of services and certificates are as they were.
///
/// # Errors
/// When the store fails.
pub async fn fingerprint(db: &Db) -> Result<Fingerprint, Error> {
    const SQL: &str = "SELECT COUNT(*), COALESCE(MAX(registered_at), 0), COALESCE(MAX(deregistered_at), 0),
            COUNT(CASE WHEN state = 'active' THEN 1 END),
            (SELECT COUNT(*) FROM mesh_certificates), (SELECT COALESCE(MAX(issued_at), 0) FROM mesh_certificates),
            (SELECT COALESCE(MAX(revoked_at), 0) FROM mesh_certificates)
        FROM mesh_services";
    let (a, b, c, d, e, f, g): (i64, i64, i64, i64, i64, i64, i64) =
        on_db!(db, c => sqlx::query_as(SQL).fetch_one(c).await)?;
    Ok(Fingerprint(vec![a, b, c, d, e, f, g]))
}

/// The same as [`one`] outside of a transaction.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn find(db: &Db, key: &str) -> Result<Option<Service>, Error> {
    let row: Option<Row> = on_db!(db, c => sqlx::query_as(ONE).bind(key).fetch_optional(c).await)?;
    row.map(Row::read).transpose()
}

/// Writes a service over what was there, which is kept beside it for as long as it is being registered.
///
/// # Errors
/// When the store fails.
pub async fn put(tx: &mut Tx, service: &Service, before: Option<&Service>) -> Result<(), Error> {
    let json = |error: serde_json::Error| Error::Unreadable(error.to_string());
    let before = before.map(serde_json::to_string).transpose().map_err(json)?;
    let tags = serde_json::to_string(&service.tags).map_err(json)?;
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_services (key, name, host, port, upstream_protocol, health_path, tls, direct, tags, state, before,
                registered_at, deregistered_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (key) DO UPDATE SET name = excluded.name, host = excluded.host, port = excluded.port,
                upstream_protocol = excluded.upstream_protocol, health_path = excluded.health_path, tls = excluded.tls,
                direct = excluded.direct, tags = excluded.tags, state = excluded.state, before = excluded.before,
                registered_at = excluded.registered_at, deregistered_at = excluded.deregistered_at",
        )
        .bind(&service.key).bind(&service.name).bind(&service.host).bind(i64::from(service.port))
        .bind(service.upstream_protocol.as_str()).bind(&service.health_path).bind(i64::from(service.tls))
        .bind(i64::from(service.direct)).bind(&tags).bind(service.state.as_str()).bind(&before)
        .bind(clock::micros(service.registered_at)).bind(service.deregistered_at.map(clock::micros))
        .execute(c).await?;
    });
    Ok(())
}

/// Says that what was being done to a service is done: registered, or removed at `removed`.
///
/// # Errors
/// When the store fails.
pub async fn finish(tx: &mut Tx, key: &str, removed: Option<Timestamp>) -> Result<(), Error> {
    let state = if removed.is_some() { State::Inactive } else { State::Active };
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_services SET state = $2, before = NULL, deregistered_at = $3 WHERE key = $1")
            .bind(key).bind(state.as_str()).bind(removed.map(clock::micros))
            .execute(c).await?;
    });
    Ok(())
}

/// Undoes a registration: what was there before comes back, or nothing, and its certificate is revoked.
///
/// # Errors
/// When the store fails or what was kept is damaged.
pub async fn forget(tx: &mut Tx, key: &str) -> Result<(), Error> {
    let found: Option<(Option<String>, i64)> = on_db!(tx, c => {
        sqlx::query_as("SELECT before, registered_at FROM mesh_services WHERE key = $1").bind(key).fetch_optional(c).await?
    });
    let Some((before, since)) = found else { return Ok(()) };
    super::revoke_since(tx, key, since).await?;
    match before {
        Some(text) => {
            let service: Service = serde_json::from_str(&text).map_err(|error| Error::Unreadable(error.to_string()))?;
            put(tx, &service, None).await
        }
        None => {
            on_db!(tx, c => {
                sqlx::query("DELETE FROM mesh_services WHERE key = $1").bind(key).execute(c).await?;
            });
            Ok(())
        }
    }
}

/// After a crash: what was being registered is undone, what was being removed is gone. Tells how many there were.
///
/// # Errors
/// When the store fails.
pub async fn settle(tx: &mut Tx, now: Timestamp) -> Result<usize, Error> {
    let open: Vec<(String,)> = on_db!(tx, c => {
        sqlx::query_as("SELECT key FROM mesh_services WHERE state IN ('registering', 'removing')").fetch_all(c).await?
    });
    for (key,) in &open {
        settle_one(tx, key, now).await?;
    }
    super::revoke_replaced(tx).await?;
    Ok(open.len())
}

/// The same for one service; tells whether anything was being done to it.
///
/// # Errors
/// When the store fails.
pub async fn settle_one(tx: &mut Tx, key: &str, now: Timestamp) -> Result<bool, Error> {
    match one(tx, key).await?.map(|service| service.state) {
        Some(State::Registering) => forget(tx, key).await?,
        Some(State::Removing) => {
            super::revoke(tx, key, None).await?;
            finish(tx, key, Some(now)).await?;
        }
        Some(State::Active | State::Inactive) | None => return Ok(false),
    }
    Ok(true)
}
