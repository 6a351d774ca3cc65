//! The typed sections of the configuration and their defaults.
//!
//! Defaults live in the `Default` impls and nowhere else; `docs/config.example.yaml` repeats them and a test compares.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

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
    /// How long the next piece of a request's body may take to arrive.
    pub body_timeout_ms: u64,
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
            body_timeout_ms: 30_000,
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
    /// The account that HAProxy's workers change to; absent: `haproxy` where Plenum is root, starts HAProxy, and it exists.
    pub user: Option<String>,
    /// The group that they change to; absent: that of the account's name.
    pub group: Option<String>,
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
            user: None,
            group: None,
        }
    }
}

/// Where something listens, if at all.
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
