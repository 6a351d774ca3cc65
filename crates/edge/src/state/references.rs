//! What no single part of a document can know: that identifiers and names are unique, and that what is referred to
//! exists.
//!
//! Everything is found through hash sets that are built once, since this runs on every change of a document that
//! may hold ten thousand backends. Backends are always referred to by id.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use shape::{Reader, Shape};

use super::acme::{AcmeAccount, AcmeServer};
use super::actions::HttpRequestAction;
use super::auth::AuthProvider;
use super::backend::Backend;
use super::bind::Bind;
use super::document::{Document, Haproxy};
use super::frontend::Frontend;
use super::keepalived::Keepalived;
use super::rules::{Rule, RulePhases, Term};
use super::sections::{Endpoint, MapFile};
use super::tls::Tls;

/// Reports everything that is wrong between the parts of a document.
pub(super) fn check(document: &Document, r: &mut Reader) {
    let names = Names::of(document);
    r.at("haproxy", |r| check_haproxy(&document.haproxy, &names, r));
    r.at("acls", |r| {
        unique(&document.acls, "ACL", "id", |acl| Some(&acl.id), r);
        unique(&document.acls, "ACL", "name", |acl| Some(&acl.name), r);
    });
    r.at("tls", |r| check_tls(&document.tls, &names, r));
    r.at("acmeAccounts", |r| check_acme(&document.acme_accounts, r));
    r.at("trustedCas", |r| {
        unique(&document.trusted_cas, "trusted CA", "id", |ca| Some(&ca.id), r);
        unique(&document.trusted_cas, "trusted CA", "name", |ca| Some(&ca.name), r);
    });
    r.at("trustedCrls", |r| {
        unique(&document.trusted_crls, "trusted CRL", "id", |crl| Some(&crl.id), r);
        unique(&document.trusted_crls, "trusted CRL", "name", |crl| Some(&crl.name), r);
    });
    r.at("securityProfiles", |r| {
        unique(&document.security_profiles, "security profile", "id", |profile| Some(profile.id()), r);
    });
    r.at("authProviders", |r| {
        unique(&document.auth_providers, "auth provider", "id", |provider| Some(provider.id()), r);
        each(&document.auth_providers, r, |provider, r| {
            r.at("config", |r| {
                known(
                    "authRequestBackendId",
                    asked_backend(provider),
                    |id| names.backends().contains(id),
                    "backend",
                    r,
                );
            });
        });
    });
    r.at("notifications", |r| {
        r.at("channels", |r| {
            unique(&document.notifications.channels, "channel", "id", |channel| Some(channel.id()), r);
        });
    });
    r.at("keepalived", |r| check_keepalived(&document.keepalived, &names, r));
}

/// As [`check`], for a document of which only this backend is new, under the id and the name it had.
pub(super) fn check_one_backend(document: &Document, index: usize, r: &mut Reader) {
    if let Some(backend) = document.haproxy.backends.get(index) {
        let names = Names::of(document);
        r.enter("haproxy");
        r.enter("backends");
        r.at(index, |r| check_backend(backend, &names, r));
        r.leave();
        r.leave();
    }
}

/// What can be referred to.
struct Names<'d> {
    document: &'d Document,
    defaults: HashSet<&'d str>,
    http_errors: HashSet<&'d str>,
    acls: HashSet<&'d str>,
    cas: HashSet<&'d str>,
    crls: HashSet<&'d str>,
    profiles: HashSet<&'d str>,
    auth: HashSet<&'d str>,
    accounts: HashSet<&'d str>,
    instances: HashSet<&'d str>,
    /// There may be very many of them, and not every check needs them.
    backends: OnceCell<HashSet<&'d str>>,
}

impl<'d> Names<'d> {
    fn of(document: &'d Document) -> Self {
        Self {
            document,
            defaults: keys(&document.haproxy.defaults_blocks),
            http_errors: keys(&document.haproxy.http_errors_sections),
            acls: document.acls.iter().map(|acl| acl.name.as_str()).collect(),
            cas: keys(&document.trusted_cas),
            crls: keys(&document.trusted_crls),
            profiles: keys(&document.security_profiles),
            auth: keys(&document.auth_providers),
            accounts: keys(&document.acme_accounts),
            instances: keys(&document.keepalived.instances),
            backends: OnceCell::new(),
        }
    }

    fn backends(&self) -> &HashSet<&'d str> {
        self.backends.get_or_init(|| keys(&self.document.haproxy.backends))
    }
}

fn keys<T: Shape>(list: &[T]) -> HashSet<&str> {
    list.iter().filter_map(T::key).collect()
}

fn each<'l, T>(list: &'l [T], r: &mut Reader, mut check: impl FnMut(&'l T, &mut Reader)) {
    for (index, item) in list.iter().enumerate() {
        r.enter(index);
        check(item, r);
        r.leave();
    }
}

/// Reports every value that an earlier item of the list has already.
fn unique<'l, T, S: AsRef<str> + ?Sized + 'l>(
    list: &'l [T],
    kind: &str,
    field: &'static str,
    value: impl Fn(&'l T) -> Option<&'l S>,
    r: &mut Reader,
) {
    // Most lists inside an entity are so short that comparing is cheaper than hashing.
    let few = list.len() <= 16;
    let mut seen: HashSet<&str> = HashSet::with_capacity(if few { 0 } else { list.len() });
    for (index, item) in list.iter().enumerate() {
        let Some(value_here) = value(item).map(AsRef::as_ref) else { continue };
        let known = if few {
            list[..index].iter().any(|earlier| value(earlier).is_some_and(|v| v.as_ref() == value_here))
        } else {
            !seen.insert(value_here)
        };
        if known {
            r.enter(index);
            r.at(field, |r| r.custom(format!("duplicate {kind} {field}: {value_here}")));
            r.leave();
        }
    }
}

/// Reports a reference to nothing.
fn known<S: AsRef<str> + ?Sized>(
    field: &'static str,
    reference: Option<&S>,
    exists: impl Fn(&str) -> bool,
    kind: &str,
    r: &mut Reader,
) {
    if let Some(reference) = reference.map(AsRef::as_ref)
        && !exists(reference)
    {
        r.at(field, |r| r.custom(format!("references unknown {kind}: {reference}")));
    }
}

/// As [`known`], for a list of references.
fn all_known<S: AsRef<str>>(
    field: &'static str,
    references: &[S],
    exists: impl Fn(&str) -> bool,
    kind: &str,
    r: &mut Reader,
) {
    r.at(field, |r| {
        each(references, r, |reference, r| {
            if !exists(reference.as_ref()) {
                r.custom(format!("references unknown {kind}: {}", reference.as_ref()));
            }
        });
    });
}

/// Ids and names of a list of sections.
macro_rules! id_and_name {
    ($list:expr, $key:literal, $kind:literal, $r:expr) => {
        $r.at($key, |r| {
            unique($list, $kind, "id", |entity| Some(&entity.id), r);
            unique($list, $kind, "name", |entity| Some(&entity.name), r);
        })
    };
}

fn check_haproxy(haproxy: &Haproxy, names: &Names<'_>, r: &mut Reader) {
    id_and_name!(&haproxy.defaults_blocks, "defaultsBlocks", "defaults block", r);
    id_and_name!(&haproxy.http_errors_sections, "httpErrorsSections", "http-errors section", r);
    id_and_name!(&haproxy.frontends, "frontends", "frontend", r);
    id_and_name!(&haproxy.backends, "backends", "backend", r);
    id_and_name!(&haproxy.resolvers, "resolvers", "resolvers", r);
    id_and_name!(&haproxy.peers, "peers", "peers", r);
    id_and_name!(&haproxy.mailers, "mailers", "mailers", r);
    id_and_name!(&haproxy.rings, "rings", "ring", r);
    id_and_name!(&haproxy.crt_stores, "crtStores", "crt-store", r);
    id_and_name!(&haproxy.maps, "maps", "map", r);
    r.at("defaultsBlocks", |r| {
        each(&haproxy.defaults_blocks, r, |block, r| {
            error_files(block.use_error_files_id.as_ref(), names, r);
        });
    });
    r.at("frontends", |r| each(&haproxy.frontends, r, |frontend, r| check_frontend(frontend, names, r)));
    r.at("backends", |r| each(&haproxy.backends, r, |backend, r| check_backend(backend, names, r)));
    r.at("resolvers", |r| {
        each(&haproxy.resolvers, r, |section, r| endpoints("nameservers", &section.nameservers, "name server", r));
    });
    r.at("peers", |r| each(&haproxy.peers, r, |section, r| endpoints("peers", &section.peers, "peer", r)));
    r.at("mailers", |r| each(&haproxy.mailers, r, |section, r| endpoints("mailers", &section.mailers, "mailer", r)));
    r.at("rings", |r| each(&haproxy.rings, r, |section, r| endpoints("servers", &section.servers, "server", r)));
    r.at("crtStores", |r| {
        each(&haproxy.crt_stores, r, |store, r| {
            r.at("loadEntries", |r| {
                each(&store.load_entries, r, |entry, r| {
                    known("acme", entry.acme.as_ref(), |id| names.accounts.contains(id), "ACME account", r);
                });
            });
        });
    });
    r.at("maps", |r| each(&haproxy.maps, r, |map, r| check_map(map, r)));
}

fn endpoints(field: &'static str, list: &[Endpoint], kind: &str, r: &mut Reader) {
    r.at(field, |r| unique(list, kind, "name", |endpoint| Some(&endpoint.name), r));
}

fn error_files<S: AsRef<str>>(reference: Option<&S>, names: &Names<'_>, r: &mut Reader) {
    known("useErrorFilesId", reference, |id| names.http_errors.contains(id), "http-errors section", r);
}

fn check_backend(backend: &Backend, names: &Names<'_>, r: &mut Reader) {
    known("fromDefaults", backend.from_defaults.as_ref(), |id| names.defaults.contains(id), "defaults block", r);
    r.at("servers", |r| {
        unique(&backend.servers, "server", "name", |server| Some(&server.name), r);
        each(&backend.servers, r, |server, r| {
            known("caTrustedCaId", server.ca_trusted_ca_id.as_ref(), |id| names.cas.contains(id), "trusted CA", r);
        });
    });
}

fn check_frontend(frontend: &Frontend, names: &Names<'_>, r: &mut Reader) {
    let backend = |field, reference: Option<&_>, r: &mut Reader| {
        known(field, reference, |id| names.backends().contains(id), "backend", r);
    };
    known("fromDefaults", Some(&frontend.from_defaults), |id| names.defaults.contains(id), "defaults block", r);
    error_files(frontend.use_error_files_id.as_ref(), names, r);
    r.at("binds", |r| {
        unique(&frontend.binds, "bind", "id", |bind| Some(&bind.id), r);
        each(&frontend.binds, r, |bind, r| check_bind(bind, names, r));
    });
    r.at("httpOpts", |r| {
        backend("defaultBackendId", frontend.http_opts.default_backend_id.as_ref(), r);
        error_files(frontend.http_opts.use_error_files_id.as_ref(), names, r);
    });
    r.at("tcpOpts", |r| {
        backend("defaultBackendId", frontend.tcp_opts.default_backend_id.as_ref(), r);
        r.enter("sniRouter");
        r.at("sniMap", |r| {
            each(&frontend.tcp_opts.sni_router.sni_map, r, |route, r| backend("backendId", Some(&route.backend_id), r));
        });
        r.leave();
    });
    r.at("stats", |r| {
        r.at("auth", |r| unique(&frontend.stats.auth, "stats user", "username", |user| Some(&user.username), r));
    });
    r.at("rulePhases", |r| check_rules(&frontend.rule_phases, names, r));
}

fn check_bind(bind: &Bind, names: &Names<'_>, r: &mut Reader) {
    known(
        "floatingIpInstanceId",
        bind.floating_ip_instance_id.as_ref(),
        |id| names.instances.contains(id),
        "keepalived instance",
        r,
    );
    r.at("ssl", |r| {
        let ssl = &bind.ssl;
        known("caTrustedCaId", ssl.ca_trusted_ca_id.as_ref(), |id| names.cas.contains(id), "trusted CA", r);
        known(
            "caVerifyTrustedCaId",
            ssl.ca_verify_trusted_ca_id.as_ref(),
            |id| names.cas.contains(id),
            "trusted CA",
            r,
        );
        known("crlTrustedCrlId", ssl.crl_trusted_crl_id.as_ref(), |id| names.crls.contains(id), "trusted CRL", r);
    });
}

fn check_rules(phases: &RulePhases, names: &Names<'_>, r: &mut Reader) {
    fn no_references<A>(_: &A, _: &mut Reader) {}
    phase("tcpRequestConnection", &phases.tcp_request_connection, names, no_references, r);
    phase("tcpRequestSession", &phases.tcp_request_session, names, no_references, r);
    phase("tcpRequestContent", &phases.tcp_request_content, names, no_references, r);
    let action = |action: &HttpRequestAction, r: &mut Reader| match action {
        HttpRequestAction::UseBackend(action) => {
            known("backendId", Some(&action.backend_id), |id| names.backends().contains(id), "backend", r);
        }
        HttpRequestAction::ApplySecurityProfile(action) => {
            let exists = |id: &str| names.profiles.contains(id);
            known("profileId", Some(&action.profile_id), exists, "security profile", r);
        }
        HttpRequestAction::ApplyAuthProvider(action) => {
            known("providerId", Some(&action.provider_id), |id| names.auth.contains(id), "auth provider", r);
        }
        _ => {}
    };
    phase("httpRequest", &phases.http_request, names, action, r);
    phase("httpResponse", &phases.http_response, names, no_references, r);
    phase("httpAfterResponse", &phases.http_after_response, names, no_references, r);
    phase("tcpResponseContent", &phases.tcp_response_content, names, no_references, r);
}

fn phase<R: Rule>(
    key: &'static str,
    rules: &[R],
    names: &Names<'_>,
    action: impl Fn(&R::Action, &mut Reader),
    r: &mut Reader,
) {
    r.enter(key);
    unique(rules, "rule", "id", |rule| Some(rule.id()), r);
    each(rules, r, |rule, r| {
        r.at("condition", |r| {
            each(rule.condition(), r, |term, r| {
                if let Term::AclRef(term) = term {
                    known("aclName", Some(&term.acl_name), |name| names.acls.contains(name), "ACL", r);
                }
            });
        });
        r.at("action", |r| action(rule.action(), r));
    });
    r.leave();
}

/// What HAProxy reads from a map file as something else than a key.
fn check_map(map: &MapFile, r: &mut Reader) {
    r.at("entries", |r| {
        each(&map.entries, r, |entry, r| {
            if entry.key.starts_with('#') {
                r.at("key", |r| r.custom("must not begin with #: the line would be a comment"));
            }
            if entry.key.contains(char::is_whitespace) {
                r.at("key", |r| r.custom("must not hold white space: the value would begin there"));
            }
        });
    });
}

fn check_tls(tls: &Tls, names: &Names<'_>, r: &mut Reader) {
    r.at("providers", |r| unique(&tls.providers, "TLS provider", "id", |provider| Some(provider.id()), r));
    let providers: HashMap<&str, bool> = tls.providers.iter().map(|p| (p.id().as_str(), p.is_byo())).collect();
    r.at("certs", |r| {
        unique(&tls.certs, "certificate", "id", |cert| Some(&cert.id), r);
        unique(&tls.certs, "certificate", "certName", |cert| Some(&cert.cert_name), r);
        each(&tls.certs, r, |cert, r| {
            let exists = |id: &str| providers.contains_key(id);
            known("providerId", Some(&cert.provider_id), exists, "TLS provider", r);
            let account = cert.acme_account_id.as_ref();
            known("acmeAccountId", account, |id| names.accounts.contains(id), "ACME account", r);
            if account.is_none() && providers.get(cert.provider_id.as_str()) == Some(&false) {
                r.at("acmeAccountId", |r| {
                    r.custom("required: only certificates of a byo provider need no ACME account")
                });
            }
        });
    });
}

fn check_acme(accounts: &[AcmeAccount], r: &mut Reader) {
    unique(accounts, "ACME account", "id", |account| Some(&account.id), r);
    let mut seen = HashSet::new();
    each(accounts, r, |account, r| {
        let custom = account.server == AcmeServer::Custom;
        match (custom, &account.directory_url) {
            (true, None) => r.at("directoryUrl", |r| r.custom("required when the server is custom")),
            (false, Some(_)) => r.at("directoryUrl", |r| r.custom("only allowed when the server is custom")),
            _ => {}
        }
        let needed = matches!(account.server, AcmeServer::Zerossl | AcmeServer::Google);
        match (account.eab_kid.is_some(), account.eab_hmac_key.is_some()) {
            (true, false) => r.at("eabHmacKey", |r| r.custom("eabKid and eabHmacKey must be given together")),
            (false, true) => r.at("eabKid", |r| r.custom("eabKid and eabHmacKey must be given together")),
            (false, false) if needed => {
                let message = format!("required when the server is {}", account.server.as_str());
                r.at("eabKid", |r| r.custom(message.as_str()));
                r.at("eabHmacKey", |r| r.custom(message.as_str()));
            }
            _ => {}
        }
        let directory = account.directory_url.as_ref().map(AsRef::<str>::as_ref);
        if !seen.insert((account.email.as_str(), account.server.as_str(), directory)) {
            r.at("email", |r| {
                r.custom(format!("duplicate ACME account: {} at {}", account.email, account.server.as_str()));
            });
        }
    });
}

/// The backend that a provider asks for every request.
fn asked_backend(provider: &AuthProvider) -> Option<&super::common::Id> {
    match provider {
        AuthProvider::Authelia(provider) => Some(&provider.config.auth_request_backend_id),
        AuthProvider::Ldap(provider) => Some(&provider.config.auth_request_backend_id),
        AuthProvider::Saml(provider) => Some(&provider.config.auth_request_backend_id),
        AuthProvider::Entra(provider) => Some(&provider.config.auth_request_backend_id),
        AuthProvider::JwtVerify(provider) => Some(&provider.config.auth_request_backend_id),
        _ => None,
    }
}

fn check_keepalived(keepalived: &Keepalived, names: &Names<'_>, r: &mut Reader) {
    r.at("trackScripts", |r| {
        unique(&keepalived.track_scripts, "track script", "id", |script| Some(&script.id), r);
        unique(&keepalived.track_scripts, "track script", "name", |script| script.name.as_ref(), r);
    });
    id_and_name!(&keepalived.sync_groups, "syncGroups", "sync group", r);
    id_and_name!(&keepalived.instances, "instances", "keepalived instance", r);
    let scripts = keys(&keepalived.track_scripts);
    let groups = keys(&keepalived.sync_groups);
    let mut routers = HashSet::new();
    r.at("instances", |r| {
        each(&keepalived.instances, r, |instance, r| {
            let router = instance.virtual_router_id.get();
            if !routers.insert(router) {
                r.at("virtualRouterId", |r| {
                    r.custom(format!("duplicate keepalived instance virtualRouterId: {router}"));
                });
            }
            known("syncGroupId", instance.sync_group_id.as_ref(), |id| groups.contains(id), "sync group", r);
            all_known("trackScriptIds", &instance.track_script_ids, |id| scripts.contains(id), "track script", r);
        });
    });
    r.at("syncGroups", |r| {
        each(&keepalived.sync_groups, r, |group, r| {
            let exists = |id: &str| names.instances.contains(id);
            all_known("instanceIds", &group.instance_ids, exists, "keepalived instance", r);
        });
    });
}
