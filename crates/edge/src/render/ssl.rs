//! TLS defaults of the whole process: profiles, lists, tunables.
//!
//! A profile is valid on every version and on both sides: what only binds understand is not written for servers, and
//! what an old version does not know is left to that version's defaults. A list that the document itself gives and the
//! installed version cannot take is an issue instead.

use super::context::{Context, Since};
use super::writer::Out;
use crate::state::common::Line;
use crate::state::global::{GlobalSsl, SslLists, SslProfileName, SslTune, TlsVersion};

/// What a profile says.
struct Profile {
    versions: &'static [TlsVersion],
    ciphers: &'static str,
    suites: &'static str,
    curves: &'static str,
    /// Options that binds and servers understand.
    options: &'static [&'static str],
    /// Options that only binds understand.
    bind_options: &'static [&'static str],
}

const SUITES: &str = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
const CURVES: &str = "X25519:prime256v1:secp384r1";
const INTERMEDIATE: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:\
DHE-RSA-AES256-GCM-SHA384";
const OLD: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:\
DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:\
ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:\
ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA256:DHE-RSA-AES256-SHA256:AES128-GCM-SHA256:\
AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA:DES-CBC3-SHA";

const ALL: [TlsVersion; 4] = [TlsVersion::V10, TlsVersion::V11, TlsVersion::V12, TlsVersion::V13];

fn profile(name: SslProfileName) -> Profile {
    let base = Profile { versions: &[], ciphers: "", suites: SUITES, curves: CURVES, options: &[], bind_options: &[] };
    match name {
        SslProfileName::Modern => {
            Profile { versions: &[TlsVersion::V13], bind_options: &["prefer-client-ciphers"], ..base }
        }
        SslProfileName::Intermediate => Profile {
            versions: &[TlsVersion::V12, TlsVersion::V13],
            ciphers: INTERMEDIATE,
            options: &["no-tls-tickets"],
            ..base
        },
        SslProfileName::Old => Profile { versions: &ALL, ciphers: OLD, ..base },
        SslProfileName::Custom => Profile { suites: "", curves: "", ..base },
    }
}

/// The directives of one side, with the version in which each came.
struct Side {
    key: &'static str,
    ciphers: &'static str,
    suites: &'static str,
    curves: (&'static str, Since),
    sigalgs: (&'static str, Since),
    client_sigalgs: (&'static str, Since),
    options: &'static str,
    binds: bool,
}

const BIND: Side = Side {
    key: "bind",
    ciphers: "ssl-default-bind-ciphers",
    suites: "ssl-default-bind-ciphersuites",
    curves: ("ssl-default-bind-curves", (2, 0)),
    sigalgs: ("ssl-default-bind-sigalgs", (2, 8)),
    client_sigalgs: ("ssl-default-bind-client-sigalgs", (2, 8)),
    options: "ssl-default-bind-options",
    binds: true,
};

const SERVER: Side = Side {
    key: "server",
    ciphers: "ssl-default-server-ciphers",
    suites: "ssl-default-server-ciphersuites",
    curves: ("ssl-default-server-curves", (3, 0)),
    sigalgs: ("ssl-default-server-sigalgs", (3, 0)),
    client_sigalgs: ("ssl-default-server-client-sigalgs", (3, 0)),
    options: "ssl-default-server-options",
    binds: false,
};

/// The options that both sides have up to HAProxy 3.2. Later versions may know more, so nothing is refused for them.
const OPTIONS: [&str; 13] = [
    "no-sslv3",
    "no-tlsv10",
    "no-tlsv11",
    "no-tlsv12",
    "no-tlsv13",
    "no-tls-tickets",
    "force-sslv3",
    "force-tlsv10",
    "force-tlsv11",
    "force-tlsv12",
    "force-tlsv13",
    "ssl-min-ver",
    "ssl-max-ver",
];

/// The option that only binds have.
const ONLY_BINDS: &str = "prefer-client-ciphers";

pub(super) fn render(out: &mut Out, cx: &Context<'_>, ssl: &GlobalSsl) {
    if !cx.target.features.tls() {
        return;
    }
    out.at("tune", |out| tune(out, &ssl.tune));
    let profile = profile(ssl.profile.name);
    for (side, lists) in [(&BIND, &ssl.bind), (&SERVER, &ssl.server)] {
        out.at(side.key, |out| lists_of(out, cx, side, &profile, lists));
    }
    providers(out, ssl);
    if !ssl.load_extra_files.extra_files.is_empty() {
        out.at("loadExtraFiles", |out| {
            extra_files(out, &ssl.load_extra_files.extra_files);
            let mut line = out.line("ssl-load-extra-files");
            for kind in &ssl.load_extra_files.extra_files {
                line.arg(kind);
            }
        });
    }
    if ssl.load_extra_files.delete_extensions {
        out.line("ssl-load-extra-del-ext");
    }
}

fn extra_files(out: &mut Out, kinds: &[Line]) {
    const KINDS: [&str; 7] = ["none", "all", "bundle", "sctl", "ocsp", "issuer", "key"];
    out.enter("extraFiles");
    for (index, kind) in kinds.iter().enumerate() {
        if !KINDS.contains(&kind.as_str()) {
            out.at(index, |out| out.issue(format!("must be one of {}", KINDS.join(", "))));
        }
    }
    if kinds.len() > 1 && kinds.iter().any(|kind| kind == "none" || kind == "all") {
        out.issue("\"none\" and \"all\" can only stand alone");
    }
    out.leave();
}

fn tune(out: &mut Out, tune: &SslTune) {
    out.line("tune.ssl.default-dh-param").num(tune.default_dh_param.get());
    for (keyword, value) in [
        ("tune.ssl.cachesize", tune.cachesize),
        ("tune.ssl.lifetime", tune.lifetime),
        ("tune.ssl.maxrecord", tune.maxrecord),
        ("tune.ssl.capture-buffer-size", tune.capture_buffer_size),
    ] {
        if let Some(value) = value {
            out.line(keyword).num(value.get());
        }
    }
    if tune.force_private_cache == Some(true) {
        out.line("tune.ssl.force-private-cache");
    }
    if tune.num_async.is_some_and(|count| count.get() > 0) {
        out.line("ssl-mode-async");
    }
    if tune.keylog {
        out.line("tune.ssl.keylog").key("on");
    }
}

fn providers(out: &mut Out, ssl: &GlobalSsl) {
    out.enter("providers");
    for provider in &ssl.providers.loaded {
        out.line("ssl-provider").arg(provider);
    }
    if let Some(properties) = &*ssl.providers.default_properties {
        out.line("ssl-propquery").arg(properties);
    }
    out.leave();
}

fn lists_of(out: &mut Out, cx: &Context<'_>, side: &Side, profile: &Profile, lists: &SslLists) {
    list(out, cx, "ciphers", (side.ciphers, (2, 0)), lists.ciphers.as_deref(), profile.ciphers);
    list(out, cx, "ciphersuites", (side.suites, (2, 0)), lists.ciphersuites.as_deref(), profile.suites);
    list(out, cx, "curves", side.curves, lists.curves.as_deref(), profile.curves);
    list(out, cx, "sigalgs", side.sigalgs, lists.sigalgs.as_deref(), "");
    list(out, cx, "clientSigalgs", side.client_sigalgs, lists.client_sigalgs.as_deref(), "");
    options(out, cx, side, profile, lists);
}

/// One list: the document's own, or else the profile's where the version has the directive.
fn list(
    out: &mut Out,
    cx: &Context<'_>,
    key: &'static str,
    (keyword, since): (&'static str, Since),
    own: Option<&[Line]>,
    preset: &'static str,
) {
    match own {
        Some([]) => {}
        Some(own) => match cx.lacks(since, &format!("\"{keyword}\"")) {
            Some(message) => out.issue_at(key, message),
            None => out.at(key, |out| {
                let joined = own.iter().map(|item| item.as_str()).collect::<Vec<_>>().join(":");
                out.line(keyword).arg(&joined);
            }),
        },
        None if preset.is_empty() || !cx.target.since(since) => {}
        None => {
            out.line(keyword).arg(preset);
        }
    }
}

fn options(out: &mut Out, cx: &Context<'_>, side: &Side, profile: &Profile, lists: &SslLists) {
    let versions = lists.enabled_versions.as_deref().unwrap_or(profile.versions);
    let own = lists.options.as_deref();
    let preset: Vec<&'static str> = match own {
        Some(_) => Vec::new(),
        None => {
            let binds: &[&str] = if side.binds { profile.bind_options } else { &[] };
            profile.options.iter().chain(binds).copied().collect()
        }
    };
    let own = own.unwrap_or_default();
    if versions.is_empty() && own.is_empty() && preset.is_empty() {
        return;
    }
    out.enter("options");
    for (index, option) in own.iter().enumerate() {
        let name = option.split_whitespace().next().unwrap_or_default();
        if name == ONLY_BINDS && !side.binds {
            out.at(index, |out| out.issue(format!("\"{name}\" is an option of binds; servers do not have it")));
        } else if name != ONLY_BINDS && !OPTIONS.contains(&name) && !cx.target.since((3, 3)) {
            out.at(index, |out| out.issue(format!("HAProxy has no such option here; it has {}", OPTIONS.join(", "))));
        }
    }
    let mut line = out.line(side.options);
    if let (Some(lowest), Some(highest)) = (versions.iter().min(), versions.iter().max()) {
        line.key("ssl-min-ver").key(version(*lowest)).key("ssl-max-ver").key(version(*highest));
        for gap in ALL.iter().filter(|gap| lowest < gap && *gap < highest && !versions.contains(gap)) {
            line.key(without(*gap));
        }
    }
    for option in preset {
        line.key(option);
    }
    for option in own {
        line.expression(option);
    }
    drop(line);
    out.leave();
}

fn version(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V10 => "TLSv1.0",
        TlsVersion::V11 => "TLSv1.1",
        TlsVersion::V12 => "TLSv1.2",
        TlsVersion::V13 => "TLSv1.3",
    }
}

fn without(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V10 => "no-tlsv10",
        TlsVersion::V11 => "no-tlsv11",
        TlsVersion::V12 => "no-tlsv12",
        TlsVersion::V13 => "no-tlsv13",
    }
}
