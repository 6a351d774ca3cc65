//! What differs from node to node of a cluster: the name, and the part that a node takes in floating addresses.
//!
//! The document is the same on every node; these are configuration.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reader::{Section, choice, int, text};
use super::tree::Value;

/// Which node this is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Node {
    /// Its name; HAProxy and keepalived take the host's name when absent.
    pub id: Option<String>,
}

/// This node's part in keepalived's configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Keepalived {
    /// The account that the document's commands run as.
    pub script_user: String,
    /// The interface of every instance below that names none.
    pub interface: Option<String>,
    /// The instances that this node takes part in, by their id in the document.
    pub instances: BTreeMap<String, Vrrp>,
}

/// This node's part in one floating address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vrrp {
    /// The network interface.
    pub interface: String,
    /// 1 to 255; the node with the highest holds the address.
    pub priority: u8,
    /// What the node begins as.
    pub state: VrrpState,
}

/// What a node begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VrrpState {
    Master,
    Backup,
}

impl Default for Keepalived {
    fn default() -> Self {
        Self { script_user: "root".into(), interface: None, instances: BTreeMap::new() }
    }
}

pub(super) fn node(s: &mut Section<'_, '_>) -> Node {
    Node { id: s.value("id", None, |v| word(v).map(Some)) }
}

pub(super) fn keepalived(s: &mut Section<'_, '_>) -> Keepalived {
    let d = Keepalived::default();
    let script_user = s.value("scriptUser", d.script_user, word);
    let common = s.value("interface", None, |v| interface(v).map(Some));
    let instances = s.each("instances", |s| instance(s, common.as_deref()));
    Keepalived { script_user, interface: common, instances }
}

fn instance(s: &mut Section<'_, '_>, common: Option<&str>) -> Vrrp {
    let states = &[("MASTER", VrrpState::Master), ("BACKUP", VrrpState::Backup)];
    let before = s.problems();
    let own = s.value("interface", None, |v| interface(v).map(Some));
    if own.is_none() && common.is_none() && s.problems() == before {
        s.complain("interface", "is needed, here or as keepalived.interface");
    }
    Vrrp {
        interface: own.or_else(|| common.map(str::to_owned)).unwrap_or_default(),
        priority: s.value("priority", 100, int(1..=255)),
        state: s.value("state", VrrpState::Backup, choice(states)),
    }
}

/// A name of a network interface, as the kernel takes them and as keepalived can read them.
fn interface(value: &Value) -> Result<String, String> {
    let name = word(value)?;
    if name.len() > 15 || name.contains('/') || matches!(name.as_str(), "." | "..") {
        return Err(format!("\"{}\" is not a name of a network interface", name.escape_debug()));
    }
    Ok(name)
}

/// What keepalived reads as exactly one word.
fn word(value: &Value) -> Result<String, String> {
    let word = text(value)?;
    if word.starts_with(['@', '$', '~']) || word.chars().any(|c| c.is_whitespace() || "\"'\\{}#!".contains(c)) {
        return Err(format!("must be one word without quotes, braces, # or !, not \"{}\"", word.escape_debug()));
    }
    Ok(word)
}
