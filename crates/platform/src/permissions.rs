//! Roles, and the permissions that routes and operations ask for.
//!
//! Deny by default: a role has exactly the permissions whose lowest role it reaches. The names are stable; they appear in
//! answers, in the audit log and in `docs/permissions.md`. `customer` stands below all roles that see the
//! infrastructure and is meant for the applications area alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a user may do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees only what belongs to them in the applications area.
    Customer,
    /// Reads.
    Viewer,
    /// Reads, and operates what runs: drain, weight, sessions.
    Moderator,
    /// Changes everything but owners.
    Admin,
    /// Everything. At least one enabled owner always remains.
    Owner,
}

impl Role {
    /// All roles, lowest first.
    pub const ALL: [Self; 5] = [Self::Customer, Self::Viewer, Self::Moderator, Self::Admin, Self::Owner];

    /// The name on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Viewer => "viewer",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether the role has the permission.
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.min_role()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role must be one of customer, viewer, moderator, admin, owner")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $role:ident;)+) => {
        /// One thing that a route or an operation may ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($(#[doc = $doc])+ $name,)+ }

        impl Permission {
            /// All permissions.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable name, such as `edge:state:write`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The lowest role that has it.
            pub fn min_role(self) -> Role {
                match self { $(Self::$name => Role::$role,)+ }
            }

            /// What it allows, in a sentence.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

permissions! {
    /// Use one's own account: who am I, sign out, password, second factor, sessions.
    Account = "account:self", Customer;
    /// List API tokens.
    TokensRead = "identity:tokens:read", Admin;
    /// Create and revoke API tokens.
    TokensWrite = "identity:tokens:write", Admin;
    /// List users.
    UsersRead = "identity:users:read", Admin;
    /// Create, change, disable and remove users.
    UsersWrite = "identity:users:write", Admin;
    /// Read and export the audit log, and verify its chain.
    AuditRead = "audit:read", Admin;
    /// Follow the event stream.
    EventsRead = "events:read", Viewer;
    /// Read metrics.
    MetricsRead = "metrics:read", Viewer;
    /// See background jobs.
    JobsRead = "jobs:read", Viewer;
    /// Run background jobs now.
    JobsRun = "jobs:run", Admin;
    /// Read the daemon's configuration, secrets masked.
    ConfigRead = "config:read", Admin;
    /// Change the daemon's configuration.
    ConfigWrite = "config:write", Owner;
    /// Pause and resume writes for a backup.
    SystemBackup = "system:backup", Admin;
    /// Read the state document, its schema and its plan.
    EdgeStateRead = "edge:state:read", Viewer;
    /// Change the state document.
    EdgeStateWrite = "edge:state:write", Admin;
    /// Write free-text directives, and commands that keepalived runs, into the state document.
    EdgeDirectives = "edge:directives", Admin;
    /// List and read snapshots.
    EdgeSnapshotsRead = "edge:snapshots:read", Viewer;
    /// Restore a snapshot.
    EdgeSnapshotsRestore = "edge:snapshots:restore", Admin;
    /// Read the rendered configuration and the state of HAProxy.
    EdgeHaproxyRead = "edge:haproxy:read", Viewer;
    /// See secrets in clear in rendered files.
    EdgeSecretsRead = "edge:secrets:read", Admin;
    /// Reload, start and stop HAProxy.
    EdgeHaproxyControl = "edge:haproxy:control", Admin;
    /// Send a test request through HAProxy.
    EdgeHaproxyProbe = "edge:haproxy:probe", Admin;
    /// See internal services, names, certificates, routes and servers.
    MeshRead = "mesh:read", Viewer;
    /// Register and remove internal services, rotate certificates, flush DNS, apply routes.
    MeshWrite = "mesh:write", Moderator;
    /// Put the internal root into the machine's own trust store.
    MeshTrust = "mesh:trust", Admin;
    /// Operate what runs: server state and weight, maps, tables, sessions.
    EdgeRuntimeWrite = "edge:runtime:write", Moderator;
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_read_back() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("Owner".parse::<Role>(), Err(UnknownRole));
        assert_eq!("".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn names_are_unique_and_customers_reach_only_their_account() {
        let mut names: Vec<_> = Permission::ALL.iter().map(|permission| permission.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Permission::ALL.len());
        for permission in Permission::ALL {
            assert_eq!(Role::Customer.may(*permission), *permission == Permission::Account, "{permission}");
            assert!(Role::Owner.may(*permission), "{permission}");
            assert!(!permission.describe().is_empty());
        }
    }
}
