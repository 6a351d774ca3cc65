//! The state document: the whole desired HAProxy configuration as one JSON value.
//!
//! A document comes in through [`read`] (or [`apply_patch`]), which checks everything there is to check and
//! reports all of it at once, and goes out through [`to_json`]. What these functions return is whole: every
//! default filled in, every reference resolvable, every `***` replaced by the secret it stands for. Two documents
//! that mean the same have the same bytes, so a hash tells them apart.
//!
//! Sections with many entities are lists of `Arc`s. A clone costs a few thousand pointers, and what did not
//! change between two documents is the same allocation, which keeps comparing and patching cheap.
//!
//! Pure: no clock, no store, no file. Sealing and opening are handed in.

mod access;
pub mod acl;
pub mod acme;
pub mod actions;
pub mod auth;
pub mod backend;
pub mod bind;
pub mod common;
pub mod defaults;
pub mod diff;
pub mod document;
pub mod frontend;
pub mod geoip;
pub mod global;
pub mod keepalived;
mod layout;
pub mod notifications;
mod patch;
mod references;
pub mod rules;
pub mod sections;
pub mod security;
mod share;
pub mod tls;

pub use access::{ReadError, Stored, read, read_stored, stored, to_json};
pub use diff::{Change, ChangeKind, FieldChange, diff};
pub use document::Document;
pub use layout::Layout;
pub use patch::{PatchError, PatchKind, apply_patch};
pub use shape::{Issue, Secrets};
