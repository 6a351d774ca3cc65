//! The table of machines, and that of Plenum's own key for them.

use jiff::Timestamp;
use platform::{
    clock,
    db::{Db, Error, Tx},
    on_db,
};
use sqlx::FromRow;
use ssh::{Fingerprint, Host, User};

/// How Plenum logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// With its own key.
    Own,
    /// With a key that was given, sealed.
    Key(String),
    /// With a password, sealed.
    Password(String),
}

/// A machine that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The name in lower case.
    pub key: String,
    pub name: String,
    pub host: Host,
    pub port: u16,
    pub user: User,
    pub auth: Auth,
    pub docker_socket: String,
    /// What the server must show.
    pub host_key: Fingerprint,
    /// What it shows instead, while it does.
    pub offered_key: Option<Fingerprint>,
    /// The last other key that the audit log tells of.
    pub reported_key: Option<Fingerprint>,
    pub added_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    key: String,
    name: String,
    host: String,
    port: i64,
    username: String,
    auth: String,
    sealed: Option<String>,
    docker_socket: String,
    host_key: String,
    offered_key: Option<String>,
    reported_key: Option<String>,
    added_at: i64,
}

const ALL: &str =
    "SELECT key, name, host, port, username, auth, sealed, docker_socket, host_key, offered_key, reported_key, added_at
    FROM mesh_servers ORDER BY key";
const ONE: &str =
    "SELECT key, name, host, port, username, auth, sealed, docker_socket, host_key, offered_key, reported_key, added_at
    FROM mesh_servers WHERE key = $1";

impl Row {
    fn read(self) -> Result<Server, Error> {
        let broken = |what: &str| Error::Unreadable(format!("server {}: its {what} is damaged", self.key));
        let fingerprint = |text: &str| Fingerprint::new(text).map_err(|_| broken("key"));
        Ok(Server {
            host: Host::new(&self.host).map_err(|_| broken("host"))?,
            port: u16::try_from(self.port).map_err(|_| broken("port"))?,
            user: User::new(&self.username).map_err(|_| broken("user"))?,
            auth: match (self.auth.as_str(), &self.sealed) {
                ("own", None) => Auth::Own,
                ("key", Some(sealed)) => Auth::Key(sealed.clone()),
                ("password", Some(sealed)) => Auth::Password(sealed.clone()),
                _ => return Err(broken("way to log in")),
            },
            host_key: fingerprint(&self.host_key)?,
            offered_key: self.offered_key.as_deref().map(fingerprint).transpose()?,
            reported_key: self.reported_key.as_deref().map(fingerprint).transpose()?,
            added_at: clock::from_micros(self.added_at),
            docker_socket: self.docker_socket,
            key: self.key,
            name: self.name,
        })
    }
}

/// Every machine, by name.
///
/// # Errors
/// When the store fails or a row is damaged.
pub async fn all(db: &Db) -> Result<Vec<Server>, Error> {
    let rows: Vec<Row> = on_db!(db, c => sqlx::query_as(ALL).fetch_all(c).await)?;
    rows.into_iter().map(Row::read).collect()
}

/// One machine.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn one(tx: &mut Tx, key: &str) -> Result<Option<Server>, Error> {
    let row: Option<Row> = on_db!(tx, c => { sqlx::query_as(ONE).bind(key).fetch_optional(c).await? });
    row.map(Row::read).transpose()
}

/// Adds a machine.
///
/// # Errors
/// When the store fails, or there is one of that name.
pub async fn insert(tx: &mut Tx, server: &Server) -> Result<(), Error> {
    let (auth, sealed) = match &server.auth {
        Auth::Own => ("own", None),
        Auth::Key(sealed) => ("key", Some(sealed)),
        Auth::Password(sealed) => ("password", Some(sealed)),
    };
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_servers (key, name, host, port, username, auth, sealed, docker_socket, host_key, added_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&server.key).bind(&server.name).bind(server.host.as_str()).bind(i64::from(server.port))
        .bind(server.user.as_str()).bind(auth).bind(sealed).bind(&server.docker_socket).bind(server.host_key.as_str())
        .bind(clock::micros(server.added_at))
        .execute(c).await?;
    });
    Ok(())
}

/// Removes a machine.
///
/// # Errors
/// When the store fails.
pub async fn delete(tx: &mut Tx, key: &str) -> Result<(), Error> {
    on_db!(tx, c => { sqlx::query("DELETE FROM mesh_servers WHERE key = $1").bind(key).execute(c).await?; });
    Ok(())
}

/// Remembers which other key a server shows, or that it shows the pinned one again.
///
/// # Errors
/// When the store fails.
pub async fn offer(tx: &mut Tx, key: &str, offered: Option<&Fingerprint>) -> Result<(), Error> {
    let offered = offered.map(Fingerprint::as_str);
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_servers SET offered_key = $2, reported_key = COALESCE($2, reported_key) WHERE key = $1")
            .bind(key).bind(offered)
            .execute(c).await?;
    });
    Ok(())
}

/// Pins a key.
///
/// # Errors
/// When the store fails.
pub async fn pin(tx: &mut Tx, key: &str, host_key: &Fingerprint) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_servers SET host_key = $2, offered_key = NULL, reported_key = NULL WHERE key = $1")
            .bind(key).bind(host_key.as_str())
            .execute(c).await?;
    });
    Ok(())
}

/// Plenum's own key: its public line and the sealed private half.
///
/// # Errors
/// When the store fails.
pub async fn own_key(db: &Db) -> Result<Option<(String, String)>, Error> {
    Ok(on_db!(db, c => {
        sqlx::query_as("SELECT public_key, sealed_key FROM mesh_ssh_keys WHERE id = 1").fetch_optional(c).await
    })?)
}

/// Keeps Plenum's own key; the first one stays.
///
/// # Errors
/// When the store fails.
pub async fn save_own_key(tx: &mut Tx, public_key: &str, sealed_key: &str) -> Result<(), Error> {
    let now = tx.now_micros();
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_ssh_keys (id, public_key, sealed_key, created_at) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING",
        )
        .bind(public_key).bind(sealed_key).bind(now)
        .execute(c).await?;
    });
    Ok(())
}
