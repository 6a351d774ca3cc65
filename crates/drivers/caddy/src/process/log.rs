//! The file that a managed Caddy's standard error is appended to, and its tail since a point in time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::{Error, Result};

/// What one look at the log gives at most.
const TAIL_BYTES: u64 = 64 * 1024;

#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .mode(0o600)
            .open(path)
            .map_err(|source| Error::File { action: "open", path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// A handle for the child; it appends, like ours, so that trimming leaves no hole.
    pub(super) fn stdio(&self) -> Result<Stdio> {
        Ok(self.file.try_clone().map_err(|source| self.failed("open", source))?.into())
    }

    pub(super) fn end(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(|source| self.failed("look at", source))?.len())
    }

    /// What was appended since `offset`; the last part, from a line's beginning, when that is much. A log that was
    /// trimmed meanwhile is read from its beginning. What cannot be read is empty: a missing explanation must not hide
    /// what it explains.
    pub(super) fn since(&self, offset: u64) -> String {
        self.read_since(offset).unwrap_or_default()
    }

    fn read_since(&self, offset: u64) -> io::Result<String> {
        // A handle of its own: the position of a duplicated one is shared with the child.
        let mut file = File::open(&self.path)?;
        let end = file.metadata()?.len();
        let offset = if offset > end { 0 } else { offset };
        let from = offset.max(end.saturating_sub(TAIL_BYTES));
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(match text.split_once('\n') {
            Some((_, rest)) if from > offset => rest.to_owned(),
            _ => text.into_owned(),
        })
    }

    /// Cuts the log back to its last part when it is longer than `limit`.
    pub(super) fn trim(&self, limit: u64) -> Result<()> {
        let end = self.end()?;
        if end <= limit {
            return Ok(());
        }
        let tail = self.since(end.saturating_sub(TAIL_BYTES.min(limit / 2)));
        self.file.set_len(0).map_err(|source| self.failed("trim", source))?;
        (&self.file).write_all(tail.as_bytes()).map_err(|source| self.failed("trim", source))
    }

    fn failed(&self, action: &'static str, source: io::Error) -> Error {
        Error::File { action, path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_was_appended_since_and_can_be_trimmed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let log = Log::open(&path).unwrap();
        let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
        writer.write_all(b"before\n").unwrap();
        let offset = log.end().unwrap();
        writer.write_all(b"after\n").unwrap();
        assert_eq!(log.since(offset), "after\n");
        assert_eq!(log.since(1_000_000), "before\nafter\n");
        for number in 0..10_000 {
            writeln!(writer, "line number {number}").unwrap();
        }
        let tail = log.since(0);
        assert!(tail.len() as u64 <= TAIL_BYTES && tail.starts_with("line number ") && tail.ends_with("9999\n"));
        log.trim(20_000).unwrap();
        assert!(log.end().unwrap() <= 10_000);
        writer.write_all(b"more\n").unwrap();
        assert!(!log.since(0).contains('\0') && log.since(0).ends_with("9999\nmore\n"));
    }
}
