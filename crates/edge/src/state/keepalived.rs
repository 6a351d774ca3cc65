//! Floating addresses (VRRP): the part of keepalived.conf that all nodes share.

use shape::{Email, Extra, Int, Secret, Shape, Text};

use super::common::{Description, Id, Line, Reference, SecName};

/// Floating addresses.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Keepalived {
    /// Whether keepalived.conf holds anything.
    #[shape(default = false)]
    pub enabled: bool,
    /// The `global_defs` block.
    #[shape(default)]
    pub global_defs: GlobalDefs,
    /// `vrrp_script` blocks.
    #[shape(default)]
    pub track_scripts: Vec<TrackScript>,
    /// `vrrp_instance` blocks.
    #[shape(default)]
    pub instances: Vec<VrrpInstance>,
    /// `vrrp_sync_group` blocks.
    #[shape(default)]
    pub sync_groups: Vec<SyncGroup>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The `global_defs` block.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct GlobalDefs {
    /// The name of this node in messages; the node's own when absent.
    pub router_id: Option<Text<1, 64>>,
    /// Who is written to.
    #[shape(default)]
    pub notification_email: Vec<Email>,
    /// From whom.
    pub notification_email_from: Option<Email>,
    /// Through which server.
    pub smtp_server: Option<Line>,
    /// Seconds to wait for it.
    pub smtp_connect_timeout: Option<Int<1, 300>>,
    /// Whether the protocol is enforced to the letter.
    #[shape(default = false)]
    pub vrrp_strict: bool,
    /// Whether the addresses of an advertisement are checked only once.
    #[shape(default = true)]
    pub vrrp_skip_check_adv_addr: bool,
    /// Seconds between two gratuitous ARP messages.
    pub vrrp_garp_interval: Option<Int<0, 60>>,
    /// Seconds between two unsolicited neighbour messages.
    pub vrrp_gna_interval: Option<Int<0, 60>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A `vrrp_script` block: a command whose result changes priorities.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct TrackScript {
    /// Its identifier.
    pub id: Id,
    /// Its name; the identifier when absent.
    pub name: Option<SecName>,
    /// The command.
    pub script: Text<1, 2048>,
    /// Seconds between two runs.
    #[shape(default = Int::lit(2))]
    pub interval: Int<1, 3600>,
    /// Seconds that a run may take.
    pub timeout: Option<Int<1, 60>>,
    /// What the priority changes by.
    #[shape(default = Int::lit(0))]
    pub weight: Int<-254, 254>,
    /// Failures before it counts as failed.
    pub fall: Option<Int<1, 255>>,
    /// Successes before it counts as good.
    pub rise: Option<Int<1, 255>>,
    /// Whether it counts as failed before its first run.
    #[shape(default = false)]
    pub init_fail: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A `vrrp_sync_group` block: instances that move together.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SyncGroup {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    pub name: SecName,
    /// For people.
    pub description: Option<Description>,
    /// The instances.
    #[shape(default)]
    pub instance_ids: Vec<Id>,
    /// The command that is run on becoming master.
    pub notify_master: Option<Line>,
    /// The command that is run on becoming backup.
    pub notify_backup: Option<Line>,
    /// The command that is run on a fault.
    pub notify_fault: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A `vrrp_instance` block: one floating address.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct VrrpInstance {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    pub name: SecName,
    /// For people.
    pub description: Option<Description>,
    /// Whether it is rendered.
    #[shape(default = true)]
    pub enabled: bool,
    /// The address.
    pub vip: Line,
    /// The length of its network's prefix.
    #[shape(default = Int::lit(24))]
    pub prefix: Int<0, 128>,
    /// The number that the nodes share.
    pub virtual_router_id: Int<1, 255>,
    /// How the nodes trust each other.
    #[shape(default = AuthType::Pass)]
    pub auth_type: AuthType,
    /// The password that the nodes share.
    pub auth_pass: Secret<1, 8>,
    /// Seconds between two advertisements.
    #[shape(default = Int::lit(1))]
    pub advert_int: Int<1, 60>,
    /// The group that it moves with; joins it even when the group does not list it.
    #[shape(default)]
    pub sync_group_id: Reference,
    /// The scripts that change its priority.
    #[shape(default)]
    pub track_script_ids: Vec<Id>,
    /// Whether a node with a higher priority takes over.
    #[shape(default = true)]
    pub preempt: bool,
    /// After how many seconds.
    pub preempt_delay: Option<Int<0, 1000>>,
    /// Seconds after which gratuitous ARP is repeated.
    pub garp_master_delay: Option<Int<0, 60>>,
    /// For people.
    pub notes: Option<Text<0, 512>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// How the nodes trust each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum AuthType {
    /// By a password.
    #[shape(rename = "PASS")]
    Pass,
    /// By a signature.
    #[shape(rename = "AH")]
    Ah,
}
