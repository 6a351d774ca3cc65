//! How each key of each section is read: its name in the file, what it may hold, and what several keys mean together.

use super::reader::{Section, boolean, choice, int, ip, networks, path, socket_addr, text};
use super::sections::{
    Database, DatabaseUrl, FrontendLogging, Haproxy, HaproxyMode, LogFormat, LogLevel, Logging, RateLimit, Security,
    Server, Snapshots, Ssl, TlsMode, TlsVersion,
};
use super::tree::Value;

const YEAR_SECONDS: i128 = 366 * 24 * 3600;
const DAY_MS: i128 = 24 * 3600 * 1000;

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
        body_timeout_ms: s.value("bodyTimeoutMs", d.body_timeout_ms, int(100..=600_000)),
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
    if known { Ok(DatabaseUrl::new(url)) } else { Err("must begin with sqlite:, postgres:// or postgresql://".into()) }
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
        user: s.value("user", None, |v| account(v).map(Some)),
        group: s.value("group", None, |v| account(v).map(Some)),
    }
}

/// A name of a user or a group. Whether it exists is not a question for a configuration.
fn account(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && !name.starts_with('-');
    if plain && name.len() <= 32 {
        Ok(name)
    } else {
        Err(format!("\"{}\" is not a name of an account", name.escape_debug()))
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
