//! What a certificate says, as fields.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

use crate::{Error, Result, Serial, pem, text};

/// A certificate that was read; nothing in it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for, as `CN = core.qp.local, O = Acme`.
    pub subject: String,
    /// Who issued it, in the same form.
    pub issuer: String,
    /// Its number at its issuer.
    pub serial: Serial,
    /// The first instant at which it is valid.
    pub not_before: Timestamp,
    /// The last instant at which it is valid.
    pub not_after: Timestamp,
    /// The DNS names among its alternative names.
    pub dns_names: Vec<String>,
    /// The addresses among its alternative names.
    pub ip_addresses: Vec<IpAddr>,
    /// The SHA-256 digest of the whole certificate in lower-case hex.
    pub fingerprint_sha256: String,
    /// The kind of its key, as `ECDSA P-256`, `Ed25519`, or `RSA 2048`.
    pub key_algorithm: String,
    /// Its key: a SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// How it is signed, as `ecdsa-with-SHA256`.
    pub signature_algorithm: String,
    /// Whether it is that of an authority.
    pub is_ca: bool,
}

/// How a certificate stands with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has not ended, and will not soon; its time may not even have begun.
    Valid,
    /// It ends soon.
    Expiring,
    /// It has ended.
    Expired,
}

impl Certificate {
    /// Reads the first certificate of a PEM text.
    pub fn parse_pem(pem: &str) -> Result<Self> {
        Self::parse_der(&pem::decode(pem, pem::CERTIFICATE)?)
    }

    /// Reads all certificates of a PEM text, for example of a chain.
    pub fn parse_pem_all(pem: &str) -> Result<Vec<Self>> {
        pem::blocks(pem, pem::CERTIFICATE).map(|der| Self::parse_der(&der?)).collect()
    }

    /// Reads a certificate in DER (RFC 5280 section 4.1).
    pub fn parse_der(der: &[u8]) -> Result<Self> {
        let certificate = read(der)?;
        let broken = |what: &str| Error::Certificate { reason: format!("its {what} cannot be read") };
        let names = certificate.subject_alternative_name().map_err(|_| broken("list of alternative names"))?;
        let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        Ok(Self {
            subject: text::one_line(certificate.subject().as_raw()),
            issuer: text::one_line(certificate.issuer().as_raw()),
            serial: Serial::from_integer(certificate.raw_serial()),
            not_before: instant(&certificate.validity().not_before)?,
            not_after: instant(&certificate.validity().not_after)?,
            dns_names: names.iter().filter_map(dns_name).collect(),
            ip_addresses: names.iter().filter_map(ip_address).collect(),
            fingerprint_sha256: fingerprint(der),
            key_algorithm: text::describe_key(certificate.public_key()),
            public_key: certificate.public_key().raw.to_vec(),
            signature_algorithm: text::long_name(certificate.signature_algorithm.algorithm.as_bytes()),
            is_ca: certificate
                .basic_constraints()
                .map_err(|_| broken("basic constraints"))?
                .is_some_and(|extension| extension.value.ca),
        })
    }

    /// How it stands at an instant, given how soon before its end it counts as expiring.
    pub fn status(&self, now: Timestamp, expiring_within: SignedDuration) -> Status {
        if now > self.not_after {
            Status::Expired
        } else if self.not_after.duration_since(now) <= expiring_within {
            Status::Expiring
        } else {
            Status::Valid
        }
    }
}

/// Reads a certificate and nothing after it.
pub(crate) fn read(der: &[u8]) -> Result<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok((&[], certificate)) => Ok(certificate),
        Ok(_) => Err(Error::Certificate { reason: "something follows the certificate".into() }),
        Err(error) => Err(Error::Certificate { reason: error.to_string() }),
    }
}

/// The SHA-256 digest in lower-case hex.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|octet| format!("{octet:02x}")).collect()
}

pub(crate) fn instant(time: &ASN1Time) -> Result<Timestamp> {
    Timestamp::from_second(time.timestamp())
        .map_err(|_| Error::Certificate { reason: "it is valid until a year that there is none of".into() })
}

fn dns_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).into()),
        _ => None,
    }
}

fn ip_address(name: &GeneralName<'_>) -> Option<IpAddr> {
    let GeneralName::IPAddress(octets) = name else { return None };
    let v4 = || <[u8; 4]>::try_from(*octets).map(|octets| Ipv4Addr::from(octets).into());
    let v6 = || <[u8; 16]>::try_from(*octets).map(|octets| Ipv6Addr::from(octets).into());
    v4().or_else(|_| v6()).ok()
}
