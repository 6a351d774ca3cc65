//! What a signing request asks for (PKCS #10, RFC 2986), for whoever decides about it.
//!
//! [`crate::Authority::sign_csr`] takes nothing but the key from a request, so nothing in here can get into a certificate. This
//! reads what its sender believes to be asking for, and refuses what nobody here will grant: names that are not DNS names,
//! a common name that is not among them, and every extension that asks for anything but a certificate for a TLS server.

use std::collections::BTreeSet;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer as _;

use crate::{Error, Result, name};

/// A signing request for DNS names. That its sender has the key is checked when it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    /// The names, in lower case and each only once.
    pub dns_names: BTreeSet<String>,
    /// The key as it would stand in a certificate: a SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
}

impl SigningRequest {
    /// Reads a request in DER.
    ///
    /// # Errors
    /// When it cannot be read, or asks for what is not granted.
    pub fn parse(der: &[u8]) -> Result<Self> {
        let (rest, request) = X509CertificationRequest::from_der(der).map_err(|_| refused("it cannot be read"))?;
        if !rest.is_empty() {
            return Err(refused("something follows it"));
        }
        let info = &request.certification_request_info;
        let mut wanted = info.iter_attributes().filter_map(|attribute| match attribute.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(wanted) => Some(wanted),
            _ => None,
        });
        let extensions = match (wanted.next(), wanted.next()) {
            (Some(wanted), None) => &wanted.extensions,
            (None, _) => return Err(refused("it has no alternative names; a common name alone is not enough")),
            (Some(_), Some(_)) => return Err(refused("it asks for extensions twice")),
        };
        let mut dns_names = None;
        for extension in extensions {
            if let Some(names) = checked(extension)?
                && dns_names.replace(names).is_some()
            {
                return Err(refused("it has alternative names twice"));
            }
        }
        let dns_names = dns_names.unwrap_or_default();
        if dns_names.is_empty() {
            return Err(refused("it has no alternative names; a common name alone is not enough"));
        }
        for attribute in info.subject.iter_common_name() {
            let text = attribute.as_str().map_err(|_| refused("its common name cannot be read"))?;
            if !dns_names.contains(&text.to_ascii_lowercase()) {
                return Err(refused("its common name is not among its alternative names"));
            }
        }
        Ok(Self { dns_names, public_key: info.subject_pki.raw.to_vec() })
    }
}

/// The names, when these are in the extension; nothing, when it asks for what a server's certificate has anyway.
fn checked(extension: &X509Extension<'_>) -> Result<Option<BTreeSet<String>>> {
    match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => {
            let names = names.general_names.iter().map(|each| match each {
                GeneralName::DNSName(text) => {
                    name::host_or_wildcard(text).map_err(|_| refused("one of its names is not a DNS name"))
                }
                _ => Err(refused("one of its alternative names is not a DNS name")),
            });
            names.collect::<Result<_>>().map(Some)
        }
        ParsedExtension::BasicConstraints(basic) if !basic.ca => Ok(None),
        ParsedExtension::KeyUsage(usage) if !usage.key_cert_sign() && !usage.crl_sign() => Ok(None),
        ParsedExtension::ExtendedKeyUsage(usage) => {
            let other = usage.any
                || usage.code_signing
                || usage.email_protection
                || usage.time_stamping
                || usage.ocsp_signing
                || !usage.other.is_empty();
            if other { Err(refused("it asks for a certificate that is not one for TLS")) } else { Ok(None) }
        }
        ParsedExtension::SubjectKeyIdentifier(_) => Ok(None),
        _ => Err(Error::Csr { reason: format!("it asks for an extension that is not granted ({})", extension.oid) }),
    }
}

fn refused(reason: &str) -> Error {
    Error::Csr { reason: reason.into() }
}
