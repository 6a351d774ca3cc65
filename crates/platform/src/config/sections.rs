//! The typed sections of the configuration, their defaults, and how each key is read.
//!
//! Defaults live in the `Default` impls and nowhere else; `docs/config.example.yaml` repeats them and a test compares.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use super::reader::{Section, boolean, choice, int, ip, networks, path, socket_addr, text};
use super::tree::Value;

const YEAR_SECONDS: i128 = 366 * 24 * 3600;
const DAY_MS: i128 = 24 * 3600 * 1000;

/// The main listener and what may be believed about the connections it gets.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    pub host: IpAddr,
    pub port: u16,
    /// Address and port in one; wins over `host` and `port`.
    pub listen: Option<SocketAddr>,
    /// Proxies whose forwarded-for headers count. Empty means nobody's.
    pub trust_proxy: Vec<IpNet>,
    pub shutdown_grace_period_ms: u64,
    /// Header in which a trusted proxy says under which path it publishes Plenum.
    pub ingress_path_header: String,
}

impl Server {
    /// Where the main listener binds.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| SocketAddr::new(self.host, self.port))
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 8099,
            listen: None,
            trust_proxy: Vec::new(),
            shutdown_grace_period_ms: 10_000,
            ingress_path_header: "X-Ingress-Path".into(),
        }
    }
}

/// Where the certificate of the main listener comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    Off,
    SelfSigned,
    Files,
}

/// The oldest TLS version that the main listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TlsVersion {
    #[serde(rename = "TLSv1.2")]
    V12,
    #[serde(rename = "TLSv1.3")]
    V13,
}

/// TLS of the main listener.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ssl {
    pub mode: TlsMode,
    pub cert_path: Option<PathBuf>,
    pub key_path: Option<PathBuf>,
    pub min_version: TlsVersion,
}

impl Default for Ssl {
    fn default() -> Self {
        Self { mode: TlsMode::SelfSigned, cert_path: None, key_path: None, min_version: TlsVersion::V12 }
    }
}

/// The three request budgets, each a number of requests per window.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    pub auth_max: u32,
    pub auth_window_ms: u64,
    pub write_max: u32,
    pub write_window_ms: u64,
    pub read_max: u32,
    pub read_window_ms: u64,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            auth_max: 25,
            auth_window_ms: 900_000,
            write_max: 60,
            write_window_ms: 60_000,
            read_max: 1000,
            read_window_ms: 60_000,
        }
    }
}

/// How much the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Pretty,
    Json,
}

/// Log output and how long audit entries are kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Logging {
    pub level: LogLevel,
    pub format: LogFormat,
    pub audit_retention_days: u32,
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Pretty, audit_retention_days: 365 }
    }
}

/// A database address. Its password is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes an address as it is.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The address with its password, for the driver only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The address as it may be shown.
    #[must_use]
    pub fn masked(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return self.0.clone();
        };
        // The user part ends at the last `@` before the path: a password may hold an `@` of its own.
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(authority_end);
        let authority = match authority.rsplit_once('@') {
            Some((user, host)) => {
                let name = user.split_once(':').map_or(user, |(name, _)| name);
                let password = if user.contains(':') { ":***" } else { "" };
                format!("{name}{password}@{host}")
            }
            None => authority.to_owned(),
        };
        format!("{scheme}://{authority}{}", mask_query(tail))
    }
}

/// A password may also stand in the query (`?password=…`).
fn mask_query(tail: &str) -> String {
    let Some((before, query)) = tail.split_once('?') else {
        return tail.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if name.to_ascii_lowercase().contains("password") => {
                format!("{name}=***")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", pairs.join("&"))
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

/// Where the store lives.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Database {
    /// `sqlite:<path>` or `postgres://…`; absent means a SQLite file in the data directory.
    pub url: Option<DatabaseUrl>,
}

/// Who starts HAProxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HaproxyMode {
    Managed,
    External,
}

/// How to reach HAProxy and keepalived.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Haproxy {
    pub mode: HaproxyMode,
    pub bin: PathBuf,
    /// Absent: in the data directory when managed, `/run/haproxy/master.sock` when external.
    pub master_socket: Option<PathBuf>,
    /// Absent: in the data directory when managed, `/run/haproxy/admin.sock` when external.
    pub stats_socket: Option<PathBuf>,
    pub check_timeout_ms: u64,
    pub reload_timeout_ms: u64,
    /// How long a change may wait for the ones before it.
    pub queue_timeout_ms: u64,
    pub keepalived_bin: PathBuf,
}

impl Haproxy {
    /// The master socket that is really used, given the data directory.
    #[must_use]
    pub fn master_socket_in(&self, data_dir: &Path) -> PathBuf {
        self.socket(self.master_socket.as_ref(), data_dir, "master.sock", "/run/haproxy/master.sock")
    }

    /// The admin socket that is really used, given the data directory.
    #[must_use]
    pub fn stats_socket_in(&self, data_dir: &Path) -> PathBuf {
        self.socket(self.stats_socket.as_ref(), data_dir, "admin.sock", "/run/haproxy/admin.sock")
    }

    fn socket(&self, given: Option<&PathBuf>, data_dir: &Path, managed: &str, external: &str) -> PathBuf {
        match (given, self.mode) {
            (Some(path), _) => path.clone(),
            (None, HaproxyMode::Managed) => data_dir.join("haproxy").join(managed),
            (None, HaproxyMode::External) => PathBuf::from(external),
        }
    }
}

impl Default for Haproxy {
    fn default() -> Self {
        Self {
            mode: HaproxyMode::Managed,
            bin: "/usr/sbin/haproxy".into(),
            master_socket: None,
            stats_socket: None,
            check_timeout_ms: 30_000,
            reload_timeout_ms: 30_000,
            queue_timeout_ms: 60_000,
            keepalived_bin: "/usr/sbin/keepalived".into(),
        }
    }
}

/// Where the mesh API listens, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    Off,
    On(SocketAddr),
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::On(address) => address.serialize(serializer),
        }
    }
}

/// The mesh listener.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mesh {
    pub listen: Listen,
}

impl Default for Mesh {
    fn default() -> Self {
        Self { listen: Listen::On(SocketAddr::from((Ipv4Addr::LOCALHOST, 9999))) }
    }
}

/// Lifetimes of credentials and a few knobs of the browser side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Security {
    pub session_idle_minutes: u32,
    pub session_max_days: u32,
    pub bcrypt_rounds: u32,
    /// 0 sends no Strict-Transport-Security.
    pub hsts_max_age_seconds: u64,
    /// How long `backup-pre` may hold writes before they resume by themselves.
    pub quiesce_limit_seconds: u64,
}

impl Security {
    /// How long a session lives without a request.
    #[must_use]
    pub fn session_idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_idle_minutes) * 60)
    }

    /// How long a session lives at all.
    #[must_use]
    pub fn session_max(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_max_days) * 24 * 3600)
    }
}

impl Default for Security {
    fn default() -> Self {
        Self {
            session_idle_minutes: 1440,
            session_max_days: 30,
            bcrypt_rounds: 10,
            hsts_max_age_seconds: 31_536_000,
            quiesce_limit_seconds: 300,
        }
    }
}

/// Which snapshots stay.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshots {
    /// The newest so many are always kept.
    pub keep_last: u32,
    /// Older ones are thinned to one a day and dropped after so many days.
    pub keep_days: u32,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { keep_last: 1000, keep_days: 365 }
    }
}

/// What the web app reports back about itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendLogging {
    pub enabled: bool,
    pub level: LogLevel,
}

impl Default for FrontendLogging {
    fn default() -> Self {
        Self { enabled: true, level: LogLevel::Info }
    }
}

const LEVELS: &[(&str, LogLevel)] = &[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

pub(super) fn server(s: &mut Section<'_, '_>) -> Server {
    let d = Server::default();
    Server {
        host: s.value("host", d.host, ip),
        port: s.value("port", d.port, int(1..=65_535)),
        listen: s.value("listen", None, |v| socket_addr(v).map(Some)),
        trust_proxy: s.value("trustProxy", d.trust_proxy, networks),
        shutdown_grace_period_ms: s.value("shutdownGracePeriodMs", d.shutdown_grace_period_ms, int(0..=60_000)),
        ingress_path_header: s.value("ingressPathHeader", d.ingress_path_header, header_name),
    }
}

fn header_name(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    match http::HeaderName::try_from(name.as_str()) {
        Ok(_) => Ok(name),
        Err(_) => Err(format!("\"{}\" is not a header name", name.escape_debug())),
    }
}

pub(super) fn ssl(s: &mut Section<'_, '_>) -> Ssl {
    let d = Ssl::default();
    let modes = &[("off", TlsMode::Off), ("self-signed", TlsMode::SelfSigned), ("files", TlsMode::Files)];
    let versions = &[("TLSv1.2", TlsVersion::V12), ("TLSv1.3", TlsVersion::V13)];
    let ssl = Ssl {
        mode: s.value("mode", d.mode, choice(modes)),
        cert_path: s.value("certPath", None, |v| path(v).map(Some)),
        key_path: s.value("keyPath", None, |v| path(v).map(Some)),
        min_version: s.value("minVersion", d.min_version, choice(versions)),
    };
    if ssl.mode == TlsMode::Files {
        if ssl.cert_path.is_none() {
            s.complain("certPath", "is needed when ssl.mode is files");
        }
        if ssl.key_path.is_none() {
            s.complain("keyPath", "is needed when ssl.mode is files");
        }
    }
    ssl
}

pub(super) fn rate_limit(s: &mut Section<'_, '_>) -> RateLimit {
    let d = RateLimit::default();
    RateLimit {
        auth_max: s.value("authMax", d.auth_max, int(1..=1_000_000)),
        auth_window_ms: s.value("authWindowMs", d.auth_window_ms, int(1000..=DAY_MS)),
        write_max: s.value("writeMax", d.write_max, int(1..=100_000_000)),
        write_window_ms: s.value("writeWindowMs", d.write_window_ms, int(1000..=DAY_MS)),
        read_max: s.value("readMax", d.read_max, int(1..=100_000_000)),
        read_window_ms: s.value("readWindowMs", d.read_window_ms, int(1000..=DAY_MS)),
    }
}

pub(super) fn logging(s: &mut Section<'_, '_>) -> Logging {
    let d = Logging::default();
    Logging {
        level: s.value("level", d.level, choice(LEVELS)),
        format: s.value("format", d.format, choice(&[("pretty", LogFormat::Pretty), ("json", LogFormat::Json)])),
        audit_retention_days: s.value("auditRetentionDays", d.audit_retention_days, int(30..=3650)),
    }
}

pub(super) fn database(s: &mut Section<'_, '_>) -> Database {
    Database { url: s.value("url", None, |v| database_url(v).map(Some)) }
}

/// The message never repeats the value: it may hold a password.
fn database_url(value: &Value) -> Result<DatabaseUrl, String> {
    let url = text(value)?;
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    if known { Ok(DatabaseUrl(url)) } else { Err("must begin with sqlite:, postgres:// or postgresql://".into()) }
}

pub(super) fn haproxy(s: &mut Section<'_, '_>) -> Haproxy {
    let d = Haproxy::default();
    let modes = &[("managed", HaproxyMode::Managed), ("external", HaproxyMode::External)];
    Haproxy {
        mode: s.value("mode", d.mode, choice(modes)),
        bin: s.value("bin", d.bin, path),
        master_socket: s.value("masterSocket", None, |v| path(v).map(Some)),
        stats_socket: s.value("statsSocket", None, |v| path(v).map(Some)),
        check_timeout_ms: s.value("checkTimeoutMs", d.check_timeout_ms, int(100..=600_000)),
        reload_timeout_ms: s.value("reloadTimeoutMs", d.reload_timeout_ms, int(100..=600_000)),
        queue_timeout_ms: s.value("queueTimeoutMs", d.queue_timeout_ms, int(100..=600_000)),
        keepalived_bin: s.value("keepalivedBin", d.keepalived_bin, path),
    }
}

pub(super) fn mesh(s: &mut Section<'_, '_>) -> Mesh {
    let d = Mesh::default();
    Mesh {
        listen: s.value("listen", d.listen, |value| match value {
            Value::Text(word) | Value::Word(word) if word == "off" => Ok(Listen::Off),
            other => socket_addr(other).map(Listen::On).map_err(|message| format!("{message}, or off")),
        }),
    }
}

pub(super) fn security(s: &mut Section<'_, '_>) -> Security {
    let d = Security::default();
    Security {
        session_idle_minutes: s.value("sessionIdleMinutes", d.session_idle_minutes, int(1..=525_600)),
        session_max_days: s.value("sessionMaxDays", d.session_max_days, int(1..=3650)),
        bcrypt_rounds: s.value("bcryptRounds", d.bcrypt_rounds, int(10..=15)),
        hsts_max_age_seconds: s.value("hstsMaxAgeSeconds", d.hsts_max_age_seconds, int(0..=2 * YEAR_SECONDS)),
        quiesce_limit_seconds: s.value("quiesceLimitSeconds", d.quiesce_limit_seconds, int(1..=86_400)),
    }
}

pub(super) fn snapshots(s: &mut Section<'_, '_>) -> Snapshots {
    let d = Snapshots::default();
    Snapshots {
        keep_last: s.value("keepLast", d.keep_last, int(1..=1_000_000)),
        keep_days: s.value("keepDays", d.keep_days, int(1..=36_500)),
    }
}

pub(super) fn frontend_logging(s: &mut Section<'_, '_>) -> FrontendLogging {
    let d = FrontendLogging::default();
    FrontendLogging {
        enabled: s.value("enabled", d.enabled, boolean),
        level: s.value("level", d.level, choice(LEVELS)),
    }
}
