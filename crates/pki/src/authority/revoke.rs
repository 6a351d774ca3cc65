//! Revocation lists (RFC 5280 section 5).

use jiff::Timestamp;
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber};

use super::{Authority, written_serial};
use crate::{Result, Serial, Validity, pem, validity};

/// A certificate that is not to be trusted any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial number.
    pub serial: Serial,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why it was revoked.
    pub reason: Reason,
}

/// Why a certificate is revoked (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reason {
    /// Nobody said why.
    #[default]
    Unspecified,
    /// Somebody else may have its key.
    KeyCompromise,
    /// Somebody else may have the key of its authority.
    CaCompromise,
    /// It names somebody who is called otherwise now.
    AffiliationChanged,
    /// Another certificate has taken its place.
    Superseded,
    /// What it was for does not exist any more.
    CessationOfOperation,
    /// Its owner may not do any more what it is for.
    PrivilegeWithdrawn,
}

impl From<Reason> for RevocationReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Unspecified => Self::Unspecified,
            Reason::KeyCompromise => Self::KeyCompromise,
            Reason::CaCompromise => Self::CaCompromise,
            Reason::AffiliationChanged => Self::AffiliationChanged,
            Reason::Superseded => Self::Superseded,
            Reason::CessationOfOperation => Self::CessationOfOperation,
            Reason::PrivilegeWithdrawn => Self::PrivilegeWithdrawn,
        }
    }
}

impl Authority {
    /// The list of revoked certificates of this authority in PEM; each list must have a greater number than the last.
    pub fn crl(
        &self,
        revoked: &[Revoked],
        number: u64,
        this_update: Timestamp,
        next_update: Timestamp,
    ) -> Result<String> {
        let period = Validity { not_before: this_update, not_after: next_update }.checked()?;
        let revoked_certs = revoked
            .iter()
            .map(|revoked| {
                Ok(RevokedCertParams {
                    serial_number: written_serial(&revoked.serial),
                    revocation_time: validity::written(revoked.at)?,
                    reason_code: Some(revoked.reason.into()),
                    invalidity_date: None,
                })
            })
            .collect::<Result<_>>()?;
        let list = CertificateRevocationListParams {
            this_update: validity::written(period.not_before)?,
            next_update: validity::written(period.not_after)?,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::PreSpecified(self.facts.key_id.clone()),
        };
        Ok(pem::encode("X509 CRL", list.signed_by(&self.issuer)?.der()).to_string())
    }
}
