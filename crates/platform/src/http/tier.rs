//! Which budget a request counts against. The budgets themselves are in `limits`.

use http::Method;

/// The budget that a request counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Attempts to sign in or to change a password.
    Auth,
    /// Everything else that changes something.
    Write,
    /// Everything that only reads.
    Read,
}

impl Tier {
    /// The tier of a request whose route names none.
    #[must_use]
    pub fn of(method: &Method) -> Self {
        if is_read(method) { Self::Read } else { Self::Write }
    }
}

/// Whether a method promises to change nothing.
#[must_use]
pub fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
