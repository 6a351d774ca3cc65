//! Caddy's JSON for a [`Config`].

use serde_json::{Value, json};

use super::{CHALLENGES, Config, MARKER, Route, access_log, certificates, proxy};
use crate::names::{Host, Listen};

/// What unknown names are told.
const UNKNOWN: &str = "There is no service of this name here.\n";

pub(super) fn render(config: &Config) -> Value {
    let mut routes: Vec<&Route> = config.routes.iter().collect();
    // The most specific name first; a name that is there twice is decided by the id, not by the order of the input.
    routes.sort_by(|one, other| order(one).cmp(&order(other)));
    let (secure, plain): (Vec<&Route>, Vec<&Route>) = routes.into_iter().partition(|route| route.tls.is_some());
    let mut json = json!({
        "admin": {
            "listen": config.admin.to_string(),
            // It would keep the private keys in a file, for a start without us that we do not want.
            "config": { "persist": false },
        },
        "storage": { "module": "file_system", "root": config.storage.as_str() },
        "logging": access_log::render(config),
        "apps": {
            "pki": { "certificate_authorities": { "local": { "install_trust": false } } },
            "tls": certificates::render(config),
            "http": {
                "http_port": config.http.port,
                "https_port": config.https.port,
                "servers": {
                    "http": server(config, config.http, http(config, &plain, &secure), &plain),
                    "https": with_tls(server(config, config.https, https(config, &secure), &secure)),
                },
            },
        },
    });
    if let Some(dynamic) = &config.dynamic {
        json["apps"]["http"]["servers"]["names"] = dynamic.server();
    }
    json
}

fn order(route: &Route) -> (bool, std::cmp::Reverse<usize>, &Host, &str) {
    let labels = route.host.as_str().split('.').count();
    (route.host.is_wildcard(), std::cmp::Reverse(labels), &route.host, route.id.as_str())
}

fn server(config: &Config, listen: Listen, routes: Vec<Value>, named: &[&Route]) -> Value {
    let mut server = json!({
        "listen": [listen.to_string()],
        "protocols": ["h1", "h2"],
        "automatic_https": { "disable": true },
        // Against clients that never finish a request's head; bodies and answers may take as long as they like.
        "read_header_timeout": "10s",
        "idle_timeout": "120s",
        "max_header_bytes": 65_536,
        "routes": routes,
        // What Caddy would answer with an empty page, such as an upstream that is not there.
        "errors": {
            "routes": [{
                "handle": [{
                    "handler": "static_response",
                    "status_code": "{http.error.status_code}",
                    "headers": { "Content-Type": ["text/plain; charset=utf-8"] },
                    "body": "{http.error.status_code} {http.error.status_text}\n",
                }],
            }],
        },
    });
    if let Some(logs) = access_log::of_server(config, named.iter().copied()) {
        server["logs"] = logs;
    }
    server
}

fn with_tls(mut server: Value) -> Value {
    server["tls_connection_policies"] = json!([{ "protocol_min": "tls1.2" }]);
    // A request for one name on a connection that was made for another is answered with 421.
    server["strict_sni_host"] = json!(true);
    server
}

fn https(config: &Config, secure: &[&Route]) -> Vec<Value> {
    let mut routes: Vec<Value> = secure.iter().map(|route| proxied(config, route)).collect();
    if let Some(dynamic) = &config.dynamic {
        routes.extend(dynamic.routes("https", None, None, config.version));
    }
    routes.push(unknown());
    routes
}

fn http(config: &Config, plain: &[&Route], secure: &[&Route]) -> Vec<Value> {
    let mut routes = Vec::new();
    if let Some(marker) = &config.marker {
        routes.push(marked(marker));
    }
    let redirect = config.redirect.then(|| redirect(config.https));
    // Exact names, then wildcards, of both kinds: `*.a` with a certificate must not take `b.a` without one.
    let (exact, wild): (Vec<&Route>, Vec<&Route>) = plain.iter().copied().partition(|route| !route.host.is_wildcard());
    for (plain, wildcard) in [(exact, false), (wild, true)] {
        routes.extend(plain.iter().map(|route| proxied(config, route)));
        if config.challenges {
            let secure = secure.iter().filter(|route| route.host.is_wildcard() == wildcard);
            routes.extend(secure.map(|route| challenge(config, route)));
        }
        let mut hosts: Vec<&str> = secure
            .iter()
            .filter(|route| route.host.is_wildcard() == wildcard)
            .map(|route| route.host.as_str())
            .collect();
        hosts.dedup();
        if let Some(redirect) = redirect.as_ref().filter(|_| !hosts.is_empty()) {
            routes.push(json!({ "match": [{ "host": hosts }], "handle": [redirect], "terminal": true }));
        }
    }
    if let Some(dynamic) = &config.dynamic {
        if config.challenges {
            routes.extend(dynamic.routes("https", Some(CHALLENGES), None, config.version));
        }
        routes.extend(dynamic.routes("http", None, redirect.as_ref(), config.version));
    }
    routes.push(unknown());
    routes
}

fn proxied(config: &Config, route: &Route) -> Value {
    json!({
        "@id": format!("route-{}", route.id),
        "match": [{ "host": [route.host.as_str()] }],
        "handle": [proxy::render(&route.upstream, config.version)],
        "terminal": true,
    })
}

/// Only what proves a name; there is another route for everything else.
fn challenge(config: &Config, route: &Route) -> Value {
    json!({
        "match": [{ "host": [route.host.as_str()], "path": [format!("{CHALLENGES}*")] }],
        "handle": [proxy::render(&route.upstream, config.version)],
        "terminal": true,
    })
}

/// Matches nothing, does nothing, and is found by its id.
fn marked(marker: &str) -> Value {
    json!({ "@id": MARKER, "match": [{ "not": [{}] }], "handle": [{ "handler": "vars", "marker": marker }] })
}

fn redirect(https: Listen) -> Value {
    let port = if https.port == 443 { String::new() } else { format!(":{}", https.port) };
    let location = format!("https://{{http.request.host}}{port}{{http.request.uri}}");
    json!({
        "handler": "static_response",
        "status_code": 308,
        "headers": { "Location": [location] },
    })
}

fn unknown() -> Value {
    json!({
        "handle": [{
            "handler": "static_response",
            "status_code": 404,
            "headers": { "Content-Type": ["text/plain; charset=utf-8"] },
            "body": UNKNOWN,
        }],
        "terminal": true,
    })
}
