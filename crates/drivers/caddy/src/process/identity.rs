//! Which process is ours: by its arguments, its owner and its birth, never by its number alone.
//!
//! The pid file is where we look first. It may be missing (a daemon can be killed before it was written) and its number
//! may have been given to another process, so the arguments decide, and every process is looked at when it does not help.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::unix::AsyncFd;

use super::Spec;
use crate::{Error, Result};

/// The living process that was started with this spec, whoever started it.
pub(super) fn find(spec: &Spec) -> Option<u32> {
    let named = fs::read_to_string(spec.pid_file()).ok().and_then(|text| text.trim().parse().ok());
    if let Some(pid) = named.filter(|pid| is_ours(*pid, spec)) {
        return Some(pid);
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.into_iter().find(|pid| is_ours(*pid, spec))
}

/// Whether a living process has the arguments that `Process::start` gives for this spec, and the owner.
pub(super) fn is_ours(pid: u32, spec: &Spec) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let words: Vec<&[u8]> = line.strip_suffix(b"\0").unwrap_or(&line).split(|byte| *byte == 0).collect();
    let arguments = spec.arguments();
    // The program itself may have been moved or replaced since.
    let same = words.len() == arguments.len() + 1
        && words.iter().skip(1).zip(&arguments).all(|(word, argument)| *word == argument.as_bytes());
    same && is_alive(pid) && owner(pid) == Some(spec.owner())
}

fn owner(pid: u32) -> Option<u32> {
    Some(fs::metadata(format!("/proc/{pid}")).ok()?.uid())
}

/// Whether a process exists and is more than an exit code that nobody has fetched yet.
pub(super) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// When a process was born, in ticks since the machine started: with its number, its identity.
pub(super) fn birth(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, in parentheses, may hold blanks; the birth is the twenty-second.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Holds a process, whatever becomes of its number; readable when it has ended.
pub(super) fn handle(pid: u32) -> Result<AsyncFd<OwnedFd>> {
    let gone = |source: io::Error| Error::Silent { pid, reason: format!("it cannot be watched: {source}") };
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let raw = raw.ok_or_else(|| gone(io::ErrorKind::InvalidInput.into()))?;
    let fd = pidfd_open(raw, PidfdFlags::NONBLOCK).map_err(|error| gone(error.into()))?;
    #[expect(deprecated, reason = "its safe successor does not exist yet; an OwnedFd is what it asks for")]
    AsyncFd::with_interest(fd, tokio::io::Interest::READABLE).map_err(gone)
}
