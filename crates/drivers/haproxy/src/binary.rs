//! The program itself, run for an answer: its version and features, and whether it accepts a configuration.
//!
//! Each run is by argument vector, with an empty environment, without standard input, in a process group of its own,
//! and ends by the deadline whatever happens: a checker that hangs is killed with all its children.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

use crate::{Error, Features, Result, Version};

/// How a short run takes its memory: in pieces of 8 MiB, of huge pages where the kernel has any (glibc manual, "Memory Allocation Tunables").
///
/// The checker of ten thousand backends otherwise spends a third of its time on page faults. What does not know these tunables
/// ignores them.
const LARGE_PAGES: &str = "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=8388608";

/// What is kept of a run's output; the rest is read and thrown away.
const OUTPUT_BYTES: usize = 1024 * 1024;
/// What a checker says last about a configuration that it accepts.
const VALID: &[u8] = b"Configuration file is valid\n";
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
        let run = self.run(Path::new("/"), &["-vv"], PROBE_TIME, None).await?;
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
        self.check_until(directory, name, within, None).await
    }

    /// The same for whoever waits: a program that says that the configuration is valid is not waited for any longer.
    ///
    /// Up to 2.8 it says so as the very last thing, and then takes an eighth of its time to free what it has read. Where it
    /// says nothing, as from 2.9 on, and where it refuses, this is [`Binary::check`]. The output of what is accepted may lack its end.
    pub async fn accepts(&self, directory: &Path, name: &str, within: Duration) -> Result<Check> {
        self.check_until(directory, name, within, Some(VALID)).await
    }

    async fn check_until(
        &self,
        directory: &Path,
        name: &str,
        within: Duration,
        until: Option<&'static [u8]>,
    ) -> Result<Check> {
        let run = self.run(directory, &["-c", "-f", name], within, until).await?;
        let mut output = run.stderr;
        if !run.stdout.is_empty() {
            if !output.is_empty() && !output.ends_with('\n') {
                output.push('\n');
            }
            output.push_str(&run.stdout);
        }
        let signal = run.status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
        Ok(Check {
            ok: run.said || !run.timed_out && run.status.is_some_and(|status| status.success()),
            exit: if run.said { Some(0) } else { run.status.and_then(|status| status.code()) },
            signal: if run.timed_out { None } else { signal },
            output,
            timed_out: run.timed_out,
        })
    }

    async fn run(
        &self,
        directory: &Path,
        arguments: &[&str],
        within: Duration,
        until: Option<&'static [u8]>,
    ) -> Result<Run> {
        let failed = |source: io::Error| Error::Program { program: self.path.clone(), source };
        let end = Instant::now() + within;
        let mut child = Command::new(&self.path)
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("GLIBC_TUNABLES", LARGE_PAGES)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        // Killed when this future is dropped half-way, too: with the group, not the leader alone.
        let mut group = Group { leader: child.id() };
        let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let work = async {
            let printed = {
                let (mut out, mut err) = (
                    std::pin::pin!(drain(&mut stdout, &mut out, until)),
                    std::pin::pin!(drain(&mut stderr, &mut err, None)),
                );
                tokio::select! {
                    // What it says about the configuration comes before the verdict.
                    biased;
                    ended = &mut err => ended.and(out.await),
                    said = &mut out => if said? { Ok(true) } else { err.await },
                }
            };
            if printed? { Ok(None) } else { child.wait().await.map(Some) }
        };
        let (status, timed_out) = match timeout_at(end, work).await {
            Ok(Ok(None)) => {
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                tokio::spawn(finish(child, group, stdout, stderr, end));
                return Ok(Run { status: None, said: true, timed_out: false, stdout: text(out), stderr: text(err) });
            }
            Ok(status) => (status.map_err(failed)?, false),
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
        Ok(Run { status, said: false, timed_out, stdout: text(out), stderr: text(err) })
    }
}

struct Run {
    status: Option<ExitStatus>,
    /// It said what was waited for, and ends by itself.
    said: bool,
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

/// Lets a program end that nobody waits for.
async fn finish(
    mut child: Child,
    mut group: Group,
    mut stdout: Option<ChildStdout>,
    mut stderr: Option<ChildStderr>,
    end: Instant,
) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let work = async {
        tokio::try_join!(drain(&mut stdout, &mut out, None), drain(&mut stderr, &mut err, None))?;
        child.wait().await
    };
    if matches!(timeout_at(end, work).await, Ok(Ok(_))) {
        // It is reaped, so its number may soon be another's.
        group.leader = None;
    }
}

/// Reads to the end, so that the program never blocks on a full pipe, and keeps the beginning. Stops before the end, with
/// `true`, when `until` is the last that was read.
async fn drain(
    source: &mut Option<impl AsyncRead + Unpin>,
    kept: &mut Vec<u8>,
    until: Option<&[u8]>,
) -> io::Result<bool> {
    let Some(source) = source else { return Ok(false) };
    let mut piece = vec![0_u8; 16 * 1024];
    loop {
        let read = source.read(&mut piece).await?;
        if read == 0 {
            return Ok(false);
        }
        let room = OUTPUT_BYTES.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(&piece[..room]);
        if until.is_some_and(|until| kept.ends_with(until)) {
            return Ok(true);
        }
    }
}
