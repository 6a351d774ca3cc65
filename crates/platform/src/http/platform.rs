//! Everything that the platform's handlers and layers stand on, in one handle.
//!
//! [`Builder::open`] opens the parts; whoever builds (the binary, a test) takes what it needs from them, adds its own
//! background work, and starts. Nothing here is global. Areas keep their own state beside the handle and implement
//! `FromRef` for it, so that their routes and the platform's live in one router.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use metrics_exporter_prometheus::BuildError;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::allowance::Allowance;
use crate::clock::Clock;
use crate::config::{Config, Security};
use crate::db::{Db, Location};
use crate::events::Events;
use crate::identity::{Identity, Settings};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::permissions::Permission;
use crate::reconcile::{Reconcilers, Upkeep, upkeep};
use crate::secrets::Vault;
use crate::{audit, db, identity, metrics, secrets};

/// How many event streams may be open at once.
const STREAMS: usize = 512;

/// Why the platform could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the store cannot be opened")]
    Store(#[from] db::OpenError),
    #[error("the store does not answer")]
    Database(#[from] db::Error),
    #[error("the key of the secrets cannot be used")]
    Vault(#[from] secrets::VaultError),
    #[error("identities cannot be used")]
    Identity(#[from] identity::Error),
    #[error("metrics cannot be counted")]
    Metrics(#[from] BuildError),
}

/// The opened parts, before anything runs.
pub struct Builder {
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub db: Db,
    pub vault: Arc<Vault>,
    pub identity: Identity,
    pub events: Events,
    pub limits: Limits,
    pub metrics: Metrics,
    /// Background work; areas add theirs. The platform's own joins at the start.
    pub reconcilers: Reconcilers,
    /// Which permission a topic of the event stream needs, besides the platform's own topics. A topic is the part of an
    /// event's kind before the first dot; one that nobody names is for those who may read the audit log.
    pub topics: Vec<(&'static str, Permission)>,
    /// Cancelled when the daemon stops; long answers end then.
    pub stop: CancellationToken,
}

impl Builder {
    /// Opens the store, the key and the identities. The data directory must exist and be ours alone (see
    /// `files::DataDir`): audit entries that are still open are taken for those of a process that died.
    ///
    /// # Errors
    /// When one of them cannot be opened; nothing runs then.
    pub async fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let location = Location::parse(config.database.url.as_ref().map(|url| url.reveal()), &config.data_dir)?;
        let db = Db::open(&location, Arc::clone(&clock)).await?;
        let vault = Arc::new(Vault::load(&config.data_dir, &db).await?);
        let identity = Identity::new(db.clone(), Arc::clone(&vault), &config.data_dir, settings(&config.security))?;
        let limits = Limits::open(&db).await?;
        let metrics = metrics::install()?;

        let mut tx = db.begin().await?;
        let interrupted = audit::interrupt_pending(&mut tx).await?;
        tx.commit().await?;
        if !interrupted.is_empty() {
            tracing::warn!(count = interrupted.len(), "the last process died in the middle of work; see the audit log");
        }

        let reconcilers = Reconcilers::new(Arc::clone(&clock));
        let events = Events::new(db.clone());
        Ok(Self {
            config,
            clock,
            db,
            vault,
            identity,
            events,
            limits,
            metrics,
            reconcilers,
            topics: Vec::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Starts the background work and the event stream.
    #[must_use]
    pub fn start(self) -> Platform {
        tokio::spawn(self.events.clone().pump(self.stop.clone()));
        let keep = Duration::from_secs(u64::from(self.config.logging.audit_retention_days) * 24 * 3600);
        upkeep(
            &self.reconcilers,
            Upkeep {
                db: self.db.clone(),
                identity: self.identity.clone(),
                limits: self.limits.clone(),
                audit_retention: Some(keep),
                news: self.events.news().clone(),
            },
        );
        let metrics = self.metrics.clone();
        self.reconcilers.add("metrics.fold", Duration::from_secs(60), move || {
            let metrics = metrics.clone();
            async move {
                metrics.fold();
                Ok::<(), std::convert::Infallible>(())
            }
        });
        Platform(Arc::new(Shared {
            client_errors: Allowance::per_minute(60),
            streams: Arc::new(Semaphore::new(STREAMS)),
            parts: Parts {
                config: self.config,
                clock: self.clock,
                db: self.db,
                vault: self.vault,
                identity: self.identity,
                events: self.events,
                limits: self.limits,
                metrics: self.metrics,
                reconcilers: self.reconcilers,
                topics: self.topics,
                stop: self.stop,
            },
        }))
    }
}

fn settings(security: &Security) -> Settings {
    Settings {
        session_idle: SignedDuration::from_mins(i64::from(security.session_idle_minutes)),
        session_absolute: SignedDuration::from_hours(24 * i64::from(security.session_max_days)),
        bcrypt_cost: security.bcrypt_rounds,
    }
}

/// A handle on the running platform; clones share it.
#[derive(Clone)]
pub struct Platform(Arc<Shared>);

/// What a running platform offers; reach it through [`Platform`].
pub struct Parts {
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub db: Db,
    pub vault: Arc<Vault>,
    pub identity: Identity,
    pub events: Events,
    pub limits: Limits,
    pub metrics: Metrics,
    pub reconcilers: Reconcilers,
    pub topics: Vec<(&'static str, Permission)>,
    pub stop: CancellationToken,
}

pub(super) struct Shared {
    parts: Parts,
    pub(super) client_errors: Allowance,
    pub(super) streams: Arc<Semaphore>,
}

impl Platform {
    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// Ends long answers, stops background work within `limit`, and writes down what is only in memory. Returns the names
    /// of what did not stop in time.
    pub async fn shutdown(&self, limit: Duration) -> Vec<&'static str> {
        self.stop.cancel();
        let hung = self.reconcilers.stop(limit).await;
        if let Err(error) = self.identity.flush_last_used().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the last use of credentials could not be written"
            );
        }
        self.db.close().await;
        hung
    }
}

impl Deref for Platform {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}
