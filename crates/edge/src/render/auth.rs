//! What an authentication provider adds to a frontend's request rules.
//!
//! A rule that asks for authentication never leaves the way open: what HAProxy cannot enforce is an issue, a helper that
//! does not answer means no, and copies of the identity headers that a client sends are removed before anything else.
//! The one exception is the provider `none`, which says in the document that everybody passes.

use super::acl::{Condition, Test};
use super::actions::lua;
use super::rules::Rules;
use super::security::exists;
use super::values::is_token;
use super::writer::{Out, Phrase};
use crate::state::auth::{AuthProvider, Authelia, Basic, EndpointFlavor, HeaderTrust, LuaAuth, Mtls, TrustedAttribute};
use crate::state::common::Line;

/// The Lua file that registers `auth-intercept`.
const INTERCEPT: &str = "auth-request.lua";

pub(super) fn render<'d>(out: &mut Out, rules: &mut Rules<'_, '_, 'd>, id: &str, condition: &Condition) {
    let providers = &rules.cx.document.auth_providers;
    let Some(index) = providers.iter().position(|provider| provider.id() == id) else {
        out.issue_at("providerId", format!("references unknown authProvider: {id}"));
        return;
    };
    match &providers[index] {
        AuthProvider::None(_) => {}
        AuthProvider::Basic(provider) => {
            rules.needs.userlists.insert(&provider.id, index);
            basic(out, &provider.id, &provider.config, condition);
        }
        AuthProvider::Oidc(_) => out.issue_at(
            "providerId",
            "HAProxy cannot do OpenID Connect by itself; use a provider with a helper (authelia, entra, jwt-verify)",
        ),
        AuthProvider::Authelia(provider) => authelia(out, rules, &provider.config, condition),
        AuthProvider::Ldap(p) => {
            let c = &p.config;
            helper(out, rules, &c.auth_request_backend_id, &c.auth_request_path, &c.propagate_headers, condition);
        }
        AuthProvider::Saml(p) => {
            let c = &p.config;
            helper(out, rules, &c.auth_request_backend_id, &c.auth_request_path, &c.propagate_headers, condition);
        }
        AuthProvider::Entra(p) => {
            let c = &p.config;
            helper(out, rules, &c.auth_request_backend_id, &c.auth_request_path, &c.propagate_headers, condition);
        }
        AuthProvider::JwtVerify(p) => {
            let c = &p.config;
            helper(out, rules, &c.auth_request_backend_id, &c.auth_request_path, &c.propagate_headers, condition);
        }
        AuthProvider::MtlsAuth(provider) => mtls(out, rules, index, &provider.config, condition),
        AuthProvider::HeaderTrust(provider) => header_trust(out, rules, index, &provider.config, condition),
        AuthProvider::LuaAuth(provider) => {
            if !rules.needs.lua.contains(&index) {
                rules.needs.lua.push(index);
            }
            lua_auth(out, rules, &provider.config, condition);
        }
    }
}

/// User names and passwords, from the user list that carries the provider's id.
fn basic(out: &mut Out, id: &str, config: &Basic, condition: &Condition) {
    let known = Phrase::default().key("!{").glued(&["http_auth(auth_", id, ")"]).key("}");
    out.line("http-request").key("auth").pair("realm", Some(&config.realm)).when(&condition.and(&known));
}

fn strip(out: &mut Out, header: &str, condition: &Condition) {
    if !is_token(header) {
        out.issue(format!("the authentication provider names \"{header}\", which is no name of a header"));
    }
    out.line("http-request").key("del-header").arg(header).when(condition);
}

/// Asks a helper with the request's headers; afterwards the variable says whether it agreed.
fn intercept(
    out: &mut Out,
    rules: &Rules<'_, '_, '_>,
    backend: &str,
    path: &str,
    headers: &[Line],
    condition: &Condition,
) -> Phrase {
    let loaded = |plugin: &crate::state::global::LuaPlugin| plugin.path.ends_with(INTERCEPT);
    if !rules.cx.document.haproxy.global_settings.lua_plugins.iter().any(loaded) {
        out.issue(format!("needs {INTERCEPT} (haproxy-auth-request) among globalSettings.luaPlugins"));
    }
    match rules.cx.backend(backend) {
        None => out.issue(format!("the authentication provider references unknown backend: {backend}")),
        Some(backend) => {
            let list = headers.iter().map(|header| header.as_str()).collect::<Vec<_>>().join(",");
            let list = if list.is_empty() { "-" } else { &list };
            lua(out, "http-request", "auth-intercept", &[&backend.name, path, "HEAD", "*", list, "-"], condition);
        }
    }
    Phrase::default().key("!{ var(txn.auth_response_successful) -m bool }")
}

fn helper(
    out: &mut Out,
    rules: &Rules<'_, '_, '_>,
    backend: &str,
    path: &str,
    headers: &[Line],
    condition: &Condition,
) {
    for header in headers {
        strip(out, header, condition);
    }
    let refused = intercept(out, rules, backend, path, headers, condition);
    out.line("http-request").key("deny").when(&condition.and(&refused));
}

fn authelia(out: &mut Out, rules: &Rules<'_, '_, '_>, config: &Authelia, condition: &Condition) {
    for header in &config.propagate_headers {
        strip(out, header, condition);
    }
    let set = |out: &mut Out, words: &'static str, more: Option<&'static str>| {
        let condition = match more {
            Some(more) => condition.and(&Phrase::default().key(more)),
            None => condition.clone(),
        };
        out.line("http-request").key(words).when(&condition);
    };
    set(out, "set-var(req.scheme) str(https)", Some("{ ssl_fc }"));
    set(out, "set-var(req.scheme) str(http)", Some("!{ ssl_fc }"));
    set(out, "set-var(req.questionmark) str(?)", Some("{ query -m found }"));
    match config.endpoint_flavor {
        EndpointFlavor::Legacy => {
            let url = "set-header X-Original-URL %[var(req.scheme)]://%[req.hdr(Host)]%[path]%[var(req.questionmark)]%[query]";
            set(out, url, None);
        }
        EndpointFlavor::ForwardAuth => {
            set(out, "set-header X-Forwarded-Method %[method]", None);
            set(out, "set-header X-Forwarded-Proto %[var(req.scheme)]", None);
            set(out, "set-header X-Forwarded-Host %[req.hdr(Host)]", None);
            set(out, "set-header X-Forwarded-URI %[path]%[var(req.questionmark)]%[query]", None);
        }
    }
    let id = &config.auth_request_backend_id;
    let refused = intercept(out, rules, id, &config.api_verify_path, &config.propagate_headers, condition);
    out.line("http-request")
        .key("redirect location")
        .format(&config.redirect_url_template)
        .when(&condition.and(&refused));
}

fn provider_issue(out: &mut Out, index: usize, key: &'static str, message: &str) {
    out.at_root(|out| {
        out.enter("authProviders");
        out.at(index, |out| out.at("config", |out| out.issue_at(key, message)));
        out.leave();
    });
}

fn mtls(out: &mut Out, rules: &Rules<'_, '_, '_>, index: usize, config: &Mtls, condition: &Condition) {
    let header = &config.user_header_name;
    strip(out, header, condition);
    let valid = Phrase::default().key("{ ssl_c_used } { ssl_c_verify 0 }");
    if config.require_present {
        out.line("http-request").key("deny").when(&condition.and(&Phrase::default().key("!{ ssl_c_used }")));
        out.line("http-request").key("deny").when(&condition.and(&Phrase::default().key("!{ ssl_c_verify 0 }")));
        let asks = |bind: &crate::state::bind::Bind| {
            bind.ssl.enabled && bind.ssl.verify.is_some_and(|verify| verify != crate::state::bind::ClientVerify::None)
        };
        if !rules.frontend.binds.iter().any(asks) {
            out.issue(
                "no bind of this frontend asks for client certificates (ssl.verify), so every request would be refused",
            );
        }
    }
    let sample = match config.trusted_attribute {
        TrustedAttribute::Cn => "%[ssl_c_s_dn(cn)]",
        TrustedAttribute::Serial => "%[ssl_c_serial,hex]",
        TrustedAttribute::San => {
            provider_issue(
                out,
                index,
                "trustedAttribute",
                "HAProxy has no sample for the alternative names of a client's certificate; use cn or serial",
            );
            return;
        }
    };
    out.line("http-request").key("set-header").arg(header).key(sample).when(&condition.and(&valid));
}

fn header_trust(
    out: &mut Out,
    rules: &mut Rules<'_, '_, '_>,
    index: usize,
    config: &HeaderTrust,
    condition: &Condition,
) {
    if config.trusted_source_cidrs.iter().any(|network| !super::values::is_network(network)) {
        provider_issue(out, index, "trustedSourceCidrs", "must be networks in CIDR notation");
        return;
    }
    let networks = config.trusted_source_cidrs.iter().map(|network| network.as_str()).collect();
    let foreign = rules.acls.test(out, &Test::new("src", None, networks), true);
    if config.strip_from_untrusted {
        strip(out, &config.header_name, &condition.and(&foreign));
    }
    let sample = format!("req.hdr({})", config.header_name);
    out.line("http-request").key("deny").when(&condition.and(&foreign));
    let missing = Test::new(&sample, Some(crate::state::acl::Operator::Found), Vec::new());
    let missing = rules.acls.test(out, &missing, true);
    out.line("http-request").key("deny").when(&condition.and(&missing));
    if let Some(name) = &config.user_header_name {
        if !is_token(&config.header_name) || !is_token(name) {
            provider_issue(out, index, "userHeaderName", "is no name of a header");
        }
        let value = format!("%[{sample}]");
        out.line("http-request").key("set-header").arg(name).format(&value).when(&condition.and(&exists(&sample)));
    }
}

fn lua_auth(out: &mut Out, rules: &Rules<'_, '_, '_>, config: &LuaAuth, condition: &Condition) {
    if !rules.cx.target.features.lua() {
        out.issue("the installed HAProxy was built without Lua");
    }
    let args: Vec<&str> = config.args.iter().map(|arg| arg.as_str()).collect();
    lua(out, "http-request", &config.function_name, &args, condition);
}
