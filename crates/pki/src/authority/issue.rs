//! Issuing certificates to services.

use jiff::Timestamp;
use rcgen::PublicKeyData;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use super::{Authority, profile};
use crate::secret::Signer;
use crate::{Error, PrivateKeyPem, Result, Serial, Validity, certificate, name, pem};

/// The smallest RSA key that is certified, in bits (NIST SP 800-131A).
const RSA_LEAST: usize = 2048;

/// What certificate is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The name in the subject; it may be empty, and clients do not look at it.
    pub common_name: String,
    /// The DNS names that the certificate is for; the first label may be `*`.
    pub dns_names: Vec<String>,
    /// From when to when it shall be valid.
    pub valid: Validity,
}

/// A new certificate for a key that its owner keeps.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The certificate in PEM.
    pub cert_pem: String,
    /// The certificate and those between it and the root, in PEM, as a server sends them.
    pub chain_pem: String,
    /// Its serial number.
    pub serial: Serial,
    /// The first instant at which it is valid.
    pub not_before: Timestamp,
    /// The last instant at which it is valid.
    pub not_after: Timestamp,
    /// The SHA-256 digest of the whole certificate in lower-case hex.
    pub fingerprint: String,
}

/// A new certificate with a new key for it.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate in PEM.
    pub cert_pem: String,
    /// The certificate and those between it and the root, in PEM, as a server sends them.
    pub chain_pem: String,
    /// The private key in PEM.
    pub key_pem: PrivateKeyPem,
    /// Its serial number.
    pub serial: Serial,
    /// The first instant at which it is valid.
    pub not_before: Timestamp,
    /// The last instant at which it is valid.
    pub not_after: Timestamp,
    /// The SHA-256 digest of the whole certificate in lower-case hex.
    pub fingerprint: String,
}

impl Authority {
    /// Makes a key and a certificate for it: for TLS servers, for names inside of the domain only.
    pub fn issue(&self, request: &Request) -> Result<Issued> {
        let dns_names = profile::dns_names(&request.dns_names, self.domain())?;
        profile::leaf_common_name(&request.common_name, self.domain())?;
        let key = Signer::generate()?;
        let Signed { cert_pem, chain_pem, serial, not_before, not_after, fingerprint } =
            self.leaf(&request.common_name, &dns_names, request.valid, &key)?;
        Ok(Issued { cert_pem, chain_pem, key_pem: key.to_pem(), serial, not_before, not_after, fingerprint })
    }

    /// Makes a certificate for the key of a signing request (PKCS #10, RFC 2986).
    ///
    /// The request must be signed by its own key. Nothing but the key is taken from it: whom the certificate is for is
    /// the caller's word, and what it may be used for is ours.
    pub fn sign_csr(&self, csr_der: &[u8], dns_names: &[String], valid: Validity) -> Result<Signed> {
        let dns_names = profile::dns_names(dns_names, self.domain())?;
        let key = requested_key(csr_der)?;
        let common_name = dns_names.first().filter(|name| name.len() <= name::COMMON_NAME_MOST);
        self.leaf(common_name.map_or("", String::as_str), &dns_names, valid, &key)
    }

    /// Certifies a key for names that are known to be good.
    fn leaf(
        &self,
        common_name: &str,
        dns_names: &[String],
        valid: Validity,
        key: &impl PublicKeyData,
    ) -> Result<Signed> {
        let valid = self.within_life(valid)?;
        let serial = Serial::random()?;
        let mut params = profile::leaf(common_name, dns_names, valid, &serial)?;
        params.crl_distribution_points = self.crl_points();
        let certificate = params.signed_by(key, &self.issuer)?;
        let der: &[u8] = certificate.der();
        let cert_pem = pem::encode("CERTIFICATE", der).to_string();
        let mut chain_pem = cert_pem.clone();
        // Who trusts a root has it; only what is below it is sent.
        if !self.facts.self_signed {
            chain_pem.push_str(&self.cert_pem());
        }
        Ok(Signed {
            fingerprint: certificate::fingerprint(der),
            cert_pem,
            chain_pem,
            serial,
            not_before: valid.not_before,
            not_after: valid.not_after,
        })
    }
}

/// The key of a signing request, if the request proves that its sender has it.
fn requested_key(csr_der: &[u8]) -> Result<rcgen::SubjectPublicKeyInfo> {
    let refuse = |reason: &str| Error::Csr { reason: reason.into() };
    let (rest, csr) = X509CertificationRequest::from_der(csr_der).map_err(|_| refuse("it cannot be read"))?;
    if !rest.is_empty() {
        return Err(refuse("something follows it"));
    }
    let key = &csr.certification_request_info.subject_pki;
    if let Ok(PublicKey::RSA(rsa)) = key.parsed()
        && rsa.key_size() < RSA_LEAST
    {
        return Err(refuse("its RSA key has fewer than 2048 bits"));
    }
    // The verifier does not look at the unused bits of the signature, of which there are none.
    if csr.signature_value.unused_bits != 0 {
        return Err(refuse("its signature is not whole octets"));
    }
    csr.verify_signature().map_err(|_| refuse("it is not signed by its own key, or in a way that is not supported"))?;
    rcgen::SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| refuse("its kind of key is not supported"))
}
