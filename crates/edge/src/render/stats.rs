//! The statistics page and the Prometheus exporter.

use super::context::Context;
use super::writer::Out;
use crate::state::frontend::Stats;

pub(super) fn render(out: &mut Out, cx: &Context<'_>, stats: &Stats) {
    if stats.enabled {
        page(out, stats);
    }
    if stats.prometheus_exporter {
        exporter(out, cx, stats);
    }
}

fn page(out: &mut Out, stats: &Stats) {
    out.line("stats enable");
    out.at("uri", |out| {
        out.line("stats uri").arg(&stats.uri);
    });
    if !stats.realm.is_empty() {
        out.line("stats realm").arg(&stats.realm);
    }
    if let Some(seconds) = stats.refresh {
        out.at("refresh", |out| {
            out.line("stats refresh").duration(&format!("{seconds}s"));
        });
    }
    if let Some(condition) = &*stats.admin_acl_expression {
        out.at("adminAclExpression", |out| {
            out.line("stats admin").key("if").expression(condition);
        });
    }
    if stats.show_legends {
        out.line("stats show-legends");
    }
    if stats.show_modules {
        out.line("stats show-modules");
    }
    if let Some(node) = &stats.show_nodename {
        out.enter("showNodename");
        if !node.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            out.issue("must be made of letters, digits, - and _ only");
        }
        out.line("stats show-node").arg(node);
        out.leave();
    }
    if let Some(description) = &stats.show_description {
        out.line("stats show-desc").arg(description);
    }
    out.enter("auth");
    for (index, user) in stats.auth.iter().enumerate() {
        out.enter(index);
        if user.username.contains(':') {
            out.issue_at("username", "must not hold a colon, which ends a user name");
        }
        out.line("stats auth").glued(&[&user.username, ":", user.password.expose()]);
        out.leave();
    }
    out.leave();
}

fn exporter(out: &mut Out, cx: &Context<'_>, stats: &Stats) {
    if !cx.target.features.prometheus() {
        out.issue_at("prometheusExporter", "the installed HAProxy was built without the Prometheus exporter");
        return;
    }
    out.enter("prometheusPath");
    if !stats.prometheus_path.starts_with('/') || stats.prometheus_path == "}" {
        out.issue("must be a path, beginning with /");
    }
    if stats.prometheus_extra_counters {
        match cx.lacks((3, 0), "\"extra-counters\"") {
            Some(message) => out.issue(message),
            None => {
                out.line("http-request")
                    .key("set-query extra-counters if { path")
                    .arg(&stats.prometheus_path)
                    .key("} !{ query -m found }");
            }
        }
    }
    out.line("http-request").key("use-service prometheus-exporter if { path").arg(&stats.prometheus_path).key("}");
    out.leave();
}
