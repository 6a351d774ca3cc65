//! Strings whose form is somebody else's standard: URLs, mail addresses, points in time.

use serde_json::{Value, json};

use crate::json::Json;
use crate::leaf::text::{check_characters, string};
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::Writer;

/// Zod 4's expression for mail addresses.
const EMAIL: &str = r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$";

/// Zod 4's expression for ISO 8601 with `Z` or an offset.
const TIME: &str = concat!(
    r"^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|",
    r"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|",
    r"(?:02)-(?:0[1-9]|1\d|2[0-8])))T(?:(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?",
    r"(?:Z|([+-](?:[01]\d|2[0-3]):[0-5]\d)))$",
);

/// A URL of any scheme, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url(Box<str>);

/// A mail address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(Box<str>);

/// A point in time, ISO 8601 with `Z` or an offset, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Box<str>);

crate::string_leaf!([] Url);
crate::string_leaf!([] Email);
crate::string_leaf!([] Time);

impl Time {
    /// The instant, to the millisecond as JavaScript would write it.
    pub fn from_timestamp(time: jiff::Timestamp) -> Self {
        Self(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into())
    }

    /// The instant that is meant.
    pub fn to_timestamp(&self) -> Option<jiff::Timestamp> {
        self.0.parse().ok()
    }
}

impl Shape for Url {
    const EXPECTED: &'static str = "string";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let text = string(value, r)?;
        // The WHATWG parser drops line ends and tabs silently; here they are refused.
        check_characters(text, r);
        if url::Url::parse(text).is_err() {
            r.invalid_format("url", None, "Invalid URL");
        }
        Some(Self(text.into()))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "format": "uri" })
    }
}

impl Shape for Email {
    const EXPECTED: &'static str = "string";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let text = string(value, r)?;
        check_characters(text, r);
        if !is_email(text) {
            r.invalid_format("email", Some(EMAIL), "Invalid email address");
        }
        Some(Self(text.into()))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "format": "email", "pattern": EMAIL })
    }
}

impl Shape for Time {
    const EXPECTED: &'static str = "string";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let text = string(value, r)?;
        check_characters(text, r);
        if !is_time(text) {
            r.invalid_format("datetime", Some(TIME), "Invalid ISO datetime");
        }
        Some(Self(text.into()))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "format": "date-time", "pattern": TIME })
    }
}

/// What [`EMAIL`] matches; its lookaheads are beyond the expression engine.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"_'+-.".contains(&b);
    let last = |b: u8| b.is_ascii_alphanumeric() || b"_+-".contains(&b);
    if text.starts_with('.') || text.contains("..") {
        return false;
    }
    if !local.bytes().all(inner) || !local.bytes().last().is_some_and(last) {
        return false;
    }
    let Some((labels, top)) = domain.rsplit_once('.') else {
        return false;
    };
    let label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    labels.split('.').all(label) && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic())
}

/// What [`TIME`] matches.
fn is_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_once('T') else {
        return false;
    };
    let (clock, zone_fits) = match rest.strip_suffix('Z') {
        Some(clock) => (clock, true),
        None => match rest.rfind(['+', '-']) {
            Some(at) => (&rest[..at], is_hour_and_minute(&rest[at + 1..])),
            None => return false,
        },
    };
    zone_fits && is_date(date) && is_clock(clock)
}

/// The number that exactly `count` digits say.
fn digits(text: &str, count: usize) -> Option<u32> {
    let fits = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |count| parts.next().and_then(|part| digits(part, count));
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=last).contains(&day) && parts.next().is_none()
}

fn is_hour_and_minute(text: &str) -> bool {
    let Some((hour, minute)) = text.split_once(':') else {
        return false;
    };
    digits(hour, 2).is_some_and(|h| h < 24) && digits(minute, 2).is_some_and(|m| m < 60)
}

fn is_clock(text: &str) -> bool {
    let Some((hour_and_minute, seconds)) = text.get(..5).zip(text.get(5..)) else {
        return false;
    };
    if !is_hour_and_minute(hour_and_minute) {
        return false;
    }
    let Some(seconds) = seconds.strip_prefix(':') else {
        return seconds.is_empty();
    };
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    digits(whole, 2).is_some_and(|s| s < 60) && !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses() {
        for good in ["a@b.co", "o'neil+x.y@mail.example.com", "_@a-b.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.co",
            "a@b",
            "a@b.c",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.de",
            "a@-b.co",
            "a@b..co",
            "a@b@c.de",
            "a@b.c0",
            "ä@b.co",
            "a b@c.de",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn points_in_time() {
        for good in [
            "2026-05-17T12:34:56Z",
            "2026-05-17T12:34:56.789Z",
            "2026-05-17T12:34Z",
            "2024-02-29T00:00:00+02:00",
            "2000-02-29T23:59:59-11:30",
        ] {
            assert!(is_time(good), "{good}");
        }
        for bad in [
            "",
            "2026-05-17",
            "2026-05-17T12:34:56",
            "2025-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-05-17T24:00:00Z",
            "2026-05-17T12:60Z",
            "2026-05-17T12:34:56.Z",
            "2026-05-17t12:34:56z",
            "2026-05-17T12:34:56+0200",
            " 2026-05-17T12:34Z",
            "2026-05-17T12:34:56Z\n",
            "2026-05-17T1é:34Z",
        ] {
            assert!(!is_time(bad), "{bad}");
        }
    }

    #[test]
    fn a_time_of_ours_is_a_time() {
        let time: jiff::Timestamp = "2026-05-17T12:34:56.7Z".parse().unwrap();
        let ours = Time::from_timestamp(time);
        assert_eq!(ours.as_str(), "2026-05-17T12:34:56.700Z");
        assert!(is_time(&ours));
        assert_eq!(ours.to_timestamp(), Some(time));
    }
}
