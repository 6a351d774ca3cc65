//! Writing files so that a crash, a full disk or a hostile umask leaves the old file or the new one.
//!
//! Everything here blocks; call it from `spawn_blocking` where the file system may be slow. Names that come from outside
//! go through [`Beneath`], which cannot leave its directory. This module decides no locations and reads no configuration.

mod beneath;
mod data_dir;

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

pub use self::beneath::{Beneath, NameError, check_name, check_path};
pub use self::data_dir::{DataDir, DataDirError, DatabaseLock};

/// A failed file operation, with what was attempted and where.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} {path}{}", hint(.source))]
pub struct Error {
    /// What was attempted, as a verb.
    pub what: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// The cause.
    #[source]
    pub source: std::io::Error,
}

impl Error {
    /// An error of `what` (a verb) on `path`.
    pub fn new(what: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self { what, path: path.into(), source }
    }

    /// The kind of the cause.
    pub fn kind(&self) -> ErrorKind {
        self.source.kind()
    }
}

// The common causes in words, because this text reaches people who do not see the chain.
fn hint(source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ": no space left",
        ErrorKind::ReadOnlyFilesystem => ": the file system is read-only",
        ErrorKind::PermissionDenied => ": permission denied",
        ErrorKind::NotFound => ": it does not exist",
        ErrorKind::AlreadyExists => ": it exists already",
        _ => "",
    }
}

/// Replaces `path` by a file with exactly these bytes and this mode.
///
/// Written beside the target, synced, renamed over it, and the directory synced: after a crash at any point the old
/// content or the new one is there. The file never has a wider mode than `mode`, whatever the umask. A symlink at
/// `path` is replaced, not followed.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let directory = parent(path);
    let temporary = temporary_beside(path).map_err(|e| Error::new("write", path, e))?;
    let written = write_new(&temporary, bytes, mode)
        .and_then(|()| crate::failpoint_err!("files.rename"))
        .and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        // The temporary file is ours alone; if it cannot be removed either, the first error is still the one that matters.
        let _ = std::fs::remove_file(&temporary);
        return Err(Error::new("write", path, error));
    }
    crate::failpoint!("files.renamed");
    sync(directory)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    crate::failpoint_err!("files.create")?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode & 0o600).open(path)?;
    // The umask may have taken bits away; and the wider ones are given only now, when the name is still a secret.
    file.set_permissions(Permissions::from_mode(mode))?;
    crate::failpoint_err!("files.write")?;
    file.write_all(bytes)?;
    crate::failpoint_err!("files.fsync")?;
    file.sync_all()
}

/// Makes a directory with exactly this mode. It must not exist.
pub fn new_dir(path: &Path, mode: u32) -> Result<(), Error> {
    let fail = |source| Error::new("create the directory", path, source);
    DirBuilder::new().mode(mode & 0o700).create(path).map_err(fail)?;
    std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(fail)?;
    sync(parent(path))
}

/// Makes a directory with this mode unless it exists; an existing one is left as it is.
pub fn ensure_dir(path: &Path, mode: u32) -> Result<(), Error> {
    match new_dir(path, mode) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    }
}

/// Flushes a file or directory to the disk.
pub fn sync(path: &Path) -> Result<(), Error> {
    let synced = crate::failpoint_err!("files.sync").and_then(|()| File::open(path)?.sync_all());
    synced.map_err(|e| Error::new("sync", path, e))
}

/// Renames within one file system, replacing the target, and makes that permanent.
pub fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::rename(from, to).map_err(|e| Error::new("rename", from, e))?;
    sync(parent(to))?;
    if parent(from) != parent(to) {
        sync(parent(from))?;
    }
    Ok(())
}

/// Removes a file; that it is not there is fine.
pub fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Ok(()) => sync(parent(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::new("remove", path, error)),
    }
}

/// Makes `link` a symlink to `target`, replacing what is there in one step.
pub fn symlink_atomic(target: &Path, link: &Path) -> Result<(), Error> {
    let temporary = temporary_beside(link).map_err(|e| Error::new("link", link, e))?;
    let made = std::os::unix::fs::symlink(target, &temporary).and_then(|()| std::fs::rename(&temporary, link));
    if let Err(error) = made {
        // As in write_atomic: the first error is the one to report.
        let _ = std::fs::remove_file(&temporary);
        return Err(Error::new("link", link, error));
    }
    crate::failpoint!("files.linked");
    sync(parent(link))
}

/// The directory that holds `path`.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A name nobody can guess, in the same directory, recognisable as left over should the process die.
fn temporary_beside(path: &Path) -> std::io::Result<PathBuf> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(random_suffix()?);
    Ok(path.with_file_name(temporary))
}

fn random_suffix() -> std::io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    Ok(format!(".{}.tmp", hex::encode(random)))
}
