//! Frontends: what both modes have in common, and the body of a frontend in HTTP mode.

use std::collections::HashSet;

use super::acl::Acls;
use super::context::{Context, Needs, Since};
use super::defaults::{error_files, mode};
use super::rules::{Phase, Rules};
use super::writer::Out;
use super::{Listen, bind, headers, stats, tcp, values, words};
use crate::state::common::{Dur, Id, Mode};
use crate::state::frontend::{CompressionAlgorithm, Frontend, H2, HttpOpts, RestrictNames};
use crate::state::rules::{Rule, Term};

/// The methods of `normalize-uri`.
const NORMALIZERS: [&str; 8] = [
    "fragment-encode",
    "fragment-strip",
    "path-merge-slashes",
    "path-strip-dot",
    "path-strip-dotdot",
    "percent-decode-unreserved",
    "percent-to-uppercase",
    "query-sort-by-name",
];

/// A log format that says what HAProxy says by default. `no option httplog` does not exist.
const SHORT_LOG: &str = "Connect from %ci:%cp to %fi:%fp (%f/HTTP)";

pub(super) fn render<'d>(out: &mut Out, cx: &Context<'d>, needs: &mut Needs<'d>, listens: &mut Vec<Listen>) {
    out.enter("haproxy");
    out.enter("frontends");
    for (index, frontend) in cx.document.haproxy.frontends.iter().enumerate().filter(|(_, f)| f.enabled) {
        out.at(index, |out| one(out, cx, needs, frontend, listens));
    }
    out.leave();
    out.leave();
}

fn one<'d>(out: &mut Out, cx: &Context<'d>, needs: &mut Needs<'d>, frontend: &'d Frontend, listens: &mut Vec<Listen>) {
    let block = cx.defaults(&frontend.from_defaults);
    if block.is_none() {
        out.issue_at("fromDefaults", format!("references unknown defaultsBlock: {}", frontend.from_defaults));
    }
    out.section("frontend").arg(&frontend.name).pair("from", block.map(|block| block.name.as_str()));
    out.line("mode").key(mode(frontend.mode));
    out.enter("binds");
    for (index, bind) in frontend.binds.iter().enumerate() {
        out.at(index, |out| bind::render(out, cx, needs, bind, frontend.mode, listens));
    }
    out.leave();
    out.line("log").key("global");
    if let Some(count) = frontend.maxconn {
        out.line("maxconn").num(count.get());
    }
    match frontend.mode {
        Mode::Http => http(out, cx, needs, frontend),
        Mode::Tcp => tcp::render(out, cx, needs, frontend),
    }
}

/// `default_backend`, by the backend's name.
pub(super) fn default_backend(out: &mut Out, cx: &Context<'_>, frontend: &Frontend, id: Option<&Id>) {
    let Some(id) = id else { return };
    out.enter("defaultBackendId");
    if let Some(name) = backend_name(out, cx, frontend.mode, id) {
        out.line("default_backend").arg(name);
    }
    out.leave();
}

/// The name of a backend that requests are sent to; it must speak what the frontend speaks.
pub(super) fn backend_name<'d>(out: &mut Out, cx: &Context<'d>, mode: Mode, id: &str) -> Option<&'d str> {
    match cx.backend(id) {
        None => out.issue(format!("references unknown backend: {id}")),
        Some(backend) if mode == Mode::Http && backend.mode == Mode::Tcp => {
            out.issue(format!(
                "the backend \"{}\" is in TCP mode; a frontend in HTTP mode cannot use it",
                backend.name
            ));
        }
        Some(backend) => return Some(&backend.name),
    }
    None
}

fn http<'d>(out: &mut Out, cx: &Context<'d>, needs: &mut Needs<'d>, frontend: &'d Frontend) {
    let opts = &frontend.http_opts;
    let acls = Acls::render(out, cx, &used_acls(frontend));
    out.enter("httpOpts");
    // Before all rules, because HAProxy evaluates it before them.
    monitor(out, opts);
    toggles(out, cx, needs, opts);
    forwarding(out, opts);
    logging(out, cx, frontend);
    for (key, keyword, duration) in [
        ("timeoutClient", "timeout client", &opts.timeout_client),
        ("timeoutHttpRequest", "timeout http-request", &opts.timeout_http_request),
        ("timeoutHttpKeepAlive", "timeout http-keep-alive", &opts.timeout_http_keep_alive),
        ("timeoutClientFin", "timeout client-fin", &opts.timeout_client_fin),
    ] {
        timeout(out, key, keyword, duration.as_ref());
    }
    compression(out, cx, opts);
    captures(out, opts);
    headers::render(out, opts);
    http2(out, cx, needs, frontend);
    out.leave();

    let delay = frontend.tcp_opts.inspect_delay.as_ref();
    out.at("tcpOpts", |out| timeout(out, "inspectDelay", "tcp-request inspect-delay", delay));
    let mut rules = Rules::new(cx, needs, frontend, acls);
    rules.render(out, &Phase::HTTP);

    out.at("httpOpts", |out| default_backend(out, cx, frontend, opts.default_backend_id.as_ref()));
    error_pages(out, cx, frontend);
    out.at("stats", |out| stats::render(out, cx, &frontend.stats));
}

/// A `timeout` line.
pub(super) fn timeout(out: &mut Out, key: &'static str, keyword: &'static str, duration: Option<&Dur>) {
    if let Some(duration) = duration {
        out.at(key, |out| {
            out.line(keyword).duration(duration);
        });
    }
}

fn toggles(out: &mut Out, cx: &Context<'_>, needs: &mut Needs<'_>, opts: &HttpOpts) {
    if let Some(count) = opts.rate_limit_sessions {
        out.line("rate-limit sessions").num(count.get());
    }
    for (on, option) in [
        (opts.dontlog_null, "dontlognull"),
        (opts.dontlog_normal, "dontlog-normal"),
        (opts.log_separate_errors, "log-separate-errors"),
        (opts.option_http_server_close, "http-server-close"),
        (opts.option_http_ignore_probes, "http-ignore-probes"),
        (opts.option_http_buffer_request, "http-buffer-request"),
        (opts.option_http_no_delay, "http-no-delay"),
        (opts.option_logasap, "logasap"),
        (opts.option_contstats, "contstats"),
        (opts.option_cli_tcp_ka, "clitcpka"),
    ] {
        if on {
            out.line("option").key(option);
        }
    }
    for (on, field, option) in [
        (opts.option_http_pretend_keepalive, "optionHttpPretendKeepalive", "http-pretend-keepalive"),
        (opts.option_srv_tcp_ka, "optionSrvTcpKa", "srvtcpka"),
    ] {
        // They are about connections to servers. Up to 3.0 a frontend ignores them with a warning; later it refuses them.
        if on && cx.target.since((3, 1)) {
            out.issue_at(
                field,
                format!("HAProxy has \"option {option}\" for backends and defaults only; set it there"),
            );
        } else if on {
            out.line("option").key(option);
        }
    }
    if !opts.option_http_keep_alive {
        out.line("no option").key("http-keep-alive");
    }
    if opts.option_http_tunnel {
        out.issue_at(
            "optionHttpTunnel",
            "HAProxy has no \"option http-tunnel\" since 2.1; \"timeout tunnel\" is what is left",
        );
    }
    if opts.option_http_proxy {
        out.issue_at(
            "optionHttpProxy",
            "HAProxy has no \"option http_proxy\" since 2.1; use do-resolve and a server without an address",
        );
    }
    if let Some(names) = opts.restrict_req_hdr_names {
        out.line("option").key("http-restrict-req-hdr-names").key(match names {
            RestrictNames::Preserve => "preserve",
            RestrictNames::Delete => "delete",
            RestrictNames::Reject => "reject",
        });
    }
    out.enter("normalizeUri");
    for (index, method) in opts.normalize_uri.iter().enumerate() {
        out.enter(index);
        needs.experimental = true;
        match words::split(method).ok().and_then(|words| words.into_iter().next()) {
            Some(word) if NORMALIZERS.contains(&word.text.as_str()) => {
                out.line("http-request").key("normalize-uri").expression(method);
            }
            _ => out.issue(format!("must be one of {}", NORMALIZERS.join(", "))),
        }
        out.leave();
    }
    out.leave();
    if let Some(strict) = opts.strict_mode {
        out.line("http-request").key("strict-mode").key(if strict { "on" } else { "off" });
    }
}

fn forwarding(out: &mut Out, opts: &HttpOpts) {
    if opts.forward_for.enabled {
        out.enter("forwardFor");
        let forward = &opts.forward_for;
        header_name(out, forward.header.as_deref());
        network(out, forward.except.as_deref());
        out.line("option")
            .key("forwardfor")
            .pair("except", forward.except.as_deref())
            .pair("header", forward.header.as_deref())
            .flag(forward.if_none, "if-none");
        out.leave();
    }
    if let Some(original) = opts.option_originalto.as_ref().filter(|original| original.enabled) {
        out.enter("optionOriginalto");
        header_name(out, original.header.as_deref());
        network(out, original.except.as_deref());
        out.line("option")
            .key("originalto")
            .pair("except", original.except.as_deref())
            .pair("header", original.header.as_deref());
        out.leave();
    }
}

fn header_name(out: &mut Out, name: Option<&str>) {
    if name.is_some_and(|name| !values::is_token(name)) {
        out.issue_at("header", "is no name of a header");
    }
}

fn network(out: &mut Out, network: Option<&str>) {
    if network.is_some_and(|network| !values::is_network(network)) {
        out.issue_at("except", "must be an IP address or a network in CIDR notation");
    }
}

fn logging(out: &mut Out, cx: &Context<'_>, frontend: &Frontend) {
    let opts = &frontend.http_opts;
    if let Some(format) = &opts.custom_log_format {
        out.at("customLogFormat", |out| {
            out.line("log-format").format(&values::unescape_format(format));
        });
    } else if !opts.http_log {
        let detailed = cx.document.haproxy.global_settings.json_log_format
            || cx.defaults(&frontend.from_defaults).is_some_and(|block| block.options.iter().any(|o| o == "httplog"));
        if detailed {
            out.line("log-format").arg(SHORT_LOG);
        }
    }
    if let Some(tag) = &opts.log_tag {
        out.line("log-tag").arg(tag);
    }
}

fn compression(out: &mut Out, cx: &Context<'_>, opts: &HttpOpts) {
    let compression = &opts.compression;
    if !compression.enabled {
        return;
    }
    out.enter("compression");
    if !cx.target.features.has("SLZ") && !cx.target.features.has("ZLIB") {
        out.issue_at("enabled", "the installed HAProxy was built without compression");
    }
    out.line("compression algo").key(match compression.algorithm {
        CompressionAlgorithm::Gzip => "gzip",
        CompressionAlgorithm::Deflate => "deflate",
        CompressionAlgorithm::RawDeflate => "raw-deflate",
    });
    for types in compression.types.chunks(40) {
        let mut line = out.line("compression type");
        for kind in types {
            line.arg(kind);
        }
    }
    if compression.offload {
        out.line("compression offload");
    }
    out.leave();
}

/// What is kept for the log. `capture … header` declares a slot for each header, so the slots of rules come after them.
fn captures(out: &mut Out, opts: &HttpOpts) {
    for (key, keyword, headers) in [
        ("captureRequestHeaders", "capture request header", &opts.capture_request_headers),
        ("captureResponseHeaders", "capture response header", &opts.capture_response_headers),
    ] {
        out.enter(key);
        for (index, capture) in headers.iter().enumerate() {
            out.enter(index);
            header_name(out, Some(&capture.header));
            out.line(keyword).arg(&capture.header).count("len", Some(capture.max_len.get()));
            out.leave();
        }
        out.leave();
    }
    if opts.capture_cookie.enabled {
        out.enter("captureCookie");
        match &opts.capture_cookie.name {
            Some(name) => {
                out.line("capture cookie").arg(name).count("len", Some(opts.capture_cookie.max_len.get()));
            }
            None => out.issue_at("name", "is needed to keep a cookie"),
        }
        out.leave();
    }
}

fn monitor(out: &mut Out, opts: &HttpOpts) {
    if let Some(uri) = &opts.monitor_uri {
        out.line("monitor-uri").arg(uri);
    }
    if let Some(condition) = &opts.monitor_fail {
        out.at("monitorFail", |out| {
            out.line("monitor fail").key("if").expression(condition);
        });
    }
}

fn error_pages(out: &mut Out, cx: &Context<'_>, frontend: &Frontend) {
    let opts = &frontend.http_opts;
    let section = |out: &mut Out, id: Option<&Id>| {
        if let Some(name) = id.and_then(|id| cx.error_section(id)) {
            out.at("useErrorFilesId", |out| {
                out.line("errorfiles").arg(name);
            });
        }
    };
    out.at("httpOpts", |out| {
        section(out, opts.use_error_files_id.as_ref());
        error_files(out, opts.error_files.iter());
    });
    section(out, frontend.use_error_files_id.as_ref());
}

/// HTTP/2 tunables. HAProxy has them in its `global` section only, so frontends that differ cannot be satisfied.
fn http2<'d>(out: &mut Out, cx: &Context<'_>, needs: &mut Needs<'d>, frontend: &'d Frontend) {
    const FRONTENDS: Since = (2, 8);
    const GLITCHES: Since = (3, 0);
    let H2 {
        max_concurrent_streams,
        max_header_list_size,
        initial_window_size,
        max_rst_at_once,
        glitches_threshold,
        max_total_streams,
        header_table_size,
        max_frame_size,
        log_errors,
        extra: _,
    } = &frontend.http_opts.h2;
    let old = !cx.target.since(FRONTENDS);
    let streams = if old { "tune.h2.max-concurrent-streams" } else { "tune.h2.fe.max-concurrent-streams" };
    let window = if old { "tune.h2.initial-window-size" } else { "tune.h2.fe.initial-window-size" };
    let any = (1, 2_147_483_647);
    let none = (2, 6);
    let of = |value: &Option<shape::Positive>| value.map(|value| value.get());
    out.enter("h2");
    if max_header_list_size.is_some() {
        out.issue_at("maxHeaderListSize", "HAProxy has no such setting; tuneBufsize limits the size of headers");
    }
    for (key, keyword, value, since, (least, most)) in [
        ("maxConcurrentStreams", streams, of(max_concurrent_streams), none, any),
        ("initialWindowSize", window, of(initial_window_size), none, any),
        ("maxRstAtOnce", "tune.h2.fe.max-rst-at-once", of(max_rst_at_once), (3, 3), any),
        ("glitchesThreshold", "tune.h2.fe.glitches-threshold", of(glitches_threshold), GLITCHES, any),
        ("maxTotalStreams", "tune.h2.fe.max-total-streams", of(max_total_streams), GLITCHES, any),
        ("headerTableSize", "tune.h2.header-table-size", of(header_table_size), none, (4096, 65536)),
        ("maxFrameSize", "tune.h2.max-frame-size", of(max_frame_size), none, (16_384, 16_777_215)),
    ] {
        let Some(value) = value else { continue };
        out.enter(key);
        if value < least || value > most {
            out.issue(format!("must be between {least} and {most}"));
        }
        match cx.lacks(since, &format!("\"{keyword}\"")) {
            Some(message) => out.issue(message),
            None => global(out, needs, frontend, keyword, value.to_string()),
        }
        out.leave();
    }
    if let Some(on) = log_errors {
        out.enter("logErrors");
        match cx.lacks((3, 3), "\"tune.h2.log-errors\"") {
            Some(message) => out.issue(message),
            None => {
                let value = if *on { "connection" } else { "none" };
                global(out, needs, frontend, "tune.h2.log-errors", value.to_owned());
            }
        }
        out.leave();
    }
    out.leave();
}

fn global<'d>(out: &mut Out, needs: &mut Needs<'d>, frontend: &'d Frontend, keyword: &'static str, value: String) {
    let (wanted, first) = needs.h2.entry(keyword).or_insert_with(|| (value.clone(), &frontend.name));
    if *wanted != value {
        out.issue(format!("HAProxy has one value for all frontends, and frontend \"{first}\" says {wanted}"));
    }
}

/// The names of the ACLs that a frontend refers to: in the conditions of its rules, and in its free expressions.
pub(super) fn used_acls(frontend: &Frontend) -> HashSet<&str> {
    fn of<'d, R: Rule + 'd>(used: &mut HashSet<&'d str>, rules: &'d [R]) {
        for term in rules.iter().filter(|rule| rule.enabled()).flat_map(|rule| rule.condition()) {
            if let Term::AclRef(term) = term {
                used.insert(&term.acl_name);
            }
        }
    }
    let phases = &frontend.rule_phases;
    let mut used = HashSet::new();
    of(&mut used, &phases.tcp_request_connection);
    of(&mut used, &phases.tcp_request_session);
    of(&mut used, &phases.tcp_request_content);
    if frontend.mode == Mode::Http {
        of(&mut used, &phases.http_request);
        of(&mut used, &phases.http_response);
        of(&mut used, &phases.http_after_response);
        let expressions = [frontend.http_opts.monitor_fail.as_ref(), frontend.stats.admin_acl_expression.as_ref()];
        for word in expressions.into_iter().flatten().flat_map(|expression| expression.split_whitespace()) {
            used.insert(word.trim_start_matches('!'));
        }
    }
    used
}
