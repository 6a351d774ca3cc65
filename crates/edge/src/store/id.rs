//! Snapshot ids: `2026-05-17T12-34-56Z-abc1234`, unique, and sorting by text as they were made.
//!
//! The seven hex digits are the place within the second (16 bits, about 15 µs) followed by 12 bits of the content's
//! hash. Where that would not sort after the id before it (two in one tick, or a clock that was set back), the id
//! before it is counted up instead, so ids never go backwards even when the clock does.

use std::fmt;

use jiff::Timestamp;

const SUFFIXES: u32 = 1 << 28;

/// The id of one snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// The id of content with the hash `sha` (hex), stored at `now`, after `last`.
    pub fn after(last: Option<&SnapshotId>, now: Timestamp, sha: &str) -> SnapshotId {
        let tick = u32::try_from(i64::from(now.subsec_nanosecond().max(0)) * 65_536 / 1_000_000_000).unwrap_or(0);
        let content = u32::from_str_radix(sha.get(..3).unwrap_or("0"), 16).unwrap_or(0);
        let candidate = SnapshotId::at(now, (tick << 12) | content);
        match last {
            Some(last) if candidate <= *last => last.next(),
            _ => candidate,
        }
    }

    /// Reads an id, with or without the `.json` that the original's ids end in.
    pub fn parse(text: &str) -> Option<SnapshotId> {
        let text = text.strip_suffix(".json").unwrap_or(text);
        let shape = b"dddd-dd-ddTdd-dd-ddZ-xxxxxxx";
        let fits = text.len() == shape.len()
            && text.bytes().zip(shape).all(|(byte, want)| match want {
                b'd' => byte.is_ascii_digit(),
                b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                literal => byte == *literal,
            });
        fits.then(|| SnapshotId(text.to_owned()))
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn at(second: Timestamp, suffix: u32) -> SnapshotId {
        SnapshotId(format!("{}-{suffix:07x}", second.strftime("%Y-%m-%dT%H-%M-%SZ")))
    }

    fn next(&self) -> SnapshotId {
        let (second, suffix) = self.0.rsplit_once('-').unwrap_or((&self.0, "0"));
        let suffix = u32::from_str_radix(suffix, 16).unwrap_or(0) + 1;
        if suffix < SUFFIXES {
            return SnapshotId(format!("{second}-{suffix:07x}"));
        }
        let parsed = jiff::civil::DateTime::strptime("%Y-%m-%dT%H-%M-%SZ", second)
            .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC))
            .map(|zoned| zoned.timestamp());
        let next_second = parsed.map_or(Timestamp::MAX, |second| {
            second.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
        });
        SnapshotId::at(next_second, 0)
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let id = SnapshotId::after(None, time("2026-05-17T12:34:56.5Z"), "abcdef");
        assert_eq!(id.as_str(), "2026-05-17T12-34-56Z-8000abc");
        assert_eq!(SnapshotId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(SnapshotId::parse(&format!("{id}.json")), Some(id));
    }

    #[test]
    fn f15_ids_sort_and_stay_unique_within_a_tick_and_when_the_clock_jumps_back_a_year() {
        let mut last: Option<SnapshotId> = None;
        for now in [
            "2026-05-17T12:34:56Z",
            "2026-05-17T12:34:56Z",
            "2025-05-17T12:34:56Z",
            "2026-05-17T12:34:57Z",
            "2027-01-01T00:00:00Z",
            "2026-05-17T12:34:57Z",
        ] {
            let id = SnapshotId::after(last.as_ref(), time(now), "fff");
            assert!(last.as_ref().is_none_or(|last| *last < id), "{last:?} must sort before {id:?}");
            assert!(SnapshotId::parse(id.as_str()).is_some());
            last = Some(id);
        }
    }

    #[test]
    fn a_full_second_runs_over_into_the_next() {
        let full = SnapshotId::parse("2026-12-31T23-59-59Z-fffffff").unwrap();
        assert_eq!(full.next().as_str(), "2027-01-01T00-00-00Z-0000000");
    }

    #[test]
    fn v16_other_texts_are_not_ids() {
        for text in [
            "",
            "../../etc/passwd",
            "2026-05-17T12-34-56Z-ABCDEF0",
            "2026-05-17T12-34-56Z-abc123",
            "2026-05-17T12-34-56Z-abc1234/",
            "2026-05-17T12-34-56Z-abc1234.json.json",
        ] {
            assert_eq!(SnapshotId::parse(text), None, "{text}");
        }
    }
}
