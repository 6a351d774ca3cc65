//! Everything of the environment that rendering must know. The renderer itself knows no path and asks nobody.

use std::collections::BTreeMap;

use haproxy::{Features, Probe, Version};

/// What a configuration is rendered for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The version of the HAProxy that will read it.
    pub version: Version,
    /// What that HAProxy was built with.
    pub features: Features,
    /// Whether Plenum starts HAProxy itself.
    pub managed: bool,
    /// Where HAProxy listens for commands.
    pub sockets: Sockets,
    /// Where HAProxy writes its log (`log`): `stdout`, `stderr`, an address or a socket.
    pub log: String,
    /// The account that HAProxy changes to, when it is started as root.
    pub user: Option<String>,
    /// The group that HAProxy changes to, when it is started as root.
    pub group: Option<String>,
    /// Where relative `ca-file`s are looked for (`ca-base`); when absent, beside the configuration.
    pub ca_base: Option<String>,
    /// Where relative certificates are looked for (`crt-base`); when absent, beside the configuration.
    pub crt_base: Option<String>,
    /// What stands for the authorities that the system trusts.
    pub system_ca: String,
    /// The directory with `<id>.pem` of each trusted CA.
    pub trusted_cas: String,
    /// The directory with `<id>.pem` of each revocation list.
    pub trusted_crls: String,
    /// The certificates that Plenum manages and that can be loaded now, by the paths of their files. Binds that name no
    /// certificate of their own use these.
    pub certificates: Vec<String>,
    /// The name of this node, which `peers` sections refer to; HAProxy takes the host's name when absent.
    pub node: Option<String>,
    /// The account that keepalived runs the document's commands as. Any but `root` is safer where keepalived is newer than
    /// 2.2.7, whose check (`keepalived -t`) ends itself when it has to look at a file as somebody else.
    pub script_user: String,
    /// What this node has to add to floating addresses, by the id of the instance.
    pub vrrp: BTreeMap<String, Vrrp>,
}

/// Where HAProxy listens for commands.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// The socket for statistics and commands.
    pub stats: String,
    /// The mode of its file, such as `600`.
    pub mode: String,
    /// The group of its file.
    pub group: Option<String>,
}

/// What one node has to add to a floating address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vrrp {
    /// The network interface.
    pub interface: String,
    /// Whether the node begins as master.
    pub master: bool,
    /// Its priority, 1 to 255.
    pub priority: u8,
}

impl Target {
    /// A managed HAProxy whose socket for commands is `stats`, and nothing else that is particular.
    pub fn new(version: Version, features: Features, stats: impl Into<String>) -> Self {
        Self {
            version,
            features,
            managed: true,
            sockets: Sockets { stats: stats.into(), mode: "600".to_owned(), group: None },
            log: "stdout".to_owned(),
            user: None,
            group: None,
            ca_base: None,
            crt_base: None,
            system_ca: "@system-ca".to_owned(),
            trusted_cas: "trusted-cas".to_owned(),
            trusted_crls: "trusted-crls".to_owned(),
            certificates: Vec::new(),
            node: None,
            script_user: "root".to_owned(),
            vrrp: BTreeMap::new(),
        }
    }

    /// The same for the HAProxy that was probed.
    #[must_use]
    pub fn of(mut self, probe: &Probe) -> Self {
        self.version = probe.version.clone();
        self.features = probe.features.clone();
        self
    }

    /// Whether the version is at least `major.minor`.
    pub(super) fn since(&self, version: (u16, u16)) -> bool {
        self.version.at_least(version.0, version.1)
    }
}
