//! QUIC tunables of the whole process. HAProxy 3.3 renamed all of them; earlier versions get the earlier names, and what
//! they did not have is an issue.

use std::ops::RangeInclusive;

use super::context::{Context, Needs, Since};
use super::values::size;
use super::writer::Out;
use crate::state::global::GlobalQuic;

/// The version that has `tune.quic.fe.*` and `tune.quic.be.*`.
const RENAMED: Since = (3, 3);

/// The sizes in bytes that HAProxy takes for a congestion window.
const WINDOW: RangeInclusive<u64> = 10 << 10..=4 << 30;

/// A tunable: its key in the document, its name now, its name before and since when.
struct Tunable(&'static str, &'static str, Option<(&'static str, Since)>);

/// A value of a tunable.
enum Value<'d> {
    Text(&'d str),
    Duration(&'d str),
    Window(&'d str),
    Number(i64),
    Switch(bool),
}

pub(super) fn tunables(out: &mut Out, cx: &Context<'_>, quic: &GlobalQuic, needs: &Needs<'_>) {
    if needs.quic && cx.target.features.has("QUIC_OPENSSL_COMPAT") {
        // The TLS library has no QUIC of its own; this is the layer that HAProxy was built with instead.
        out.line("limited-quic");
    }
    match quic.listen {
        Some(on) if cx.target.since(RENAMED) => {
            one(out, cx, &Tunable("listen", "tune.quic.listen", None), Value::Switch(on));
        }
        Some(false) if cx.target.features.quic() && cx.target.since((2, 8)) => {
            out.line("no-quic");
        }
        _ => {}
    }
    if let Some(size) = &quic.mem_tx_max {
        one(out, cx, &Tunable("memTxMax", "tune.quic.mem.tx-max", None), Value::Text(size));
    }
    if let Some(on) = quic.zero_copy_fwd_send {
        let name = "tune.quic.zero-copy-fwd-send";
        one(out, cx, &Tunable("zeroCopyFwdSend", name, Some((name, (2, 9)))), Value::Switch(on));
    }
    out.at("fe", |out| frontend(out, cx, quic));
    out.at("be", |out| backend(out, cx, quic));
}

fn one(out: &mut Out, cx: &Context<'_>, tunable: &Tunable, value: Value<'_>) {
    let Tunable(key, now, before) = tunable;
    out.enter(*key);
    // HAProxy's parser takes no 0 for any of the counts.
    if matches!(value, Value::Number(0)) && cx.target.features.quic() {
        out.issue("must be at least 1");
    }
    let keyword = match before {
        _ if !cx.target.features.quic() => {
            out.issue("the installed HAProxy was built without QUIC");
            None
        }
        _ if cx.target.since(RENAMED) => Some(*now),
        Some((before, since)) if cx.target.since(*since) => Some(*before),
        Some((before, since)) => {
            out.issue(cx.lacks(*since, &format!("\"{before}\"")).unwrap_or_default());
            None
        }
        None => {
            out.issue(cx.lacks(RENAMED, &format!("\"{now}\"")).unwrap_or_default());
            None
        }
    };
    if let Some(keyword) = keyword {
        let mut line = out.line(keyword);
        match value {
            Value::Text(text) => line.arg(text),
            Value::Duration(text) => line.duration(text),
            Value::Window(text) => {
                if size(text).is_none_or(|bytes| !WINDOW.contains(&bytes)) {
                    line.issue("must be between 10k and 4g");
                }
                line.arg(text)
            }
            Value::Number(number) => line.num(number),
            Value::Switch(on) => line.key(if on { "on" } else { "off" }),
        };
    }
    out.leave();
}

/// The settings that both sides have.
macro_rules! both {
    ($out:ident, $cx:ident, $side:expr, $prefix:literal, $old:expr) => {{
        let side = $side;
        let old: fn(&'static str) -> Option<(&'static str, Since)> = $old;
        let mut set = |key: &'static str, name: &'static str, value: Option<Value<'_>>| {
            if let Some(value) = value {
                one($out, $cx, &Tunable(key, name, old(key)), value);
            }
        };
        let number = |n: Option<i64>| n.map(Value::Number);
        set(
            "maxIdleTimeout",
            concat!($prefix, "max-idle-timeout"),
            side.max_idle_timeout.as_deref().map(Value::Duration),
        );
        set(
            "ccCubicMinLosses",
            concat!($prefix, "cc.cubic-min-losses"),
            number(side.cc_cubic_min_losses.map(|n| n.get())),
        );
        set("ccHystart", concat!($prefix, "cc.hystart"), side.cc_hystart.map(Value::Switch));
        set("ccMaxFrameLoss", concat!($prefix, "cc.max-frame-loss"), number(side.cc_max_frame_loss.map(|n| n.get())));
        set("ccMaxWinSize", concat!($prefix, "cc.max-win-size"), side.cc_max_win_size.as_deref().map(Value::Window));
        set("ccReorderRatio", concat!($prefix, "cc.reorder-ratio"), number(side.cc_reorder_ratio.map(|n| n.get())));
        set(
            "secGlitchesThreshold",
            concat!($prefix, "sec.glitches-threshold"),
            number(side.sec_glitches_threshold.map(|n| n.get())),
        );
        set("streamDataRatio", concat!($prefix, "stream.data-ratio"), number(side.stream_data_ratio.map(|n| n.get())));
        set(
            "streamMaxConcurrent",
            concat!($prefix, "stream.max-concurrent"),
            number(side.stream_max_concurrent.map(|n| n.get())),
        );
        set("streamRxbuf", concat!($prefix, "stream.rxbuf"), side.stream_rxbuf.as_deref().map(Value::Text));
        set("txPacing", concat!($prefix, "tx.pacing"), side.tx_pacing.map(Value::Switch));
        set("txUdpGso", concat!($prefix, "tx.udp-gso"), side.tx_udp_gso.map(Value::Switch));
    }};
}

fn frontend(out: &mut Out, cx: &Context<'_>, quic: &GlobalQuic) {
    both!(out, cx, &quic.fe, "tune.quic.fe.", |key| Some(match key {
        "maxIdleTimeout" => ("tune.quic.frontend.max-idle-timeout", (2, 6)),
        "ccCubicMinLosses" => ("tune.quic.cc.cubic.min-losses", (3, 1)),
        "ccHystart" => ("tune.quic.cc-hystart", (3, 0)),
        "ccMaxFrameLoss" => ("tune.quic.max-frame-loss", (3, 0)),
        "ccMaxWinSize" => ("tune.quic.frontend.default-max-window-size", (3, 1)),
        "ccReorderRatio" => ("tune.quic.reorder-ratio", (3, 0)),
        "secGlitchesThreshold" => ("tune.quic.frontend.glitches-threshold", (3, 0)),
        "streamDataRatio" => ("tune.quic.frontend.stream-data-ratio", (3, 2)),
        "streamMaxConcurrent" => ("tune.quic.frontend.max-streams-bidi", (2, 6)),
        _ => return None,
    }));
    if quic.fe.sock_per_conn.is_some() {
        // Any number asks for the same: one socket per connection.
        out.enter("sockPerConn");
        if !cx.target.features.quic() {
            out.issue("the installed HAProxy was built without QUIC");
        } else if cx.target.since(RENAMED) {
            out.line("tune.quic.fe.sock-per-conn").key("default-on");
        } else if let Some(message) = cx.lacks((2, 8), "\"tune.quic.socket-owner\"") {
            out.issue(message);
        } else {
            out.line("tune.quic.socket-owner").key("connection");
        }
        out.leave();
    }
    if let Some(count) = quic.fe.sec_retry_threshold {
        let before = Some(("tune.quic.retry-threshold", (2, 6)));
        let tunable = Tunable("secRetryThreshold", "tune.quic.fe.sec.retry-threshold", before);
        one(out, cx, &tunable, Value::Number(count.get()));
    }
}

fn backend(out: &mut Out, cx: &Context<'_>, quic: &GlobalQuic) {
    both!(out, cx, &quic.be, "tune.quic.be.", |_| None);
}
