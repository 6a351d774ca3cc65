//! A managed HAProxy: started by us, living without us, found again by us.
//!
//! It runs as `haproxy -W` in a process group of its own, with an empty environment (`show env` prints all of it to
//! anyone on an admin socket) and with its standard error appended to a file, so nothing that it needs ends with the
//! daemon. A later daemon adopts it: the pid file names a process, that process's command line names our sockets, and
//! the master socket answers as that process.
//!
//! A started process is our child until we end, so a task waits for it and no zombie stays behind.

mod identity;
mod log;

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Signal, pidfd_send_signal};
use tokio::io::unix::AsyncFd;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::master::is_alive;
use crate::{Error, Master, Processes, Result, Verdict};
use identity::{birth, find, handle, is_ours, members, raw};
use log::Log;

/// How often a process that is starting or reloading is looked at.
const POLL: Duration = Duration::from_millis(5);
/// How long the kernel may take to end what was killed.
const KILL: Duration = Duration::from_secs(2);
/// How long a process may take to answer whoever wants to adopt it.
const ADOPT: Duration = Duration::from_secs(5);

/// Everything that makes a managed HAProxy what it is; the same value starts it and finds it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub program: PathBuf,
    /// The configuration, as HAProxy reads it at the start and again at every reload. Absolute.
    pub config: PathBuf,
    /// Where it runs; `default-path config` in the configuration makes paths relative to the configuration instead.
    pub directory: PathBuf,
    pub master_socket: PathBuf,
    pub pid_file: PathBuf,
    /// Its standard error and output are appended here.
    pub log: PathBuf,
    /// The account to run as, when we are root and do not want it to be.
    pub account: Option<Account>,
}

/// A user and a group by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// How to end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At once; connections break (SIGTERM).
    Now,
    /// When the last connection is finished (SIGUSR1).
    Graceful,
}

/// A running managed HAProxy.
#[derive(Debug)]
pub struct Process {
    spec: Spec,
    pid: u32,
    birth: Option<u64>,
    // Names the process beyond doubt, even if it ends and its number is given to another.
    handle: AsyncFd<OwnedFd>,
    master: Master,
    log: Log,
}

impl Process {
    /// Starts HAProxy and waits until its master has a worker.
    ///
    /// # Errors
    /// [`Error::Start`] with what it printed, when it ends or does not become ready within `within`; it is stopped then.
    /// Also when there is one already, be it one that does not answer: [`Process::adopt`] or [`Process::evict`] it first.
    pub async fn start(spec: Spec, within: Duration) -> Result<Self> {
        let end = Instant::now() + within;
        if let Some(pid) = find(&spec).await {
            // Two masters with one socket would be worse than none that answers.
            let reason = format!("process {pid} still runs with the same sockets");
            return Err(Error::Start { reason, log: String::new() });
        }
        let log = Log::open(&spec.log)?;
        let begin = log.end()?;
        // A socket of a process that was killed would be in the way of nothing, but would make "missing" look like
        // "refusing"; the pid file would name a stranger.
        for stale in [&spec.master_socket, &spec.pid_file] {
            remove_if_present(stale)?;
        }
        let mut child =
            command(&spec, &log)?.spawn().map_err(|source| Error::Program { program: spec.program.clone(), source })?;
        let Some(pid) = child.id() else {
            return Err(Error::Start { reason: "it ended at once".to_owned(), log: log.since(begin) });
        };
        let handle = handle(pid)?;
        // Reaps it whenever it ends. Ends itself with the runtime; the process then belongs to init.
        tokio::spawn(async move { child.wait().await });
        let master = Master::new(&spec.master_socket);
        let process = Self { spec, pid, birth: birth(pid), handle, master, log };
        match process.ready(end).await {
            Ok(()) => Ok(process),
            Err(reason) => {
                let stopped = process.stop(Stop::Now, Duration::from_secs(2)).await;
                let log = process.log.since(begin);
                let reason = match stopped {
                    Ok(()) => reason,
                    Err(error) => format!("{reason}; and then {error}"),
                };
                Err(Error::Start { reason, log })
            }
        }
    }

    /// Finds the process that an earlier [`Process::start`] with the same `spec` left running.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when there is none, or when what is there is not ours.
    pub async fn adopt(spec: Spec) -> Result<Self> {
        let not = |reason: String| Error::NotRunning { reason };
        let text = match fs::read_to_string(&spec.pid_file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(not("there is no pid file".to_owned()));
            }
            Err(source) => return Err(Error::File { action: "read", path: spec.pid_file.clone(), source }),
        };
        let pid: u32 = text
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or_else(|| not("the pid file holds no number".to_owned()))?;
        // The handle first: what is found out afterwards is about the process that it holds.
        let handle = handle(pid).map_err(|_| not(format!("process {pid} is gone")))?;
        let master = Master::new(&spec.master_socket);
        let end = Instant::now() + ADOPT;
        loop {
            if !is_alive(pid) {
                return Err(not(format!("process {pid} is gone")));
            }
            match is_ours(pid, &spec) {
                Some(true) => {}
                None if Instant::now() < end => {
                    sleep(POLL).await;
                    continue;
                }
                _ => return Err(not(format!("process {pid} is another program"))),
            }
            match master.show_proc_within(end.saturating_duration_since(Instant::now()).max(POLL)).await {
                Ok(processes) if processes.master.pid == pid => break,
                Ok(processes) => {
                    let other = processes.master.pid;
                    return Err(not(format!("the master socket belongs to process {other}, not {pid}")));
                }
                // In the middle of a reload it refuses for a moment.
                Err(error) if Instant::now() >= end => {
                    return Err(not(format!("process {pid} does not answer: {error}")));
                }
                Err(_) => sleep(POLL).await,
            }
        }
        let log = Log::open(&spec.log)?;
        Ok(Self { spec, pid, birth: birth(pid), handle, master, log })
    }

    /// Ends a process that is ours but does not answer, so that another can be started; tells whether there was one.
    pub async fn evict(spec: &Spec, within: Duration) -> Result<bool> {
        let Some(pid) = find(spec).await else { return Ok(false) };
        let log = Log::open(&spec.log)?;
        let master = Master::new(&spec.master_socket);
        let process = Self { spec: spec.clone(), pid, birth: birth(pid), handle: handle(pid)?, master, log };
        process.stop(Stop::Now, within).await?;
        Ok(true)
    }

    /// The master's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The master socket's client.
    pub fn master(&self) -> &Master {
        &self.master
    }

    /// What it was started from.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Whether the master lives.
    pub fn is_alive(&self) -> bool {
        is_alive(self.pid) && birth(self.pid) == self.birth
    }

    /// Waits until the master has ended.
    pub async fn ended(&self) {
        // A handle becomes readable when its process ends. Failing to wait is answered by looking instead.
        if self.handle.readable().await.is_err() {
            while self.is_alive() {
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Reloads and says what came of it, with HAProxy's own words where it gave any.
    pub async fn reload(&self, deadline: Duration) -> Result<Verdict> {
        let begin = self.log.end()?;
        match self.master.reload(deadline).await? {
            Verdict::Failed { log } if log.is_empty() => Ok(Verdict::Failed { log: self.log.since(begin) }),
            Verdict::Success { worker_pid, log } if log.is_empty() => {
                Ok(Verdict::Success { worker_pid, log: self.log.since(begin) })
            }
            verdict => Ok(verdict),
        }
    }

    /// How long the log is now; give it to [`Process::log_since`] later.
    pub fn log_end(&self) -> Result<u64> {
        self.log.end()
    }

    /// What was printed since the log was `offset` long, its last part if that is very much.
    pub fn log_since(&self, offset: u64) -> String {
        self.log.since(offset)
    }

    /// Makes the log file empty when it has grown beyond `limit`, keeping its last part.
    pub fn trim_log(&self, limit: u64) -> Result<()> {
        self.log.trim(limit)
    }

    /// Ends it, and kills whatever is left of its group when `within` has passed.
    pub async fn stop(&self, how: Stop, within: Duration) -> Result<()> {
        let signal = match how {
            Stop::Now => Signal::TERM,
            Stop::Graceful => Signal::USR1,
        };
        let end = Instant::now() + within;
        // Known before the signal: later nobody can tell which processes were its workers.
        let workers = self.workers().await;
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(Error::Stop { pid: self.pid, reason: error.to_string() }),
        }
        if timeout(within, self.ended()).await.is_err() {
            self.kill_group();
            if timeout(KILL, self.ended()).await.is_err() {
                return Err(Error::Stop { pid: self.pid, reason: "it survives SIGKILL".to_owned() });
            }
        }
        // A master that was killed leaves workers to end by themselves; they notice at once that it is gone.
        let (mut killed, last) = (false, end.max(Instant::now()) + KILL);
        while workers.iter().any(|pid| is_alive(*pid)) {
            if Instant::now() >= end && !killed {
                self.kill_group();
                killed = true;
            }
            if Instant::now() >= last {
                return Err(Error::Stop { pid: self.pid, reason: "a worker survives SIGKILL".to_owned() });
            }
            sleep(POLL).await;
        }
        // It leaves both behind; a later start or adoption should find nothing.
        remove_if_present(&self.spec.pid_file)?;
        remove_if_present(&self.spec.master_socket)
    }

    /// The master's children, by its process group where it leads one (it may be too far gone to be asked).
    async fn workers(&self) -> Vec<u32> {
        if self.leads_group() {
            return members(self.pid);
        }
        let table = self.master.show_proc_within(Duration::from_secs(1)).await;
        let Ok(Processes { workers, old, .. }) = table else { return Vec::new() };
        workers.iter().chain(&old).map(|worker| worker.pid).collect()
    }

    /// Start made it the leader of its own group; one that came about otherwise may share somebody's.
    fn leads_group(&self) -> bool {
        raw(self.pid).is_some_and(|pid| rustix::process::getpgid(Some(pid)).is_ok_and(|group| group == pid))
    }

    fn kill_group(&self) {
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
        // Asked anew: a group that has lost its leader still has its number, and its members are ours.
        for pid in members(self.pid) {
            if let Some(pid) = raw(pid) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Waits for a worker that the master counts among its own.
    async fn ready(&self, end: Instant) -> Result<(), String> {
        let mut last = "its master socket never appeared".to_owned();
        loop {
            if !self.is_alive() {
                return Err("it ended while starting".to_owned());
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.master.show_proc_within(left.max(Duration::from_millis(1))).await {
                Ok(table) if table.master.pid != self.pid => {
                    return Err(format!("another master (pid {}) answers on its socket", table.master.pid));
                }
                // A worker of zero seconds may be about to die of its configuration; a failed one is counted.
                Ok(table) if table.master.failed > 0 => return Err("its worker failed to start".to_owned()),
                // From 3.1 on, a worker that still loads its configuration is in the table too; only a loaded one answers.
                Ok(table) if !table.workers.is_empty() && self.spec.pid_file.exists() => {
                    match self.master.worker_info().await {
                        Ok(_) => return Ok(()),
                        Err(error) => last = format!("its worker does not answer: {error}"),
                    }
                }
                Ok(_) => last = "it has no worker".to_owned(),
                Err(error) if error.is_absent() => {}
                Err(error) => last = error.to_string(),
            }
            if Instant::now() >= end {
                return Err(format!("it was not ready in time: {last}"));
            }
            sleep(POLL).await;
        }
    }
}

fn command(spec: &Spec, log: &Log) -> Result<Command> {
    if spec.master_socket.as_os_str().as_encoded_bytes().contains(&b',') {
        let value = spec.master_socket.display().to_string();
        return Err(Error::Argument { value, reason: "a comma would end the path of the master socket" });
    }
    let mut command = Command::new(&spec.program);
    let mut socket = spec.master_socket.clone().into_os_string();
    socket.push(",mode,600,level,admin");
    command
        .arg("-W")
        .arg("-S")
        .arg(socket)
        .arg("-f")
        .arg(&spec.config)
        .arg("-p")
        .arg(&spec.pid_file)
        .current_dir(&spec.directory)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .stdout(log.stdio()?)
        .stderr(log.stdio()?)
        // A signal to our group (Ctrl-C in a terminal) must not reach it.
        .process_group(0)
        .kill_on_drop(false);
    if let Some(account) = spec.account {
        command.uid(account.uid).gid(account.gid);
    }
    Ok(command)
}

fn remove_if_present(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::File { action: "remove", path: path.to_owned(), source }),
    }
}
