//! The data directory: private to the daemon's user, and used by one process at a time.

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
        let file = path.join(LOCK_FILE);
        let fail = |source| Error::new("lock", &file, source);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The holder may not have written its number yet; then the message does without.
                let read = lock.read_to_string(&mut holder).is_ok();
                let pid = Some(holder.trim().to_owned()).filter(|pid| read && pid.parse::<u32>().is_ok());
                return Err(DataDirError::InUse { path, pid });
            }
            Err(TryLockError::Error(error)) => return Err(fail(error).into()),
        }
        let permissions = std::fs::Permissions::from_mode(0o600);
        lock.set_permissions(permissions).map_err(fail)?;
        lock.set_len(0).map_err(fail)?;
        lock.rewind().map_err(fail)?;
        writeln!(lock, "{}", std::process::id()).map_err(fail)?;
        Ok(Self { path, _lock: lock })
    }

    /// Its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a private directory; parents that are missing get the usual mode of a directory anyone may pass.
fn make_with_parents(path: &Path) -> Result<(), Error> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
        std::fs::create_dir_all(parent).map_err(|e| Error::new("create the directory", parent, e))?;
    }
    new_dir(path, 0o700)
}
