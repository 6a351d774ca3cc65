//! Variables of an older service mesh, for those who come from it: each stands for a key that nobody set otherwise.
//!
//! They are weaker than the file and everything else. An empty one is no value, as in the scripts that read them first.

use std::collections::BTreeMap;

use super::overrides::Override;

/// Variables with one key whose text is the same here; of two for one key, the later one wins.
const SAME: &[(&str, &str)] = &[
    ("CONDUIT_DOMAIN", "mesh.domain"),
    ("CONDUIT_DNS_UPSTREAM", "mesh.dns.upstreams"),
    ("CONDUIT_UPSTREAM_DNS", "mesh.dns.upstreams"),
    ("CONDUIT_CADDY_ADMIN", "mesh.caddy.admin"),
    ("CONDUIT_CADDY_HTTPS_PORT", "mesh.caddy.httpsPort"),
    ("CONDUIT_DOCKER_SOCKET", "mesh.dockerSocket"),
];

const HOST: &str = "CONDUIT_BIND_HOST";
const PORT: &str = "CONDUIT_BIND_PORT";

/// What the variables of an environment stand for.
pub(super) fn of(variables: &[(String, String)]) -> Vec<Override> {
    let set: BTreeMap<&str, &str> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.trim()))
        .filter(|(name, value)| name.starts_with("CONDUIT_") && !value.is_empty())
        .collect();
    let mut found = Vec::new();
    let mut stands = |variable: &str, key: &str, value: String| {
        found.push(Override { key: key.to_owned(), value, origin: variable.to_owned() });
    };
    for (variable, key) in SAME {
        if let Some(value) = set.get(variable) {
            stands(variable, key, (*value).to_owned());
        }
    }
    if set.contains_key("CONDUIT_CADDY_ADMIN") {
        // Whoever says where Caddy is, has one.
        stands("CONDUIT_CADDY_ADMIN", "mesh.caddy.mode", "external".to_owned());
    }
    if let Some(port) = set.get("CONDUIT_DNS_PORT") {
        stands("CONDUIT_DNS_PORT", "mesh.dns.listen", format!("127.0.0.1:{port}"));
    }
    if let Some(interval) = set.get("CONDUIT_HEALTH_INTERVAL") {
        stands("CONDUIT_HEALTH_INTERVAL", "mesh.health.intervalMs", milliseconds(interval));
    }
    let (host, port) = (set.get(HOST), set.get(PORT));
    if host.is_some() || port.is_some() {
        let variable = if host.is_some() { HOST } else { PORT };
        stands(variable, "mesh.listen", address(host.unwrap_or(&"127.0.0.1"), port.unwrap_or(&"9999")));
    }
    found
}

/// Seconds, with or without the letter; what is no number is left as it is, for the reader to refuse.
fn milliseconds(seconds: &str) -> String {
    let number = seconds.strip_suffix('s').unwrap_or(seconds);
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1000))
        .map_or_else(|| seconds.to_owned(), |milliseconds| milliseconds.to_string())
}

fn address(host: &str, port: &str) -> String {
    match host {
        "localhost" => format!("127.0.0.1:{port}"),
        six if six.contains(':') && !six.starts_with('[') => format!("[{six}]:{port}"),
        other => format!("{other}:{port}"),
    }
}
