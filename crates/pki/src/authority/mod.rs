//! A certificate authority: a certificate that may sign others, and the key for it.
//!
//! A root signs intermediates, an intermediate signs leaves; both are limited to one domain by name constraints, which
//! every verifier knows (RFC 5280 section 4.2.1.10). To replace an authority, make a new one while the old one is still
//! valid: leaves of both are good for as long as both roots are trusted, and [`Authority::cross_sign`] lets those who
//! know only the old root trust the new one.

mod issue;
mod profile;
mod revoke;

use std::fmt;

use rcgen::{CertificateParams, Issuer, PublicKeyData as _};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};

pub use issue::{Issued, Request, Signed};
pub use revoke::{Reason, Revoked};

use crate::secret::Signer;
use crate::{Certificate, Error, PrivateKeyPem, Result, Serial, Validity, certificate, der, name, pem, text};

/// A certificate authority that is limited to one domain.
pub struct Authority {
    der: Vec<u8>,
    issuer: Issuer<'static, Signer>,
    facts: Facts,
    crl_url: Option<String>,
}

/// What the certificate of an authority says about it.
struct Facts {
    /// Its subject in one line.
    subject: String,
    /// Its common name, if its subject is nothing else.
    common_name: Option<String>,
    domain: String,
    key_id: Vec<u8>,
    valid: Validity,
    /// How many authorities may follow it.
    depth: Option<u32>,
    self_signed: bool,
}

impl Authority {
    /// Makes a root: a new ECDSA key on P-256, and a certificate for it that it signs itself.
    pub fn root(common_name: &str, domain: &str, valid: Validity) -> Result<Self> {
        let params = profile::authority(common_name, &name::host(domain)?, valid, None)?;
        let key = Signer::generate()?;
        let der = params.self_signed(&key)?.der().to_vec();
        Self::new(der, key)
    }

    /// Makes an authority below this one, for the same domain or one inside of it; it may only issue leaves.
    pub fn intermediate(&self, common_name: &str, domain: &str, valid: Validity) -> Result<Self> {
        let domain = name::inside(name::host(domain)?, &self.facts.domain)?;
        let valid = self.within_life(valid)?;
        if self.facts.depth == Some(0) {
            return Err(Error::PathLength { subject: self.facts.subject.clone() });
        }
        let mut params = profile::authority(common_name, &domain, valid, Some(0))?;
        params.crl_distribution_points = self.crl_points();
        let key = Signer::generate()?;
        let der = params.signed_by(&key, &self.issuer)?.der().to_vec();
        Self::new(der, key)
    }

    /// Certifies the key of another root with this one, and answers that certificate in PEM.
    ///
    /// Whoever knows only this root can then verify what the other issues, if the certificate is sent along: the way
    /// from an old root to its successor (RFC 4210 section 4.4, "new with old").
    pub fn cross_sign(&self, other: &Self, valid: Validity) -> Result<String> {
        let Some(common_name) = &other.facts.common_name else {
            return Err(not_an_authority(&other.facts.subject, "its name is not just a common name"));
        };
        let domain = name::inside(other.facts.domain.clone(), &self.facts.domain)?;
        let valid = self.within_life(valid)?;
        if self.facts.depth == Some(0) {
            return Err(Error::PathLength { subject: self.facts.subject.clone() });
        }
        let mut params = profile::authority(common_name, &domain, valid, other.facts.depth)?;
        params.crl_distribution_points = self.crl_points();
        params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(other.facts.key_id.clone());
        let der = params.signed_by(other.issuer.key(), &self.issuer)?;
        Ok(pem::encode("CERTIFICATE", der.der()).to_string())
    }

    /// Takes up an authority again from its certificate and its private key.
    pub fn load(cert_pem: &str, key_pem: &str) -> Result<Self> {
        let der = pem::decode(cert_pem, pem::CERTIFICATE)?;
        Self::new(der.to_vec(), Signer::from_pem(key_pem)?)
    }

    /// The same authority, whose leaves and intermediates say where its revocation list is (RFC 5280 section 4.2.1.13).
    pub fn with_crl_url(mut self, url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        if url.len() > 2000 || rest.is_none_or(str::is_empty) || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::CrlUrl { url: url.chars().take(300).collect() });
        }
        self.crl_url = Some(url.into());
        Ok(self)
    }

    /// The certificate in PEM.
    pub fn cert_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der).to_string()
    }

    /// The private key in PEM.
    pub fn key_pem(&self) -> PrivateKeyPem {
        self.issuer.key().to_pem()
    }

    /// The certificate as fields.
    pub fn certificate(&self) -> Result<Certificate> {
        Certificate::parse_der(&self.der)
    }

    /// The domain that the authority is limited to.
    pub fn domain(&self) -> &str {
        &self.facts.domain
    }

    /// From when to when the authority is valid.
    pub fn valid(&self) -> Validity {
        self.facts.valid
    }

    fn new(der: Vec<u8>, key: Signer) -> Result<Self> {
        let facts = {
            let certificate = certificate::read(&der)?;
            let facts = facts(&certificate)?;
            if *certificate.public_key().subject_public_key.data != *key.der_bytes() {
                return Err(Error::KeyMismatch { subject: facts.subject });
            }
            facts
        };
        let issuer = Issuer::from_ca_cert_der(&der.as_slice().into(), key)?;
        if !writes_itself(&issuer, certificate::read(&der)?.subject().as_raw())? {
            return Err(not_an_authority(&facts.subject, "its name cannot be written as that of an issuer"));
        }
        Ok(Self { der, issuer, facts, crl_url: None })
    }

    /// The period in whole seconds, if the authority itself is valid for that long.
    fn within_life(&self, valid: Validity) -> Result<Validity> {
        let valid = valid.checked()?;
        let authority = self.facts.valid.not_after;
        if valid.not_after > authority {
            return Err(Error::Outlives { not_after: valid.not_after, authority });
        }
        Ok(valid)
    }

    fn crl_points(&self) -> Vec<rcgen::CrlDistributionPoint> {
        self.crl_url.iter().map(|url| rcgen::CrlDistributionPoint { uris: vec![url.clone()] }).collect()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("subject", &self.facts.subject).finish_non_exhaustive()
    }
}

fn not_an_authority(subject: &str, reason: &'static str) -> Error {
    Error::NotAnAuthority { subject: subject.into(), reason }
}

/// Reads what has to be known of an authority, and refuses what cannot act as one.
fn facts(certificate: &X509Certificate<'_>) -> Result<Facts> {
    let subject = text::one_line(certificate.subject().as_raw());
    let refuse = |reason| not_an_authority(&subject, reason);

    let basic = certificate.basic_constraints().ok().flatten().map(|extension| extension.value);
    let basic = basic.filter(|basic| basic.ca).ok_or_else(|| refuse("it is not the certificate of an authority"))?;
    let usage = certificate.key_usage().map_err(|_| refuse("its key usage cannot be read"))?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(refuse("its key may not sign certificates"));
    }
    let constraints = certificate.name_constraints().ok().flatten().map(|extension| extension.value);
    let permitted = constraints.and_then(|constraints| constraints.permitted_subtrees.as_deref()).unwrap_or_default();
    let mut domains = permitted.iter().filter_map(|tree| match tree.base {
        GeneralName::DNSName(domain) => Some(domain),
        _ => None,
    });
    let (Some(domain), None) = (domains.next(), domains.next()) else {
        return Err(refuse("it is not limited to one domain"));
    };
    let key_id = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    });
    let validity = certificate.validity();
    Ok(Facts {
        common_name: common_name(certificate).map_err(refuse)?,
        domain: name::host(domain)?,
        key_id: key_id.ok_or_else(|| refuse("it has no subject key identifier"))?,
        valid: Validity {
            not_before: certificate::instant(&validity.not_before)?,
            not_after: certificate::instant(&validity.not_after)?,
        },
        depth: basic.path_len_constraint,
        self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        subject,
    })
}

/// The common name of an authority that has no other name.
///
/// The certificate writer panics over numbers of objects that cannot be, so only the usual attributes are let through.
fn common_name(certificate: &X509Certificate<'_>) -> Result<Option<String>, &'static str> {
    /// Attributes of X.520 (2.5.4.x), e-mail addresses, domain components.
    const USUAL: [&[u8]; 3] = [
        &[0x55, 0x04],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01],
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19],
    ];
    let attributes: Vec<_> = certificate.subject().iter_attributes().collect();
    let usual = |oid: &[u8]| der::dotted(oid).is_some() && USUAL.iter().any(|usual| oid.starts_with(usual));
    if attributes.is_empty() {
        return Err("it has no name");
    }
    if !attributes.iter().all(|attribute| usual(attribute.attr_type().as_bytes())) {
        return Err("its name has attributes that are not usual");
    }
    Ok(match attributes[..] {
        [only] if only.attr_type().as_bytes() == [0x55, 0x04, 0x03] => {
            let text = only.attr_value();
            let text = (text.tag().0 == u32::from(der::UTF8_STRING)).then_some(text.data);
            text.and_then(|octets| std::str::from_utf8(octets).ok()).map(Into::into)
        }
        _ => None,
    })
}

/// Whether the certificate writer names the issuer in the very octets in which the issuer names itself.
///
/// Verifiers compare octets, and the writer cannot express every name: it keeps one value for each kind of attribute.
fn writes_itself(issuer: &Issuer<'static, Signer>, subject: &[u8]) -> Result<bool> {
    let trial = CertificateParams::default().signed_by(issuer.key(), issuer)?;
    Ok(certificate::read(trial.der())?.issuer().as_raw() == subject)
}

/// The serial number as the certificate writer wants it.
fn written_serial(serial: &Serial) -> rcgen::SerialNumber {
    rcgen::SerialNumber::from_slice(serial.magnitude())
}
