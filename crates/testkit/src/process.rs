//! Looking at and ending processes that a test started, by their ids.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Whether a process exists and is not merely waiting to be reaped.
pub fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// Sends a signal; a process that is gone already is no error.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Ends a process: politely, then not.
pub fn end(pid: u32) {
    signal(pid, Signal::TERM);
    if wait::until("a process to end", Duration::from_secs(3), || !is_alive(pid)).is_err() {
        signal(pid, Signal::KILL);
        let _ = wait::until("a killed process to end", Duration::from_secs(3), || !is_alive(pid));
    }
}

/// The processes that have `path`, a directory that only one test knows, in their command line or as their directory.
pub fn users_of(path: &Path) -> Vec<u32> {
    let needle = path.as_os_str().as_encoded_bytes();
    let ours = std::process::id();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != ours && is_alive(*pid))
        .filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let directory = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(path));
            directory || line.windows(needle.len()).any(|window| window == needle)
        })
        .collect()
}
