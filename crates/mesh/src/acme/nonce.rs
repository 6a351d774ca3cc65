//! Numbers used once (RFC 8555 section 6.5).
//!
//! A nonce is a counter with a keyed digest, so one that is given out costs no memory and a flood of requests for them
//! fills none. What was used is remembered, the newest so many; everything older than what is remembered is refused, so
//! none can be used twice. The key is this process's own: after a restart clients are told `badNonce` with a new one, and
//! try again.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;

use super::base64;

/// So many used ones are remembered.
const REMEMBERED: usize = 65_536;

/// Gives nonces out and takes each back once.
pub(super) struct Nonces {
    key: hmac::Key,
    next: AtomicU64,
    used: Mutex<Used>,
    most: usize,
}

#[derive(Default)]
struct Used {
    /// All below are refused.
    from: u64,
    numbers: BTreeSet<u64>,
}

impl Nonces {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        Self::remembering(REMEMBERED)
    }

    fn remembering(most: usize) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Ok(Self { key, next: AtomicU64::new(0), used: Mutex::default(), most })
    }

    /// One that was never given out before.
    pub(super) fn give(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        base64::encode([number.as_slice(), hmac::sign(&self.key, &number).as_ref()].concat())
    }

    /// The number of one of ours.
    fn number(&self, nonce: &str) -> Option<u64> {
        let bytes = base64::decode(nonce)?;
        let (number, tag) = bytes.split_first_chunk::<8>()?;
        hmac::verify(&self.key, number, tag).ok()?;
        Some(u64::from_be_bytes(*number))
    }

    /// Whether it is one of ours that can still be used.
    pub(super) fn knows(&self, nonce: &str) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.number(nonce).is_some_and(|number| number >= used.from && !used.numbers.contains(&number))
    }

    /// Uses it up; tells whether it could be used.
    pub(super) fn take(&self, nonce: &str) -> bool {
        let Some(number) = self.number(nonce) else { return false };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if number < used.from || !used.numbers.insert(number) {
            return false;
        }
        if used.numbers.len() > self.most
            && let Some(oldest) = used.numbers.pop_first()
        {
            used.from = oldest + 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_once_and_strangers_never() {
        let (nonces, other) = (Nonces::new().unwrap(), Nonces::new().unwrap());
        let (one, two) = (nonces.give(), nonces.give());
        assert_ne!(one, two);
        assert!(nonces.knows(&one) && nonces.take(&one));
        assert!(!nonces.knows(&one) && !nonces.take(&one));
        assert!(!other.take(&two) && nonces.take(&two));
        for bad in ["", "x", "AAAA", &format!("{two}="), &two[1..], &other.give()] {
            assert!(!nonces.take(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_not_remembered_any_more_is_refused() {
        let nonces = Nonces::remembering(3).unwrap();
        let given: Vec<_> = (0..10).map(|_| nonces.give()).collect();
        for nonce in &given[2..7] {
            assert!(nonces.take(nonce));
        }
        // 2 and 3 are forgotten, so nothing up to 3 can be used, whether it was or not.
        for (at, nonce) in given.iter().enumerate() {
            assert_eq!(nonces.take(nonce), at >= 7, "{at}");
        }
    }
}
