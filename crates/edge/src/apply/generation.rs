//! Generations: one directory for each configuration that was ever put together, and `current`, a link to the one that counts.
//!
//! A generation is complete and synced before anything points at it, nothing outside of it is touched while it is built,
//! and the switch is one atomic rename. So whatever the moment of a crash, `current` names a whole configuration.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Component, Path, PathBuf},
};

use platform::{failpoint, failpoint_err, files};

/// The configuration file's name inside a generation.
pub const CONFIG_FILE: &str = "haproxy.cfg";
/// keepalived's configuration, where the document enables it.
pub const KEEPALIVED_FILE: &str = "keepalived.conf";

/// How many generations stay on disk: the current one, the one before it, and one to look at.
const KEEP: usize = 3;

/// Where generations live: `<data-dir>/haproxy`.
#[derive(Clone, Debug)]
pub struct Generations {
    root: PathBuf,
}

/// The number of one generation.
pub type Number = u64;

impl Generations {
    /// Opens (and creates, 0700) the directory of all generations.
    pub fn open(root: &Path) -> io::Result<Generations> {
        let all = root.join("generations");
        DirBuilder::new().recursive(true).mode(0o700).create(&all)?;
        let generations = Generations { root: root.to_owned() };
        match fs::remove_dir_all(generations.aside_root()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(generations),
        }
    }

    /// A directory beside the generations for a check that leads to nothing; gone when it is dropped, or at the next start.
    pub fn aside(&self) -> io::Result<tempfile::TempDir> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.aside_root())?;
        tempfile::tempdir_in(self.aside_root())
    }

    fn aside_root(&self) -> PathBuf {
        self.root.join("checking")
    }

    /// The path that HAProxy is started with; it goes through the link.
    pub fn config_path(&self) -> PathBuf {
        self.link().join(CONFIG_FILE)
    }

    /// The directory of one generation.
    pub fn dir(&self, number: Number) -> PathBuf {
        self.root.join("generations").join(number.to_string())
    }

    /// The generation that `current` names, if it names one.
    pub fn current(&self) -> Option<Number> {
        let target = fs::read_link(self.link()).ok()?;
        target.file_name()?.to_str()?.parse().ok()
    }

    /// Writes a new generation and syncs all of it. `files` are relative paths; every file is 0600.
    pub fn build(&self, files: &BTreeMap<String, Vec<u8>>) -> io::Result<Number> {
        let number = self.write(files)?;
        self.sync(number)?;
        Ok(number)
    }

    /// Writes a new generation. It must not be made current before it is [synced](Generations::sync).
    ///
    /// A directory that could not be completed is removed again, so that a full disk does not stay full of our attempts.
    pub fn write(&self, files: &BTreeMap<String, Vec<u8>>) -> io::Result<Number> {
        let number = self.numbers()?.last().map_or(1, |last| last + 1);
        write_all(&self.dir(number), files).inspect_err(|_| self.discard(number))?;
        Ok(number)
    }

    /// Syncs a new generation; one that cannot be synced is removed again.
    pub fn sync(&self, number: Number) -> io::Result<()> {
        let dir = self.dir(number);
        let synced = sync_all(&dir).and_then(|()| dir.parent().map_or(Ok(()), |all| File::open(all)?.sync_all()));
        synced.inspect_err(|_| self.discard(number))
    }

    /// Makes `number` the current generation, atomically and for good.
    pub fn swap(&self, number: Number) -> io::Result<()> {
        failpoint_err!("apply.swap")?;
        let target = Path::new("generations").join(number.to_string());
        files::symlink_atomic(&target, &self.link()).map_err(|error| io::Error::new(error.kind(), error))
    }

    /// Makes no generation the current one.
    pub fn clear_current(&self) -> io::Result<()> {
        files::remove(&self.link()).map_err(|error| io::Error::new(error.kind(), error))
    }

    /// Whether the files of a generation are exactly `files`: nothing edited, nothing missing, nothing added.
    pub fn holds(&self, number: Number, files: &BTreeMap<String, Vec<u8>>) -> bool {
        let dir = self.dir(number);
        let same = files.iter().all(|(name, bytes)| fs::read(dir.join(name)).is_ok_and(|found| found == *bytes));
        same && count_files(&dir).is_ok_and(|count| count == files.len())
    }

    /// Removes generations that are neither current nor among the newest few.
    pub fn prune(&self) -> io::Result<()> {
        let (numbers, current) = (self.numbers()?, self.current());
        for number in numbers.iter().rev().skip(KEEP).filter(|number| Some(**number) != current) {
            fs::remove_dir_all(self.dir(*number))?;
        }
        Ok(())
    }

    /// Removes one generation that was never made current.
    pub fn discard(&self, number: Number) {
        if self.current() == Some(number) {
            return;
        }
        if let Err(error) = fs::remove_dir_all(self.dir(number))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(number, %error, "a rejected generation could not be removed");
        }
    }

    fn link(&self) -> PathBuf {
        self.root.join("current")
    }

    fn numbers(&self) -> io::Result<Vec<Number>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(self.root.join("generations"))? {
            numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<Number>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn write_all(dir: &Path, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let builder = || {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder
    };
    builder().create(dir)?;
    for (name, bytes) in files {
        let relative = Path::new(name);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("'{name}' is not a path inside a generation"),
            ));
        }
        if let Some(parent) = relative.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            builder().recursive(true).create(dir.join(parent))?;
        }
        failpoint_err!("apply.build.write")?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(dir.join(relative))?;
        file.write_all(bytes)?;
        failpoint!("apply.build.after_file");
    }
    Ok(())
}

/// Syncs a directory with all that is in it.
fn sync_all(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}

fn count_files(dir: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        count += if entry.file_type()?.is_dir() { count_files(&entry.path())? } else { 1 };
    }
    Ok(count)
}
