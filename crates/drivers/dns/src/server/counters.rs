//! What a server has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::forward::Said;

/// What a server has done since its start. Every query is counted in one of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Answered from the zone or by a standard, be it that there is no such name.
    pub answered: u64,
    /// Answered from what was remembered of the upstream servers.
    pub remembered: u64,
    /// Answered by the upstream servers.
    pub forwarded: u64,
    /// Not answered by them.
    pub failed: u64,
    /// Answered by them with a private address, and not believed.
    pub rebinding: u64,
    /// Refused: not allowed, or not offered.
    pub refused: u64,
    /// No query at all.
    pub malformed: u64,
    /// How many answers of the upstream servers are remembered now.
    pub entries: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    answered: AtomicU64,
    remembered: AtomicU64,
    forwarded: AtomicU64,
    failed: AtomicU64,
    rebinding: AtomicU64,
    refused: AtomicU64,
    malformed: AtomicU64,
}

impl Counters {
    pub(super) fn answered(&self) {
        self.answered.fetch_add(1, Relaxed);
    }

    pub(super) fn remembered(&self) {
        self.remembered.fetch_add(1, Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn malformed(&self) {
        self.malformed.fetch_add(1, Relaxed);
    }

    pub(super) fn forwarded(&self, said: &Said) {
        let counter = match said {
            Said::Records(_) | Said::Nothing { .. } => &self.forwarded,
            Said::Rebinding(_) => &self.rebinding,
            Said::Failed(_) => &self.failed,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self, entries: u64) -> Statistics {
        Statistics {
            answered: self.answered.load(Relaxed),
            remembered: self.remembered.load(Relaxed),
            forwarded: self.forwarded.load(Relaxed),
            failed: self.failed.load(Relaxed),
            rebinding: self.rebinding.load(Relaxed),
            refused: self.refused.load(Relaxed),
            malformed: self.malformed.load(Relaxed),
            entries,
        }
    }
}
