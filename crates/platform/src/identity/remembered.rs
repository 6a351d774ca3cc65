//! What is remembered in memory about verified credentials: who they belong to, and when they were last used.
//!
//! Keys are HMACs under a key that exists only in this process, so a dump of the table gives no credential away. An
//! entry counts for a minute, and only while nothing about identities has changed since it was made; on a shared database,
//! where another node may have changed something, only for half a second.

use std::collections::HashMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{Caller, Error};

const MOST: usize = 4096;
const TRUSTED: Duration = Duration::from_secs(60);
const TRUSTED_WHILE_SHARED: Duration = Duration::from_millis(500);

/// The keyed hash of one credential.
pub(super) type Key = [u8; 32];

#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) caller: Arc<Caller>,
    /// The stored hash that was checked: while it stays the same, the secret need not be checked again.
    pub(super) stored_hash: Arc<str>,
    /// The version of identities that this was read under.
    pub(super) version: u64,
    pub(super) read_at: Instant,
    /// When the session was last used; uses that are written down are no longer in the table of uses.
    pub(super) seen: Arc<AtomicI64>,
}

pub(super) struct Remembered {
    key: Zeroizing<[u8; 64]>,
    shared: bool,
    known: Mutex<HashMap<Key, Known>>,
    uses: Mutex<Uses>,
}

#[derive(Default)]
struct Uses {
    sessions: HashMap<String, i64>,
    tokens: HashMap<String, i64>,
}

impl Remembered {
    pub(super) fn new(shared: bool) -> Result<Self, Error> {
        let mut key = Zeroizing::new([0; 64]);
        getrandom::fill(key.as_mut_slice())?;
        Ok(Self { key, shared, known: Mutex::default(), uses: Mutex::default() })
    }

    /// The key of a credential; `kind` keeps sessions and tokens apart.
    pub(super) fn key(&self, kind: &str, secret: &str) -> Key {
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*self.key).into());
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(secret.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// What is known about a credential, and whether it may be trusted without asking the store.
    pub(super) fn get(&self, key: &Key, version: u64) -> Option<(Known, bool)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()?;
        let trusted = if self.shared { TRUSTED_WHILE_SHARED } else { TRUSTED };
        let fresh = known.version == version && known.read_at.elapsed() < trusted;
        Some((known, fresh))
    }

    pub(super) fn put(&self, key: Key, known: Known) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&key) {
            let version = known.version;
            all.retain(|_, known| known.version == version);
            if all.len() >= MOST {
                all.clear();
            }
        }
        all.insert(key, known);
    }

    pub(super) fn forget(&self, key: &Key) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    pub(super) fn use_session(&self, id: &str, at: i64) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        match uses.sessions.get_mut(id) {
            Some(last) => *last = at.max(*last),
            None => drop(uses.sessions.insert(id.to_owned(), at)),
        }
    }

    pub(super) fn use_token(&self, key_id: &str, at: i64) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        match uses.tokens.get_mut(key_id) {
            Some(last) => *last = at.max(*last),
            None => drop(uses.tokens.insert(key_id.to_owned(), at)),
        }
    }

    pub(super) fn session_used(&self, id: &str) -> Option<i64> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).sessions.get(id).copied()
    }

    pub(super) fn token_used(&self, key_id: &str) -> Option<i64> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).tokens.get(key_id).copied()
    }

    pub(super) fn take_uses(&self) -> (HashMap<String, i64>, HashMap<String, i64>) {
        let uses = std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        (uses.sessions, uses.tokens)
    }

    pub(super) fn put_back_uses(&self, sessions: HashMap<String, i64>, tokens: HashMap<String, i64>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, at) in sessions {
            uses.sessions.entry(id).or_insert(at);
        }
        for (key_id, at) in tokens {
            uses.tokens.entry(key_id).or_insert(at);
        }
    }
}
