//! What a rule does, as words of its line.

use super::acl::Condition;
use super::rules::{Phase, Rules, header_name, variable_name};
use super::writer::Out;
use super::{auth, security, values};
use crate::state::actions::{
    ApplyAuthProvider, ApplySecurityProfile, Auth, BodyKind, CaptureRequest, CaptureResponse, DelHeader, Deny,
    DoResolve, Expression, Family, Header, HttpAfterResponseAction, HttpRequestAction, HttpResponseAction, LogLevel,
    Lua, NormalizeMethod, Redirect, RedirectType, Replace, Return, ScIncGpc, Scope, SetLogLevel, SetStatus, SetVar,
    TcpConnectionAction, TcpContentAction, TcpSessionAction, TrackSc, UnsetVar, UseBackend, UseService,
};
use crate::state::common::{ERROR_CODES, Mode};

/// The actions of all phases in one type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act<'d> {
    Word(&'static str),
    Deny(&'static str, &'d Deny),
    Redirect(&'d Redirect),
    UseBackend(#[expect(dead_code, reason = "rendered by its own pass, which looks at the rule again")] &'d UseBackend),
    UseService(&'d UseService),
    Header(&'static str, &'d Header),
    DelHeader(&'d DelHeader),
    Replace(&'static str, &'d Replace),
    SetVar(&'d SetVar),
    UnsetVar(&'d UnsetVar),
    Expression(&'static str, &'d Expression),
    LogLevel(&'d SetLogLevel),
    TrackSc(&'d TrackSc),
    CaptureRequest(&'d CaptureRequest),
    CaptureResponse(&'d CaptureResponse),
    Lua(&'d Lua),
    Auth(&'d Auth),
    Return(&'d Return),
    Normalize(NormalizeMethod),
    WaitForBody(&'d str),
    DoResolve(&'d DoResolve),
    ScIncGpc(&'d ScIncGpc),
    Security(&'d ApplySecurityProfile),
    AuthProvider(&'d ApplyAuthProvider),
    SetStatus(&'d SetStatus),
    Mark(&'static str, &'static str, &'d str),
    Priority(&'static str, i64),
    Impossible(&'static str),
}

pub(super) fn http_request(action: &HttpRequestAction) -> Act<'_> {
    use HttpRequestAction as A;
    match action {
        A::Allow(_) => Act::Word("allow"),
        A::Deny(a) => Act::Deny("deny", a),
        A::Reject(_) => Act::Word("reject"),
        A::Tarpit(a) => Act::Deny("tarpit", a),
        A::Redirect(a) => Act::Redirect(a),
        A::UseBackend(a) => Act::UseBackend(a),
        A::UseService(a) => Act::UseService(a),
        A::SetHeader(a) => Act::Header("set-header", a),
        A::AddHeader(a) => Act::Header("add-header", a),
        A::DelHeader(a) => Act::DelHeader(a),
        A::ReplaceHeader(a) => Act::Replace("replace-header", a),
        A::ReplaceValue(a) => Act::Replace("replace-value", a),
        A::SetVar(a) => Act::SetVar(a),
        A::UnsetVar(a) => Act::UnsetVar(a),
        A::SetPath(a) => Act::Expression("set-path", a),
        A::SetUri(a) => Act::Expression("set-uri", a),
        A::SetQuery(a) => Act::Expression("set-query", a),
        A::SetMethod(a) => Act::Expression("set-method", a),
        A::SetLogLevel(a) => Act::LogLevel(a),
        A::SilentDrop(_) => Act::Word("silent-drop"),
        A::TrackSc(a) => Act::TrackSc(a),
        A::Capture(a) => Act::CaptureRequest(a),
        A::Lua(a) => Act::Lua(a),
        A::Auth(a) => Act::Auth(a),
        A::Return(a) => Act::Return(a),
        A::NormalizeUri(a) => Act::Normalize(a.method),
        A::WaitForBody(a) => Act::WaitForBody(&a.time),
        A::EarlyHint(a) => Act::Header("early-hint", a),
        A::DoResolve(a) => Act::DoResolve(a),
        A::ScIncGpc(a) => Act::ScIncGpc(a),
        A::ApplySecurityProfile(a) => Act::Security(a),
        A::ApplyAuthProvider(a) => Act::AuthProvider(a),
    }
}

pub(super) fn http_response(action: &HttpResponseAction) -> Act<'_> {
    use HttpResponseAction as A;
    match action {
        A::Allow(_) => Act::Word("allow"),
        A::Deny(a) => Act::Deny("deny", a),
        A::SetStatus(a) => Act::SetStatus(a),
        A::SetHeader(a) => Act::Header("set-header", a),
        A::AddHeader(a) => Act::Header("add-header", a),
        A::DelHeader(a) => Act::DelHeader(a),
        A::ReplaceHeader(a) => Act::Replace("replace-header", a),
        A::ReplaceValue(a) => Act::Replace("replace-value", a),
        A::SetVar(a) => Act::SetVar(a),
        A::UnsetVar(a) => Act::UnsetVar(a),
        A::SetLogLevel(a) => Act::LogLevel(a),
        A::SilentDrop(_) => Act::Word("silent-drop"),
        A::Lua(a) => Act::Lua(a),
        A::Return(a) => Act::Return(a),
        A::Redirect(a) => Act::Redirect(a),
        A::Capture(a) => Act::CaptureResponse(a),
    }
}

pub(super) fn http_after_response(action: &HttpAfterResponseAction) -> Act<'_> {
    use HttpAfterResponseAction as A;
    match action {
        A::Allow(_) => Act::Word("allow"),
        A::Deny(_) => Act::Impossible("HAProxy cannot refuse after the response; use a rule of the httpResponse phase"),
        A::SetStatus(a) => Act::SetStatus(a),
        A::SetHeader(a) => Act::Header("set-header", a),
        A::AddHeader(a) => Act::Header("add-header", a),
        A::DelHeader(a) => Act::DelHeader(a),
        A::ReplaceHeader(a) => Act::Replace("replace-header", a),
        A::ReplaceValue(a) => Act::Replace("replace-value", a),
        A::SetVar(a) => Act::SetVar(a),
        A::UnsetVar(a) => Act::UnsetVar(a),
        A::SetLogLevel(a) => Act::LogLevel(a),
        A::Lua(_) => Act::Impossible("HAProxy has no Lua after the response; use a rule of the httpResponse phase"),
    }
}

pub(super) fn tcp_connection(action: &TcpConnectionAction) -> Act<'_> {
    use TcpConnectionAction as A;
    match action {
        A::Accept(_) => Act::Word("accept"),
        A::Reject(_) => Act::Word("reject"),
        A::SetVar(a) => Act::SetVar(a),
        A::UnsetVar(a) => Act::UnsetVar(a),
        A::TrackSc(a) => Act::TrackSc(a),
        A::SilentDrop(_) => Act::Word("silent-drop"),
        A::SetMark(a) => Act::Mark("set-mark", "mark", &a.mark),
        A::SetTos(a) => Act::Mark("set-tos", "tos", &a.tos),
        A::ScIncGpc(a) => Act::ScIncGpc(a),
    }
}

pub(super) fn tcp_session(action: &TcpSessionAction) -> Act<'_> {
    use TcpSessionAction as A;
    match action {
        A::Accept(_) => Act::Word("accept"),
        A::Reject(_) => Act::Word("reject"),
        A::SetVar(a) => Act::SetVar(a),
        A::UnsetVar(a) => Act::UnsetVar(a),
        A::TrackSc(a) => Act::TrackSc(a),
        A::SilentDrop(_) => Act::Word("silent-drop"),
    }
}

pub(super) fn tcp_content(action: &TcpContentAction) -> Act<'_> {
    use TcpContentAction as A;
    match action {
        A::Accept(_) => Act::Word("accept"),
        A::Reject(_) => Act::Word("reject"),
        A::SetVar(a) => Act::SetVar(a),
        A::UnsetVar(a) => Act::UnsetVar(a),
        A::TrackSc(a) => Act::TrackSc(a),
        A::SilentDrop(_) => Act::Word("silent-drop"),
        A::Lua(a) => Act::Lua(a),
        A::UseService(a) => Act::UseService(a),
        A::DoResolve(a) => Act::DoResolve(a),
        A::SetPriorityClass(a) => Act::Priority("set-priority-class", a.value.get()),
        A::SetPriorityOffset(a) => Act::Priority("set-priority-offset", a.value.get()),
        A::SetMark(a) => Act::Mark("set-mark", "mark", &a.mark),
        A::SetTos(a) => Act::Mark("set-tos", "tos", &a.tos),
    }
}

/// Writes the line of an action; macros write several.
pub(super) fn render<'d>(
    out: &mut Out,
    rules: &mut Rules<'_, '_, 'd>,
    phase: Phase,
    act: &Act<'d>,
    condition: &Condition,
) {
    let verb = phase.verb();
    match *act {
        Act::Word(word) => out.line(verb).key(word).when(condition),
        Act::Deny(word, action) => {
            let status = action.status_code.map(|code| code.get());
            deny_status(out, "statusCode", status);
            out.line(verb).key(word).count("deny_status", status).when(condition);
        }
        Act::Redirect(action) => {
            if phase == Phase::Response && action.redirect_type != RedirectType::Location {
                out.issue_at("redirectType", "must be location: HAProxy redirects from responses in no other way");
            }
            redirect(out, verb, action, condition);
        }
        Act::UseBackend(_) => {}
        Act::UseService(action) => {
            if action.service_name == "prometheus-exporter" && !rules.cx.target.features.prometheus() {
                out.issue("the installed HAProxy was built without the Prometheus exporter");
            }
            if action.service_name.starts_with("lua.") {
                needs_lua(out, rules);
            }
            if phase == Phase::Content && rules.frontend.mode == Mode::Http {
                out.issue("needs a frontend in TCP mode; in HTTP mode services belong into the httpRequest phase");
            }
            out.line(verb).key("use-service").arg(&action.service_name).when(condition);
        }
        Act::Header(word, action) => {
            header_name(out, &action.name);
            out.line(verb).key(word).arg(&action.name).format(&action.value).when(condition);
        }
        Act::DelHeader(action) => {
            header_name(out, &action.name);
            out.line(verb).key("del-header").arg(&action.name).when(condition);
        }
        Act::Replace(word, action) => {
            header_name(out, &action.name);
            if let Some(fault) = values::regex_fault(&action.match_regex) {
                out.issue_at("matchRegex", fault);
            }
            let mut line = out.line(verb);
            line.key(word).arg(&action.name).arg(&action.match_regex).format(&action.replacement).when(condition);
        }
        Act::SetVar(action) => {
            variable_name(out, "name", &action.name);
            check_sample(out, phase, "expression", &action.expression);
            let parts = ["set-var(", scope(action.scope), ".", &action.name, ")"];
            out.line(verb).glued(&parts).sample(&action.expression).when(condition);
        }
        Act::UnsetVar(action) => {
            variable_name(out, "name", &action.name);
            out.line(verb).glued(&["unset-var(", scope(action.scope), ".", &action.name, ")"]).when(condition);
        }
        Act::Expression(word, action) => out.line(verb).key(word).format(&action.expression).when(condition),
        Act::LogLevel(action) => {
            if phase == Phase::AfterResponse
                && let Some(message) = rules.cx.lacks((2, 8), "\"set-log-level\" after the response")
            {
                out.issue(message);
            }
            out.line(verb).key("set-log-level").key(log_level(action.level)).when(condition);
        }
        Act::TrackSc(action) => {
            check_sample(out, phase, "key", &action.key);
            track(out, rules, verb, action, condition);
        }
        Act::CaptureRequest(action) => {
            check_sample(out, phase, "expression", &action.expression);
            out.line(verb)
                .key("capture")
                .sample(&action.expression)
                .count("len", Some(action.len.get()))
                .when(condition);
        }
        Act::CaptureResponse(action) => {
            check_sample(out, phase, "expression", &action.expression);
            out.line(verb).key("capture").sample(&action.expression).count("id", Some(action.id.get())).when(condition);
        }
        Act::Lua(action) => {
            needs_lua(out, rules);
            let args: Vec<&str> = action.args.iter().map(|arg| arg.as_str()).collect();
            lua(out, verb, &action.function, &args, condition);
        }
        Act::Auth(action) => out.line(verb).key("auth").pair("realm", action.realm.as_deref()).when(condition),
        Act::Return(action) => answer(out, verb, action, condition),
        Act::Normalize(method) => {
            rules.needs.experimental = true;
            out.line(verb).key("normalize-uri").key(normalizer(method)).when(condition);
        }
        Act::WaitForBody(time) => out.line(verb).key("wait-for-body time").duration(time).when(condition),
        Act::DoResolve(action) => {
            check_sample(out, phase, "expression", &action.expression);
            resolve(out, rules, verb, action, condition);
        }
        Act::ScIncGpc(action) => {
            let (counter, index) = (action.gpc_index.get(), action.sc_index.get());
            rules.counter(out, index);
            let index = index.to_string();
            match counter {
                0 => out.line(verb).glued(&["sc-inc-gpc0(", &index, ")"]).when(condition),
                1 => out.line(verb).glued(&["sc-inc-gpc1(", &index, ")"]).when(condition),
                more => out.line(verb).glued(&["sc-inc-gpc(", &more.to_string(), ",", &index, ")"]).when(condition),
            }
        }
        Act::Security(action) => security::render(out, rules, &action.profile_id, condition),
        Act::AuthProvider(action) => auth::render(out, rules, &action.provider_id, condition),
        Act::SetStatus(action) => {
            let mut line = out.line(verb);
            line.key("set-status").num(action.status_code.get());
            line.pair("reason", action.reason.as_deref().filter(|reason| !reason.is_empty())).when(condition);
        }
        Act::Mark(word, key, value) => {
            let hex = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"));
            let number = hex.map_or_else(|| value.parse::<u32>(), |hex| u32::from_str_radix(hex, 16));
            if number.is_err() || key == "tos" && number.is_ok_and(|number| number > 255) {
                out.issue_at(key, "must be a number, decimal or with 0x, in the range that packets have");
            }
            out.line(verb).key(word).arg(value).when(condition);
        }
        Act::Priority(word, value) => {
            out.line(verb).key(word).glued(&["int(", &value.to_string(), ")"]).when(condition);
        }
        Act::Impossible(message) => out.issue(message),
    }
}

/// Reports a sample of a message that is not there in a phase.
fn check_sample(out: &mut Out, phase: Phase, key: &'static str, expression: &str) {
    if let Some(fault) = phase.lacks(expression) {
        out.issue_at(key, fault);
    }
}

/// HAProxy denies with codes only for which it has a page.
pub(super) fn deny_status(out: &mut Out, key: &'static str, status: Option<i64>) {
    let known = |status: i64| u16::try_from(status).is_ok_and(|status| ERROR_CODES.contains(&status));
    if status.is_some_and(|status| !known(status)) {
        let codes: Vec<String> = ERROR_CODES.iter().filter(|code| **code >= 400).map(|code| code.to_string()).collect();
        out.issue_at(key, format!("HAProxy can deny with one of {} only", codes.join(", ")));
    }
}

fn redirect(out: &mut Out, verb: &'static str, action: &Redirect, condition: &Condition) {
    let code = action.code.map(|code| code.get());
    if code.is_some_and(|code| !matches!(code, 301 | 302 | 303 | 307 | 308)) {
        out.issue_at("code", "must be 301, 302, 303, 307 or 308");
    }
    let mut line = out.line(verb);
    line.key("redirect").key(match action.redirect_type {
        RedirectType::Location => "location",
        RedirectType::Prefix => "prefix",
        RedirectType::Scheme => "scheme",
    });
    line.format(&action.target).count("code", code);
    line.flag(action.drop_query_string, "drop-query").flag(action.append_slash, "append-slash");
    line.pair("set-cookie", action.set_cookie.as_deref().filter(|cookie| !cookie.is_empty()));
    line.pair("clear-cookie", action.clear_cookie.as_deref().filter(|cookie| !cookie.is_empty()));
    line.when(condition);
}

fn track(out: &mut Out, rules: &mut Rules<'_, '_, '_>, verb: &'static str, action: &TrackSc, condition: &Condition) {
    let name = out.at("table", |out| rules.table(out, &action.table));
    out.at("scIndex", |out| rules.counter(out, action.sc_index.get()));
    if let Some(name) = name {
        let index = action.sc_index.get().to_string();
        out.line(verb).glued(&["track-sc", &index]).sample(&action.key).key("table").arg(&name).when(condition);
    }
}

fn needs_lua(out: &mut Out, rules: &Rules<'_, '_, '_>) {
    if !rules.cx.target.features.lua() {
        out.issue("the installed HAProxy was built without Lua");
    } else if !rules.has_lua() {
        out.issue("no Lua file is loaded that could have registered this: add it to globalSettings.luaPlugins");
    }
}

/// A Lua action. It takes as many words as its function was registered with; words that begin a condition could end the
/// arguments early, so they are refused.
pub(super) fn lua(out: &mut Out, verb: &'static str, function: &str, args: &[&str], condition: &Condition) {
    out.enter("args");
    for (index, _) in args.iter().enumerate().filter(|(_, arg)| matches!(**arg, "if" | "unless")) {
        out.at(index, |out| out.issue("would be read as the beginning of a condition"));
    }
    out.leave();
    let mut line = out.line(verb);
    line.glued(&["lua.", function]);
    for arg in args {
        line.arg(arg);
    }
    line.when(condition);
}

fn answer(out: &mut Out, verb: &'static str, action: &Return, condition: &Condition) {
    let status = action.status_code.map(|code| code.get());
    if status.is_some_and(|status| status < 200) {
        out.issue_at("statusCode", "must be between 200 and 599");
    }
    out.enter("headers");
    for (index, header) in action.headers.iter().enumerate() {
        out.at(index, |out| header_name(out, &header.name));
    }
    out.leave();
    let mut line = out.line(verb);
    line.key("return").count("status", status);
    if let Some(body) = action.body.as_ref().filter(|body| !body.content.is_empty()) {
        // HAProxy wants to be told the type of every body.
        line.pair("content-type", Some(action.content_type.as_deref().unwrap_or("text/plain")));
        match body.kind {
            BodyKind::String => line.key("string").arg(&body.content),
            BodyKind::LfString => line.key("lf-string").format(&body.content),
            BodyKind::File => line.key("file").arg(&body.content),
            BodyKind::LfFile => line.key("lf-file").arg(&body.content),
        };
    }
    for header in &action.headers {
        line.key("hdr").arg(&header.name).format(&header.value);
    }
    line.when(condition);
}

fn resolve(
    out: &mut Out,
    rules: &mut Rules<'_, '_, '_>,
    verb: &'static str,
    action: &DoResolve,
    condition: &Condition,
) {
    variable_name(out, "varName", &action.var_name);
    let section = action.resolvers.as_str();
    if !rules.cx.document.haproxy.resolvers.iter().any(|resolvers| resolvers.name == *section) {
        if section == "docker" {
            rules.needs.docker = true;
        } else {
            out.issue_at("resolvers", format!("there is no resolvers section \"{section}\""));
        }
    }
    let family = match action.family {
        Some(Family::Ipv4) => ",ipv4",
        Some(Family::Ipv6) => ",ipv6",
        None => "",
    };
    let parts = ["do-resolve(", scope(action.var_scope), ".", &action.var_name, ",", section, family, ")"];
    out.line(verb).glued(&parts).sample(&action.expression).when(condition);
}

pub(super) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Proc => "proc",
        Scope::Sess => "sess",
        Scope::Txn => "txn",
        Scope::Req => "req",
        Scope::Res => "res",
    }
}

fn log_level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Silent => "silent",
        LogLevel::Emerg => "emerg",
        LogLevel::Alert => "alert",
        LogLevel::Crit => "crit",
        LogLevel::Err => "err",
        LogLevel::Warning => "warning",
        LogLevel::Notice => "notice",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    }
}

fn normalizer(method: NormalizeMethod) -> &'static str {
    match method {
        NormalizeMethod::PathMergeSlashes => "path-merge-slashes",
        NormalizeMethod::PathStripDot => "path-strip-dot",
        NormalizeMethod::PathStripDotdot => "path-strip-dotdot",
        NormalizeMethod::FragmentEncode => "fragment-encode",
        NormalizeMethod::FragmentStrip => "fragment-strip",
        NormalizeMethod::PercentDecodeUnreserved => "percent-decode-unreserved",
        NormalizeMethod::PercentToUppercase => "percent-to-uppercase",
        NormalizeMethod::QuerySortByName => "query-sort-by-name",
    }
}
