//! Rules: which phase they stand in, and in which order lines follow.
//!
//! In each phase rules keep the document's order. `use_backend` lines come after all `http-request` lines, as HAProxy
//! evaluates them in that order anyway and warns about any other.

use super::acl::Acls;
use super::actions::{Act, http_after_response, http_request, http_response, tcp_connection, tcp_content, tcp_session};
use super::context::{Context, Needs};
use super::frontend::backend_name;
use super::values::Origin;
use super::writer::Out;
use super::{actions, values};
use crate::state::actions::HttpRequestAction;
use crate::state::common::Mode;
use crate::state::frontend::Frontend;
use crate::state::rules::Rule;
use crate::state::security::SecurityProfile;

/// Where rules stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Connection,
    Session,
    Content,
    TcpResponse,
    Request,
    Response,
    AfterResponse,
}

impl Phase {
    /// The phases of a frontend in HTTP mode, in the order in which HAProxy evaluates them.
    pub(super) const HTTP: [Phase; 7] = [
        Phase::Connection,
        Phase::Session,
        Phase::Content,
        Phase::TcpResponse,
        Phase::Request,
        Phase::Response,
        Phase::AfterResponse,
    ];

    /// The phases of a frontend in TCP mode.
    pub(super) const TCP: [Phase; 4] = [Phase::Connection, Phase::Session, Phase::Content, Phase::TcpResponse];

    fn key(self) -> &'static str {
        match self {
            Phase::Connection => "tcpRequestConnection",
            Phase::Session => "tcpRequestSession",
            Phase::Content => "tcpRequestContent",
            Phase::TcpResponse => "tcpResponseContent",
            Phase::Request => "httpRequest",
            Phase::Response => "httpResponse",
            Phase::AfterResponse => "httpAfterResponse",
        }
    }

    /// Why a sample is not there in this phase. HAProxy keeps nothing of the request for the response but what was put
    /// into variables or captures; a condition on what is gone never holds.
    pub(super) fn lacks(self, expression: &str) -> Option<&'static str> {
        use Phase::{AfterResponse, Connection, Content, Request, Response, Session};
        match (self, values::origin_of(expression)) {
            (Connection | Session, Origin::Request | Origin::Response | Origin::Message) => {
                Some("is a sample of an HTTP message, and in this phase none came yet")
            }
            (Response | AfterResponse, Origin::Request) => {
                Some("is a sample of the request, which is gone in this phase; keep it in a variable before")
            }
            (Content | Request, Origin::Response) => {
                Some("is a sample of the response, and in this phase none came yet")
            }
            _ => None,
        }
    }

    /// What lines of the phase begin with.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Phase::Connection => "tcp-request connection",
            Phase::Session => "tcp-request session",
            Phase::Content => "tcp-request content",
            Phase::TcpResponse => "tcp-response content",
            Phase::Request => "http-request",
            Phase::Response => "http-response",
            Phase::AfterResponse => "http-after-response",
        }
    }
}

/// The rules of one frontend while they are rendered.
#[derive(Debug)]
pub(super) struct Rules<'c, 'n, 'd> {
    pub(super) cx: &'c Context<'d>,
    pub(super) needs: &'n mut Needs<'d>,
    pub(super) frontend: &'d Frontend,
    pub(super) acls: Acls<'c, 'd>,
    /// The sticky counters that the document's own rules use, one bit each.
    taken: u32,
    /// The sticky counters that rate limits were given.
    given: Vec<(&'d str, u32)>,
}

impl<'c, 'n, 'd> Rules<'c, 'n, 'd> {
    pub(super) fn new(
        cx: &'c Context<'d>,
        needs: &'n mut Needs<'d>,
        frontend: &'d Frontend,
        acls: Acls<'c, 'd>,
    ) -> Self {
        let taken = counters(frontend);
        Self { cx, needs, frontend, acls, taken, given: Vec::new() }
    }

    pub(super) fn into_acls(self) -> Acls<'c, 'd> {
        self.acls
    }

    pub(super) fn render(&mut self, out: &mut Out, phases: &[Phase]) {
        let frontend = self.frontend;
        let rules = &frontend.rule_phases;
        out.enter("rulePhases");
        for &phase in phases {
            out.enter(phase.key());
            match phase {
                Phase::Connection => self.phase(out, phase, &rules.tcp_request_connection, tcp_connection),
                Phase::Session => self.phase(out, phase, &rules.tcp_request_session, tcp_session),
                Phase::Content => self.phase(out, phase, &rules.tcp_request_content, tcp_content),
                Phase::TcpResponse => refuse(out, &rules.tcp_response_content),
                Phase::Request => self.phase(out, phase, &rules.http_request, http_request),
                Phase::Response => {
                    self.declare_captures(out);
                    self.phase(out, phase, &rules.http_response, http_response);
                }
                Phase::AfterResponse => self.phase(out, phase, &rules.http_after_response, http_after_response),
            }
            out.leave();
        }
        if phases.contains(&Phase::Request) {
            out.at("httpRequest", |out| self.use_backend(out));
        }
        out.leave();
    }

    fn phase<R: Rule>(&mut self, out: &mut Out, phase: Phase, rules: &'d [R], act: fn(&'d R::Action) -> Act<'d>) {
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.enabled()) {
            let act = act(rule.action());
            if matches!(act, Act::UseBackend(_)) {
                continue;
            }
            out.enter(index);
            let condition = self.acls.condition(out, phase, rule.condition());
            out.at("action", |out| actions::render(out, self, phase, &act, &condition));
            out.leave();
        }
    }

    fn use_backend(&mut self, out: &mut Out) {
        for (index, rule) in self.frontend.rule_phases.http_request.iter().enumerate().filter(|(_, rule)| rule.enabled)
        {
            let HttpRequestAction::UseBackend(action) = &rule.action else { continue };
            out.enter(index);
            let condition = self.acls.condition(out, Phase::Request, &rule.condition);
            out.enter("action");
            let name = out.at("backendId", |out| backend_name(out, self.cx, self.frontend.mode, &action.backend_id));
            if let Some(name) = name {
                out.line("use_backend").arg(name).when(&condition);
            }
            out.leave();
            out.leave();
        }
    }

    /// Slots for what response rules keep, beyond those that captured headers have.
    fn declare_captures(&self, out: &mut Out) {
        use crate::state::actions::HttpResponseAction;
        let declared = self.frontend.http_opts.capture_response_headers.len();
        let highest = self
            .frontend
            .rule_phases
            .http_response
            .iter()
            .filter(|rule| rule.enabled)
            .filter_map(|rule| match &rule.action {
                HttpResponseAction::Capture(capture) => usize::try_from(capture.id.get()).ok(),
                _ => None,
            })
            .max();
        for _ in declared..highest.map_or(0, |highest| highest + 1) {
            out.line("declare capture").key("response len 256");
        }
    }

    /// A `track-sc0` of every connection.
    pub(super) fn track_all(&mut self, out: &mut Out, key: &str, table: &str) {
        let name = out.at("tableName", |out| self.table(out, table));
        self.counter(out, 0);
        if let Some(name) = name {
            out.line("tcp-request connection").key("track-sc0").sample(key).key("table").arg(&name);
        }
    }

    /// Uses a sticky counter; versions before 2.8 have no more than three.
    pub(super) fn counter(&mut self, out: &mut Out, index: i64) {
        let count = usize::try_from(index).unwrap_or_default() + 1;
        self.needs.counters = self.needs.counters.max(count);
        if count > 3
            && let Some(message) = self.cx.lacks((2, 8), "a sticky counter above 2")
        {
            out.issue(message);
        }
    }

    /// The sticky counter of a rate limit: each has its own, so that two limits in one frontend do not count together.
    pub(super) fn counter_of(&mut self, out: &mut Out, profile: &'d str) -> u32 {
        if let Some((_, index)) = self.given.iter().find(|(id, _)| *id == profile) {
            return *index;
        }
        let index = self.taken.trailing_ones();
        self.taken |= 1_u32.checked_shl(index).unwrap_or_default();
        self.given.push((profile, index));
        self.counter(out, i64::from(index));
        index
    }

    /// The name of the proxy whose stick table is meant.
    pub(super) fn table(&mut self, out: &mut Out, table: &str) -> Option<String> {
        if let Some(id) = table.strip_prefix("st_rl_")
            && let Some(index) = self.rate_limit(id)
        {
            self.needs.tables.insert(self.cx.document.security_profiles[index].id(), index);
            return Some(table.to_owned());
        }
        if let Some((section, _)) = table.split_once('/') {
            // A table of a peers section is defined by a directive, which the document spells itself.
            let known = self.cx.document.haproxy.peers.iter().any(|peers| peers.name == *section);
            if !known {
                out.issue(format!("there is no peers section \"{section}\""));
            }
            return known.then(|| table.to_owned());
        }
        let Some(backend) = self.cx.backend_named(table).or_else(|| self.cx.backend(table)) else {
            out.issue(format!("there is no backend \"{table}\" with a stick table"));
            return None;
        };
        let by_hand = |directive: &crate::state::common::Free| directive.trim_start().starts_with("stick-table");
        if backend.stick_table.is_none() && !backend.advanced_directives.iter().any(by_hand) {
            out.issue(format!("the backend \"{table}\" has no stick table"));
        }
        Some(backend.name.to_string())
    }

    fn rate_limit(&self, id: &str) -> Option<usize> {
        self.cx
            .document
            .security_profiles
            .iter()
            .position(|profile| matches!(profile, SecurityProfile::RateLimit(profile) if profile.id == *id))
    }

    /// Whether any Lua file is loaded.
    pub(super) fn has_lua(&self) -> bool {
        !self.cx.document.haproxy.global_settings.lua_plugins.is_empty() || !self.needs.lua.is_empty()
    }
}

/// HAProxy evaluates rules on a response's data in backends only.
fn refuse<R: Rule>(out: &mut Out, rules: &[R]) {
    for (index, _) in rules.iter().enumerate().filter(|(_, rule)| rule.enabled()) {
        out.at(index, |out| {
            out.issue(
                "HAProxy has \"tcp-response content\" in backends only; write it into the backend's advancedDirectives",
            );
        });
    }
}

/// The sticky counters that a frontend's own rules use, one bit each.
fn counters(frontend: &Frontend) -> u32 {
    use crate::state::actions::{TcpConnectionAction, TcpContentAction, TcpSessionAction};
    let phases = &frontend.rule_phases;
    let connection = phases.tcp_request_connection.iter().filter_map(|rule| match &rule.action {
        TcpConnectionAction::TrackSc(track) if rule.enabled => Some(track.sc_index.get()),
        _ => None,
    });
    let session = phases.tcp_request_session.iter().filter_map(|rule| match &rule.action {
        TcpSessionAction::TrackSc(track) if rule.enabled => Some(track.sc_index.get()),
        _ => None,
    });
    let content = phases.tcp_request_content.iter().filter_map(|rule| match &rule.action {
        TcpContentAction::TrackSc(track) if rule.enabled => Some(track.sc_index.get()),
        _ => None,
    });
    let request = phases.http_request.iter().filter_map(|rule| match &rule.action {
        HttpRequestAction::TrackSc(track) if rule.enabled => Some(track.sc_index.get()),
        _ => None,
    });
    let own = (frontend.tcp_opts.track_sc0.is_some() && frontend.mode == Mode::Tcp).then_some(0);
    connection
        .chain(session)
        .chain(content)
        .chain(request)
        .chain(own)
        .filter_map(|index| 1_u32.checked_shl(u32::try_from(index).ok()?))
        .fold(0, |bits, bit| bits | bit)
}

/// Reports a name that is none of a header's.
pub(super) fn header_name(out: &mut Out, name: &str) {
    if !values::is_token(name) {
        out.issue_at("name", "is no name of a header");
    }
}

/// Reports a name that is none of a variable's.
pub(super) fn variable_name(out: &mut Out, key: &'static str, name: &str) {
    if !values::is_variable(name) {
        out.issue_at(key, "must be made of letters, digits, _ and . only");
    }
}
