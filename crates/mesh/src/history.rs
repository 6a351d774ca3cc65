//! What the hours of a service were like: how many checks, how many failed, how long answers took. Added up in memory and
//! written every few minutes, all services in one transaction; seven days are kept. A crash loses the last minutes.

use jiff::{SignedDuration, Timestamp};
use platform::{clock, db::Error};

use crate::health::Check;
use crate::{Mesh, store};

/// How far back it goes.
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
const HOUR: i64 = 3600;
/// Rows written in one transaction; others want to write too.
const AT_ONCE: usize = 1000;

/// The checks of a service in an hour, or in a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Hours since the epoch.
    pub number: i64,
    pub checks: u32,
    pub failures: u32,
    /// Milliseconds of all checks that were answered.
    pub ms_sum: u64,
    pub ms_max: u32,
}

impl Hour {
    /// The number of the hour in which something happened.
    #[must_use]
    pub fn of(at: Timestamp) -> i64 {
        at.as_second().div_euclid(HOUR)
    }

    /// When it began.
    #[must_use]
    pub fn begin(&self) -> Timestamp {
        Timestamp::from_second(self.number.saturating_mul(HOUR)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Milliseconds of an answer on average, where there was one.
    #[must_use]
    pub fn ms_average(&self) -> Option<u64> {
        self.ms_sum.checked_div(u64::from(self.checks - self.failures))
    }

    /// Counts a check. One that happened in another hour than the first is counted there too: it is the hour of writing that
    /// is a few minutes off then, not the sums.
    pub(crate) fn add(&mut self, check: Check) {
        if self.checks == 0 {
            self.number = Self::of(check.at);
        }
        self.checks += 1;
        if check.ok {
            self.ms_sum += u64::from(check.ms);
            self.ms_max = self.ms_max.max(check.ms);
        } else {
            self.failures += 1;
        }
    }

    /// Both together.
    fn with(mut self, other: &Self) -> Self {
        self.checks += other.checks;
        self.failures += other.failures;
        self.ms_sum += other.ms_sum;
        self.ms_max = self.ms_max.max(other.ms_max);
        self
    }
}

impl Mesh {
    /// Writes what was added up, and forgets what is too old.
    ///
    /// # Errors
    /// When the store fails. What was to be written is lost then: it is statistics.
    pub async fn keep_history(&self) -> Result<(), Error> {
        for some in self.health.take_hours().chunks(AT_ONCE) {
            let mut tx = self.db.begin().await?;
            for (key, hour) in some {
                store::add_hour(&mut tx, key, hour).await?;
            }
            tx.commit().await?;
        }
        let mut tx = self.db.begin().await?;
        store::forget_hours(&mut tx, Hour::of(clock::plus(self.clock.now(), -KEPT))).await?;
        tx.commit().await
    }

    /// The hours of a service since a moment, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn history(&self, key: &str, since: Timestamp) -> Result<Vec<Hour>, Error> {
        let mut hours = store::hours(&self.db, key, Hour::of(since)).await?;
        let now = self.health.of(key).hour;
        if now.checks > 0 {
            match hours.last_mut().filter(|last| last.number == now.number) {
                Some(last) => *last = last.with(&now),
                None => hours.push(now),
            }
        }
        Ok(hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_add_up() {
        let at = Timestamp::from_second(7200 + 59).unwrap();
        let mut hour = Hour::default();
        for (ok, ms) in [(true, 10), (true, 30), (false, 3000)] {
            hour.add(Check { at, ok, ms });
        }
        assert_eq!(hour, Hour { number: 2, checks: 3, failures: 1, ms_sum: 40, ms_max: 30 });
        assert_eq!((hour.ms_average(), hour.begin().as_second()), (Some(20), 7200));
        let none = Hour { number: 1, checks: 1, failures: 1, ..Hour::default() };
        assert_eq!(none.ms_average(), None);
    }
}
