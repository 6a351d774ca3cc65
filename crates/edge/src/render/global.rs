//! The `global` section. It is rendered last, because other sections need things of it, and written first.

use super::context::{Context, Needs};
use super::writer::Out;
use super::{quic, ssl};
use crate::state::global::{GlobalSettings, SyslogLevel};

/// Directives that Plenum answers for: the marker by which it knows the running configuration, and the directory that
/// relative paths start from.
const OWN: [&str; 3] = ["description", "default-path", "localpeer"];

pub(super) fn render(out: &mut Out, cx: &Context<'_>, needs: &Needs<'_>, marker: &str) {
    out.enter("haproxy");
    out.enter("globalSettings");
    let settings = &cx.document.haproxy.global_settings;
    out.section("global");
    out.line("description").glued(&["plenum:", marker]);
    out.line("default-path").key("config");
    if needs.experimental {
        out.line("expose-experimental-directives");
    }
    process(out, cx, settings, needs);
    tls(out, cx, settings);
    out.at("quic", |out| quic::tunables(out, cx, &settings.quic, needs));
    http2(out, needs);
    lua(out, cx, settings, needs);
    directives(out, &settings.advanced_directives);
    out.leave();
    out.leave();
}

fn process(out: &mut Out, cx: &Context<'_>, settings: &GlobalSettings, needs: &Needs<'_>) {
    let target = cx.target;
    let level = level(settings.log_level);
    out.line("log").arg(&target.log).key("format raw local0").key(level);
    out.line("no strict-limits");
    out.line("tune.bufsize").num(settings.tune_bufsize.get());
    // A connection takes two descriptors; some are for listeners, checks and sockets.
    let most = ((settings.fd_hard_limit.get() - 256) / 2).max(1);
    out.line("maxconn").num(settings.maxconn.get().min(most));
    out.line("fd-hard-limit").num(settings.fd_hard_limit.get());
    out.at("hardStopAfter", |out| {
        out.line("hard-stop-after").duration(&settings.hard_stop_after);
    });
    if let Some(user) = &target.user {
        out.line("user").arg(user);
    }
    if let Some(group) = &target.group {
        out.line("group").arg(group);
    }
    let sockets = &target.sockets;
    out.line("stats socket")
        .arg(&sockets.stats)
        .key("level admin")
        .pair("mode", Some(&sockets.mode))
        .pair("group", sockets.group.as_deref())
        .key("expose-fd listeners");
    out.line("stats timeout").key("30s");
    if let (Some(node), false) = (&target.node, cx.document.haproxy.peers.is_empty()) {
        out.line("localpeer").arg(node);
    }
    if needs.counters > 3 {
        // Each place that uses a fourth counter has an issue of its own where the version has no more than three.
        out.line("tune.stick-counters").num(i64::try_from(needs.counters).unwrap_or(i64::MAX));
    }
}

fn tls(out: &mut Out, cx: &Context<'_>, settings: &GlobalSettings) {
    if let Some(base) = &cx.target.ca_base {
        out.line("ca-base").arg(base);
    }
    if let Some(base) = &cx.target.crt_base {
        out.line("crt-base").arg(base);
    }
    out.at("ssl", |out| ssl::render(out, cx, &settings.ssl));
}

fn http2(out: &mut Out, needs: &Needs<'_>) {
    for (keyword, (value, _)) in &needs.h2 {
        out.line(keyword).arg(value);
    }
}

/// `lua-load` lines: the document's plugins first, then the files of Lua auth providers that rules apply.
fn lua(out: &mut Out, cx: &Context<'_>, settings: &GlobalSettings, needs: &Needs<'_>) {
    let plugins = settings.lua_plugins.iter().map(|plugin| (plugin.path.as_str(), plugin.prepend_path.as_deref()));
    let providers = needs.lua.iter().filter_map(|&index| match cx.document.auth_providers.get(index)? {
        crate::state::auth::AuthProvider::LuaAuth(provider) => {
            Some((provider.config.plugin_path.as_str(), provider.config.prepend_path.as_deref()))
        }
        _ => None,
    });
    let files: Vec<_> = plugins.chain(providers).collect();
    if files.is_empty() {
        return;
    }
    if !cx.target.features.lua() {
        out.issue_at("luaPlugins", "the installed HAProxy was built without Lua");
        return;
    }
    if cx.target.since((3, 1)) {
        out.line("tune.lua.bool-sample-conversion").key("normal");
    }
    let mut prepended: Vec<&str> = Vec::new();
    let mut loaded: Vec<&str> = Vec::new();
    for (path, prepend) in files {
        if let Some(prepend) = prepend
            && !prepended.contains(&prepend)
        {
            prepended.push(prepend);
            // A library is either a file or a directory with a file of the name that haproxy-lua-http uses.
            out.line("lua-prepend-path").glued(&[prepend, "/?/http.lua"]);
            out.line("lua-prepend-path").glued(&[prepend, "/?.lua"]);
        }
        if !loaded.contains(&path) {
            loaded.push(path);
            out.line("lua-load").arg(path);
        }
    }
}

fn directives(out: &mut Out, directives: &[crate::state::common::Free]) {
    out.enter("advancedDirectives");
    for (index, directive) in directives.iter().enumerate() {
        out.at(index, |out| out.directive(directive, &OWN));
    }
    out.leave();
}

fn level(level: SyslogLevel) -> &'static str {
    match level {
        SyslogLevel::Emerg => "emerg",
        SyslogLevel::Alert => "alert",
        SyslogLevel::Crit => "crit",
        SyslogLevel::Err => "err",
        SyslogLevel::Warning => "warning",
        SyslogLevel::Notice => "notice",
        SyslogLevel::Info => "info",
        SyslogLevel::Debug => "debug",
    }
}
