//! The data directory and a SQLite file: private to the daemon's user, and used by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Error, new_dir};

const LOCK_FILE: &str = "plenum.lock";

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process uses it.
    #[error(
        "the data directory {path} is in use by {}. Stop that process first, or give this one its own --data-dir",
        .pid.as_deref().map_or("another Plenum".to_owned(), |pid| format!("another Plenum (process {pid})"))
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process that holds the lock, where it could be read.
        pid: Option<String>,
    },
    /// Another process uses the SQLite file, from a data directory of its own.
    #[error(
        "the database {file} is in use by {}. Stop that process first, or give this one its own database.url",
        .pid.as_deref().map_or("another Plenum".to_owned(), |pid| format!("another Plenum (process {pid})"))
    )]
    DatabaseInUse {
        /// The SQLite file.
        file: PathBuf,
        /// The process that holds the lock, where it could be read.
        pid: Option<String>,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] Error),
}

/// The data directory, locked for as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    // The lock belongs to the open file and goes with the process, so a killed daemon never blocks its successor.
    _lock: File,
}

impl DataDir {
    /// Makes the directory (0700) if needed and locks it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        if !path.is_dir() {
            make_with_parents(path)?;
        }
        let path = path.canonicalize().map_err(|e| Error::new("open", path, e))?;
        match lock(&path.join(LOCK_FILE))? {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(pid) => Err(DataDirError::InUse { path, pid }),
        }
    }

    /// Its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A SQLite file, kept from other processes for as long as this value lives: `database.url` may name one that a daemon
/// with another data directory uses.
#[derive(Debug)]
pub struct DatabaseLock {
    _lock: File,
}

impl DatabaseLock {
    /// Locks the file by one beside it; the file itself need not exist.
    pub fn of(file: &Path) -> Result<Self, DataDirError> {
        // The same file by another name has the same lock. Where neither it nor its directory is there, opening it says so.
        let real = file.canonicalize().or_else(|_| match (file.parent(), file.file_name()) {
            (Some(parent), Some(name)) => Ok(parent.canonicalize()?.join(name)),
            _ => Ok(file.to_owned()),
        });
        let real = real.map_err(|e: std::io::Error| Error::new("open", file, e))?;
        let mut beside = real.clone().into_os_string();
        beside.push(".lock");
        match lock(Path::new(&beside))? {
            Ok(lock) => Ok(Self { _lock: lock }),
            Err(pid) => Err(DataDirError::DatabaseInUse { file: real, pid }),
        }
    }
}

/// Locks a file (0600) and writes our number into it; where somebody else has it, their number, if it could be read.
fn lock(file: &Path) -> Result<Result<File, Option<String>>, Error> {
    let fail = |source| Error::new("lock", file, source);
    let mut lock =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file).map_err(fail)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The holder may not have written its number yet; then the message does without.
            let read = lock.read_to_string(&mut holder).is_ok();
            return Ok(Err(Some(holder.trim().to_owned()).filter(|pid| read && pid.parse::<u32>().is_ok())));
        }
        Err(TryLockError::Error(error)) => return Err(fail(error)),
    }
    lock.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
    lock.set_len(0).map_err(fail)?;
    lock.rewind().map_err(fail)?;
    writeln!(lock, "{}", std::process::id()).map_err(fail)?;
    Ok(Ok(lock))
}

/// Makes a private directory; parents that are missing get the usual mode of a directory anyone may pass.
fn make_with_parents(path: &Path) -> Result<(), Error> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
        std::fs::create_dir_all(parent).map_err(|e| Error::new("create the directory", parent, e))?;
    }
    new_dir(path, 0o700)
}
