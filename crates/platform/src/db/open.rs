//! Opening the store: where it is, whether it is whole, whether this program may touch it, and its migrations.
//!
//! A SQLite file is created under another name and renamed when its tables exist, so an empty or half-made file is never
//! taken for a new one: what cannot be read is named and left alone, and nothing is ever recreated over it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};

use super::{ALIVE, Pools};
use crate::files;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Up to this size the whole file is checked at each start; a larger one would make the start slow.
const CHECK_UP_TO_BYTES: u64 = 64 * 1024 * 1024;
const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 8;

/// Where the store is.
#[derive(Clone)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL. It may hold a password, so it is never shown.
    Postgres(String),
}

impl Location {
    /// Reads `database.url`; without one it is the file `plenum.db` in the data directory.
    pub fn parse(url: Option<&str>, data_dir: &Path) -> Result<Self, OpenError> {
        let Some(url) = url.map(str::trim).filter(|url| !url.is_empty()) else {
            return Ok(Self::Sqlite(data_dir.join("plenum.db")));
        };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() || path.contains('?') {
                    return Err(OpenError::Url);
                }
                Ok(Self::Sqlite(data_dir.join(path)))
            }
            None => Err(OpenError::Url),
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(file) => f.debug_tuple("Sqlite").field(file).finish(),
            Self::Postgres(_) => f.write_str("Postgres(***)"),
        }
    }
}

/// Why the store cannot be used. Every text names the database and the way out.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no known kind.
    #[error("database.url must start with postgres://, postgresql:// or sqlite: followed by a path")]
    Url,
    /// The file is not a database at all, or it is damaged.
    #[error(
        "the database {file} is damaged ({detail}). Nothing was changed. Restore it from a backup, or move it away \
         together with its -wal and -shm files to start anew"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file is gone although the data directory was in use.
    #[error(
        "the database {file} is missing, but {evidence} shows that this data directory was in use. Restore the database \
         from a backup, or move {evidence} away to start anew"
    )]
    Missing {
        /// The file.
        file: PathBuf,
        /// What shows that it existed.
        evidence: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "the database {database} was written by a newer Plenum (schema {found}; this program knows up to {known}). \
         Nothing was changed. Install that version again, or restore a backup made before the upgrade"
    )]
    TooNew {
        /// Its name.
        database: String,
        /// Its schema version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The tables could not be brought up to date.
    #[error("the tables of the database {database} could not be brought up to date; it was left as it was")]
    Migration {
        /// Its name.
        database: String,
        /// The cause.
        #[source]
        source: MigrateError,
    },
    /// It cannot be reached or used.
    #[error("the database {database} cannot be opened")]
    Connect {
        /// Its name.
        database: String,
        /// The cause.
        #[source]
        source: super::Error,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// There is no randomness.
    #[error("the operating system gave no random bytes")]
    Random(#[from] getrandom::Error),
}

pub(super) async fn open(location: &Location, instance: i32) -> Result<Pools, OpenError> {
    match location {
        Location::Sqlite(file) => open_sqlite(file).await,
        Location::Postgres(url) => open_postgres(url, instance).await,
    }
}

async fn open_sqlite(file: &Path) -> Result<Pools, OpenError> {
    if exists(file)? {
        check_header(file)?;
    } else {
        create_sqlite(file).await?;
    }
    let pools = connect_sqlite(file).await?;
    let Pools::Sqlite { write, .. } = &pools else { return Ok(pools) };
    let size = file.metadata().map_err(|e| files::Error::new("read", file, e))?.len();
    if size <= CHECK_UP_TO_BYTES {
        quick_check(write, file).await?;
    }
    let database = file.display().to_string();
    let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(write)
        .await
        .map_err(|e| refuse_sqlite(file, e.into()))?;
    refuse_newer(&SQLITE_MIGRATIONS, found, &database)?;
    SQLITE_MIGRATIONS.run(write).await.map_err(|source| OpenError::Migration { database, source })?;
    Ok(pools)
}

/// Makes a new file with all tables beside the final name, and only then gives it that name.
async fn create_sqlite(file: &Path) -> Result<(), OpenError> {
    let evidence = [with_suffix(file, "-wal"), file.with_file_name(crate::secrets::KEY_FILE)];
    for evidence in evidence {
        if exists(&evidence)? {
            return Err(OpenError::Missing { file: file.to_owned(), evidence });
        }
    }
    let new = with_suffix(file, ".new");
    // What a start that was killed left behind; nobody has ever used it.
    for suffix in ["", "-wal", "-shm"] {
        files::remove(&with_suffix(&new, suffix))?;
    }
    // Made by us and not by SQLite: the mode has to be right from the first moment, and -wal and -shm take it over.
    files::write_atomic(&new, b"", 0o600)?;
    let pools = connect_sqlite(&new).await?;
    if let Pools::Sqlite { read, write, .. } = pools {
        let migrated = SQLITE_MIGRATIONS.run(&write).await;
        read.close().await;
        write.close().await;
        let database = file.display().to_string();
        migrated.map_err(|source| OpenError::Migration { database, source })?;
    }
    crate::failpoint!("db.created");
    files::sync(&new)?;
    files::rename(&new, file)?;
    Ok(())
}

async fn connect_sqlite(file: &Path) -> Result<Pools, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(64)
        // Small on purpose: the operating system caches the file, and an idle daemon must stay small.
        .pragma("cache_size", "-1024")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    // FULL: a change that was answered with 200 survives a power cut.
    let writer = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", "8388608");
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // A failed COMMIT (full disk) can end SQLite's transaction without the driver knowing. Such a connection is
        // thrown away; it would refuse every later transaction.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(writer)
        .await
        .map_err(|e| refuse_sqlite(file, e.into()))?;
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(Duration::from_secs(300))
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Pools::Sqlite { read, write, file: file.to_owned() })
}

/// Looks at the first bytes: SQLite itself takes an empty file for a new database, and would fill it.
fn check_header(file: &Path) -> Result<(), OpenError> {
    let mut header = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut header));
    let detail = match read {
        Ok(()) if &header == b"SQLite format 3\0" => return Ok(()),
        Ok(()) => "it does not begin as a SQLite file does",
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => "it is empty or cut off",
        Err(error) => return Err(files::Error::new("read", file, error).into()),
    };
    Err(OpenError::Damaged { file: file.to_owned(), detail: detail.to_owned() })
}

async fn quick_check(pool: &SqlitePool, file: &Path) -> Result<(), OpenError> {
    let found: Vec<String> =
        sqlx::query_scalar("PRAGMA quick_check(3)").fetch_all(pool).await.map_err(|e| refuse_sqlite(file, e.into()))?;
    if found == ["ok"] {
        return Ok(());
    }
    Err(OpenError::Damaged { file: file.to_owned(), detail: found.join("; ").replace('\n', " ") })
}

/// The check that a start leaves out for a large file; for the background. Returns whether it ran.
pub(super) async fn check_large(pool: &SqlitePool, file: &Path) -> Result<bool, OpenError> {
    let size = file.metadata().map_err(|e| files::Error::new("read", file, e))?.len();
    if size <= CHECK_UP_TO_BYTES {
        return Ok(false);
    }
    quick_check(pool, file).await.map(|()| true)
}

fn refuse_sqlite(file: &Path, error: super::Error) -> OpenError {
    match error {
        super::Error::Damaged(source) => {
            let detail = source.as_database_error().map_or_else(|| source.to_string(), |e| e.message().to_owned());
            OpenError::Damaged { file: file.to_owned(), detail }
        }
        source => OpenError::Connect { database: file.display().to_string(), source },
    }
}

async fn open_postgres(url: &str, instance: i32) -> Result<Pools, OpenError> {
    let options: PgConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
    let options = options.application_name("plenum").disable_statement_logging();
    let database =
        format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or_default());
    let refuse = |source: sqlx::Error| OpenError::Connect { database: database.clone(), source: source.into() };
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // Asking costs a round trip, so only a connection that has rested is asked whether it still lives.
                if meta.idle_for > Duration::from_secs(5) {
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
        // A node that hangs must not keep the others from writing for good.
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql("SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '60s'")
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(refuse)?;
    let known: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&pool)
        .await
        .map_err(refuse)?;
    if known {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&pool).await.map_err(refuse)?;
        refuse_newer(&POSTGRES_MIGRATIONS, found, &database)?;
    }
    let mut alive = options.connect().await.map_err(refuse)?;
    sqlx::query("SELECT pg_advisory_lock($1, $2)")
        .bind(ALIVE)
        .bind(instance)
        .execute(&mut alive)
        .await
        .map_err(refuse)?;
    let migrated = POSTGRES_MIGRATIONS.run(&pool).await;
    migrated.map_err(|source| OpenError::Migration { database: database.clone(), source })?;
    Ok(Pools::Postgres { pool, alive: Arc::new(Mutex::new(Some(alive))) })
}

fn refuse_newer(migrations: &Migrator, found: Option<i64>, database: &str) -> Result<(), OpenError> {
    let known = migrations.iter().map(|migration| migration.version).max().unwrap_or_default();
    match found {
        Some(found) if found > known => Err(OpenError::TooNew { database: database.to_owned(), found, known }),
        _ => Ok(()),
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn exists(path: &Path) -> Result<bool, OpenError> {
    Ok(path.try_exists().map_err(|e| files::Error::new("look for", path, e))?)
}
