//! Making disk and HAProxy agree with the store: at the start, and whenever they differ.
//!
//! The store's newest snapshot is the truth. Whatever a crash, a hand or another program did to the generation on disk or
//! to the running HAProxy, the answer is the same: render the stored document, put it in place, load it, verify.

use std::sync::Arc;

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
    pub async fn load(&self) -> Result<(), ApplyError> {
        let Some((row, text)) = self.newest_readable().await? else { return Ok(()) };
        let target = self.target().await?;
        let vault = Arc::clone(&self.vault);
        let candidate = blocking(move || {
            let document = Arc::new(open(&text, &row.meta, &vault)?);
            let rendered = crate::render::render(&document, &target).map_err(ApplyError::Issues)?;
            Ok::<_, ApplyError>((
                Candidate { document, text, meta: row.meta.clone(), sha: row.sha.clone(), rendered },
                row,
            ))
        });
        let (candidate, row) = candidate.await??;
        let generation = self.generations.current().unwrap_or(0);
        self.live.store(Some(Arc::new(Live::new(candidate, row, generation))));
        Ok(())
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
    pub async fn reconcile(&self) -> Result<Reconciled, ApplyError> {
        let _turn = self.turn.lock().await;
        let permit = self.db.gate().enter().await;
        let Some(live) = self.live() else { return Ok(Reconciled::Empty) };
        let target = self.target().await?;
        let (document, rendering) = (Arc::clone(&live.document), target);
        let rendered =
            blocking(move || crate::render::render(&document, &rendering)).await?.map_err(ApplyError::Issues)?;
        let files = candidate::files(&rendered);
        let mut repaired = Vec::new();

        let number = match self.generations.current().filter(|number| self.generations.holds(*number, &files)) {
            Some(number) => number,
            None => {
                repaired.push("the generation on disk");
                self.rebuild(files).await?
            }
        };
        let same = live.generation == number && live.marker == rendered.marker && *live.cfg == *rendered.cfg;
        let live = if same {
            live
        } else {
            let parts = Candidate {
                document: Arc::clone(&live.document),
                text: Arc::clone(&live.text),
                meta: live.row.meta.clone(),
                sha: live.row.sha.clone(),
                rendered,
            };
            let fresh = Arc::new(Live::new(parts, live.row.clone(), number));
            self.live.store(Some(Arc::clone(&fresh)));
            fresh
        };
        if !self.is_stopped().await? {
            // Where the disk held something else, a daemon that died may have asked for a reload of it that is still under way:
            // the marker is then that of a worker about to be replaced. Our reload comes after it, and settles it.
            let runs = self.proxy.marker().await.is_some_and(|marker| marker == live.marker);
            if !runs || !repaired.is_empty() {
                self.reload_to(&live).await?;
                repaired.push("the running HAProxy");
            }
            if self.settle(&permit, &live).await? > 0 {
                repaired.push("values of the running HAProxy");
            }
        }
        self.generations.prune()?;
        self.proxy.trim_log().await;
        if repaired.is_empty() {
            return Ok(Reconciled::Agreed);
        }
        self.note(&permit, &repaired).await?;
        Ok(Reconciled::Repaired(repaired))
    }

    /// A fresh generation of the stored document in place of one that is missing, damaged or edited by hand.
    async fn rebuild(&self, files: std::collections::BTreeMap<String, Vec<u8>>) -> Result<Number, ApplyError> {
        let generations = self.generations.clone();
        let number = blocking(move || generations.build(&files)).await??;
        self.generations.swap(number)?;
        Ok(number)
    }

    /// Waits for the turn of a change.
    pub(crate) async fn take_turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, ApplyError> {
        tokio::time::timeout(self.settings.queue, self.turn.lock()).await.map_err(|_| ApplyError::Busy)
    }

    /// Loads the current generation, carrying over what was changed by hand.
    pub(crate) async fn load_carrying_overlay(&self) -> Result<Verdict, haproxy::Error> {
        let live = self.live();
        let overlay = match &live {
            Some(live) => Overlay::read(self.proxy.admin(), &live.document).await.ok(),
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
                    _ => Err(ApplyError::rejected("HAProxy does not report the stored configuration")),
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
    async fn settle(&self, permit: &Permit, live: &Live) -> Result<usize, ApplyError> {
        let Some(text) = Settings::Intent.get(&self.db).await?.filter(|text| !text.is_empty()) else { return Ok(0) };
        // An intent that cannot be read was written by another version; a reload would settle it, so nothing is lost.
        let operations =
            serde_json::from_str::<Intent>(&text).map(|intent| intent.settle(&live.document)).unwrap_or_default();
        act::operate(self, &operations).await?;
        let mut tx = self.db.begin_under(permit).await?;
        Settings::Intent.set(&mut tx, "").await?;
        tx.commit().await?;
        Ok(operations.len())
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
