//! Authentication providers that rules apply by id.

use shape::{Extra, List, Shape, Url, pattern};

use super::common::{Cidr, Free, Id, Line, LuaName};

pattern! {
    /// The identifier of a directory tenant.
    pub struct TenantId = r"^[a-zA-Z0-9-]+$";
}

/// A way to authenticate requests.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum AuthProvider {
    /// Everybody passes: said on purpose.
    None(NoneProvider),
    /// An Authelia portal decides.
    Authelia(AutheliaProvider),
    /// User names and passwords of this document.
    Basic(BasicProvider),
    /// OpenID Connect; HAProxy cannot do it by itself, so applying it is an issue.
    Oidc(OidcProvider),
    /// A helper that asks a directory decides.
    Ldap(LdapProvider),
    /// A SAML helper decides.
    Saml(SamlProvider),
    /// A helper that asks Entra ID decides.
    Entra(EntraProvider),
    /// A helper that checks tokens decides.
    JwtVerify(JwtVerifyProvider),
    /// The client's certificate decides.
    MtlsAuth(MtlsProvider),
    /// A header from a trusted proxy decides.
    HeaderTrust(HeaderTrustProvider),
    /// A Lua function decides.
    LuaAuth(LuaAuthProvider),
}

macro_rules! providers {
    ($($(#[$doc:meta])* $variant:ident $name:ident, $config:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Shape)]
            pub struct $name {
                /// Its identifier.
                pub id: Id,
                /// Its settings.
                pub config: $config,
                /// Keys that begin with `x-`.
                #[shape(extra)]
                pub extra: Extra,
            }
        )*

        impl AuthProvider {
            /// Its identifier.
            pub fn id(&self) -> &Id {
                match self {
                    $(AuthProvider::$variant(provider) => &provider.id,)*
                }
            }
        }
    };
}

providers! {
    /// Everybody passes.
    None NoneProvider, NoneConfig;
    /// An Authelia portal decides.
    Authelia AutheliaProvider, Authelia;
    /// User names and passwords of this document.
    Basic BasicProvider, Basic;
    /// OpenID Connect.
    Oidc OidcProvider, Oidc;
    /// A helper that asks a directory decides.
    Ldap LdapProvider, Ldap;
    /// A SAML helper decides.
    Saml SamlProvider, Saml;
    /// A helper that asks Entra ID decides.
    Entra EntraProvider, Entra;
    /// A helper that checks tokens decides.
    JwtVerify JwtVerifyProvider, JwtVerify;
    /// The client's certificate decides.
    MtlsAuth MtlsProvider, Mtls;
    /// A header from a trusted proxy decides.
    HeaderTrust HeaderTrustProvider, HeaderTrust;
    /// A Lua function decides.
    LuaAuth LuaAuthProvider, LuaAuth;
}

impl AuthProvider {
    /// The backend of the helper that decides, if the provider has one.
    pub fn auth_request_backend_id(&self) -> Option<&Id> {
        match self {
            AuthProvider::Authelia(provider) => Some(&provider.config.auth_request_backend_id),
            AuthProvider::Ldap(provider) => Some(&provider.config.auth_request_backend_id),
            AuthProvider::Saml(provider) => Some(&provider.config.auth_request_backend_id),
            AuthProvider::Entra(provider) => Some(&provider.config.auth_request_backend_id),
            AuthProvider::JwtVerify(provider) => Some(&provider.config.auth_request_backend_id),
            _ => None,
        }
    }
}

fn headers<const N: usize>(names: [&'static str; N]) -> Vec<Line> {
    names.into_iter().map(Line::lit).collect()
}

/// No settings.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct NoneConfig {
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of an Authelia portal.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Authelia {
    /// Which of Authelia's endpoints is asked.
    #[shape(default = EndpointFlavor::ForwardAuth)]
    pub endpoint_flavor: EndpointFlavor,
    /// The backend of the portal.
    pub auth_request_backend_id: Id,
    /// Where clients are sent to log in (a log format).
    pub redirect_url_template: Line,
    /// The path that is asked.
    #[shape(default = Line::lit("/api/authz/forward-auth"))]
    pub api_verify_path: Line,
    /// Headers of the portal's answer that servers are given; copies that clients send are removed.
    #[shape(default = headers(["remote-user", "remote-groups", "remote-name", "remote-email"]))]
    pub propagate_headers: Vec<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Authelia's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum EndpointFlavor {
    /// `/api/verify`, which wants `X-Original-URL`.
    Legacy,
    /// `/api/authz/forward-auth`, which wants `X-Forwarded-*`.
    ForwardAuth,
}

/// Settings of user names and passwords.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Basic {
    /// What the browser's question shows.
    #[shape(default = Line::lit("Restricted"))]
    pub realm: Line,
    /// The users.
    pub users: List<BasicUser, 1>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct BasicUser {
    /// The name.
    pub username: Line,
    /// The password as crypt(3) keeps it, such as `$6$…` or `$5$…`; anything else is an issue.
    pub password_hash_ref: Line,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Oidc {
    /// The issuer.
    pub issuer: Url,
    /// The client's identifier.
    pub client_id: Line,
    /// Where the client's secret is.
    pub client_secret_ref: Line,
    /// What is asked for.
    #[shape(default = headers(["openid", "profile", "email"]))]
    pub scopes: Vec<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of a directory, for the helper.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Ldap {
    /// The directory.
    pub url: Url,
    /// Who asks.
    pub bind_dn: Line,
    /// Where the password is.
    pub bind_password_ref: Line,
    /// Where users are.
    pub user_search_base: Line,
    /// How a user is found.
    #[shape(default = Line::lit("(uid={username})"))]
    pub user_search_filter: Line,
    /// Where groups are.
    pub group_search_base: Option<Line>,
    /// How a group is found.
    pub group_search_filter: Option<Line>,
    /// Whether the directory's certificate is checked.
    #[shape(default = super::common::ServerVerify::Required)]
    pub tls_verify: super::common::ServerVerify,
    /// The backend of the helper.
    pub auth_request_backend_id: Id,
    /// The path that is asked.
    #[shape(default = Line::lit("/auth"))]
    pub auth_request_path: Line,
    /// Headers of the helper's answer that servers are given; copies that clients send are removed.
    #[shape(default = headers(["remote-user", "remote-groups"]))]
    pub propagate_headers: Vec<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of SAML, for the helper.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Saml {
    /// Where the identity provider describes itself.
    pub idp_metadata_url: Url,
    /// This side's identifier.
    pub sp_entity_id: Line,
    /// Where answers are sent.
    pub acs_url: Url,
    /// Where the signing key is.
    pub signing_key_ref: Option<Line>,
    /// The backend of the helper.
    pub auth_request_backend_id: Id,
    /// The path that is asked.
    #[shape(default = Line::lit("/saml/auth"))]
    pub auth_request_path: Line,
    /// Headers of the helper's answer that servers are given; copies that clients send are removed.
    #[shape(default = headers(["remote-user", "remote-groups"]))]
    pub propagate_headers: Vec<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of Entra ID, for the helper.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Entra {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The client's identifier.
    pub client_id: Line,
    /// Where the client's secret is.
    pub client_secret_ref: Line,
    /// Where answers are sent.
    pub redirect_uri: Url,
    /// What is asked for.
    #[shape(default = headers(["openid", "profile", "email", "User.Read"]))]
    pub scopes: Vec<Line>,
    /// The backend of the helper.
    pub auth_request_backend_id: Id,
    /// The path that is asked.
    #[shape(default = Line::lit("/auth"))]
    pub auth_request_path: Line,
    /// Headers of the helper's answer that servers are given; copies that clients send are removed.
    #[shape(default = headers(["remote-user", "remote-groups", "remote-email"]))]
    pub propagate_headers: Vec<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of tokens, for the helper.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct JwtVerify {
    /// Where the keys are.
    pub jwks_url: Url,
    /// For whom a token must be.
    pub expected_audience: Option<Line>,
    /// From whom a token must be.
    pub expected_issuer: Option<Line>,
    /// The header with the token.
    #[shape(default = Line::lit("Authorization"))]
    pub header_name: Line,
    /// What stands before the token.
    #[shape(default = Free::lit("Bearer "))]
    pub header_prefix: Free,
    /// The backend of the helper.
    pub auth_request_backend_id: Id,
    /// The path that is asked.
    #[shape(default = Line::lit("/verify"))]
    pub auth_request_path: Line,
    /// Headers of the helper's answer that servers are given; copies that clients send are removed.
    #[shape(default = headers(["x-jwt-sub", "x-jwt-scope"]))]
    pub propagate_headers: Vec<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of client certificates.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Mtls {
    /// What of the certificate names the client.
    #[shape(default = TrustedAttribute::Cn)]
    pub trusted_attribute: TrustedAttribute,
    /// The header that servers are given; copies that clients send are removed.
    #[shape(default = Line::lit("X-Client-CN"))]
    pub user_header_name: Line,
    /// Whether requests without a valid certificate are refused.
    #[shape(default = true)]
    pub require_present: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// What of a certificate names the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum TrustedAttribute {
    /// The common name.
    Cn,
    /// The alternative names; no HAProxy up to 3.2 has a sample for them, so applying it there is an issue.
    San,
    /// The serial number, in hexadecimal.
    Serial,
}

/// Settings of a trusted proxy.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct HeaderTrust {
    /// The header that the proxy sets.
    pub header_name: Line,
    /// Where the proxy is.
    pub trusted_source_cidrs: List<Cidr, 1>,
    /// Whether the header is removed from requests of others (they are refused either way).
    #[shape(default = true)]
    pub strip_from_untrusted: bool,
    /// The header that servers are given it in.
    pub user_header_name: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of a Lua function.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct LuaAuth {
    /// The file that registers it.
    pub plugin_path: Line,
    /// The directory that its `require` searches first.
    pub prepend_path: Option<Line>,
    /// Its name.
    pub function_name: LuaName,
    /// Its arguments.
    #[shape(default)]
    pub args: Vec<Free>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
