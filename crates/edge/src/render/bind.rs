//! `bind` lines.

use std::net::{Ipv4Addr, Ipv6Addr};

use shape::Either;

use super::Listen;
use super::context::{Context, Needs};
use super::writer::{Line, Out};
use crate::state::bind::{Bind, BindQuic, BindSsl, BindTlsVersion, ClientVerify, IpFamily, QuicCc, QuicSocket, Shards};
use crate::state::common::Mode;

/// The list of the certificates that Plenum manages, beside the configuration.
pub(super) const CERTIFICATES: &str = "certificates.list";

/// One address of a bind, taken apart.
struct Address {
    text: String,
    quic: bool,
    flag: Option<&'static str>,
}

pub(super) fn render(
    out: &mut Out,
    cx: &Context<'_>,
    needs: &mut Needs<'_>,
    bind: &Bind,
    mode: Mode,
    listens: &mut Vec<Listen>,
) {
    let mut addresses = Vec::new();
    out.enter("address");
    for part in bind.address.split(',') {
        match address(part.trim(), bind.ip_family) {
            Ok(address) => {
                listens.push(Listen { address: address.text.clone(), path: out.path() });
                addresses.push(address);
            }
            Err(message) => out.issue(message),
        }
    }
    out.leave();
    let quic = addresses.iter().any(|address| address.quic);
    check(out, cx, bind, mode, quic);
    needs.quic |= quic;
    let text = addresses.iter().map(|address| address.text.as_str()).collect::<Vec<_>>().join(",");
    if text.is_empty() {
        return;
    }
    let mut line = out.line("bind");
    line.arg(&text);
    socket(&mut line, cx, bind);
    if let Some(flag) = addresses.iter().find_map(|address| address.flag) {
        line.key(flag);
    }
    if bind.ssl.enabled {
        line.under("ssl", |line| tls(line, cx, needs, &bind.ssl));
    }
    if quic {
        line.under("quic", |line| quic_options(line, cx, needs, &bind.quic));
    }
}

fn check(out: &mut Out, cx: &Context<'_>, bind: &Bind, mode: Mode, quic: bool) {
    if bind.tcp_quick_ack.is_some() {
        out.issue_at(
            "tcpQuickAck",
            "HAProxy has no such setting on a bind; remove it (\"option tcp-smart-accept\" is what comes closest)",
        );
    }
    if bind.mss.is_some_and(|mss| mss.get() > 65535) {
        out.issue_at("mss", "must be at most 65535");
    }
    if bind.namespace.is_some() && !cx.target.features.has("NS") {
        out.issue_at("namespace", "the installed HAProxy was built without network namespaces");
    }
    match bind.shards {
        Some(Either::A(Shards::ByGroup)) => {
            if let Some(message) = cx.lacks((2, 8), "\"by-group\"") {
                out.issue_at("shards", message);
            }
        }
        Some(Either::B(count)) => {
            let most = if cx.target.since((2, 8)) { 256 } else { 64 };
            if count.get() > most {
                out.issue_at("shards", format!("must be at most {most} on HAProxy {}", cx.target.version));
            }
        }
        _ => {}
    }
    if quic {
        if !cx.target.features.quic() {
            out.issue_at("address", "the installed HAProxy was built without QUIC");
        }
        if mode == Mode::Tcp {
            out.issue_at("address", "QUIC carries HTTP only; the frontend is in TCP mode");
        }
        if !bind.ssl.enabled {
            out.at("ssl", |out| out.issue_at("enabled", "must be on: QUIC always speaks TLS"));
        }
    }
    if bind.ssl.enabled && !cx.target.features.tls() {
        out.at("ssl", |out| out.issue_at("enabled", "the installed HAProxy was built without TLS"));
    }
}

/// Takes one address apart and brings it into the family that is asked for.
///
/// `*` and an empty host mean every IPv4 address to HAProxy, so IPv6 has to be said: `dual` is one IPv6 socket that
/// takes IPv4 as well (`v4v6`).
fn address(text: &str, family: Option<IpFamily>) -> Result<Address, String> {
    let (prefix, rest) = match text.split_once('@') {
        Some((prefix, rest)) => (prefix, rest),
        None if text.starts_with('/') => ("unix", text),
        None => ("", text),
    };
    if matches!(prefix, "unix" | "uxst" | "abns" | "abnsz") {
        if family.is_some() {
            return Err(format!("\"{text}\" is no Internet address, so it has no ipFamily"));
        }
        if rest.is_empty()
            || rest.contains(char::is_whitespace)
            || prefix != "abns" && !rest.starts_with('/') && !prefix.starts_with("abns")
        {
            return Err(format!("\"{text}\" is no address; a socket is written as unix@/path"));
        }
        return Ok(Address { text: text.to_owned(), quic: false, flag: None });
    }
    let prefix_family = match prefix {
        "" | "tcp" => None,
        "ipv4" | "tcp4" | "quic4" => Some(IpFamily::V4),
        "ipv6" | "tcp6" | "quic6" => Some(IpFamily::V6),
        _ => {
            return Err(format!("\"{prefix}@\" cannot be listened on here; use ipv4@, ipv6@, quic4@, quic6@ or unix@"));
        }
    };
    let quic = prefix.starts_with("quic");
    let (host, ports) = rest.rsplit_once(':').ok_or_else(|| format!("\"{text}\" names no port; write host:port"))?;
    if !are_ports(ports) {
        return Err(format!("\"{ports}\" is no port; ports are 1 to 65535, or a range of two with a dash"));
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let host_family = if bare.parse::<Ipv4Addr>().is_ok() {
        Some(IpFamily::V4)
    } else if bare.parse::<Ipv6Addr>().is_ok() {
        Some(IpFamily::V6)
    } else if host.is_empty() || host == "*" || super::values::is_host(host) {
        None
    } else {
        return Err(format!("\"{host}\" is neither an IP address nor the name of a host"));
    };
    let clash = |is: &str| Err(format!("\"{text}\" is an {is} address, which does not go with this ipFamily"));
    match (prefix_family, host_family) {
        (Some(IpFamily::V4), Some(IpFamily::V6)) | (Some(IpFamily::V6), Some(IpFamily::V4)) => {
            return Err(format!("\"{text}\" says one family and names an address of the other"));
        }
        _ => {}
    }
    let own = prefix_family.or(host_family);
    let with = |prefix: &str, flag| {
        let host = if host.is_empty() { "*" } else { host };
        Ok(Address { text: format!("{prefix}@{host}:{ports}"), quic, flag })
    };
    let as_given = |flag| Ok(Address { text: text.to_owned(), quic, flag });
    match (family, own) {
        (None, _) => as_given(None),
        (Some(IpFamily::V4), Some(IpFamily::V4)) => as_given(None),
        (Some(IpFamily::V4), None) => with("ipv4", None),
        (Some(IpFamily::V4), Some(_)) => clash("IPv6"),
        (Some(IpFamily::V6), Some(IpFamily::V6)) => as_given(Some("v6only")),
        (Some(IpFamily::V6), None) => with("ipv6", Some("v6only")),
        (Some(IpFamily::Dual), Some(IpFamily::V6)) => as_given(Some("v4v6")),
        (Some(IpFamily::Dual), None) => with("ipv6", Some("v4v6")),
        (Some(IpFamily::V6 | IpFamily::Dual), Some(_)) => clash("IPv4"),
    }
}

fn are_ports(text: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    match text.split_once('-') {
        Some((first, last)) => port(first).zip(port(last)).is_some_and(|(first, last)| first <= last),
        None => port(text).is_some(),
    }
}

fn socket(line: &mut Line<'_>, cx: &Context<'_>, bind: &Bind) {
    line.pair("name", bind.name.as_deref());
    line.flag(bind.accept_proxy, "accept-proxy");
    line.flag(bind.transparent, "transparent");
    line.pair("interface", bind.interface.as_deref());
    line.pair("namespace", bind.namespace.as_deref());
    line.pair("thread", bind.thread.as_deref());
    match &bind.shards {
        Some(Either::A(Shards::ByThread)) => {
            line.key("shards by-thread");
        }
        Some(Either::A(Shards::ByGroup)) => {
            line.key("shards by-group");
        }
        Some(Either::B(count)) => {
            line.count("shards", Some(count.get()));
        }
        None => {}
    }
    line.count("backlog", bind.backlog.map(|n| n.get()));
    line.count("maxconn", bind.maxconn.map(|n| n.get()));
    line.count("nice", bind.nice.map(|n| n.get()));
    line.count("mss", bind.mss.map(|n| n.get()));
    if let Some(duration) = &bind.tcp_ut {
        line.under("tcpUt", |line| {
            line.key("tcp-ut").duration(duration);
        });
    }
    line.flag(bind.defer_accept == Some(true), "defer-accept");
    line.flag(bind.tfo == Some(true) && cx.target.features.has("TFO"), "tfo");
}

fn tls(line: &mut Line<'_>, cx: &Context<'_>, needs: &mut Needs<'_>, ssl: &BindSsl) {
    line.key("ssl");
    line.pair("crt-list", ssl.crt_list_ref.as_deref());
    line.pair("crt", ssl.default_cert.as_deref());
    if ssl.crt_list_ref.is_none() && ssl.default_cert.is_none() {
        if cx.target.certificates.is_empty() {
            line.issue(
                "has no certificate: name one in crtListRef or defaultCert; none that Plenum manages can be loaded yet",
            );
        } else {
            needs.certificates = true;
            line.key("crt-list").arg(CERTIFICATES);
        }
    }
    if !ssl.alpn.is_empty() {
        let protocols: Vec<&str> = ssl.alpn.iter().map(|protocol| protocol.as_str()).collect();
        line.key("alpn").arg(&protocols.join(","));
    }
    line.pair("ciphers", ssl.ciphers.as_deref());
    line.pair("ciphersuites", ssl.ciphersuites.as_deref());
    line.pair("ssl-min-ver", ssl.ssl_min_version.map(version));
    line.pair("ssl-max-ver", ssl.ssl_max_version.map(version));
    if ssl.ssl_min_version > ssl.ssl_max_version && ssl.ssl_max_version.is_some() {
        line.issue_at("sslMaxVersion", "must not be below sslMinVersion");
    }
    line.pair("curves", ssl.curves.as_deref());
    for (key, keyword, value) in
        [("sigalgs", "sigalgs", &ssl.sigalgs), ("clientSigalgs", "client-sigalgs", &ssl.client_sigalgs)]
    {
        if let Some(value) = value {
            match cx.lacks((2, 8), &format!("\"{keyword}\"")) {
                Some(message) => line.issue_at(key, message),
                None => {
                    line.key(keyword).arg(value);
                }
            }
        }
    }
    client_certificates(line, cx, ssl);
    line.flag(ssl.no_tls_tickets, "no-tls-tickets");
    line.flag(ssl.no_ca_names, "no-ca-names");
    line.flag(ssl.prefer_client_ciphers, "prefer-client-ciphers");
    line.flag(ssl.strict_sni, "strict-sni");
    line.flag(ssl.allow0rtt, "allow-0rtt");
}

fn client_certificates(line: &mut Line<'_>, cx: &Context<'_>, ssl: &BindSsl) {
    let target = cx.target;
    if let Some(id) = &ssl.ca_trusted_ca_id {
        line.key("ca-file").glued(&[&target.trusted_cas, "/", id, ".pem"]);
    }
    if let Some(id) = &ssl.ca_verify_trusted_ca_id {
        line.key("ca-verify-file").glued(&[&target.trusted_cas, "/", id, ".pem"]);
    }
    if let Some(verify) = ssl.verify {
        if verify != ClientVerify::None && ssl.ca_trusted_ca_id.is_none() {
            line.issue_at("verify", "needs caTrustedCaId: the authority that client certificates must come from");
        }
        line.key(match verify {
            ClientVerify::None => "verify none",
            ClientVerify::Optional => "verify optional",
            ClientVerify::Required => "verify required",
        });
    }
    if let Some(id) = &ssl.crl_trusted_crl_id {
        line.key("crl-file").glued(&[&target.trusted_crls, "/", id, ".pem"]);
    }
    line.flag(ssl.crt_ignore_errors, "crt-ignore-err all");
    line.flag(ssl.ca_ignore_errors, "ca-ignore-err all");
}

fn version(version: BindTlsVersion) -> &'static str {
    match version {
        BindTlsVersion::V12 => "TLSv1.2",
        BindTlsVersion::V13 => "TLSv1.3",
    }
}

fn quic_options(line: &mut Line<'_>, cx: &Context<'_>, needs: &mut Needs<'_>, quic: &BindQuic) {
    line.flag(quic.force_retry, "quic-force-retry");
    if let Some(algorithm) = quic.cc_algo {
        let name = match algorithm {
            QuicCc::Cubic => "cubic",
            QuicCc::Newreno => "newreno",
            QuicCc::Nocc => "nocc",
            QuicCc::Bbr => "bbr",
        };
        if let (QuicCc::Bbr, Some(message)) = (algorithm, cx.lacks((3, 1), "\"bbr\"")) {
            line.issue_at("ccAlgo", message);
        }
        if let (QuicCc::Nocc, Some(message)) = (algorithm, cx.lacks((2, 8), "\"nocc\"")) {
            line.issue_at("ccAlgo", message);
        }
        needs.experimental |= matches!(algorithm, QuicCc::Bbr | QuicCc::Nocc);
        line.key("quic-cc-algo");
        match &quic.cc_algo_window {
            Some(window) => {
                if let Some(message) = cx.lacks((2, 9), "a window of the congestion control") {
                    line.issue_at("ccAlgoWindow", message);
                }
                line.glued(&[name, "(", window, ")"]);
            }
            None => {
                line.arg(name);
            }
        }
    } else if quic.cc_algo_window.is_some() {
        line.issue_at("ccAlgoWindow", "needs ccAlgo: the window belongs to an algorithm");
    }
    if let Some(socket) = quic.socket {
        match cx.lacks((2, 8), "\"quic-socket\"") {
            Some(message) => line.issue_at("socket", message),
            None => {
                line.key("quic-socket").key(match socket {
                    QuicSocket::Connection => "connection",
                    QuicSocket::Listener => "listener",
                });
            }
        }
    }
}
