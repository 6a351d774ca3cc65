//! What the outside said, until it is too old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Said;
use crate::name::Name;

/// How many entries are looked at to find one that can go, when there is no room.
const CANDIDATES: usize = 16;

/// What was said, and for how long it holds.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) said: Said,
    since: Instant,
    until: Instant,
}

impl Kept {
    pub(crate) fn now(said: Said, seconds: u32) -> Self {
        let since = Instant::now();
        Self { said, since, until: since + Duration::from_secs(u64::from(seconds)) }
    }

    /// For how many seconds it has been kept.
    pub(crate) fn age(&self, now: Instant) -> u32 {
        u32::try_from(now.saturating_duration_since(self.since).as_secs()).unwrap_or(u32::MAX)
    }

    /// For how many seconds it still holds.
    pub(crate) fn left(&self, now: Instant) -> u32 {
        u32::try_from(self.until.saturating_duration_since(now).as_secs()).unwrap_or(u32::MAX)
    }
}

/// Answers by question, of a bounded number.
#[derive(Debug)]
pub(crate) struct Memory {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_question: HashMap<Box<[u8]>, Arc<Kept>>,
    // How often everything was forgotten.
    epoch: u64,
}

/// A time between two moments of forgetting: what was asked in one is not to be remembered in the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

impl Memory {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.entries().epoch)
    }

    pub(crate) fn get(&self, name: &Name, kind: u16, now: Instant) -> Option<Arc<Kept>> {
        let mut buffer = [0; KEY];
        let key = key(name, kind, &mut buffer);
        self.entries().by_question.get(key).filter(|kept| kept.until > now).cloned()
    }

    /// Remembers what was asked in `asked`.
    pub(crate) fn put(&self, name: &Name, kind: u16, kept: Arc<Kept>, asked: Epoch) {
        let mut buffer = [0; KEY];
        let key = key(name, kind, &mut buffer);
        let mut guard = self.entries();
        if guard.epoch != asked.0 {
            return;
        }
        let entries = &mut guard.by_question;
        if self.capacity == 0 || kept.until <= kept.since {
            entries.remove(key);
            return;
        }
        if entries.len() >= self.capacity && !entries.contains_key(key) {
            // A map has no order that a stranger could know, so the first few are as good as any.
            let first = entries.iter().take(CANDIDATES).min_by_key(|(_, kept)| kept.until);
            if let Some(oldest) = first.map(|(key, _)| key.clone()) {
                entries.remove(&oldest);
            }
        }
        entries.insert(key.into(), kept);
    }

    pub(crate) fn clear(&self) -> u64 {
        let old = {
            let mut entries = self.entries();
            entries.epoch += 1;
            std::mem::take(&mut entries.by_question)
        };
        old.len() as u64
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries().by_question.len() as u64
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        // Every change is a single call, so a panic elsewhere leaves nothing half done.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest name and a type.
const KEY: usize = 257;

fn key<'a>(name: &Name, kind: u16, buffer: &'a mut [u8; KEY]) -> &'a [u8] {
    let length = name.wire().len();
    buffer[..length].copy_from_slice(name.wire());
    buffer[length..length + 2].copy_from_slice(&kind.to_be_bytes());
    &buffer[..length + 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(seconds: u32) -> Arc<Kept> {
        Arc::new(Kept::now(Said::Failed("x".to_owned()), seconds))
    }

    #[test]
    fn answers_are_kept_until_they_are_too_old() {
        let memory = Memory::new(10);
        let name = Name::parse("a.example").unwrap();
        memory.put(&name, 1, kept(60), memory.epoch());
        let now = Instant::now();
        let found = memory.get(&name, 1, now + Duration::from_secs(30)).unwrap();
        assert_eq!(found.age(now + Duration::from_secs(30)), 30);
        assert!((29..=30).contains(&found.left(now + Duration::from_secs(30))));
        assert!(memory.get(&name, 1, now + Duration::from_secs(61)).is_none());
        assert!(memory.get(&name, 28, now).is_none());
        assert!(memory.get(&Name::parse("b.example").unwrap(), 1, now).is_none());
        let before = memory.epoch();
        assert_eq!((memory.clear(), memory.len()), (1, 0));
        // An answer to a question from before comes too late to be remembered.
        memory.put(&name, 1, kept(60), before);
        assert_eq!(memory.len(), 0);
    }

    #[test]
    fn v23_there_is_room_for_so_many_only() {
        let memory = Memory::new(100);
        for at in 0..1000 {
            memory.put(&Name::parse(&format!("{at}.example")).unwrap(), 1, kept(60), memory.epoch());
        }
        assert_eq!(memory.len(), 100);
        memory.put(&Name::parse("zero.example").unwrap(), 1, kept(0), memory.epoch());
        assert!(memory.get(&Name::parse("zero.example").unwrap(), 1, Instant::now()).is_none());
    }
}
