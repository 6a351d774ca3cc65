//! A small file system of its own, which can be full or read-only.
//!
//! Mounting needs root; a test that needs a full disk fails loudly without it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A mounted file system in memory; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    directory: TempDir,
}

impl Disk {
    /// Mounts one of `bytes`.
    ///
    /// # Panics
    /// When this process may not mount.
    pub fn mount(bytes: u64) -> Self {
        Self::try_mount(bytes).unwrap_or_else(|error| panic!("a disk for the test: {error:#}"))
    }

    fn try_mount(bytes: u64) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("plenum-disk-").tempdir()?;
        mount(&["-t", "tmpfs", "-o", &format!("size={bytes},mode=0755"), "tmpfs"], directory.path())?;
        Ok(Self { directory })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join(".filler")
    }

    /// Fills it up to the last byte.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::options().create(true).append(true).open(self.filler())?;
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![0_u8; size];
            loop {
                match file.write(&block) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("fill the disk"),
                }
            }
        }
        Ok(())
    }

    /// Fills it so that about `bytes` are left.
    pub fn fill_leaving(&self, bytes: u64) -> Result<()> {
        self.fill()?;
        let file = File::options().write(true).open(self.filler())?;
        let length = file.metadata()?.len();
        file.set_len(length.saturating_sub(bytes)).context("leave some room")
    }

    /// Makes room again.
    pub fn clear(&self) -> Result<()> {
        match fs::remove_file(self.filler()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("clear the disk"),
            _ => Ok(()),
        }
    }

    /// Makes it read-only, or writable again. A file that is open for writing keeps it from becoming read-only.
    pub fn set_read_only(&self, read_only: bool) -> Result<()> {
        mount(&["-o", if read_only { "remount,ro" } else { "remount,rw" }], self.path())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, should a process that is just ending still be in it.
        let _ = Command::new("umount").arg("-l").arg(self.directory.path()).status();
    }
}

fn mount(arguments: &[&str], directory: &Path) -> Result<()> {
    let output = Command::new("mount").args(arguments).arg(directory).output().context("run mount")?;
    ensure!(
        output.status.success(),
        "mount {arguments:?} failed (it needs root): {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_or_read_only_on_request() {
        let disk = Disk::mount(1 << 20);
        let file = disk.path().join("file");
        let put = || File::create(&file).and_then(|mut file| file.write_all(&[1; 8192]));
        put().unwrap();
        fs::remove_file(&file).unwrap();
        disk.fill().unwrap();
        assert_eq!(put().unwrap_err().kind(), ErrorKind::StorageFull);
        disk.fill_leaving(64 * 1024).unwrap();
        put().unwrap();
        disk.clear().unwrap();
        disk.set_read_only(true).unwrap();
        assert_eq!(put().unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
        disk.set_read_only(false).unwrap();
        put().unwrap();
    }
}
