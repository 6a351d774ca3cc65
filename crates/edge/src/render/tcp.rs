//! The body of a frontend in TCP mode.

use super::acl::{Acls, Condition, Test};
use super::context::{Context, Needs};
use super::frontend::{backend_name, default_backend, timeout, used_acls};
use super::rules::{Phase, Rules};
use super::writer::{Out, Phrase};
use crate::state::acl::Operator;
use crate::state::common::{Dur, Mode};
use crate::state::frontend::{Frontend, TcpOpts};

/// As the default format of HAProxy, for frontends that do not log in detail although their defaults block does.
const SHORT_LOG: &str = "Connect from %ci:%cp to %fi:%fp (%f/TCP)";

pub(super) fn render<'d>(out: &mut Out, cx: &Context<'d>, needs: &mut Needs<'d>, frontend: &'d Frontend) {
    refuse_http(out, frontend);
    let opts = &frontend.tcp_opts;
    out.enter("tcpOpts");
    logging(out, cx, frontend);
    timeout(out, "timeoutClient", "timeout client", opts.timeout_client.as_ref());
    // The name in a handshake can be routed by only once the handshake came.
    let patience = opts.sni_router.enabled.then(|| Dur::lit("5s"));
    let delay = opts.inspect_delay.clone().or(patience);
    timeout(out, "inspectDelay", "tcp-request inspect-delay", delay.as_ref());
    out.leave();

    let acls = Acls::render(out, cx, &used_acls(frontend));
    let mut rules = Rules::new(cx, needs, frontend, acls);
    if let Some(track) = &opts.track_sc0 {
        out.enter("tcpOpts");
        out.at("trackSc0", |out| rules.track_all(out, &track.key, &track.table_name));
        out.leave();
    }
    rules.render(out, &Phase::TCP);
    out.at("tcpOpts", |out| {
        let mut acls = rules.into_acls();
        sni_router(out, cx, &mut acls, opts);
        default_backend(out, cx, frontend, opts.default_backend_id.as_ref());
    });
}

/// HAProxy only warns about HTTP rules in TCP mode and ignores them. A rule that does nothing is not what was meant.
fn refuse_http(out: &mut Out, frontend: &Frontend) {
    let phases = &frontend.rule_phases;
    out.enter("rulePhases");
    for (key, any) in [
        ("httpRequest", phases.http_request.iter().position(|rule| rule.enabled)),
        ("httpResponse", phases.http_response.iter().position(|rule| rule.enabled)),
        ("httpAfterResponse", phases.http_after_response.iter().position(|rule| rule.enabled)),
    ] {
        if let Some(index) = any {
            out.at(key, |out| out.at(index, |out| out.issue("needs a frontend in HTTP mode; this one is in TCP mode")));
        }
    }
    out.leave();
}

fn logging(out: &mut Out, cx: &Context<'_>, frontend: &Frontend) {
    if frontend.tcp_opts.tcp_log {
        out.line("option").key("tcplog");
    } else if let Some(block) = cx.defaults(&frontend.from_defaults) {
        let json = cx.document.haproxy.global_settings.json_log_format && block.mode == Mode::Http;
        if json || block.options.iter().any(|option| option == "httplog" || option == "tcplog") {
            out.line("log-format").arg(SHORT_LOG);
        }
    }
}

fn sni_router(out: &mut Out, cx: &Context<'_>, acls: &mut Acls<'_, '_>, opts: &TcpOpts) {
    if !opts.sni_router.enabled {
        return;
    }
    out.line("tcp-request content").key("accept if { req.ssl_hello_type 1 }");
    out.enter("sniRouter");
    out.enter("sniMap");
    for (index, route) in opts.sni_router.sni_map.iter().enumerate() {
        out.enter(index);
        let name = out.at("backendId", |out| backend_name(out, cx, Mode::Tcp, &route.backend_id));
        let pattern = route.sni_pattern.as_str();
        let test = match pattern.strip_prefix('*') {
            Some(domain) if domain.starts_with('.') => {
                Test { ignore_case: true, ..Test::new("req.ssl_sni", Some(Operator::End), vec![domain]) }
            }
            _ => Test { ignore_case: true, ..Test::new("req.ssl_sni", None, vec![pattern]) },
        };
        let phrase: Phrase = acls.test(out, &test, false);
        if let Some(name) = name {
            out.line("use_backend").arg(name).when(&Condition::default().and(&phrase));
        }
        out.leave();
    }
    out.leave();
    out.leave();
}
