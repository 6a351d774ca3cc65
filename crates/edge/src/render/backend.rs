//! Backends and their servers.

use std::net::SocketAddr;

use super::context::{Context, Needs};
use super::defaults::{init_addr, mode};
use super::options;
use super::writer::Out;
use crate::state::backend::{Backend, Balance, HttpReuse, SendProxy, Server, StickTable, StickType};
use crate::state::common::{Mode, ServerVerify};
use crate::state::security::SecurityProfile;

pub(super) fn render(out: &mut Out, cx: &Context<'_>, needs: &mut Needs<'_>) {
    out.enter("haproxy");
    out.enter("backends");
    for (index, backend) in cx.document.haproxy.backends.iter().enumerate() {
        let directives = backend.servers.iter().flat_map(|server| &server.advanced_directives);
        needs.docker |= directives.chain(&backend.advanced_directives).any(|words| words.contains("resolvers docker"));
        out.at(index, |out| one(out, cx, backend));
    }
    out.leave();
    out.leave();
}

fn one(out: &mut Out, cx: &Context<'_>, backend: &Backend) {
    let block = match &backend.from_defaults {
        Some(id) => {
            let block = cx.defaults(id);
            if block.is_none() {
                out.issue_at("fromDefaults", format!("references unknown defaultsBlock: {id}"));
            }
            block
        }
        None => cx.defaults_for(backend.mode),
    };
    out.section("backend").arg(&backend.name).pair("from", block.map(|block| block.name.as_str()));
    out.line("mode").key(mode(backend.mode));
    balance(out, backend);
    if let Some(table) = &backend.stick_table {
        out.at("stickTable", |out| stick_table(out, cx, table));
    }
    if let Some(reuse) = backend.http_reuse {
        out.line("http-reuse").key(match reuse {
            HttpReuse::Never => "never",
            HttpReuse::Safe => "safe",
            HttpReuse::Aggressive => "aggressive",
            HttpReuse::Always => "always",
        });
    }
    if backend.forward_for {
        out.line("option").key("forwardfor");
    }
    if !backend.options.is_empty() {
        options::render(out, cx, &backend.options, |name| name != "forwardfor" || !backend.forward_for);
    }
    if let Some(retries) = backend.retries {
        out.line("retries").num(retries.get());
    }
    timeouts(out, backend);
    let weighs = weights_can_change(backend);
    out.enter("servers");
    for (index, server) in backend.servers.iter().enumerate() {
        out.at(index, |out| self::server(out, cx, server, weighs));
    }
    out.leave();
    if !backend.advanced_directives.is_empty() {
        out.enter("advancedDirectives");
        for (index, directive) in backend.advanced_directives.iter().enumerate() {
            out.at(index, |out| out.directive(directive, &[]));
        }
        out.leave();
    }
}

/// `balance`; the two algorithms that need a name take it from a directive of the document's own.
fn balance(out: &mut Out, backend: &Backend) {
    let keyword = match backend.balance {
        Balance::Roundrobin => "roundrobin",
        Balance::StaticRr => "static-rr",
        Balance::Leastconn => "leastconn",
        Balance::First => "first",
        Balance::Source => "source",
        Balance::Uri => "uri",
        Balance::Random => "random",
        Balance::UrlParam | Balance::Hdr => {
            let wanted = if backend.balance == Balance::Hdr { "balance hdr(" } else { "balance url_param " };
            if !backend.advanced_directives.iter().any(|directive| directive.trim_start().starts_with(wanted)) {
                let example =
                    if backend.balance == Balance::Hdr { "balance hdr(Host)" } else { "balance url_param id" };
                out.issue_at("balance", format!("needs a name: say it in advancedDirectives, such as \"{example}\""));
            }
            return;
        }
    };
    out.line("balance").key(keyword);
}

fn stick_table(out: &mut Out, cx: &Context<'_>, table: &StickTable) {
    if super::values::size(&table.size).is_none_or(|size| size == 0 || size > u64::from(u32::MAX)) {
        out.issue_at("size", "must be between 1 and 4294967295");
    }
    let is_address = matches!(table.stick_on.as_str(), "src" | "dst");
    if table.kind == StickType::Integer && is_address && cx.target.since((2, 9)) {
        out.issue_at(
            "type",
            format!(
                "\"{}\" is an address; HAProxy {} does not make an integer of it",
                table.stick_on, cx.target.version
            ),
        );
    }
    let kind = match table.kind {
        StickType::Ip => "ip",
        StickType::Ipv6 => "ipv6",
        StickType::Integer => "integer",
        StickType::String => "string",
        StickType::Binary => "binary",
    };
    let mut line = out.line("stick-table");
    line.key("type").key(kind).key("size").arg(&table.size);
    line.under("expire", |line| {
        line.key("expire").duration(&table.expire);
    });
    drop(line);
    out.at("stickOn", |out| {
        out.line("stick on").sample(&table.stick_on);
    });
}

fn timeouts(out: &mut Out, backend: &Backend) {
    let t = &backend.timeouts;
    for (key, keyword, duration) in [
        ("connect", "timeout connect", &t.connect),
        ("server", "timeout server", &t.server),
        ("queue", "timeout queue", &t.queue),
        ("tunnel", "timeout tunnel", &t.tunnel),
        ("check", "timeout check", &t.check),
    ] {
        if let Some(duration) = duration {
            out.enter("timeouts");
            out.at(key, |out| {
                out.line(keyword).duration(duration);
            });
            out.leave();
        }
    }
}

/// An address that can be changed at run time: an IP address and a port, as the admin socket takes them.
pub fn numeric(address: &str) -> Option<SocketAddr> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // Without a port a server cannot be checked: that is for HAProxy's checker to refuse, and so not a matter of run time.
    let port = port.parse::<u16>().ok().filter(|port| *port != 0)?;
    Some(SocketAddr::new(host.parse().ok()?, port))
}

/// Whether HAProxy changes weights at run time: algorithms that spread by a fixed map take 0 and the configured weight
/// only.
fn weights_can_change(backend: &Backend) -> bool {
    let by_hand = |directive: &crate::state::common::Free| {
        let directive = directive.trim_start();
        directive.starts_with("balance") || directive.starts_with("hash-type")
    };
    matches!(backend.balance, Balance::Roundrobin | Balance::Leastconn | Balance::First | Balance::Random)
        && !backend.advanced_directives.iter().any(by_hand)
}

fn server(out: &mut Out, cx: &Context<'_>, server: &Server, weighs: bool) {
    if server.address.starts_with("quic")
        && let Some(message) = cx.lacks((3, 3), "QUIC towards servers")
    {
        out.issue_at("address", message);
    }
    let mut line = out.line("server");
    line.arg(&server.name);
    if numeric(&server.address).is_some() {
        line.volatile(|line| {
            line.arg(&server.address);
        });
    } else {
        line.arg(&server.address);
    }
    line.flag(server.check, "check");
    if server.ssl {
        tls(&mut line, cx, server);
    }
    match server.weight {
        Some(weight) if weighs => {
            line.volatile(|line| {
                line.key("weight").num(weight.get());
            });
        }
        weight => {
            line.count("weight", weight.map(|weight| weight.get()));
        }
    }
    line.count("maxconn", server.maxconn.map(|count| count.get()));
    line.flag(server.backup, "backup");
    if let Some(cookie) = server.cookie.as_ref().filter(|cookie| !cookie.is_empty()) {
        line.key("cookie").arg(cookie);
    }
    if let Some(methods) = server.init_addr.as_ref().filter(|methods| !methods.is_empty()) {
        line.under("initAddr", |line| init_addr(line, methods));
    }
    match server.send_proxy {
        SendProxy::None => {}
        SendProxy::V1 => {
            line.key("send-proxy");
        }
        SendProxy::V2 => {
            line.key("send-proxy-v2");
        }
        SendProxy::V2Ssl => {
            line.key("send-proxy-v2-ssl");
        }
        SendProxy::V2SslCn => {
            line.key("send-proxy-v2-ssl-cn");
        }
    }
    if !server.advanced_directives.is_empty() {
        line.under("advancedDirectives", |line| {
            for words in &server.advanced_directives {
                line.verbatim(words);
            }
        });
    }
}

/// TLS towards a server. Its certificate is checked unless the document says `none`.
fn tls(line: &mut super::writer::Line<'_>, cx: &Context<'_>, server: &Server) {
    line.key("ssl");
    match server.ssl_verify {
        Some(ServerVerify::None) => {
            line.key("verify none");
        }
        Some(ServerVerify::Required) | None => {
            line.key("verify required").key("ca-file");
            match &server.ca_trusted_ca_id {
                Some(id) => line.glued(&[&cx.target.trusted_cas, "/", id, ".pem"]),
                None => line.arg(&cx.target.system_ca),
            };
        }
    }
    if let Some(sni) = server.sni.as_ref().filter(|sni| !sni.is_empty()) {
        line.under("sni", |line| {
            if is_host_name(sni) {
                line.issue(format!("is the expression of a sample; for a fixed name write str({sni})"));
            }
            line.key("sni").sample(sni);
        });
    }
}

/// Whether an expression is rather the name of a host: dots, and none of the families of samples that have some.
fn is_host_name(expression: &str) -> bool {
    const FAMILIES: [&str; 8] = ["req.", "res.", "fc.", "bc.", "capture.", "internal.", "ssl_", "http."];
    expression.contains('.')
        && super::values::is_host(expression)
        && !FAMILIES.iter().any(|family| expression.starts_with(family))
}

/// The tables of rate-limit profiles that rules apply. Clients told apart by their address are counted as IPv6, which
/// holds IPv4 addresses too: a table of IPv4 addresses would not see IPv6 clients at all.
pub(super) fn tables(out: &mut Out, cx: &Context<'_>, needs: &Needs<'_>) {
    out.enter("securityProfiles");
    for &index in needs.tables.values() {
        let Some(SecurityProfile::RateLimit(profile)) = cx.document.security_profiles.get(index) else { continue };
        out.enter(index);
        let config = &profile.config;
        let block = cx.defaults_for(Mode::Http).map(|block| block.name.as_str());
        out.section("backend").glued(&["st_rl_", &profile.id]).pair("from", block);
        out.enter("config");
        let mut line = out.line("stick-table");
        line.key("type").key(if config.track_by == "src" { "ipv6" } else { "string len 128" });
        line.key("size").arg(&config.table_size);
        line.under("tableExpire", |line| {
            line.key("expire").duration(&config.table_expire);
        });
        if !config.store.is_empty() {
            let store: Vec<&str> = config.store.iter().map(|item| item.as_str()).collect();
            line.key("store").arg(&store.join(","));
        }
        drop(line);
        out.leave();
        out.leave();
    }
    out.leave();
}
