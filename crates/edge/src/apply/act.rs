//! Steps 4 to 10 of an apply: from a plan to a committed, running configuration, or back.

use std::sync::{Arc, atomic::Ordering};

use haproxy::{
    Verdict,
    admin::Text,
    bind::{self, BindError, Reason},
};
use platform::{audit::AuditId, db::Permit, failpoint};

use super::{
    ApplyError, Candidate, Change, Engine, Live, blocking,
    candidate::Sealed,
    commit,
    generation::{CONFIG_FILE, KEEPALIVED_FILE, Number},
    hints,
    intent::Intent,
    overlay::Overlay,
    plan::Operation,
    proxy::Mode,
};
use crate::{render::Listen, state::Document, store};

/// One change on its way, with what all its steps need.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) engine: &'a Engine,
    pub(super) permit: &'a Permit,
    pub(super) change: &'a Change,
    pub(super) live: Option<&'a Arc<Live>>,
}

impl Step<'_> {
    /// Nothing to do but to store: the configuration is the same, though the document may not be.
    pub(super) async fn record(self, candidate: Candidate) -> Result<Arc<Live>, ApplyError> {
        let audit = commit::open(self, "none", None, None).await?;
        let stored = self.pack(&candidate).await?;
        let generation = self.live.map_or(0, |live| live.generation);
        commit::commit(self, audit, candidate, stored, generation, "none").await
    }

    /// Over the admin socket. The generation is written all the same, so that the next reload keeps the values.
    ///
    /// HAProxy's checker is not asked: an equal marker means that only integers and IP literals changed, which the schema
    /// has checked, and map entries, which cannot make a configuration invalid.
    pub(super) async fn runtime(self, candidate: Candidate, operations: &[Operation]) -> Result<Arc<Live>, ApplyError> {
        let engine = self.engine;
        let (generations, files) = (engine.generations.clone(), Arc::clone(&candidate.files));
        let build = blocking(move || generations.build(&files));
        let intent = Intent::of(operations);
        let (number, audit, packed) =
            tokio::join!(build, commit::open(self, "runtime", None, Some(&intent)), self.pack(&candidate));
        let audit = audit?;
        let number = match number? {
            Ok(number) => number,
            Err(error) => return commit::refuse(self, audit, error.into()).await,
        };
        engine.reached(self.change, "built");
        failpoint!("apply.after_build");
        let done = async {
            engine.generations.swap(number)?;
            failpoint!("apply.after_swap");
            if let Err(refusal) = operate(engine, operations).await {
                // The plan held it for possible and HAProxy does not: then it takes a reload, like everything else.
                tracing::warn!(%refusal, "HAProxy does not take the change at run time; reloading");
                self.check(&candidate, number).await?;
                let overlay = self.overlay().await;
                self.load(&candidate, overlay.as_ref()).await?;
            }
            failpoint!("apply.after_act");
            packed
        };
        match done.await {
            Ok(packed) => match commit::commit(self, audit, candidate, packed, number, "runtime").await {
                Ok(live) => Ok(live),
                Err(error) => self.undo_runtime(&intent, number, audit, error).await,
            },
            Err(error) => self.undo_runtime(&intent, number, audit, error).await,
        }
    }

    /// Through `haproxy -c` and a reload.
    pub(super) async fn reload(self, candidate: Candidate) -> Result<Arc<Live>, ApplyError> {
        let engine = self.engine;
        self.test_binds(&candidate).await?;
        let (generations, files) = (engine.generations.clone(), Arc::clone(&candidate.files));
        let number = blocking(move || generations.write(&files)).await??;
        engine.reached(self.change, "built");
        failpoint!("apply.after_build");
        let generations = engine.generations.clone();
        // The checker keeps one core busy; everything that does not depend on its verdict happens beside it.
        let (checked, synced, audit, packed, overlay) = tokio::join!(
            self.check(&candidate, number),
            blocking(move || generations.sync(number)),
            commit::open(self, "reload", Some(number), None),
            self.pack(&candidate),
            self.overlay(),
        );
        let audit = audit?;
        if let Err(error) = checked.and(synced.and_then(|synced| Ok(synced?))) {
            engine.generations.discard(number);
            return commit::refuse(self, audit, error).await;
        }
        engine.reached(self.change, "validated");
        failpoint!("apply.after_check");
        let before = engine.generations.current();
        let done = async {
            engine.generations.swap(number)?;
            engine.reached(self.change, "swapped");
            failpoint!("apply.after_swap");
            self.load(&candidate, overlay.as_ref()).await?;
            engine.reached(self.change, "verified");
            failpoint!("apply.after_act");
            packed
        };
        let error = match done.await {
            Ok(packed) => match commit::commit(self, audit, candidate, packed, number, "reload").await {
                Ok(live) => return Ok(live),
                Err(error) => error,
            },
            Err(error) => error,
        };
        self.roll_back(before, number, overlay.as_ref()).await;
        commit::refuse(self, audit, error).await
    }

    /// HAProxy's own checker, and keepalived's where the document wants keepalived.
    async fn check(&self, candidate: &Candidate, number: Number) -> Result<(), ApplyError> {
        let directory = self.engine.generations.dir(number);
        match self.engine.proxy.accepts(&directory, CONFIG_FILE).await {
            Ok(check) if check.ok => {}
            Ok(check) if check.timed_out => {
                return Err(ApplyError::rejected(
                    "HAProxy's checker did not finish in time; see haproxy.checkTimeoutMs",
                ));
            }
            Ok(check) => return Err(rejected("HAProxy rejects the configuration", &check.output, candidate)),
            Err(error) => return Err(ApplyError::rejected(format!("HAProxy's checker cannot be run: {error}"))),
        }
        match candidate.rendered.keepalived {
            Some(_) => {
                super::preview::check_keepalived(&self.engine.settings.keepalived, &directory.join(KEEPALIVED_FILE))
                    .await
            }
            None => Ok(()),
        }
    }

    /// Reload, carry the overlay over, and ask the worker itself what it runs.
    async fn load(&self, candidate: &Candidate, overlay: Option<&Overlay>) -> Result<(), ApplyError> {
        let engine = self.engine;
        if engine.is_stopped().await? {
            return Ok(());
        }
        if engine.proxy.is_absent().await {
            tracing::warn!(
                config = %engine.generations.config_path().display(),
                "the external HAProxy does not run; the configuration is in place for its start"
            );
            return Ok(());
        }
        match engine.proxy.load().await {
            Ok(Verdict::Success { .. }) => {}
            Ok(Verdict::Failed { log }) => {
                return Err(rejected("HAProxy refused to load the configuration", &log, candidate));
            }
            Ok(Verdict::Unknown(unknown)) => {
                return Err(ApplyError::rejected(format!(
                    "HAProxy did not say whether it loaded the configuration: {unknown:?}"
                )));
            }
            Err(error) => return Err(ApplyError::rejected(format!("HAProxy cannot be reached for a reload: {error}"))),
        }
        engine.reached(self.change, "loaded");
        failpoint!("apply.after_reload");
        if let (Some(overlay), Some(live)) = (overlay, self.live) {
            overlay.restore(engine.proxy.admin(), &live.document, &candidate.document).await;
        }
        failpoint!("apply.after_overlay");
        match engine.proxy.marker().await {
            Some(marker) if marker == candidate.rendered.marker => Ok(()),
            Some(_) => Err(ApplyError::rejected("HAProxy says that it loaded the configuration, but runs another one")),
            None => Err(ApplyError::rejected(
                "HAProxy says that it loaded the configuration, but its admin socket does not answer",
            )),
        }
    }

    /// Puts the generation before back, and HAProxy with it. Failures are logged: the reconciler tries again.
    async fn roll_back(&self, before: Option<Number>, failed: Number, overlay: Option<&Overlay>) {
        let engine = self.engine;
        let Some(before) = before else { return self.leave_nothing(failed).await };
        if let Err(error) = engine.generations.swap(before) {
            tracing::error!(%error, "the generation before could not be put back; the reconciler will");
            return;
        }
        failpoint!("apply.rollback.after_swap");
        match engine.is_stopped().await {
            Ok(false) if engine.proxy.is_absent().await => return engine.generations.discard(failed),
            Ok(false) => {}
            Ok(true) => return engine.generations.discard(failed),
            Err(error) => tracing::error!(%error, "whether HAProxy is stopped on purpose cannot be read"),
        }
        let verdict = engine.proxy.load().await;
        match (&verdict, self.live) {
            (Ok(Verdict::Success { .. }), Some(live)) => {
                if let Some(overlay) = overlay {
                    overlay.restore(engine.proxy.admin(), &live.document, &live.document).await;
                }
            }
            (Ok(Verdict::Success { .. }), None) => {}
            (other, _) => tracing::error!(?other, "HAProxy could not be put back; the reconciler tries again"),
        }
        engine.generations.discard(failed);
    }

    /// There was nothing before: no configuration counts, and a HAProxy that Plenum started for this one ends.
    async fn leave_nothing(&self, failed: Number) {
        let engine = self.engine;
        if matches!(engine.proxy.mode(), Mode::Managed(_))
            && let Err(error) = engine.proxy.stop().await
        {
            tracing::error!(%error, "a HAProxy that runs a refused configuration could not be stopped");
        }
        if let Err(error) = engine.generations.clear_current() {
            tracing::error!(%error, "the link to a refused configuration could not be removed");
        }
        engine.generations.discard(failed);
    }

    /// Takes back what a runtime change did.
    async fn undo_runtime(
        &self,
        intent: &Intent,
        number: Number,
        audit: AuditId,
        error: ApplyError,
    ) -> Result<Arc<Live>, ApplyError> {
        let (engine, mut settled) = (self.engine, false);
        if let Some(live) = self.live {
            if let Err(left) = engine.generations.swap(live.generation) {
                tracing::error!(error = %left, "the generation before could not be put back; the reconciler will");
            }
            match operate(engine, &intent.settle(&live.document)).await {
                Ok(()) => settled = true,
                Err(left) => {
                    tracing::error!(error = %left, "values could not be put back at run time; the reconciler will")
                }
            }
            engine.generations.discard(number);
        }
        engine.unsettled.store(!settled, Ordering::Release);
        commit::refuse(*self, audit, error).await
    }

    /// Binds every listen address that is new, for a moment: the one failure that `haproxy -c` does not see, and that stops
    /// every frontend for two seconds.
    async fn test_binds(&self, candidate: &Candidate) -> Result<(), ApplyError> {
        if self.engine.is_stopped().await? {
            return Ok(());
        }
        // What the running worker holds is not new. Without a worker, nothing is held.
        let held = match self.live {
            Some(live) if self.engine.proxy.is_running().await => live.listens.as_slice(),
            _ => &[],
        };
        let fresh = new_listens(held, &candidate.rendered.listens);
        if fresh.is_empty() {
            return Ok(());
        }
        let (document, managed) =
            (Arc::clone(&candidate.document), matches!(self.engine.proxy.mode(), Mode::Managed(_)));
        blocking(move || bind_all(&fresh, &document, managed)).await?
    }

    async fn overlay(&self) -> Option<Overlay> {
        let live = self.live?;
        match Overlay::read(self.engine.proxy.admin(), live).await {
            Ok(overlay) => Some(overlay).filter(|overlay| !overlay.is_empty()),
            Err(error) if error.is_absent() => None,
            Err(error) => {
                tracing::warn!(%error, "the running HAProxy cannot be asked what was changed by hand");
                None
            }
        }
    }

    /// Writes, hashes and compresses the document beside everything else.
    async fn pack(&self, candidate: &Candidate) -> Result<(Sealed, store::Packed), ApplyError> {
        let (live, document) = (self.live.cloned(), Arc::clone(&candidate.document));
        let vault = Arc::clone(&self.engine.vault);
        blocking(move || {
            let sealed = Sealed::of(&document, &vault);
            let packed = store::pack(live.as_ref().map(|live| (&live.row, &*live.text)), &sealed.text);
            (sealed, packed)
        })
        .await
    }
}

/// The listens that are not held yet, by what they mean and not by how they are spelt: `:80` is `*:80`.
pub(super) fn new_listens(held: &[Listen], wanted: &[Listen]) -> Vec<Listen> {
    let held: Vec<_> = held.iter().flat_map(|listen| bind::parse(&listen.address)).collect();
    let is_new = |listen: &&Listen| bind::parse(&listen.address).iter().any(|endpoint| !held.contains(endpoint));
    wanted.iter().filter(is_new).cloned().collect()
}

/// Test-binds and turns every failure into a hint on the bind in the document.
///
/// An HAProxy that somebody else started may have other rights than Plenum, and may hold the address itself: then only what
/// a stranger holds, or what is no address of this machine, counts.
pub(super) fn bind_all(fresh: &[Listen], document: &Document, managed: bool) -> Result<(), ApplyError> {
    let counts = |error: &BindError| match &error.reason {
        _ if managed => true,
        Reason::Denied => false,
        Reason::InUse { holder } => holder.as_ref().is_some_and(|holder| holder.program != "haproxy"),
        Reason::NotLocal | Reason::NoDirectory | Reason::Other(_) => true,
    };
    let hints: Vec<hints::Hint> = bind::try_bind(fresh.iter().map(|listen| listen.address.as_str()))
        .into_iter()
        .filter(|(_, error)| counts(error))
        .filter_map(|(address, error)| {
            let listen = fresh.iter().find(|listen| listen.address == address)?;
            Some(hints::cannot_bind(listen, &error.to_string(), document))
        })
        .collect();
    if hints.is_empty() {
        return Ok(());
    }
    let message = "an address of the document cannot be listened on; nothing was reloaded".to_owned();
    Err(ApplyError::Rejected { message, output: String::new(), hints })
}

pub(super) fn rejected(message: &str, output: &str, candidate: &Candidate) -> ApplyError {
    ApplyError::Rejected {
        message: message.to_owned(),
        output: output.to_owned(),
        hints: hints::from_output(output, &candidate.document, &candidate.rendered.source),
    }
}

/// Runs the operations; the first refusal is the result.
pub(super) async fn operate(engine: &Engine, operations: &[Operation]) -> Result<(), ApplyError> {
    let admin = engine.proxy.admin();
    let refused =
        |what: &str, error: haproxy::Error| ApplyError::rejected(format!("HAProxy refused to {what}: {error}"));
    // Servers first and all on one connection: two hundred changes take about a millisecond.
    let mut changes = Vec::new();
    for operation in operations {
        if let Some(change) = operation.change() {
            changes.push(change.map_err(|error| refused(&operation.describe(), error))?);
        }
    }
    for (change, result) in
        changes.iter().zip(admin.change_all(&changes).await.map_err(|error| refused("change servers", error))?)
    {
        result.map_err(|error| refused(&format!("{change:?}"), error))?;
    }
    for operation in operations {
        if let Operation::Map { file, entries } = operation {
            let replaced = async {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Ok((Text::new(key)?, Text::new(value)?)))
                    .collect::<Result<Vec<_>, _>>()?;
                admin.replace_map(&Text::new(file)?, &entries).await
            };
            replaced.await.map_err(|error| refused(&operation.describe(), error))?;
        }
    }
    Ok(())
}
