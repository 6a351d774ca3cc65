//! How machines are: this one, and those that are reached over SSH.
//!
//! [`reading`] makes numbers of what the kernel writes, whichever machine it runs on. [`local`] and [`remote`] get that
//! text, [`looks`] remembers what was last seen and asks all machines at once, [`containers`] does the same for Docker, and
//! [`text`] writes it down as the documented tables.

pub mod containers;
pub mod local;
pub mod looks;
pub mod reading;
pub mod remote;
pub mod text;

use serde::Serialize;
use utoipa::ToSchema;

pub use looks::Monitor;
pub use reading::{Gpu, Reading};

/// What the machine that Plenum runs on is called.
pub const LOCAL: &str = "local";

/// Whether a machine could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MeshServerStatus)]
pub enum Status {
    Online,
    #[default]
    Offline,
    /// It shows another key than the pinned one; nothing was sent to it.
    ChangedKey,
}

impl Status {
    /// As routes show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::ChangedKey => "changed_key",
        }
    }
}

/// One machine.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Machine {
    /// `local`, or the name in lower case.
    pub id: String,
    pub name: String,
    pub host: String,
    pub status: Status,
    /// Why nothing could be read just now. The numbers are the last ones then, or 0 where there never were any.
    pub error: Option<String>,
    /// The account that Plenum uses there; none for this machine.
    pub user: Option<String>,
    pub port: Option<u16>,
    /// The fingerprint that is pinned: `SHA256:…`, as `ssh-keygen -l` shows it.
    pub host_key: Option<String>,
    /// The fingerprint that the server shows instead; only with `changed_key`.
    pub offered_key: Option<String>,
    #[serde(flatten)]
    pub reading: Reading,
    /// When it was last asked.
    pub last_check: String,
    /// When the numbers were read; none where they never were.
    pub read_at: Option<String>,
}
