//! Which budget a request counts against. The budgets themselves are in `limits`.

use http::Method;

pub use crate::limits::Tier;

/// The tier of a request whose route names none.
#[must_use]
pub(super) fn tier_of(method: &Method) -> Tier {
    if is_read(method) { Tier::Read } else { Tier::Write }
}

/// Whether a method promises to change nothing.
#[must_use]
pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
