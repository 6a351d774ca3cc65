//! Values that flags and environment variables put over the file.
//!
//! Every key has a variable: `PLENUM_` and the key in capitals, words apart (`server.trustProxy` is
//! `PLENUM_SERVER_TRUST_PROXY`). A few have a shorter one besides, named like the flag.

use super::fallbacks;

/// One value from outside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Dotted key, as in the file.
    pub key: String,
    /// The value as text; it is read as what the key wants.
    pub value: String,
    /// What to call the source in a message: `--listen`, `PLENUM_LISTEN`.
    pub origin: String,
}

/// Values from outside the file; later ones win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    over: Vec<Override>,
    /// What holds where the file says nothing.
    under: Vec<Override>,
}

/// The variables that are named like a flag instead of like their key.
const SHORT: &[(&str, &str)] =
    &[("PLENUM_LISTEN", "server.listen"), ("PLENUM_TLS", "ssl.mode"), ("PLENUM_LOG", "logging.level")];

/// Every key that can be set, in the order of the documentation.
const KEYS: &[&str] = &[
    "dataDir",
    "server.host",
    "server.port",
    "server.listen",
    "server.trustProxy",
    "server.shutdownGracePeriodMs",
    "server.bodyTimeoutMs",
    "server.ingressPathHeader",
    "ssl.mode",
    "ssl.certPath",
    "ssl.keyPath",
    "ssl.minVersion",
    "rateLimit.authMax",
    "rateLimit.authWindowMs",
    "rateLimit.writeMax",
    "rateLimit.writeWindowMs",
    "rateLimit.readMax",
    "rateLimit.readWindowMs",
    "logging.level",
    "logging.format",
    "logging.auditRetentionDays",
    "frontendLogging.enabled",
    "frontendLogging.level",
    "database.url",
    "haproxy.mode",
    "haproxy.bin",
    "haproxy.masterSocket",
    "haproxy.statsSocket",
    "haproxy.checkTimeoutMs",
    "haproxy.reloadTimeoutMs",
    "haproxy.queueTimeoutMs",
    "haproxy.keepalivedBin",
    "haproxy.user",
    "haproxy.group",
    "node.id",
    "keepalived.scriptUser",
    "keepalived.interface",
    "mesh.listen",
    "mesh.domain",
    "mesh.gateway",
    "mesh.allowLoopback",
    "mesh.dockerSocket",
    "mesh.dns.engine",
    "mesh.dns.listen",
    "mesh.dns.upstreams",
    "mesh.caddy.mode",
    "mesh.caddy.bin",
    "mesh.caddy.admin",
    "mesh.caddy.httpPort",
    "mesh.caddy.httpsPort",
    "mesh.health.intervalMs",
    "mesh.health.timeoutMs",
    "mesh.health.fall",
    "mesh.health.rise",
    "mesh.health.degradedMs",
    "mesh.acme.httpPort",
    "security.sessionIdleMinutes",
    "security.sessionMaxDays",
    "security.bcryptRounds",
    "security.hstsMaxAgeSeconds",
    "security.quiesceLimitSeconds",
    "snapshots.keepLast",
    "snapshots.keepDays",
];

impl Overrides {
    /// Takes the variables that set a key out of an environment. Variables that begin with `PLENUM_` and set no key are
    /// not an error, because other parts of Plenum read some (`PLENUM_CONFIG`).
    pub fn from_env(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables: Vec<_> = variables.into_iter().collect();
        let under = fallbacks::of(&variables);
        let mut over: Vec<Override> = variables
            .into_iter()
            .filter_map(|(name, value)| Some(Override { key: key_of(&name)?.to_owned(), value, origin: name }))
            .collect();
        // The environment has no order of its own; the shorter name is the more deliberate one and wins.
        over.sort_by(|a, b| b.origin.len().cmp(&a.origin.len()).then_with(|| a.origin.cmp(&b.origin)));
        Self { over, under }
    }

    /// Puts a value over everything so far; `None` changes nothing, which suits an absent flag.
    #[must_use]
    pub fn with(mut self, key: &str, value: Option<impl ToString>, origin: &str) -> Self {
        if let Some(value) = value {
            let (key, origin) = (key.to_owned(), origin.to_owned());
            self.over.push(Override { key, value: value.to_string(), origin });
        }
        self
    }

    /// The values, weakest first.
    #[must_use]
    pub fn entries(&self) -> &[Override] {
        &self.over
    }

    /// Values for keys that the file does not set, weakest first.
    #[must_use]
    pub fn fallbacks(&self) -> &[Override] {
        &self.under
    }

    /// Every key that can be set, with its variable.
    pub fn keys() -> impl Iterator<Item = (&'static str, String)> {
        KEYS.iter().map(|key| (*key, variable_of(key)))
    }
}

fn key_of(variable: &str) -> Option<&'static str> {
    if !variable.starts_with("PLENUM_") {
        return None;
    }
    let short = SHORT.iter().find(|(name, _)| *name == variable).map(|(_, key)| *key);
    short.or_else(|| KEYS.iter().copied().find(|key| variable_of(key) == variable))
}

fn variable_of(key: &str) -> String {
    let mut name = String::from("PLENUM_");
    for c in key.chars() {
        match c {
            '.' => name.push('_'),
            c if c.is_ascii_uppercase() => {
                name.push('_');
                name.push(c);
            }
            c => name.push(c.to_ascii_uppercase()),
        }
    }
    name
}
