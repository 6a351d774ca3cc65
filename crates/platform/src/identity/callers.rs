//! Who is asking: the one type that carries an identity through the program.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::permissions::{Permission, Role};

/// How the caller was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A browser session.
    Session,
    /// An API token.
    Token,
    /// The local socket or the command line: an operating system user.
    Local,
    /// The daemon itself.
    System,
}

impl Source {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::Local => "local",
            Self::System => "system",
        }
    }
}

/// The token a caller came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRef {
    /// Its public part, `pp_<8 hex>`.
    pub key_id: String,
    /// Its name.
    pub name: String,
}

/// An identified caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who the audit log names: `u_<16 hex>`, `pp_<8 hex>`, `local:<os user>` or `system`.
    pub actor: String,
    /// The user; none for local callers and the system. A token's user is its creator.
    pub user_id: Option<String>,
    /// The user's name, or what stands for it.
    pub username: String,
    /// What they may do, now. A token acts with its creator's current role.
    pub role: Role,
    /// How they were identified.
    pub source: Source,
    /// The token they came with.
    pub token: Option<TokenRef>,
    /// The id (not the secret) of the session they came with.
    pub session: Option<String>,
    /// When the credential ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// The daemon itself.
    pub fn system() -> Self {
        Self {
            actor: "system".to_owned(),
            user_id: None,
            username: "system".to_owned(),
            role: Role::Owner,
            source: Source::System,
            token: None,
            session: None,
            expires_at: None,
        }
    }

    /// The local operator: the operating system says who it is, and only root and the daemon's own user get here.
    pub fn local(os_user: &str) -> Self {
        let actor = format!("local:{}", crate::audit::clean(os_user));
        Self { username: actor.clone(), actor, source: Source::Local, ..Self::system() }
    }

    /// Whether the caller has a permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }
}

/// Where a request comes from, for the audit log and the list of sessions.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The address, after trusted proxies.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Client {
    pub(super) fn ip_text(&self) -> Option<String> {
        self.ip.map(|ip| ip.to_canonical().to_string())
    }
}
