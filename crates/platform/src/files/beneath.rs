//! A directory that names from outside cannot leave.
//!
//! A name is checked as text first (no `..`, no leading slash, no control characters), and then walked one component at a
//! time from an open directory, never through a symlink. So a name that is checked is the file that is used, also while
//! someone swaps directories for links. One code path on every kernel: `openat2` would do the same in one call, where
//! it exists.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, fsync, mkdirat, openat, renameat, unlinkat};

use super::Error;

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty, `.` or `..`.
    #[error("a file name must not be empty, \".\" or \"..\"")]
    Reserved,
    /// It is longer than a file system takes.
    #[error("a file name must not be longer than 255 bytes")]
    TooLong,
    /// It holds a slash, a backslash, a NUL or another control character.
    #[error("a file name must not hold slashes or control characters")]
    Character,
    /// A path starts with a slash.
    #[error("a path must be relative")]
    Absolute,
}

/// Checks one component of a path.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() || name == "." || name == ".." {
        return Err(NameError::Reserved);
    }
    if name.len() > 255 {
        return Err(NameError::TooLong);
    }
    if name.chars().any(|c| c == '/' || c == '\\' || c.is_control()) {
        return Err(NameError::Character);
    }
    Ok(())
}

/// Checks a relative path, each component as [`check_name`] does.
pub fn check_path(path: &str) -> Result<(), NameError> {
    if path.starts_with('/') {
        return Err(NameError::Absolute);
    }
    path.split('/').try_for_each(check_name)
}

/// An open directory; every operation stays beneath it.
#[derive(Debug)]
pub struct Beneath {
    directory: OwnedFd,
    path: PathBuf,
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Beneath {
    /// Opens `path`, which is trusted: it comes from the configuration and may itself be a symlink.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, path, flags, Mode::empty()).map_err(|e| Error::new("open", path, e.into()))?;
        Ok(Self { directory, path: path.to_owned() })
    }

    /// The directory's path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces a file as [`super::write_atomic`] does. Its directory must exist.
    pub fn write_atomic(&self, relative: &str, bytes: &[u8], mode: u32) -> Result<(), Error> {
        let (directory, name) = self.enter(relative, "write")?;
        let fail = |source: std::io::Error| Error::new("write", self.path.join(relative), source);
        let temporary = format!(".plenum{}", super::random_suffix().map_err(fail)?);
        let written = (|| {
            crate::failpoint_err!("files.create")?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = File::from(openat(&directory, &temporary, flags, Mode::from_raw_mode(mode & 0o600))?);
            fchmod(&file, Mode::from_raw_mode(mode))?;
            crate::failpoint_err!("files.write")?;
            file.write_all(bytes)?;
            crate::failpoint_err!("files.fsync")?;
            file.sync_all()?;
            crate::failpoint_err!("files.rename")?;
            Ok(renameat(&directory, &temporary, &directory, name)?)
        })();
        if let Err(error) = written {
            // The first error is the one to report.
            let _ = unlinkat(&directory, &temporary, AtFlags::empty());
            return Err(fail(error));
        }
        crate::failpoint!("files.renamed");
        fsync(&directory).map_err(|e| fail(e.into()))
    }

    /// Writes a new file that is in no use yet; the caller syncs its directory when all are written.
    pub fn create(&self, relative: &str, bytes: &[u8], mode: u32) -> Result<(), Error> {
        let (directory, name) = self.enter(relative, "create")?;
        let created = (|| {
            crate::failpoint_err!("files.create")?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = File::from(openat(&directory, name, flags, Mode::from_raw_mode(mode & 0o600))?);
            fchmod(&file, Mode::from_raw_mode(mode))?;
            crate::failpoint_err!("files.write")?;
            file.write_all(bytes)?;
            crate::failpoint_err!("files.fsync")?;
            file.sync_all()
        })();
        created.map_err(|e| Error::new("create", self.path.join(relative), e))
    }

    /// Reads a file, up to `limit` bytes; a longer one is an error, not a cut text.
    pub fn read(&self, relative: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let (directory, name) = self.enter(relative, "read")?;
        let read = (|| {
            // NONBLOCK: a pipe put in the file's place must not hang the reader.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let file = File::from(openat(&directory, name, flags, Mode::empty())?);
            if !file.metadata()?.is_file() {
                return Err(std::io::Error::other("not a regular file"));
            }
            let mut bytes = Vec::new();
            file.take(limit + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > limit {
                return Err(std::io::ErrorKind::FileTooLarge.into());
            }
            Ok(bytes)
        })();
        read.map_err(|e| Error::new("read", self.path.join(relative), e))
    }

    /// Makes a directory with exactly this mode.
    pub fn new_dir(&self, relative: &str, mode: u32) -> Result<(), Error> {
        let (directory, name) = self.enter(relative, "create the directory")?;
        let made = (|| {
            mkdirat(&directory, name, Mode::from_raw_mode(mode & 0o700))?;
            let made = openat(&directory, name, DIRECTORY, Mode::empty())?;
            fchmod(&made, Mode::from_raw_mode(mode))?;
            fsync(&directory)
        })();
        made.map_err(|e| Error::new("create the directory", self.path.join(relative), e.into()))
    }

    /// Removes a file; that it is not there is fine.
    pub fn remove(&self, relative: &str) -> Result<(), Error> {
        let (directory, name) = self.enter(relative, "remove")?;
        match unlinkat(&directory, name, AtFlags::empty()) {
            Ok(()) => fsync(&directory).map_err(|e| Error::new("sync", self.path.join(relative), e.into())),
            Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(error) => Err(Error::new("remove", self.path.join(relative), error.into())),
        }
    }

    /// Flushes the directory `relative` (the root itself when empty) to the disk.
    pub fn sync_dir(&self, relative: &str) -> Result<(), Error> {
        let fail = |source: std::io::Error| Error::new("sync", self.path.join(relative), source);
        if relative.is_empty() {
            return fsync(&self.directory).map_err(|e| fail(e.into()));
        }
        let (directory, name) = self.enter(relative, "sync")?;
        let opened = openat(&directory, name, DIRECTORY, Mode::empty()).map_err(|e| fail(e.into()))?;
        fsync(&opened).map_err(|e| fail(e.into()))
    }

    /// Walks to the directory that holds `relative`.
    fn enter<'n>(&self, relative: &'n str, what: &'static str) -> Result<(OwnedFd, &'n str), Error> {
        let fail = |source: std::io::Error| Error::new(what, self.path.join(relative), source);
        check_path(relative).map_err(|e| {
            // Not joined: an absolute name would replace the root, and a message must not repeat control characters.
            Error::new(what, &self.path, std::io::Error::new(std::io::ErrorKind::InvalidInput, e))
        })?;
        let mut directory = self.directory.try_clone().map_err(fail)?;
        let (parents, name) = match relative.rsplit_once('/') {
            Some((parents, name)) => (parents, name),
            None => ("", relative),
        };
        for component in parents.split('/').filter(|component| !component.is_empty()) {
            directory = openat(&directory, component, DIRECTORY, Mode::empty()).map_err(|e| fail(e.into()))?;
        }
        Ok((directory, name))
    }
}
