//! What is in the certificates that we make: names, constraints and usages (RFC 5280 section 4.2).

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, SanType,
};

use super::written_serial;
use crate::{Error, Result, Serial, Validity, name, validity};

/// The most names in one certificate: what some clients still take, and far more than a service has.
const NAMES_MOST: usize = 100;

/// The certificate of an authority, its serial number drawn.
pub(super) fn authority(
    common_name: &str,
    domain: &str,
    valid: Validity,
    depth: Option<u32>,
) -> Result<CertificateParams> {
    name::common_name(common_name)?;
    if common_name.is_empty() {
        return Err(Error::CommonName { name: String::new(), reason: "an authority must have one" });
    }
    let mut params = common(common_name, valid, &Serial::random()?)?;
    let depth = depth.map_or(BasicConstraints::Unconstrained, |depth| {
        BasicConstraints::Constrained(u8::try_from(depth).unwrap_or(u8::MAX))
    });
    params.is_ca = IsCa::Ca(depth);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // A kind of name that is not mentioned is not limited at all, so addresses are excluded one and all.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(domain.into())],
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    Ok(params)
}

/// The certificate of a service; the names are already known to be good.
pub(super) fn leaf(
    common_name: &str,
    dns_names: &[String],
    valid: Validity,
    serial: &Serial,
) -> Result<CertificateParams> {
    let mut params = common(common_name, valid, serial)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names =
        dns_names.iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?))).collect::<Result<_>>()?;
    Ok(params)
}

/// The names of a service, checked against the domain, in lower case, and each only once.
pub(super) fn dns_names(names: &[String], domain: &str) -> Result<Vec<String>> {
    if names.len() > NAMES_MOST {
        return Err(Error::TooManyNames { count: names.len(), most: NAMES_MOST });
    }
    let mut checked = Vec::with_capacity(names.len());
    for text in names {
        let name = name::inside(name::host_or_wildcard(text)?, domain)?;
        if !checked.contains(&name) {
            checked.push(name);
        }
    }
    if checked.is_empty() {
        return Err(Error::NoNames);
    }
    Ok(checked)
}

/// Checks the common name of a service: one that reads like a DNS name must be inside of the domain, because old
/// clients take it for one. It may be empty.
pub(super) fn leaf_common_name(text: &str, domain: &str) -> Result<()> {
    name::common_name(text)?;
    match name::host_or_wildcard(text) {
        Ok(host) if host.contains('.') => name::inside(host, domain).map(|_| ()),
        _ => Ok(()),
    }
}

fn common(common_name: &str, valid: Validity, serial: &Serial) -> Result<CertificateParams> {
    let valid = valid.checked()?;
    let mut params = CertificateParams::default();
    params.not_before = validity::written(valid.not_before)?;
    params.not_after = validity::written(valid.not_after)?;
    params.serial_number = Some(written_serial(serial));
    params.distinguished_name = DistinguishedName::new();
    if !common_name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
