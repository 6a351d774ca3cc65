//! The one error of this crate.

use jiff::Timestamp;

/// What is wrong with what was asked for, or with what was to be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text has no PEM block of the wanted kind, or one that is not base64.
    #[error("this is not a PEM {wanted}: {reason}")]
    Pem { wanted: &'static str, reason: &'static str },
    /// The bytes are not a certificate.
    #[error("this is not a certificate: {reason}")]
    Certificate { reason: String },
    /// The private key cannot be read, or is of a kind that cannot sign.
    #[error("this is not a usable private key")]
    PrivateKey,
    /// The private key belongs to another certificate.
    #[error("the private key does not belong to the certificate of {subject}")]
    KeyMismatch { subject: String },
    /// The certificate is not one of an authority, or one that this crate cannot act for.
    #[error("{subject} cannot issue certificates: {reason}")]
    NotAnAuthority { subject: String, reason: &'static str },
    /// The authority may not have another authority below it.
    #[error("{subject} may issue certificates only to services, not to another authority")]
    PathLength { subject: String },
    /// The common name is empty, too long, or holds what cannot be shown.
    #[error("the common name {name:?} cannot be used: {reason}")]
    CommonName { name: String, reason: &'static str },
    /// The text is not a DNS name.
    #[error("{name:?} is not a DNS name: {reason}")]
    Name { name: String, reason: &'static str },
    /// The name is not one that the authority may speak for.
    #[error("{name} is outside of the domain {domain} that this authority is limited to")]
    OutsideDomain { name: String, domain: String },
    /// A certificate for nobody was asked for.
    #[error("a certificate needs at least one name")]
    NoNames,
    /// More names were asked for than one certificate should carry.
    #[error("{count} names are too many for one certificate (at most {most})")]
    TooManyNames { count: usize, most: usize },
    /// The end is not after the beginning, or one of them cannot be written into a certificate.
    #[error("valid from {not_before} to {not_after} is not a period that a certificate can have: {reason}")]
    Validity { not_before: Timestamp, not_after: Timestamp, reason: &'static str },
    /// The certificate would be valid for longer than the one that issues it.
    #[error("a certificate valid until {not_after} would outlive its authority, which ends at {authority}")]
    Outlives { not_after: Timestamp, authority: Timestamp },
    /// The text is not a serial number.
    #[error("{text:?} is not a serial number: {reason}")]
    Serial { text: String, reason: &'static str },
    /// The address of the revocation list cannot be written into a certificate.
    #[error("{url:?} cannot be the address of a revocation list: it must be a plain http or https URL")]
    CrlUrl { url: String },
    /// The signing request cannot be read, is not signed by its own key, or has a key that we do not certify.
    #[error("the signing request cannot be accepted: {reason}")]
    Csr { reason: String },
    /// The operating system or the cryptographic library failed us.
    #[error("the cryptographic library failed: {reason}")]
    Crypto { reason: String },
}

impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Self {
        Self::Crypto { reason: error.to_string() }
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::Crypto { reason: error.to_string() }
    }
}
