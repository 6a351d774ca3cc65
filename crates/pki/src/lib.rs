//! X.509: a certificate authority of our own, and reading certificates for people.
//!
//! * [`Authority`] is a root or an intermediate. It issues leaves ([`Authority::issue`], [`Authority::sign_csr`]),
//!   revokes them ([`Authority::crl`]) and hands over to its successor ([`Authority::cross_sign`]). Every authority is
//!   constrained to one domain by its own certificate, so a stolen key is worth nothing outside of it.
//! * [`Certificate`] is what a certificate says, as fields; [`text::dump`] is the same as the text that people know.
//! * [`renew_at`] tells when to replace a certificate.
//!
//! There is no file, no network and no clock here: whoever calls keeps the PEM, serves the list, and says what time it
//! is. Private keys are [`PrivateKeyPem`]s: they are wiped from memory when dropped and cannot be printed by accident.
//! Chains are not verified here; that is the business of the TLS library.

mod authority;
mod certificate;
mod der;
mod error;
mod name;
mod pem;
mod request;
mod secret;
mod serial;
pub mod text;
mod validity;

pub use authority::{Authority, Issued, Reason, Request, Revoked, Signed};
pub use certificate::{Certificate, Status};
pub use error::Error;
pub use request::SigningRequest;
pub use secret::PrivateKeyPem;
pub use serial::Serial;
pub use validity::{Validity, renew_at};

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
