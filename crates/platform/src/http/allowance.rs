//! A bound on what strangers can make us write: so many a minute, the rest only counted.
//!
//! Rate limits bound one address; this bounds all of them together, so that a flood from many addresses can neither fill the
//! audit log nor push what matters out of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);

/// So many a minute.
#[derive(Debug)]
pub(super) struct Allowance {
    per_minute: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    since: Instant,
    used: u32,
    suppressed: u64,
}

impl Allowance {
    pub(super) fn per_minute(per_minute: u32) -> Self {
        let state = State { since: Instant::now(), used: 0, suppressed: 0 };
        Self { per_minute, state: Mutex::new(state) }
    }

    /// Takes one. `Some(n)`: go on, and `n` were suppressed since the last one that went on. `None`: not now.
    pub(super) fn take(&self) -> Option<u64> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(state.since) >= WINDOW {
            state.since = now;
            state.used = 0;
        }
        if state.used >= self.per_minute {
            state.suppressed += 1;
            return None;
        }
        state.used += 1;
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_counted_and_told_later() {
        let allowance = Allowance::per_minute(2);
        let now = Instant::now();
        assert_eq!(allowance.take_at(now), Some(0));
        assert_eq!(allowance.take_at(now), Some(0));
        for _ in 0..1000 {
            assert_eq!(allowance.take_at(now), None);
        }
        let later = now + WINDOW;
        assert_eq!(allowance.take_at(later), Some(1000));
        assert_eq!(allowance.take_at(later), Some(0));
        assert_eq!(allowance.take_at(later), None);
    }
}
