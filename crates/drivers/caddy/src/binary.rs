//! The program itself, run for an answer: its version, and whether it accepts a configuration.
//!
//! Each run is by argument vector, with an environment of nothing but an empty home, and ends by the deadline whatever
//! happens.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use crate::{Error, Result};

/// What is kept of a run's output; the rest is read and thrown away.
const OUTPUT_BYTES: usize = 256 * 1024;
const VERSION_TIME: Duration = Duration::from_secs(10);

/// A Caddy program on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    path: PathBuf,
}

/// A version of Caddy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl Version {
    /// Reads what `caddy version` prints: `2.6.2`, `v2.11.2 h1:…`.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.split_whitespace().next()?;
        let mut numbers = word.strip_prefix('v').unwrap_or(word).split(['-', '+', '~']).next()?.split('.');
        let mut next = || numbers.next()?.parse().ok();
        Some(Self { major: next()?, minor: next()?, patch: next().unwrap_or(0) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Binary {
    /// The program at `path`; nothing is run yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The program's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Asks the program for its version.
    pub async fn version(&self) -> Result<Version> {
        let run = self.run(&["version"], Path::new("/nonexistent"), Vec::new(), VERSION_TIME).await?;
        Version::parse(&run.stdout).ok_or_else(|| Error::NotCaddy {
            program: self.path.clone(),
            detail: format!("`version` printed {:?}", run.stdout.chars().take(80).collect::<String>()),
        })
    }

    /// Has the program set a configuration up without running it, with `home` for what it writes meanwhile.
    ///
    /// It opens the log files that the configuration names, and reads the storage. It does not listen, so an address
    /// that is taken is not noticed.
    ///
    /// # Errors
    /// [`Error::Refused`] with Caddy's words.
    pub async fn check(&self, config: &Value, home: &Path, within: Duration) -> Result<()> {
        // Through its standard input, for there are private keys in it.
        let run = self.run(&["validate", "--config", "-"], home, config.to_string().into_bytes(), within).await?;
        if run.status.success() {
            return Ok(());
        }
        Err(Error::Refused { message: verdict(&run.stderr) })
    }

    async fn run(&self, arguments: &[&str], home: &Path, input: Vec<u8>, within: Duration) -> Result<Run> {
        let failed = |source: io::Error| Error::Program { program: self.path.clone(), source };
        let mut child = Command::new(&self.path)
            .args(arguments)
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // It starts no children of its own, so ending it ends everything.
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (stdin, mut stdout, mut stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let work = async {
            let feed = async {
                if let Some(mut stdin) = stdin {
                    // One that ends before it has read everything says why, and that is what counts.
                    let _ = stdin.write_all(&input).await;
                }
                Ok(())
            };
            let (_, out, err) = tokio::try_join!(feed, drain(&mut stdout), drain(&mut stderr))?;
            let status = child.wait().await?;
            Ok(Run { status, stdout: out, stderr: err })
        };
        match timeout(within, work).await {
            Ok(run) => run.map_err(failed),
            Err(_) => {
                Err(Error::Timeout { peer: format!("`{} {}`", self.path.display(), arguments.join(" ")), within })
            }
        }
    }
}

struct Run {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// The line that says what is wrong; everything, if there is none such.
fn verdict(stderr: &str) -> String {
    let line = stderr.lines().rev().find_map(|line| {
        let line = line.trim();
        line.strip_prefix("Error: ").or_else(|| line.strip_prefix("validate: "))
    });
    line.unwrap_or(stderr.trim()).chars().take(4_000).collect()
}

/// Reads to the end, so that the program never blocks on a full pipe, and keeps the beginning.
async fn drain(source: &mut Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut kept = Vec::new();
    if let Some(source) = source {
        let mut piece = vec![0_u8; 16 * 1024];
        loop {
            let read = source.read(&mut piece).await?;
            if read == 0 {
                break;
            }
            let room = OUTPUT_BYTES.saturating_sub(kept.len()).min(read);
            kept.extend_from_slice(&piece[..room]);
        }
    }
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_of_every_packager() {
        let version = |text: &str| Version::parse(text).map(|version| version.to_string());
        assert_eq!(version("2.6.2\n").as_deref(), Some("2.6.2"));
        assert_eq!(version("v2.11.2 h1:abc=").as_deref(), Some("2.11.2"));
        assert_eq!(version("v2.7.0-beta.2 h1:abc=").as_deref(), Some("2.7.0"));
        assert_eq!(version("2.6.2-5~bpo12").as_deref(), Some("2.6.2"));
        for text in ["", "caddy", "unknown", "(devel)"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
