//! From when to when a certificate is valid, and when to replace it.

use jiff::Timestamp;
use time::OffsetDateTime;

use crate::{Error, Result};

/// 1950-01-01T00:00:00Z, the first instant that RFC 5280 section 4.1.2.5 has a form for.
const FIRST: i64 = -631_152_000;
/// 9999-12-31T23:59:59Z, the last one.
const LAST: i64 = 253_402_300_799;

/// The period in which a certificate is valid, both ends included; parts of a second are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first instant.
    pub not_before: Timestamp,
    /// The last instant.
    pub not_after: Timestamp,
}

impl Validity {
    /// The same period in whole seconds, if a certificate can have it.
    pub(crate) fn checked(self) -> Result<Self> {
        let error = |reason| Err(Error::Validity { not_before: self.not_before, not_after: self.not_after, reason });
        let (Some(not_before), Some(not_after)) = (whole_second(self.not_before), whole_second(self.not_after)) else {
            return error("the years 1950 to 9999 can be written");
        };
        if not_after <= not_before {
            return error("it ends before it begins");
        }
        Ok(Self { not_before, not_after })
    }
}

/// The instant without its part of a second, if a certificate or a list can carry it.
fn whole_second(instant: Timestamp) -> Option<Timestamp> {
    let second = instant.as_nanosecond().div_euclid(1_000_000_000);
    let second = i64::try_from(second).ok().filter(|second| (FIRST..=LAST).contains(second))?;
    Timestamp::from_second(second).ok()
}

/// The instant as the type that the certificate writer wants.
pub(crate) fn written(instant: Timestamp) -> Result<OffsetDateTime> {
    whole_second(instant)
        .and_then(|instant| OffsetDateTime::from_unix_timestamp(instant.as_second()).ok())
        .ok_or(Error::Crypto { reason: format!("the time {instant} cannot be written into a certificate") })
}

/// When to replace a certificate: when two thirds of its life are over, or up to a tenth of its life sooner.
///
/// `spread` is a number from 0 to 1 that the caller draws once for each certificate, so that certificates of the same
/// age are not all replaced at the same moment.
pub fn renew_at(valid: &Validity, spread: f64) -> Timestamp {
    let life = valid.not_after.as_second().saturating_sub(valid.not_before.as_second()).max(0);
    let spread = if spread.is_nan() { 0.0 } else { spread.clamp(0.0, 1.0) };
    let sooner = (life as f64 / 10.0 * spread) as i64;
    let second = valid.not_before.as_second() + life / 3 * 2 + life % 3 * 2 / 3 - sooner;
    Timestamp::from_second(second).unwrap_or(valid.not_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(not_before: &str, not_after: &str) -> Validity {
        Validity { not_before: not_before.parse().unwrap(), not_after: not_after.parse().unwrap() }
    }

    #[test]
    fn renewal_is_at_two_thirds_and_a_little_sooner_for_some() {
        let month = valid("2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z");
        assert_eq!(renew_at(&month, 0.0).to_string(), "2026-01-21T00:00:00Z");
        assert_eq!(renew_at(&month, 0.5).to_string(), "2026-01-19T12:00:00Z");
        assert_eq!(renew_at(&month, 1.0).to_string(), "2026-01-18T00:00:00Z");
        assert_eq!(renew_at(&month, 7.0), renew_at(&month, 1.0));
        assert_eq!(renew_at(&month, f64::NAN), renew_at(&month, 0.0));
        let backwards = valid("2026-01-31T00:00:00Z", "2026-01-01T00:00:00Z");
        assert_eq!(renew_at(&backwards, 0.3), backwards.not_before);
        let widest = Validity { not_before: Timestamp::MIN, not_after: Timestamp::MAX };
        assert!(renew_at(&widest, 0.5) > Timestamp::MIN);
    }

    #[test]
    fn a_period_is_in_whole_seconds_and_ends_after_it_begins() {
        let checked = valid("2026-01-01T00:00:00.9Z", "2026-01-01T00:00:01.1Z").checked().unwrap();
        assert_eq!(checked, valid("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"));
        assert!(valid("2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.9Z").checked().is_err());
        assert!(valid("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z").checked().is_err());
        assert!(valid("1949-12-31T23:59:59Z", "2026-01-01T00:00:00Z").checked().is_err());
        assert!(valid("1950-01-01T00:00:00Z", "9999-12-30T00:00:00Z").checked().is_ok());
    }
}
