//! The root of the document: what stands where, and nothing about what it means.

use std::sync::Arc;

use shape::{Extra, Lit, Nullable, Shape, Text, Time};

use super::acl::Acl;
use super::acme::{AcmeAccount, TrustedCa, TrustedCrl};
use super::auth::AuthProvider;
use super::backend::Backend;
use super::common::Free;
use super::defaults::{DefaultsBlock, HttpErrorsSection};
use super::frontend::Frontend;
use super::geoip::Geoip;
use super::global::GlobalSettings;
use super::keepalived::Keepalived;
use super::notifications::Notifications;
use super::sections::{CrtStore, Mailers, MapFile, Peers, Resolvers, Ring};
use super::security::SecurityProfile;
use super::tls::{Letsencrypt, Tls};

/// The whole desired configuration.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Document {
    /// The version of this schema: 1.
    pub schema_version: Lit<1>,
    /// When and by whom the document was made and changed.
    pub meta: Meta,
    /// Everything that becomes sections of haproxy.cfg.
    #[shape(default)]
    pub haproxy: Haproxy,
    /// Named conditions that frontends share.
    #[shape(default)]
    pub acls: Vec<Arc<Acl>>,
    /// Certificates and where they come from.
    #[shape(default)]
    pub tls: Tls,
    /// How certificates are renewed.
    #[shape(default)]
    pub letsencrypt: Letsencrypt,
    /// Accounts at certificate authorities.
    #[shape(default)]
    pub acme_accounts: Vec<AcmeAccount>,
    /// Certificate authorities that client or server certificates are checked against.
    #[shape(default)]
    pub trusted_cas: Vec<TrustedCa>,
    /// Certificate revocation lists.
    #[shape(default)]
    pub trusted_crls: Vec<TrustedCrl>,
    /// Protections that rules apply by id.
    #[shape(default)]
    pub security_profiles: Vec<SecurityProfile>,
    /// Ways to authenticate requests that rules apply by id.
    #[shape(default)]
    pub auth_providers: Vec<AuthProvider>,
    /// Where events are announced.
    #[shape(default)]
    pub notifications: Notifications,
    /// Where addresses are located on the map.
    #[shape(default)]
    pub geoip: Geoip,
    /// Floating addresses (VRRP).
    #[shape(default)]
    pub keepalived: Keepalived,
    /// What the web app remembers.
    #[shape(default)]
    pub ui: Ui,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// When and by whom the document was made and changed.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Meta {
    /// When the document was made.
    pub created_at: Time,
    /// When it was last changed; set on every save.
    pub last_edited_at: Time,
    /// Who changed it last.
    #[shape(default)]
    pub last_edited_by: Nullable<Free>,
    /// When its schema was last migrated.
    pub schema_upgraded_at: Option<Time>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The sections of haproxy.cfg.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Haproxy {
    /// The `global` section.
    #[shape(default)]
    pub global_settings: GlobalSettings,
    /// `defaults` sections.
    #[shape(default)]
    pub defaults_blocks: Vec<Arc<DefaultsBlock>>,
    /// `http-errors` sections.
    #[shape(default)]
    pub http_errors_sections: Vec<Arc<HttpErrorsSection>>,
    /// `frontend` sections.
    #[shape(default)]
    pub frontends: Vec<Arc<Frontend>>,
    /// `backend` sections.
    #[shape(default)]
    pub backends: Vec<Arc<Backend>>,
    /// `resolvers` sections.
    #[shape(default)]
    pub resolvers: Vec<Arc<Resolvers>>,
    /// `peers` sections.
    #[shape(default)]
    pub peers: Vec<Arc<Peers>>,
    /// `mailers` sections.
    #[shape(default)]
    pub mailers: Vec<Arc<Mailers>>,
    /// `ring` sections.
    #[shape(default)]
    pub rings: Vec<Arc<Ring>>,
    /// `crt-store` sections (HAProxy 3.0 and later).
    #[shape(default)]
    pub crt_stores: Vec<Arc<CrtStore>>,
    /// Map files, written beside the configuration as `maps/<name>.map`.
    #[shape(default)]
    pub maps: Vec<Arc<MapFile>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// What the web app remembers.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Ui {
    /// Addresses offered when a bind is edited.
    #[shape(default)]
    pub saved_bind_addresses: Vec<SavedAddress>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// An address offered when a bind is edited.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SavedAddress {
    /// The address.
    pub address: Text<1, 256>,
    /// What it is called.
    pub label: Text<1, 128>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
