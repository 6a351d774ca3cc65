//! Names, routes and certificates of internal services.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Serialize;

use super::reader::{Section, boolean, choice, int, ip, path, socket_addr, text};
use super::sections::Listen;
use super::tree::Value;

/// The mesh area.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mesh {
    /// Where its API listens.
    pub listen: Listen,
    /// The domain below which services have their names.
    pub domain: String,
    /// The address that names resolve to: where the routes are.
    pub gateway: IpAddr,
    /// Whether services may be on this machine's own loopback addresses.
    pub allow_loopback: bool,
    /// Where this machine's Docker listens, if it has one.
    pub docker_socket: PathBuf,
    pub dns: MeshDns,
    pub caddy: MeshCaddy,
    pub health: MeshHealth,
    pub acme: MeshAcme,
}

/// Its DNS server.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeshDns {
    pub engine: DnsEngine,
    pub listen: Listen,
    /// Who is asked for other names; nobody means that no others exist.
    pub upstreams: Vec<SocketAddr>,
}

/// Who answers queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsEngine {
    Embedded,
    Dnsmasq,
}

/// Its Caddy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeshCaddy {
    pub mode: CaddyMode,
    pub bin: PathBuf,
    /// The admin API of an external Caddy.
    pub admin: String,
    /// Ports of the routes; by default 80 and 443 for root, 8880 and 8443 for anybody else.
    pub http_port: Option<u16>,
    pub https_port: Option<u16>,
}

/// Who runs Caddy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CaddyMode {
    Managed,
    External,
}

/// How services are checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeshHealth {
    pub interval_ms: u64,
    pub timeout_ms: u64,
    /// So many failures in a row make a service down.
    pub fall: u32,
    /// So many successes in a row make it up again.
    pub rise: u32,
    /// Slower answers than this make it degraded.
    pub degraded_ms: u64,
}

/// How names are proved to its ACME server.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeshAcme {
    /// The port that HTTP challenges are fetched from, where the name does not lead to the gateway itself.
    pub http_port: u16,
}

impl Default for Mesh {
    fn default() -> Self {
        Self {
            listen: Listen::On(SocketAddr::from((Ipv4Addr::LOCALHOST, 9999))),
            domain: "qp.local".into(),
            gateway: Ipv4Addr::LOCALHOST.into(),
            allow_loopback: true,
            docker_socket: "/var/run/docker.sock".into(),
            dns: MeshDns {
                engine: DnsEngine::Embedded,
                listen: Listen::On(SocketAddr::from((Ipv4Addr::LOCALHOST, 5353))),
                upstreams: Vec::new(),
            },
            caddy: MeshCaddy {
                mode: CaddyMode::Managed,
                bin: "/usr/bin/caddy".into(),
                admin: "localhost:2019".into(),
                http_port: None,
                https_port: None,
            },
            health: MeshHealth { interval_ms: 5_000, timeout_ms: 3_000, fall: 2, rise: 2, degraded_ms: 1_000 },
            acme: MeshAcme { http_port: 80 },
        }
    }
}

impl MeshCaddy {
    /// The ports of the routes: plain HTTP and HTTPS.
    #[must_use]
    pub fn ports(&self, is_root: bool) -> (u16, u16) {
        let (http, https) = if is_root { (80, 443) } else { (8880, 8443) };
        (self.http_port.unwrap_or(http), self.https_port.unwrap_or(https))
    }
}

pub(super) fn mesh(s: &mut Section<'_, '_>) -> Mesh {
    let d = Mesh::default();
    Mesh {
        listen: s.value("listen", d.listen, listen),
        domain: s.value("domain", d.domain, domain),
        gateway: s.value("gateway", d.gateway, ip),
        allow_loopback: s.value("allowLoopback", d.allow_loopback, boolean),
        docker_socket: s.value("dockerSocket", d.docker_socket, path),
        dns: s.section("dns", |s| MeshDns {
            engine: s.value("engine", d.dns.engine, choice(ENGINES)),
            listen: s.value("listen", d.dns.listen, listen),
            upstreams: s.value("upstreams", d.dns.upstreams, upstreams),
        }),
        caddy: s.section("caddy", |s| MeshCaddy {
            mode: s.value("mode", d.caddy.mode, choice(MODES)),
            bin: s.value("bin", d.caddy.bin, path),
            admin: s.value("admin", d.caddy.admin, text),
            http_port: s.value("httpPort", None, |v| int(1..=65_535)(v).map(Some)),
            https_port: s.value("httpsPort", None, |v| int(1..=65_535)(v).map(Some)),
        }),
        health: s.section("health", |s| MeshHealth {
            interval_ms: s.value("intervalMs", d.health.interval_ms, int(500..=3_600_000)),
            timeout_ms: s.value("timeoutMs", d.health.timeout_ms, int(50..=60_000)),
            fall: s.value("fall", d.health.fall, int(1..=20)),
            rise: s.value("rise", d.health.rise, int(1..=20)),
            degraded_ms: s.value("degradedMs", d.health.degraded_ms, int(1..=60_000)),
        }),
        acme: s.section("acme", |s| MeshAcme { http_port: s.value("httpPort", d.acme.http_port, int(1..=65_535)) }),
    }
}

const ENGINES: &[(&str, DnsEngine)] = &[("embedded", DnsEngine::Embedded), ("dnsmasq", DnsEngine::Dnsmasq)];
const MODES: &[(&str, CaddyMode)] = &[("managed", CaddyMode::Managed), ("external", CaddyMode::External)];

fn listen(value: &Value) -> Result<Listen, String> {
    match value {
        Value::Text(word) | Value::Word(word) if word == "off" => Ok(Listen::Off),
        other => socket_addr(other).map(Listen::On).map_err(|message| format!("{message}, or off")),
    }
}

/// Names below it are made of it, so it must be one itself (RFC 1123 section 2.1).
fn domain(value: &Value) -> Result<String, String> {
    let name = text(value)?.to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= 180 && name.split('.').all(is_label) {
        Ok(name)
    } else {
        Err(format!("\"{}\" is not a name of a domain", name.escape_debug()))
    }
}

fn upstreams(value: &Value) -> Result<Vec<SocketAddr>, String> {
    let one = |value: &Value| {
        socket_addr(value)
            .or_else(|_| ip(value).map(|ip| SocketAddr::from((ip, 53))))
            .map_err(|_| "must be a list of addresses of DNS servers, such as 192.0.2.53 or 192.0.2.53:5353".to_owned())
    };
    match value {
        Value::List(items) => items.iter().map(|item| one(&item.value)).collect(),
        Value::Word(words) => words
            .split(',')
            .filter(|word| !word.trim().is_empty())
            .map(|word| one(&Value::Word(word.trim().to_owned())))
            .collect(),
        other => one(other).map(|address| vec![address]),
    }
}
