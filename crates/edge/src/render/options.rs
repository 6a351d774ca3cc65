//! `option X` lines that the document spells itself.

use super::context::Context;
use super::words;
use super::writer::Out;
use crate::state::common::Line;

/// The options that HAProxy has up to 3.2. Later versions may know more, so nothing is refused for them.
const KNOWN: [&str; 64] = [
    "abortonclose",
    "accept-invalid-http-request",
    "accept-invalid-http-response",
    "accept-unsafe-violations-in-http-request",
    "accept-unsafe-violations-in-http-response",
    "allbackups",
    "assume-rfc6587-ntf",
    "checkcache",
    "clitcpka",
    "contstats",
    "disable-h2-upgrade",
    "dont-parse-log",
    "dontlog-normal",
    "dontlognull",
    "external-check",
    "forwarded",
    "forwardfor",
    "h1-case-adjust-bogus-client",
    "h1-case-adjust-bogus-server",
    "http-buffer-request",
    "http-drop-request-trailers",
    "http-drop-response-trailers",
    "http-ignore-probes",
    "http-keep-alive",
    "http-no-delay",
    "http-pretend-keepalive",
    "http-restrict-req-hdr-names",
    "http-server-close",
    "http-use-proxy-header",
    "httpchk",
    "httpclose",
    "httplog",
    "httpslog",
    "idle-close-on-response",
    "independent-streams",
    "ldap-check",
    "log-health-checks",
    "log-separate-errors",
    "logasap",
    "mysql-check",
    "nolinger",
    "originalto",
    "persist",
    "pgsql-check",
    "prefer-last-server",
    "redis-check",
    "redispatch",
    "smtpchk",
    "socket-stats",
    "splice-auto",
    "splice-request",
    "splice-response",
    "spop-check",
    "srvtcpka",
    "ssl-hello-chk",
    "tcp-check",
    "tcp-smart-accept",
    "tcp-smart-connect",
    "tcpka",
    "tcplog",
    "transparent",
    "use-small-buffers",
    "http-tunnel",
    "http-use-htx",
];

/// Those of [`KNOWN`] that exist no more.
const REMOVED: [&str; 2] = ["http-tunnel", "http-use-htx"];

/// Writes one line for each option that `wanted` lets pass.
pub(super) fn render(out: &mut Out, cx: &Context<'_>, options: &[Line], wanted: impl Fn(&str) -> bool) {
    out.enter("options");
    for (index, option) in options.iter().enumerate() {
        out.enter(index);
        let name = words::split(option).ok().and_then(|words| words.into_iter().next()).unwrap_or_default().text;
        if REMOVED.contains(&name.as_str()) {
            out.issue(format!("HAProxy has no \"option {name}\" any more"));
        } else if !cx.target.since((3, 3)) && !KNOWN.contains(&name.as_str()) {
            out.issue(format!("HAProxy has no \"option {name}\""));
        } else if wanted(&name) {
            out.line("option").expression(option);
        }
        out.leave();
    }
    out.leave();
}
