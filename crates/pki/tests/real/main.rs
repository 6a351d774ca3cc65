//! The authority and the reader against other programs: OpenSSL of the machine, and the verifier of rustls.
//!
//! A machine without the `openssl` program fails these tests; they prove nothing without it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod authority;
mod mangled;
mod openssl;
mod request;
mod revocation;
mod rotation;
mod text;
mod trust;

use jiff::{SignedDuration, Timestamp};
use plenum_pki::{Authority, Issued, Request, Validity};

/// The moment at which the tests take place.
fn now() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

/// A period that began an hour ago.
fn days(days: i64) -> Validity {
    Validity {
        not_before: now() - SignedDuration::from_hours(1),
        not_after: now() + SignedDuration::from_hours(24 * days),
    }
}

/// A root and an intermediate for `qp.local`.
fn authorities() -> (Authority, Authority) {
    let root = Authority::root("QP Root", "qp.local", days(3650)).unwrap();
    let intermediate = root.intermediate("QP Issuing 1", "qp.local", days(730)).unwrap();
    (root, intermediate)
}

fn request(names: &[&str]) -> Request {
    Request {
        common_name: names.first().copied().unwrap_or_default().into(),
        dns_names: names.iter().map(|&name| name.into()).collect(),
        valid: days(30),
    }
}

fn leaf(authority: &Authority, name: &str) -> Issued {
    authority.issue(&request(&[name])).unwrap()
}
