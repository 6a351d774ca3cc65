//! The master socket: which processes run, and a reload with a verdict.
//!
//! From 2.7 on, `reload` answers when the work is done, with `Success=` and the start-up log. 2.6 answers with nothing
//! at once, re-executes itself, and refuses connections for a moment; only `show proc` afterwards tells what came of
//! it. So the verdict always comes from `show proc`, and the answer, where there is one, is a shortcut and the reason.
//! From 3.1 on, a reload while a worker still loads is turned away; it is asked for again until it is heard.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::Result;
use crate::admin::Info;
use crate::processes::Processes;
use crate::wire::{self, Limits};

/// How often `show proc` is asked while a reload is under way.
const POLL: Duration = Duration::from_millis(5);
/// An honest `show proc` of a master with hundreds of draining workers stays far below this.
const TABLE_BYTES: usize = 256 * 1024;
/// The start-up log in the answer to `reload`.
const LOG_BYTES: usize = 1024 * 1024;
/// How long a master may take for `show proc` when nothing is under way.
const ASK: Duration = Duration::from_secs(5);

/// A client of one master socket.
#[derive(Debug, Clone)]
pub struct Master {
    socket: PathBuf,
}

/// What came of a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A new worker runs the configuration that was on disk.
    Success { worker_pid: u32, log: String },
    /// The former worker serves on with the former configuration.
    ///
    /// The log is empty on 2.6, which explains itself on the master's standard error only; [`crate::Process::reload`]
    /// fills it in from there.
    Failed { log: String },
    /// Nobody can say; look again with [`Master::show_proc`].
    Unknown(Unknown),
}

/// Why nothing is known about a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// The master process ended.
    MasterGone { pid: u32 },
    /// The master did not say within the deadline that it has tried; `last` is how it answered the last time.
    Deadline { last: String },
    /// Another master answers on the socket than before.
    MasterReplaced { before: u32, after: u32 },
}

impl Master {
    /// A client of the master socket at `socket`; nothing is opened yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The socket's path.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks which processes run.
    pub async fn show_proc(&self) -> Result<Processes> {
        self.show_proc_within(ASK).await
    }

    /// Asks which processes run, and waits no longer than `time`.
    pub async fn show_proc_within(&self, time: Duration) -> Result<Processes> {
        let answer = wire::exchange(&self.socket, b"show proc\n", Limits { time, bytes: TABLE_BYTES }).await?;
        Processes::parse(&answer)
    }

    /// `show info` of the current worker, by way of its master: for when the worker's own socket is gone.
    pub async fn worker_info(&self) -> Result<Info> {
        Info::parse(&wire::exchange(&self.socket, b"@1 show info\n", Limits { time: ASK, bytes: TABLE_BYTES }).await?)
    }

    /// Asks for a reload and waits until it is known what came of it, or until `deadline` has passed.
    ///
    /// An `Err` means that the reload was never asked for: the master did not answer before it, or was gone by then.
    pub async fn reload(&self, deadline: Duration) -> Result<Verdict> {
        let end = Instant::now() + deadline;
        let before = self.show_proc_within(deadline.min(ASK)).await?;
        let local = is_alive(before.master.pid);

        let reply = loop {
            let reply = self.ask_for_reload(end).await?;
            if !reply.busy || Instant::now() >= end {
                break reply;
            }
            sleep(POLL).await;
        };

        let mut last = reply.note.clone();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match timeout_at(end, self.show_proc_within(left.max(POLL))).await {
                Ok(Ok(now)) if now.master.pid != before.master.pid => {
                    let (before, after) = (before.master.pid, now.master.pid);
                    return Ok(Verdict::Unknown(Unknown::MasterReplaced { before, after }));
                }
                Ok(Ok(now)) => {
                    if let Some(verdict) = judge(&before, &now, &reply) {
                        return Ok(verdict);
                    }
                    last = format!(
                        "reloads {} (before: {}), failed {}",
                        now.master.reloads, before.master.reloads, now.master.failed
                    );
                }
                Ok(Err(error)) => {
                    if local && !is_alive(before.master.pid) {
                        return Ok(Verdict::Unknown(Unknown::MasterGone { pid: before.master.pid }));
                    }
                    last = error.to_string();
                }
                Err(_) => {}
            }
            if Instant::now() >= end {
                return Ok(Verdict::Unknown(Unknown::Deadline { last }));
            }
            sleep(POLL).await;
        }
    }
}

impl Master {
    /// Sends the command. On 2.6 the reply is nothing, at once; later it comes when the work is done. One that drips may take
    /// half of the time, so that some is left to look for ourselves.
    async fn ask_for_reload(&self, end: Instant) -> Result<Reply> {
        let limits = Limits { time: end.saturating_duration_since(Instant::now()) / 2, bytes: LOG_BYTES };
        match wire::exchange(&self.socket, b"reload\n", limits).await {
            Ok(reply) => Ok(Reply::parse(&reply)),
            Err(error) if error.is_absent() => Err(error),
            // Cut off, flooded or timed out: it may have been heard. What `show proc` says counts.
            Err(error) => Ok(Reply { success: None, busy: false, log: String::new(), note: error.to_string() }),
        }
    }
}

/// The verdict of two looks at the process table, or nothing as long as the master has not finished.
fn judge(before: &Processes, now: &Processes, reply: &Reply) -> Option<Verdict> {
    if now.master.reloads <= before.master.reloads {
        return None;
    }
    if now.master.failed > 0 || reply.success == Some(false) {
        return Some(Verdict::Failed { log: reply.log.clone() });
    }
    // A worker that is new: not among those of before. Between the re-execution and the fork there is none yet.
    let known = |pid: u32| before.workers.iter().chain(&before.old).any(|worker| worker.pid == pid);
    let worker = now.workers.iter().filter(|worker| !known(worker.pid)).max_by_key(|worker| worker.pid)?;
    Some(Verdict::Success { worker_pid: worker.pid, log: reply.log.clone() })
}

#[derive(Debug, PartialEq, Eq)]
struct Reply {
    success: Option<bool>,
    /// It was turned away because a worker still loads: nothing was tried.
    busy: bool,
    log: String,
    note: String,
}

impl Reply {
    // `Success=1`, `--`, then the log; or nothing at all.
    fn parse(text: &str) -> Self {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let success = match first.trim() {
            "Success=1" => Some(true),
            "Success=0" => Some(false),
            _ => None,
        };
        let log = rest.strip_prefix("--\n").unwrap_or(rest).trim_end().to_owned();
        let (log, note) = match success {
            Some(_) => (log, String::new()),
            None if text.trim().is_empty() => (String::new(), String::new()),
            None => (String::new(), format!("the reply to reload was {:?}", text.chars().take(80).collect::<String>())),
        };
        Self { success, busy: log.starts_with("Another reload is still in progress"), log, note }
    }
}

/// Whether a process exists and is not merely waiting to be reaped.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name, in parentheses, may hold anything; the state follows the last of them.
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterProcess, Worker};

    fn processes(reloads: u64, failed: u64, workers: &[u32], old: &[u32]) -> Processes {
        let worker = |pid: &u32| Worker { pid: *pid, reloads: 0, uptime_s: 0, version: String::new() };
        Processes {
            master: MasterProcess { pid: 1, reloads, failed, uptime_s: 0, version: String::new() },
            workers: workers.iter().map(worker).collect(),
            old: old.iter().map(worker).collect(),
        }
    }

    #[test]
    fn the_verdict_needs_a_counted_reload_and_a_new_worker() {
        let before = processes(4, 0, &[10], &[9]);
        let check = |now: Processes, reply: &str, expected: Option<Verdict>| {
            assert_eq!(judge(&before, &now, &Reply::parse(reply)), expected);
        };
        check(processes(4, 0, &[10], &[9]), "", None);
        check(processes(5, 0, &[], &[10]), "", None);
        check(processes(5, 0, &[10], &[]), "", None);
        check(processes(5, 1, &[10], &[]), "", Some(Verdict::Failed { log: String::new() }));
        check(processes(5, 0, &[11], &[10]), "", Some(Verdict::Success { worker_pid: 11, log: String::new() }));
        check(
            processes(5, 1, &[10], &[]),
            "Success=0\n--\n[ALERT] x\n\n",
            Some(Verdict::Failed { log: "[ALERT] x".to_owned() }),
        );
    }

    #[test]
    fn replies_are_read_or_noted() {
        assert_eq!(Reply::parse("").success, None);
        assert_eq!(Reply::parse("Success=1\n--\nlog\n").success, Some(true));
        assert_eq!(Reply::parse("Succ").success, None);
        assert!(Reply::parse("nonsense").note.contains("nonsense"));
        assert!(Reply::parse("Success=0\n--\nAnother reload is still in progress.\n").busy);
        assert!(!Reply::parse("Success=0\n--\n[ALERT] x\n").busy);
    }
}
