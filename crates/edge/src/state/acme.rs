//! Accounts at certificate authorities, and the authorities that others are checked against.

use shape::{Email, Extra, Int, Secret, Shape, Text, Time, Url, pattern};

use super::common::{Description, Id, Line, TrustName};

pattern! {
    /// A fingerprint: pairs of upper-case hexadecimal digits with colons.
    pub struct Fingerprint = r"^[A-F0-9]{2}(:[A-F0-9]{2})+$";
}

/// An account at a certificate authority.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct AcmeAccount {
    /// Its identifier.
    pub id: Id,
    /// For people.
    pub description: Option<Description>,
    /// Who is told of problems.
    pub email: Email,
    /// The authority.
    #[shape(default = AcmeServer::Letsencrypt)]
    pub server: AcmeServer,
    /// Where a `custom` authority is.
    pub directory_url: Option<Url>,
    /// The key id of the external account.
    pub eab_kid: Option<Line>,
    /// The key of the external account.
    pub eab_hmac_key: Option<Secret>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Certificate authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum AcmeServer {
    /// Let's Encrypt.
    Letsencrypt,
    /// Let's Encrypt's staging environment.
    LetsencryptStaging,
    /// ZeroSSL.
    Zerossl,
    /// Buypass.
    Buypass,
    /// Google.
    Google,
    /// Another one.
    Custom,
}

/// A certificate authority that certificates are checked against.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct TrustedCa {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    pub name: TrustName,
    /// For people.
    pub description: Option<Description>,
    /// The fingerprint of its certificate.
    pub fingerprint: Option<Fingerprint>,
    /// Whose certificate it is.
    pub subject_summary: Option<Text<0, 512>>,
    /// When the certificate ends.
    pub not_after: Option<Time>,
    /// How many certificates the file holds.
    pub cert_count: Option<Int<1, 9_007_199_254_740_991>>,
    /// When it was added.
    pub added_at: Time,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A certificate revocation list.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct TrustedCrl {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    pub name: TrustName,
    /// For people.
    pub description: Option<Description>,
    /// The fingerprint of the list.
    pub fingerprint: Option<Fingerprint>,
    /// When it was added.
    pub added_at: Time,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
