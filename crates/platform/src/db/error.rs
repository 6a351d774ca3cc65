//! What can go wrong with the store, told apart by what a person can do about it.

/// A failed database operation.
///
/// The cause is in `source`; the text of this error never repeats it and never holds data from a statement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system or the database server has no space left.
    #[error("the database could not be written: no space left")]
    Full(#[source] sqlx::Error),
    /// The database or its directory cannot be written.
    #[error("the database is read-only or its directory cannot be written")]
    ReadOnly(#[source] sqlx::Error),
    /// Another process holds the database for too long.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// The database file is damaged.
    #[error("the database is damaged")]
    Damaged(#[source] sqlx::Error),
    /// The database server cannot be reached, or no connection became free in time.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// A unique value exists already.
    #[error("a value that must be unique exists already")]
    Duplicate(#[source] sqlx::Error),
    /// Two transactions stood in each other's way; the same work may be tried again.
    #[error("the transaction met another one and was undone; try again")]
    Conflict(#[source] sqlx::Error),
    /// A stored value is not what it should be.
    #[error("the database holds a value that cannot be read: {0}")]
    Unreadable(String),
    /// Anything else.
    #[error("the database operation failed")]
    Other(#[source] sqlx::Error),
}

impl Error {
    /// A stable name of the kind, for logs and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Full(_) => "full",
            Self::ReadOnly(_) => "read-only",
            Self::Busy(_) => "busy",
            Self::Damaged(_) => "damaged",
            Self::Unreachable(_) => "unreachable",
            Self::Duplicate(_) => "duplicate",
            Self::Conflict(_) => "conflict",
            Self::Unreadable(_) => "unreadable",
            Self::Other(_) => "other",
        }
    }

    /// Whether the same operation may succeed later without a change to the request.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Busy(_) | Self::Unreachable(_) | Self::Conflict(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                return Self::Unreachable(error);
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => return Self::Unreachable(error),
            _ => {}
        }
        let Some(database) = error.as_database_error() else {
            return Self::Other(error);
        };
        if database.is_unique_violation() {
            return Self::Duplicate(error);
        }
        let code = database.code().unwrap_or_default().into_owned();
        if database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
            return match code.as_str() {
                "53100" => Self::Full(error),
                "25006" => Self::ReadOnly(error),
                "40001" | "40P01" => Self::Conflict(error),
                "55P03" => Self::Busy(error),
                "XX001" | "XX002" => Self::Damaged(error),
                "53300" | "57P01" | "57P02" | "57P03" => Self::Unreachable(error),
                _ => Self::Other(error),
            };
        }
        // SQLite: the low byte is the primary result code, the rest says more.
        let code: i64 = code.parse().unwrap_or_default();
        match (code & 0xff, code) {
            (13, _) => Self::Full(error),
            (8 | 14, _) => Self::ReadOnly(error),
            (5 | 6, _) => Self::Busy(error),
            // A short read means that the file ends before a page that it should hold.
            (11 | 26, _) | (_, 522) => Self::Damaged(error),
            _ => Self::Other(error),
        }
    }
}
