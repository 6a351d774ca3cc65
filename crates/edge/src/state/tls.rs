//! Certificates and where they come from.

use shape::{Extra, Int, List, Nullable, Shape, Text};

use super::common::{AddrPort, Cron, Host, Id, Line};

/// How certificates are renewed.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Letsencrypt {
    /// Whether every renewal is forced.
    #[shape(default = false)]
    pub force_renewal: bool,
    /// Whether renewal is off.
    #[shape(default = false)]
    pub skip_renewal: bool,
    /// Seconds to wait for a DNS record to spread.
    #[shape(default = Int::lit(120))]
    pub default_propagation_seconds: Seconds,
    /// When renewal is tried.
    #[shape(default = Cron::lit("5 8 * * 1,4"))]
    pub renewal_schedule: Cron,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Seconds to wait for a DNS record to spread.
pub type Seconds = Int<30, 600>;

/// Certificates and where they come from.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Tls {
    /// Ways to prove that a name is ours.
    #[shape(default)]
    pub providers: Vec<TlsProvider>,
    /// The certificates.
    #[shape(default)]
    pub certs: Vec<TlsCert>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct TlsCert {
    /// Its identifier.
    pub id: Id,
    /// Its name; part of file names.
    pub cert_name: Text<1, 128>,
    /// The names in it.
    pub domains: List<Host, 1>,
    /// How the names are proved.
    pub provider_id: Id,
    /// The account that orders it; needed unless the provider is `byo`.
    pub acme_account_id: Option<Id>,
    /// Whether names may be added to an existing certificate.
    #[shape(default = true)]
    pub expanding: bool,
    /// The kind of its key.
    #[shape(default = KeyType::Ecdsa)]
    pub key_type: KeyType,
    /// Bits of an RSA key.
    pub rsa_key_size: Option<Int<2048, 8192>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum KeyType {
    /// RSA.
    Rsa,
    /// Elliptic curve.
    Ecdsa,
}

/// A way to prove that a name is ours.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum TlsProvider {
    /// Cloudflare.
    DnsCloudflare(DnsProvider),
    /// Google Cloud.
    DnsGoogle(DnsProvider),
    /// DigitalOcean.
    DnsDigitalocean(DnsProvider),
    /// Amazon.
    #[shape(rename = "dns-route53")]
    DnsRoute53(Route53Provider),
    /// OVH.
    DnsOvh(OvhProvider),
    /// Dynamic updates.
    #[shape(rename = "dns-rfc2136")]
    DnsRfc2136(Rfc2136Provider),
    /// Any of lego's providers.
    DnsMulti(MultiProvider),
    /// A file that the authority fetches.
    #[shape(rename = "http-01")]
    Http01(PlainProvider),
    /// Certificates that are uploaded.
    Byo(PlainProvider),
}

macro_rules! providers {
    ($($(#[$doc:meta])* $name:ident, $options:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Shape)]
            pub struct $name {
                /// Its identifier.
                pub id: Id,
                /// Where its credentials are.
                #[shape(default)]
                pub credentials_ref: Nullable<Line>,
                /// Its settings.
                #[shape(default)]
                pub options: $options,
                /// Keys that begin with `x-`.
                #[shape(extra)]
                pub extra: Extra,
            }
        )*
    };
}

providers! {
    /// A DNS provider.
    DnsProvider, DnsOptions;
    /// Amazon's DNS.
    Route53Provider, Route53Options;
    /// OVH's DNS.
    OvhProvider, OvhOptions;
    /// A name server that takes dynamic updates.
    Rfc2136Provider, Rfc2136Options;
    /// Any of lego's providers.
    MultiProvider, MultiOptions;
    /// A provider without settings.
    PlainProvider, PlainOptions;
}

impl TlsProvider {
    /// Its identifier.
    pub fn id(&self) -> &Id {
        match self {
            TlsProvider::DnsCloudflare(p) | TlsProvider::DnsGoogle(p) | TlsProvider::DnsDigitalocean(p) => &p.id,
            TlsProvider::DnsRoute53(p) => &p.id,
            TlsProvider::DnsOvh(p) => &p.id,
            TlsProvider::DnsRfc2136(p) => &p.id,
            TlsProvider::DnsMulti(p) => &p.id,
            TlsProvider::Http01(p) | TlsProvider::Byo(p) => &p.id,
        }
    }

    /// Whether certificates are uploaded, so that no account orders them.
    pub fn is_byo(&self) -> bool {
        matches!(self, TlsProvider::Byo(_))
    }
}

/// Settings of a DNS provider.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct DnsOptions {
    /// Seconds to wait for a record to spread.
    pub propagation_seconds: Option<Seconds>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of Amazon's DNS.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Route53Options {
    /// The region.
    pub aws_region: Option<Line>,
    /// Seconds to wait for a record to spread.
    pub propagation_seconds: Option<Seconds>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of OVH's DNS.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct OvhOptions {
    /// Which of OVH's endpoints.
    pub endpoint: Option<OvhEndpoint>,
    /// Seconds to wait for a record to spread.
    pub propagation_seconds: Option<Seconds>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// OVH's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum OvhEndpoint {
    /// Europe.
    OvhEu,
    /// Canada.
    OvhCa,
    /// Kimsufi.
    KimsufiEu,
    /// So you Start.
    SoyoustartEu,
}

/// Settings of dynamic updates.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Rfc2136Options {
    /// The name server.
    pub server: Option<AddrPort>,
    /// The name of the key.
    pub tsig_name: Option<Line>,
    /// The algorithm of the key.
    pub tsig_algorithm: Option<TsigAlgorithm>,
    /// Seconds to wait for a record to spread.
    pub propagation_seconds: Option<Seconds>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Algorithms of transaction signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum TsigAlgorithm {
    /// HMAC with SHA-256.
    #[shape(rename = "HMAC-SHA256")]
    HmacSha256,
    /// HMAC with SHA-512.
    #[shape(rename = "HMAC-SHA512")]
    HmacSha512,
    /// HMAC with SHA-384.
    #[shape(rename = "HMAC-SHA384")]
    HmacSha384,
    /// HMAC with MD5.
    #[shape(rename = "HMAC-MD5")]
    HmacMd5,
}

/// Settings of lego's providers.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct MultiOptions {
    /// Which provider.
    pub provider: Option<Line>,
    /// Seconds to wait for a record to spread.
    pub propagation_seconds: Option<Seconds>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// No settings.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct PlainOptions {
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
