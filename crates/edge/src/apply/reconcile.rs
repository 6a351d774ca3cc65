//! Making disk and HAProxy agree with the store: at the start, and whenever they differ.
//!
//! The store's newest snapshot is the truth. Whatever a crash, a hand or another program did to the generation on disk or
//! to the running HAProxy, the answer is the same: render the stored document, put it in place, load it, verify.

use std::sync::{Arc, atomic::Ordering};

use haproxy::Verdict;
use platform::{
    audit::{self, Entry, Outcome},
    db::Permit,
    secrets::Vault,
};
use serde_json::json;

use super::{
    ApplyError, Candidate, Engine, Live, act, blocking, candidate, generation::Number, intent::Intent, overlay::Overlay,
};
use crate::{
    state::{self, Document},
    store::{self, Row, Settings},
};

/// What the reconciler found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Everything agreed.
    Agreed,
    /// These differed and agree now.
    Repaired(Vec<&'static str>),
    /// There is no document yet.
    Empty,
}

impl Engine {
    /// Reads the current document from the store. Call once, before anything else.
    ///
    /// A document that cannot be rendered now (HAProxy is missing, or older than before) is live all the same: it can be read
    /// and mended. One that cannot be read at all is remembered as trouble, so that nobody is told that there is none.
    pub async fn load(&self) -> Result<(), ApplyError> {
        let loaded = self.load_newest().await;
        self.trouble.store(loaded.as_ref().err().map(|error| Arc::new(error.to_string())));
        if let Some(live) = loaded? {
            self.live.store(Some(Arc::new(live)));
            let pending = Settings::Intent.get(&self.db).await?.is_some_and(|text| !text.is_empty());
            self.unsettled.store(pending, Ordering::Release);
        }
        Ok(())
    }

    async fn load_newest(&self) -> Result<Option<Live>, ApplyError> {
        let Some((row, text)) = self.newest_readable().await? else { return Ok(None) };
        let (vault, opening, meta) = (Arc::clone(&self.vault), Arc::clone(&text), row.meta.clone());
        let document = Arc::new(blocking(move || open(&opening, &meta, &vault)).await??);
        match self.rendered(&document).await {
            Ok(candidate) => {
                let generation = self.generations.current().unwrap_or(0);
                Ok(Some(Live::new(candidate, row, text, generation)))
            }
            Err(error) => {
                tracing::error!(error = error.summary(), "the stored document cannot be rendered");
                Ok(Some(Live::unrendered(document, row, text)))
            }
        }
    }

    /// Renders a stored document for the HAProxy that is installed now.
    async fn rendered(&self, document: &Arc<Document>) -> Result<Candidate, ApplyError> {
        let (target, document) = (self.target().await?, Arc::clone(document));
        blocking(move || Candidate::derive(document, &target)).await?
    }

    /// The newest snapshot that can be read. Damaged ones are named in the log and left as they are; a document that stands in
    /// for one takes its place in the order, so that what is stored next follows it and is stored whole.
    async fn newest_readable(&self) -> Result<Option<(Row, Arc<str>)>, ApplyError> {
        let Some(newest) = store::newest(&self.db).await? else { return Ok(None) };
        match store::text(&self.db, &newest).await {
            Ok(text) => return Ok(Some((newest, text.into()))),
            Err(error @ store::StoreError::Database(_)) => return Err(error.into()),
            Err(error) => tracing::error!(%error, "the current document is damaged"),
        }
        for row in store::list(&self.db).await?.iter().skip(1) {
            match store::text(&self.db, row).await {
                Ok(text) => {
                    tracing::error!(snapshot = row.id, "the last good snapshot stands in for the damaged ones");
                    let row = Row { seq: newest.seq, id: newest.id.clone(), depth: i64::MAX, ..row.clone() };
                    return Ok(Some((row, text.into())));
                }
                Err(error @ store::StoreError::Database(_)) => return Err(error.into()),
                Err(error) => tracing::error!(%error, "a snapshot is damaged"),
            }
        }
        Err(ApplyError::rejected(
            "no stored document can be read; restore the database from a backup, or PUT a document",
        ))
    }

    /// Whether what is live stands in for a damaged snapshot, and must be stored again.
    pub fn is_stand_in(&self) -> bool {
        self.live().is_some_and(|live| live.row.depth == i64::MAX)
    }

    /// The document of one snapshot.
    pub async fn stored_document(&self, row: &Row) -> Result<Document, ApplyError> {
        let text = store::text(&self.db, row).await?;
        let (meta, vault) = (row.meta.clone(), Arc::clone(&self.vault));
        blocking(move || open(&text, &meta, &vault)).await?
    }

    /// Whether HAProxy was stopped on purpose.
    pub async fn is_stopped(&self) -> Result<bool, ApplyError> {
        Ok(Settings::HaproxyStopped.get(&self.db).await?.as_deref() == Some("yes"))
    }

    /// Compares, repairs, verifies. Waits for a running change.
    ///
    /// What keeps failing is tried ever less often: a reload that cannot succeed must not become a storm of them.
    pub async fn reconcile(&self) -> Result<Reconciled, ApplyError> {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures > 2 && !failures.is_power_of_two() {
            self.failures.fetch_add(1, Ordering::Relaxed);
            return Err(ApplyError::rejected(
                "HAProxy does not load the stored configuration; waiting before the next attempt",
            ));
        }
        let result = Box::pin(self.compare_and_repair()).await;
        match &result {
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
            Err(_) => _ = self.failures.fetch_add(1, Ordering::Relaxed),
        }
        result
    }

    async fn compare_and_repair(&self) -> Result<Reconciled, ApplyError> {
        let turn = self.take_turn().await?;
        let Some(live) = self.live() else { return Ok(Reconciled::Empty) };
        let live = self.for_installed(live).await?;
        let mut repaired = Vec::new();
        let number = match self.held_by(&live).await? {
            Some(number) => number,
            None => {
                repaired.push("the generation on disk");
                self.rebuild(&live).await?
            }
        };
        if live.generation != number {
            self.live.store(Some(Arc::new(live.in_generation(number))));
        }
        if !self.is_stopped().await? && !self.proxy.is_absent().await {
            // Where the disk held something else, a daemon that died may have asked for a reload of it that is still under way:
            // the marker is then that of a worker about to be replaced. Our reload comes after it, and settles it.
            let runs = self.proxy.marker().await.is_some_and(|marker| marker == live.marker);
            if !runs || !repaired.is_empty() {
                self.reload_to(&live).await?;
                repaired.push("the running HAProxy");
            }
            if self.settle(turn.permit(), &live).await? > 0 {
                repaired.push("values of the running HAProxy");
            }
        }
        self.generations.prune()?;
        self.proxy.trim_log().await;
        if repaired.is_empty() {
            return Ok(Reconciled::Agreed);
        }
        self.note(turn.permit(), &repaired).await?;
        Ok(Reconciled::Repaired(repaired))
    }

    /// The live document as the HAProxy that is installed now wants it; rendered again only if that is another one than before.
    async fn for_installed(&self, live: Arc<Live>) -> Result<Arc<Live>, ApplyError> {
        if live.is_rendered() && live.version == self.target().await?.version.to_string() {
            return Ok(live);
        }
        let candidate = self.rendered(&live.document).await?;
        let fresh = Arc::new(Live::new(candidate, live.row.clone(), Arc::clone(&live.text), live.generation));
        self.live.store(Some(Arc::clone(&fresh)));
        Ok(fresh)
    }

    /// The current generation, if its files are exactly those of the live document.
    async fn held_by(&self, live: &Arc<Live>) -> Result<Option<Number>, ApplyError> {
        let (generations, live) = (self.generations.clone(), Arc::clone(live));
        blocking(move || generations.current().filter(|number| generations.holds(*number, &live.files))).await
    }

    /// A fresh generation of the stored document in place of one that is missing, damaged or edited by hand.
    async fn rebuild(&self, live: &Arc<Live>) -> Result<Number, ApplyError> {
        let (generations, files) = (self.generations.clone(), Arc::clone(&live.files));
        let number = blocking(move || generations.build(&files)).await??;
        self.generations.swap(number)?;
        Ok(number)
    }

    /// Loads the current generation, carrying over what was changed by hand.
    pub(crate) async fn load_carrying_overlay(&self) -> Result<Verdict, haproxy::Error> {
        let live = self.live();
        let overlay = match &live {
            Some(live) => Overlay::read(self.proxy.admin(), live).await.ok(),
            None => None,
        };
        let verdict = self.proxy.load().await?;
        if let (Verdict::Success { .. }, Some(live), Some(overlay)) = (&verdict, &live, overlay) {
            overlay.restore(self.proxy.admin(), &live.document, &live.document).await;
        }
        Ok(verdict)
    }

    async fn reload_to(&self, live: &Live) -> Result<(), ApplyError> {
        let output = match self.load_carrying_overlay().await {
            Ok(Verdict::Success { .. }) => {
                return match self.proxy.marker().await {
                    Some(marker) if marker == live.marker => Ok(()),
                    _ => Err(ApplyError::rejected(format!(
                        "HAProxy reloads but does not run the stored configuration; does it read {}?",
                        self.generations.config_path().display()
                    ))),
                };
            }
            Ok(Verdict::Failed { log }) => log,
            Ok(Verdict::Unknown(unknown)) => format!("{unknown:?}"),
            Err(error) => error.to_string(),
        };
        Err(ApplyError::Rejected {
            message: "HAProxy does not load the stored configuration".to_owned(),
            output,
            hints: Vec::new(),
        })
    }

    /// Gives what an interrupted runtime change touched the committed document's values. Returns how many were set.
    ///
    /// Where HAProxy does not take them at run time, a reload gives it all values of the document.
    pub(super) async fn settle(&self, permit: &Permit, live: &Live) -> Result<usize, ApplyError> {
        if !self.unsettled.load(Ordering::Acquire) {
            return Ok(0);
        }
        let text = Settings::Intent.get(&self.db).await?.unwrap_or_default();
        // An intent that cannot be read was written by another version; a reload settles that too.
        let operations = serde_json::from_str::<Intent>(&text).map(|intent| intent.settle(&live.document));
        let done = match &operations {
            Ok(operations) => act::operate(self, operations).await,
            Err(error) => Err(ApplyError::rejected(error.to_string())),
        };
        if let Err(error) = done {
            tracing::warn!(error = error.summary(), "values of an interrupted change are settled by a reload");
            self.reload_to(live).await?;
        }
        let mut tx = self.db.begin_under(permit).await?;
        Settings::Intent.set(&mut tx, "").await?;
        tx.commit().await?;
        self.unsettled.store(false, Ordering::Release);
        Ok(operations.map_or(1, |operations| operations.len()))
    }

    async fn note(&self, permit: &Permit, repaired: &[&'static str]) -> Result<(), ApplyError> {
        tracing::warn!(repaired = repaired.join(", "), "made disk and HAProxy agree with the stored document");
        let mut tx = self.db.begin_under(permit).await?;
        let details = json!({ "repaired": repaired });
        let entry = Entry::new("system", "haproxy", "reconcile").details(details);
        audit::record(&mut tx, entry, Outcome::Ok).await?;
        Ok(tx.commit().await?)
    }
}

/// Opens a stored text.
fn open(text: &str, meta: &str, vault: &Vault) -> Result<Document, ApplyError> {
    // What the document holds is the envelope without its prefix; see `state::read_stored`.
    let unseal = |sealed: &str| {
        vault.open(candidate::SEALED_FOR, &format!("{}{sealed}", shape::SEALED)).ok().map(|clear| clear.to_string())
    };
    Ok(state::read_stored(text, meta, &unseal)?)
}
