//! The process itself: started, signalled, watched and ended by a handle that names it beyond doubt.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open, pidfd_send_signal, test_kill_process};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::Spec;
use super::command::{PID_FILE, arguments};
use super::log::Log;
use crate::{Error, Result};

/// How long it has to end by itself.
const TERM: Duration = Duration::from_secs(3);
/// How long the kernel may take to end what was killed.
const KILL: Duration = Duration::from_secs(2);

/// A child process.
#[derive(Debug)]
pub(super) struct Running {
    pid: u32,
    handle: OwnedFd,
    // How it ended, once it has.
    ended: watch::Receiver<Option<String>>,
}

impl Running {
    pub(super) fn spawn(spec: &Spec, domain: &str) -> Result<(Self, Log)> {
        let failed = |source| Error::Program { program: spec.program.clone(), source };
        let account = account(spec)?;
        let mut child = Command::new(&spec.program)
            .args(arguments(spec, domain, account.as_deref()))
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A signal to our group (Ctrl-C in a terminal) is for us to pass on.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let log = Log::default();
        let follow = child.stderr.take().map(|output| log.clone().follow(output));
        let gone = || failed(std::io::ErrorKind::NotFound.into());
        let pid = child.id().ok_or_else(gone)?;
        let handle = raw(pid)
            .ok_or_else(gone)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).map_err(|error| failed(error.into())))?;
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            if let Some(follow) = follow {
                // Ends with the process, so its last words are there before the news of its end.
                follow.await;
            }
            let how = child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
            end.send_replace(Some(how));
        });
        Ok((Self { pid, handle, ended }, log))
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    pub(super) fn ended_with(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// Waits until it has ended; tells how.
    pub(super) async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        let how = ended.wait_for(Option::is_some).await.ok().and_then(|how| how.clone());
        // Nobody is left to tell when the runtime ends.
        how.unwrap_or_else(|| "nobody watches it any longer".to_owned())
    }

    /// Has it read its files again.
    pub(super) fn hang_up(&self) -> Result<()> {
        pidfd_send_signal(&self.handle, Signal::HUP).map_err(|error| Error::Reload {
            reason: format!("process {} cannot be signalled: {error}", self.pid),
            log: String::new(),
        })
    }

    /// Ends it.
    pub(super) async fn stop(&self) -> Result<()> {
        let signalled = pidfd_send_signal(&self.handle, Signal::TERM);
        if let Err(error) = signalled
            && error != rustix::io::Errno::SRCH
        {
            return Err(Error::Stop { pid: self.pid, reason: error.to_string() });
        }
        if timeout(TERM, self.ended()).await.is_ok() {
            return Ok(());
        }
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
        let survives = |_| Error::Stop { pid: self.pid, reason: "it survives SIGKILL".to_owned() };
        timeout(KILL, self.ended()).await.map(drop).map_err(survives)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already, most often.
        let _ = pidfd_send_signal(&self.handle, Signal::TERM);
    }
}

/// Ends the dnsmasq that an earlier daemon of ours left in this directory, so that its port is free.
pub(super) async fn evict(directory: &Path) -> Result<()> {
    let file = directory.join(PID_FILE);
    let Ok(text) = fs::read_to_string(&file) else { return Ok(()) };
    let Some((number, pid)) = text.trim().parse().ok().and_then(|number| Some((number, raw(number)?))) else {
        return Ok(());
    };
    // The handle first: what is found out afterwards is about the process that it holds.
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(()) };
    if !is_ours(number, &file) {
        return Ok(());
    }
    for (signal, patience) in [(Signal::TERM, TERM), (Signal::KILL, KILL)] {
        let _ = pidfd_send_signal(&handle, signal);
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if test_kill_process(pid).is_err() || !is_ours(number, &file) {
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
    Err(Error::Stop { pid: number, reason: "it was left behind and survives SIGKILL".to_owned() })
}

/// Whether a process's command line is one that we make with this file. It has none once it is a zombie.
fn is_ours(pid: u32, file: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let mut argument = b"--pid-file=".to_vec();
    argument.extend_from_slice(file.as_os_str().as_bytes());
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|word| word == argument)
}

/// The account that it gives up its privileges for; none when it has no privileges.
fn account(spec: &Spec) -> Result<Option<String>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    if let Some(account) = &spec.account {
        return Ok(Some(account.clone()));
    }
    let path = std::path::Path::new("/etc/passwd");
    let table =
        fs::read_to_string(path).map_err(|source| Error::File { action: "read", path: path.to_owned(), source })?;
    let packaged = table.lines().any(|line| line.split(':').next() == Some("dnsmasq"));
    Ok(Some(if packaged { "dnsmasq" } else { "nobody" }.to_owned()))
}

fn raw(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}
