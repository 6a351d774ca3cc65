//! The program itself, run for an answer: its version and features, and whether it accepts a configuration.
//!
//! Each run is by argument vector, with an empty environment, without standard input, in a process group of its own,
//! and ends by the deadline whatever happens: a checker that hangs is killed with all its children.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

use crate::{Error, Features, Result, Version};

/// What is kept of a run's output; the rest is read and thrown away.
const OUTPUT_BYTES: usize = 1024 * 1024;
const PROBE_TIME: Duration = Duration::from_secs(10);

/// An HAProxy program on this machine.
#[derive(Debug, Clone)]
pub struct Binary {
    path: PathBuf,
}

/// What a program is and what it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub version: Version,
    pub features: Features,
}

/// What `haproxy -c` said about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Accepted. Necessary only: a port that is taken and a limit that is too low are not noticed.
    pub ok: bool,
    /// The exit code, or nothing when a signal ended it.
    pub exit: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// What it printed: standard error, then standard output.
    pub output: String,
    /// The time limit ended it; it neither accepted nor refused anything.
    pub timed_out: bool,
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

    /// Asks the program for its version and features.
    pub async fn probe(&self) -> Result<Probe> {
        let run = self.run(Path::new("/"), &["-vv"], PROBE_TIME).await?;
        let not = |detail: String| Error::NotHaproxy { program: self.path.clone(), detail };
        if run.timed_out {
            return Err(not(format!("`-vv` did not end within {PROBE_TIME:?}")));
        }
        if !run.status.is_some_and(|status| status.success()) {
            return Err(not(format!("`-vv` ended with {:?}", run.status)));
        }
        let version =
            run.stdout.lines().next().filter(|line| line.contains("roxy")).and_then(Version::parse).ok_or_else(
                || not(format!("`-vv` began with {:?}", run.stdout.chars().take(80).collect::<String>())),
            )?;
        Ok(Probe { version, features: Features::parse(&run.stdout) })
    }

    /// Has the program check the configuration file `name` in `directory`, which is also where it runs, so that
    /// relative paths and `default-path config` mean that directory.
    pub async fn check(&self, directory: &Path, name: &str, within: Duration) -> Result<Check> {
        let run = self.run(directory, &["-c", "-f", name], within).await?;
        let mut output = run.stderr;
        if !run.stdout.is_empty() {
            if !output.is_empty() && !output.ends_with('\n') {
                output.push('\n');
            }
            output.push_str(&run.stdout);
        }
        let signal = run.status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
        Ok(Check {
            ok: !run.timed_out && run.status.is_some_and(|status| status.success()),
            exit: run.status.and_then(|status| status.code()),
            signal: if run.timed_out { None } else { signal },
            output,
            timed_out: run.timed_out,
        })
    }

    async fn run(&self, directory: &Path, arguments: &[&str], within: Duration) -> Result<Run> {
        let failed = |source: io::Error| Error::Program { program: self.path.clone(), source };
        let end = Instant::now() + within;
        let mut child = Command::new(&self.path)
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        // Killed when this future is dropped half-way, too: with the group, not the leader alone.
        let mut group = Group { leader: child.id() };
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let work = async {
            tokio::try_join!(drain(stdout, &mut out), drain(stderr, &mut err))?;
            child.wait().await
        };
        let (status, timed_out) = match timeout_at(end, work).await {
            Ok(status) => (Some(status.map_err(failed)?), false),
            Err(_) => (None, true),
        };
        let status = match status {
            Some(status) => {
                // It is reaped, so its number may soon be another's.
                group.leader = None;
                Some(status)
            }
            None => {
                group.kill();
                reap(&mut child).await
            }
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Run { status, timed_out, stdout: text(out), stderr: text(err) })
    }
}

struct Run {
    status: Option<ExitStatus>,
    timed_out: bool,
    stdout: String,
    stderr: String,
}

/// A process group that ends with this value.
struct Group {
    leader: Option<u32>,
}

impl Group {
    fn kill(&mut self) {
        let pid = self.leader.take().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // An empty group is the ordinary case and no error.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn reap(child: &mut Child) -> Option<ExitStatus> {
    // Already sent SIGKILL; only a process stuck in the kernel does not end at once, and tokio reaps that one later.
    tokio::time::timeout(Duration::from_secs(1), child.wait()).await.ok()?.ok()
}

/// Reads to the end, so that the program never blocks on a full pipe, and keeps the beginning.
async fn drain(source: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) -> io::Result<()> {
    let Some(mut source) = source else { return Ok(()) };
    let mut piece = vec![0_u8; 16 * 1024];
    loop {
        let read = source.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        let room = OUTPUT_BYTES.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(&piece[..room]);
    }
}
