//! The one way to change what runs.
//!
//! [`Engine::apply`] is called by PUT, PATCH, restore and the command line alike. The order of its steps is the promise that
//! Plenum makes: nothing outside a new directory is touched before HAProxy's own checker has accepted it, the switch is one
//! rename, and the store commits only what a second channel has seen running. `ARCHITECTURE.md` walks through it.
//!
//! What it does not do: it knows no HTTP, and it never decides that a document is wanted. After a crash it does not repair
//! either; that is [`reconcile`]'s work, which makes disk and HAProxy agree with the store.

mod act;
mod candidate;
mod commit;
mod compare;
mod directives;
mod error;
pub mod generation;
pub mod hints;
mod intent;
mod live;
mod overlay;
pub mod plan;
mod preview;
mod progress;
mod proxy;
mod reconcile;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use platform::{
    clock::Clock,
    db::{Db, Permit},
    events::Announcer,
    failpoint,
    secrets::Vault,
};

use self::generation::Generations;
pub use self::{
    candidate::{Candidate, Edit},
    compare::Comparison,
    error::ApplyError,
    live::Live,
    plan::Action,
    preview::{Preview, Wanted},
    progress::ApplyId,
    proxy::{MARKER_PREFIX, Mode, Patience, Proxy},
    reconcile::Reconciled,
};
use crate::render::Target;

/// One change, as a caller asks for it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The new document.
    pub edit: Edit,
    /// Who asks; goes into the audit log and the snapshot.
    pub actor: String,
    /// Why, where it is not a plain change, such as `restore:<id>`.
    pub reason: Option<String>,
    /// What must hold of the current document.
    pub precondition: Precondition,
    /// Whether the caller may change free directives.
    pub directives: bool,
    /// How news of its progress are told apart.
    pub id: ApplyId,
}

/// A condition on the current document (RFC 9110, 13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// None: the last writer wins.
    #[default]
    None,
    /// `If-Match`: its hash is one of these.
    Hash(Vec<String>),
    /// `If-Match: *`: there is one.
    Exists,
}

/// What an accepted change did.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The document that is now live.
    pub live: Arc<Live>,
    /// `none`, `runtime` or `reload`.
    pub action: &'static str,
}

/// The right to change what runs; one caller has it at a time.
pub(crate) struct Turn<'a> {
    _turn: tokio::sync::MutexGuard<'a, ()>,
    permit: Permit,
}

impl Turn<'_> {
    /// Under which the store may be written.
    pub(crate) fn permit(&self) -> &Permit {
        &self.permit
    }
}

/// What does not change while the daemon runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Everything of the environment that rendering must know, but the version, which is probed.
    pub target: Target,
    /// How long a change may wait for those before it.
    pub queue: Duration,
    /// keepalived's program, to check its configuration with.
    pub keepalived: PathBuf,
    /// Who is told how far a change is.
    pub news: Announcer,
}

/// Applies changes, one at a time.
pub struct Engine {
    db: Db,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    generations: Generations,
    proxy: Proxy,
    live: ArcSwapOption<Live>,
    // Why the stored document could not be read, where it could not.
    trouble: ArcSwapOption<String>,
    // Whether values of an interrupted runtime change may still be in force; see `intent`.
    unsettled: AtomicBool,
    // How often reconciling has failed in a row.
    failures: AtomicU32,
    // Fair: tokio's mutex hands the turn over in order of arrival.
    turn: tokio::sync::Mutex<()>,
    checking: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

impl Engine {
    /// Puts an engine together; nothing runs yet. Call [`Engine::load`] next.
    pub fn new(db: Db, vault: Arc<Vault>, settings: Settings, generations: Generations, proxy: Proxy) -> Engine {
        let clock = Arc::clone(db.clock());
        Engine {
            db,
            vault,
            clock,
            settings,
            generations,
            proxy,
            live: ArcSwapOption::empty(),
            trouble: ArcSwapOption::empty(),
            unsettled: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            turn: tokio::sync::Mutex::new(()),
            checking: tokio::sync::Mutex::new(()),
        }
    }

    /// What is live, if anything ever was. Never waits.
    pub fn live(&self) -> Option<Arc<Live>> {
        self.live.load_full()
    }

    /// Why there is no live document although the store holds one.
    pub fn trouble(&self) -> Option<Arc<String>> {
        self.trouble.load_full()
    }

    /// The store that the engine commits to.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Who is told what is worth knowing only now.
    pub fn news(&self) -> &Announcer {
        &self.settings.news
    }

    /// This installation's HAProxy.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The generations on disk.
    pub fn generations(&self) -> &Generations {
        &self.generations
    }

    /// Makes a change live, or changes nothing.
    ///
    /// The work runs in a task of its own: a caller that goes away must not stop it between two steps.
    pub async fn apply(self: &Arc<Self>, change: Change) -> Result<Applied, ApplyError> {
        let engine = Arc::clone(self);
        let work = tokio::spawn(async move {
            let result = Box::pin(engine.run(&change)).await;
            if let Err(error) = &result {
                engine.refused(&change, error);
            }
            // After the answer: removing old directories is nobody's concern who waits for one.
            let generations = engine.generations.clone();
            tokio::task::spawn_blocking(move || {
                if let Err(error) = generations.prune() {
                    tracing::warn!(%error, "old generations could not be removed");
                }
            });
            result
        });
        match work.await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "applying a change ended before its time");
                Err(ApplyError::Interrupted)
            }
        }
    }

    async fn run(&self, change: &Change) -> Result<Applied, ApplyError> {
        let turn = self.take_turn().await?;
        self.reached(change, "queued");
        failpoint!("apply.begin");
        let live = self.live();
        if let Some(live) = &live {
            self.settle(turn.permit(), live).await?;
        }
        change.precondition.check(live.as_deref())?;
        let target = self.target().await?;
        let (candidate, running) =
            tokio::join!(self.candidate(change, live.clone(), &target), self.proxy.admin_marker());
        let candidate = candidate?;
        self.reached(change, "rendered");
        failpoint!("apply.after_render");
        let plan = plan::plan(live.as_deref(), &candidate, running.as_deref());
        self.reached(change, "planned");
        failpoint!("apply.after_plan");
        let step = act::Step { engine: self, permit: turn.permit(), change, live: live.as_ref() };
        let action = plan.action.name();
        let live = match plan.action {
            Action::Reload => Box::pin(step.reload(candidate)).await?,
            Action::Runtime(operations) => Box::pin(step.runtime(candidate, &operations)).await?,
            Action::Nothing => Box::pin(step.record(candidate)).await?,
        };
        self.reached(change, "committed");
        metrics::counter!("plenum_applies_total", "action" => action).increment(1);
        Ok(Applied { live, action })
    }

    /// Waits for the turn of a change, and for the end of a backup, with one deadline for both.
    pub(crate) async fn take_turn(&self) -> Result<Turn<'_>, ApplyError> {
        let both = async { Turn { _turn: self.turn.lock().await, permit: self.db.gate().enter().await } };
        tokio::time::timeout(self.settings.queue, both).await.map_err(|_| match self.db.gate().paused_for() {
            Some(left) => ApplyError::Held(left),
            None => ApplyError::Busy,
        })
    }

    /// Reads, checks and renders on a thread that may be kept busy: ten thousand backends take tens of milliseconds.
    async fn candidate(
        &self,
        change: &Change,
        live: Option<Arc<Live>>,
        target: &Target,
    ) -> Result<Candidate, ApplyError> {
        let (edit, directives) = (change.edit.clone(), change.directives);
        let (target, clock) = (target.clone(), Arc::clone(&self.clock));
        let actor = change.actor.clone();
        blocking(move || {
            let mut document = Candidate::read(&edit, live.as_deref())?;
            let current = live.as_ref().map(|live| &*live.document);
            if !directives && !directives::same(current, &document) {
                return Err(ApplyError::Directives);
            }
            Arc::make_mut(&mut document).touch(clock.now(), Some(&actor), current.map(|current| &current.meta));
            Candidate::derive(document, &target)
        })
        .await?
    }

    /// What rendering must know, with the version of the HAProxy that is installed now.
    async fn target(&self) -> Result<Target, ApplyError> {
        let probe = self.proxy.probe().await.map_err(|error| {
            ApplyError::rejected(format!(
                "HAProxy cannot be asked for its version: {error}; is it installed, and is haproxy.bin right?"
            ))
        })?;
        Ok(self.settings.target.clone().of(&probe))
    }
}

impl Precondition {
    fn check(&self, live: Option<&Live>) -> Result<(), ApplyError> {
        let holds = match (self, live) {
            (Precondition::None, _) | (Precondition::Exists, Some(_)) => true,
            (Precondition::Hash(hashes), Some(live)) => hashes.iter().any(|hash| hash == live.hash()),
            (Precondition::Hash(_) | Precondition::Exists, None) => false,
        };
        if holds { Ok(()) } else { Err(ApplyError::Precondition { etag: live.map(|live| live.hash().to_owned()) }) }
    }
}

/// Runs `work` where it may take its time; a panic in it is an error here.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApplyError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work on a document ended before its time");
        ApplyError::Interrupted
    })
}
