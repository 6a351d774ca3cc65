//! This installation's HAProxy: the program, the process and its sockets, whoever started it.
//!
//! *Managed*: Plenum starts it, detached, and finds it again after its own restart. *External*: somebody else does (systemd),
//! and Plenum only speaks to its sockets.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use haproxy::{Admin, Binary, Check, Error, Master, Probe, Process, Spec, Stop, Verdict, admin::Info};

/// What the marker's line in the configuration begins with, and what `show info` returns it behind.
pub const MARKER_PREFIX: &str = "plenum:";

/// How long a process may take to end before what is left of it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A master that executes itself anew, as it does for every reload, refuses connections for a moment.
const MASTER_BACK_WITHIN: Duration = Duration::from_secs(2);

/// An external master that refuses for this long is not executing itself anew: it does not run.
const ABSENT_AFTER: Duration = Duration::from_millis(500);

/// The log of a managed process is cut to its last part beyond this size (bytes).
const LOG_LIMIT: u64 = 16 << 20;

/// Who starts HAProxy.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Plenum does.
    Managed(Spec),
    /// Somebody else does.
    External,
}

/// How long the program's answers may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For `haproxy -c`.
    pub check: Duration,
    /// For a start or a reload.
    pub reload: Duration,
}

/// The one HAProxy of this installation.
#[derive(Debug)]
pub struct Proxy {
    mode: Mode,
    binary: Binary,
    admin: Admin,
    master: Master,
    patience: Patience,
    process: tokio::sync::Mutex<Option<Arc<Process>>>,
    probe: Mutex<Option<(SystemTime, Arc<Probe>)>>,
}

pub(super) fn marker_in(info: &Info) -> Option<String> {
    Some(info.description()?.strip_prefix(MARKER_PREFIX)?.to_owned())
}

impl Proxy {
    /// Describes it; nothing is run yet.
    pub fn new(mode: Mode, program: &Path, admin_socket: PathBuf, master_socket: PathBuf, patience: Patience) -> Proxy {
        Proxy {
            mode,
            binary: Binary::new(program),
            admin: Admin::new(admin_socket),
            master: Master::new(master_socket),
            patience,
            process: tokio::sync::Mutex::new(None),
            probe: Mutex::new(None),
        }
    }

    /// Who starts it.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The running worker's admin socket.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Version and features of the installed program; asked again when the program's file changes, as a package upgrade does.
    pub async fn probe(&self) -> Result<Arc<Probe>, Error> {
        let changed =
            std::fs::metadata(self.binary.path()).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let known = self.probe.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, probe)) = known
            && at == changed
        {
            return Ok(probe);
        }
        let probe = Arc::new(self.binary.probe().await?);
        *self.probe.lock().unwrap_or_else(PoisonError::into_inner) = Some((changed, Arc::clone(&probe)));
        Ok(probe)
    }

    /// Lets the installed program check the configuration `name` in `directory`.
    pub async fn check(&self, directory: &Path, name: &str) -> Result<Check, Error> {
        self.binary.check(directory, name, self.patience.check).await
    }

    /// Whether the installed program accepts the configuration `name` in `directory`, as soon as it says so.
    pub async fn accepts(&self, directory: &Path, name: &str) -> Result<Check, Error> {
        self.binary.accepts(directory, name, self.patience.check).await
    }

    /// The marker that the running worker reports on its admin socket, which runtime operations need.
    pub async fn admin_marker(&self) -> Option<String> {
        marker_in(&self.admin.info().await.ok()?)
    }

    /// The marker that the running worker reports; `None` where no worker answers or it runs something else than ours.
    ///
    /// Where the admin socket's file is gone, the master is asked instead: HAProxy hands its open socket on from worker to
    /// worker and never makes the file again, so reloading could not help.
    pub async fn marker(&self) -> Option<String> {
        match self.admin.info().await {
            Ok(info) => marker_in(&info),
            Err(_) => marker_in(&self.master.worker_info().await.ok()?),
        }
    }

    /// Makes HAProxy load what `current` names: by a reload where it runs, by a start where it does not and we may.
    pub async fn load(&self) -> Result<Verdict, Error> {
        let end = Instant::now() + MASTER_BACK_WITHIN;
        loop {
            let reloaded = match &self.mode {
                Mode::External => self.master.reload(self.patience.reload).await,
                Mode::Managed(spec) => match self.running(spec).await {
                    Some(process) => process.reload(self.patience.reload).await,
                    None => return self.start(spec).await,
                },
            };
            match reloaded {
                Err(error) if error.is_absent() && Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(10)).await
                }
                verdict => return verdict,
            }
        }
    }

    async fn start(&self, spec: &Spec) -> Result<Verdict, Error> {
        match Process::start(spec.clone(), self.patience.reload).await {
            Ok(process) => {
                let worker_pid = process.pid();
                *self.process.lock().await = Some(Arc::new(process));
                Ok(Verdict::Success { worker_pid, log: String::new() })
            }
            Err(Error::Start { log, reason }) if log.trim().is_empty() => Ok(Verdict::Failed {
                log: format!(
                    "{reason} (if it does not answer, `POST /api/haproxy/stop` ends it and `start` begins anew)"
                ),
            }),
            Err(Error::Start { log, .. }) => Ok(Verdict::Failed { log }),
            Err(error) => Err(error),
        }
    }

    /// Cuts the managed process's log to its last part where it has grown large.
    pub async fn trim_log(&self) {
        let Mode::Managed(spec) = &self.mode else { return };
        if let Some(process) = self.running(spec).await
            && let Err(error) = process.trim_log(LOG_LIMIT)
        {
            tracing::warn!(%error, "HAProxy's log cannot be cut");
        }
    }

    /// Whether there is a process that answers.
    pub async fn is_running(&self) -> bool {
        match &self.mode {
            Mode::Managed(spec) => self.running(spec).await.is_some(),
            Mode::External => self.admin.info().await.is_ok(),
        }
    }

    /// Whether nobody runs an external HAProxy at the moment: nobody listens on its master socket, and not only for the moment
    /// that a reload takes. What is put in place then is read when it starts; there is nothing to reload, and nothing to disturb.
    pub async fn is_absent(&self) -> bool {
        let Mode::External = &self.mode else { return false };
        let end = Instant::now() + ABSENT_AFTER;
        loop {
            match self.master.show_proc().await {
                Err(error) if error.is_absent() && Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(10)).await
                }
                answer => return answer.is_err_and(|error| error.is_absent()),
            }
        }
    }

    /// Ends the managed process at once.
    pub async fn stop(&self) -> Result<(), Error> {
        let Mode::Managed(spec) = &self.mode else {
            return Err(Error::NotRunning { reason: "HAProxy is not managed by Plenum".to_owned() });
        };
        match self.running(spec).await {
            Some(process) => process.stop(Stop::Now, STOP_WITHIN).await?,
            // One that does not answer is ours all the same, and must not be reported as stopped while it carries traffic.
            None => _ = Process::evict(spec, STOP_WITHIN).await?,
        }
        *self.process.lock().await = None;
        Ok(())
    }

    /// The managed process: the one we know, or one that an earlier daemon left running.
    async fn running(&self, spec: &Spec) -> Option<Arc<Process>> {
        let mut known = self.process.lock().await;
        if let Some(process) = known.as_ref().filter(|process| process.is_alive()) {
            return Some(Arc::clone(process));
        }
        *known = match Process::adopt(spec.clone()).await {
            Ok(process) => {
                tracing::info!(pid = process.pid(), "adopted the running HAProxy");
                Some(Arc::new(process))
            }
            Err(Error::NotRunning { .. }) => None,
            Err(error) => {
                tracing::warn!(%error, "a running HAProxy could not be adopted");
                None
            }
        };
        known.clone()
    }
}
