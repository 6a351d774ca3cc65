//! Which process is ours: by its pid file, its command line, its birth and its group.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep};

use super::{POLL, Spec};
use crate::master::is_alive;
use crate::{Error, Result};

/// The living process that the pid file names, if its command line is ours.
pub(super) async fn find(spec: &Spec) -> Option<u32> {
    let text = fs::read_to_string(&spec.pid_file).ok()?;
    let pid = text.split_whitespace().next()?.parse().ok()?;
    let end = Instant::now() + Duration::from_secs(1);
    while is_alive(pid) {
        match is_ours(pid, spec) {
            Some(true) => return Some(pid),
            None if Instant::now() < end => sleep(POLL).await,
            _ => return None,
        }
    }
    None
}

/// Whether the process's command line is one that `command` makes for this spec; a reload appends to it. `None` while
/// it has none, which is so for a moment when a master re-executes itself.
pub(super) fn is_ours(pid: u32, spec: &Spec) -> Option<bool> {
    use std::os::unix::ffi::OsStrExt;
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|line| !line.is_empty())?;
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let follows = |option: &[u8], value: &Path, exact: bool| {
        words.windows(2).any(|pair| {
            let value = value.as_os_str().as_bytes();
            pair[0] == option && (pair[1] == value || (!exact && pair[1].starts_with(value)))
        })
    };
    Some(follows(b"-S", &spec.master_socket, false) && follows(b"-p", &spec.pid_file, true))
}

/// Holds a process, whatever becomes of its number; readable when it has ended.
pub(super) fn handle(pid: u32) -> Result<AsyncFd<OwnedFd>> {
    let gone = |source: io::Error| Error::NotRunning { reason: format!("process {pid} cannot be watched: {source}") };
    let pid = raw(pid).ok_or_else(|| gone(io::ErrorKind::InvalidInput.into()))?;
    let fd = pidfd_open(pid, PidfdFlags::NONBLOCK).map_err(|error| gone(error.into()))?;
    #[expect(deprecated, reason = "its safe successor does not exist yet; an OwnedFd is what it asks for")]
    AsyncFd::with_interest(fd, tokio::io::Interest::READABLE).map_err(gone)
}

pub(super) fn raw(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// The living processes of a group, its leader not counted.
pub(super) fn members(leader: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let in_group = |pid: &u32| field(*pid, 4).is_some_and(|group| group == u64::from(leader));
    pids.filter(|pid| *pid != leader && is_alive(*pid)).filter(in_group).collect()
}

/// When a process was born, in ticks since the machine started: with its number, its identity.
pub(super) fn birth(pid: u32) -> Option<u64> {
    field(pid, 21)
}

/// A number of `/proc/<pid>/stat`, counted from 0; the second field, in parentheses, may hold blanks.
fn field(pid: u32, at: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(at - 2)?.parse().ok()
}
