//! The handler that passes a request on.
//!
//! Nothing limits how long an answer may take: a long poll and a big upload are as honest as a page, and a client that
//! gives up ends its upstream's request too. What may not take long is to connect. Caddy itself sets `X-Forwarded-For`,
//! `-Proto` and `-Host`, and takes none of them from a client.

use serde_json::{Value, json};

use super::{Health, Protocol, Upstream, Verify};
use crate::Version;

/// From here on, Caddy can leave upgraded connections alone when the configuration is replaced.
const STREAMS_SURVIVE: Version = Version { major: 2, minor: 7, patch: 0 };

/// Passes requests on to an upstream.
pub(super) fn render(upstream: &Upstream, version: Option<Version>) -> Value {
    let server_name = upstream.server_name.as_ref().map(|name| name.as_str());
    let proxy = |protocol| {
        let transport = transport(protocol, &upstream.verify, server_name);
        let mut proxy = handler(&upstream.address.to_string(), transport, version);
        if let Some(health) = &upstream.health {
            proxy["health_checks"] = active(health);
        }
        proxy
    };
    match upstream.protocol {
        Protocol::H2c => by_upgrade(&proxy(Protocol::Http), &proxy(Protocol::H2c)),
        protocol => proxy(protocol),
    }
}

/// Passes requests on to where `dial` says, which may be a placeholder.
pub(super) fn handler(dial: &str, transport: Value, version: Option<Version>) -> Value {
    let mut proxy = json!({ "handler": "reverse_proxy", "upstreams": [{ "dial": dial }], "transport": transport });
    if proxy["transport"].get("tls").is_some() {
        // From 2.11 on it would be the upstream's; a service shall see the same name whatever it speaks.
        proxy["headers"] = json!({ "request": { "set": { "Host": ["{http.request.hostport}"] } } });
    }
    if version.is_some_and(|version| version >= STREAMS_SURVIVE) {
        proxy["stream_close_delay"] = json!("24h");
    }
    proxy
}

/// HTTP/2 without TLS knows no upgrade, so a WebSocket takes the way for HTTP/1.1.
pub(super) fn by_upgrade(http: &Value, h2c: &Value) -> Value {
    json!({
        "handler": "subroute",
        "routes": [
            {
                "match": [{ "header": { "Connection": ["*Upgrade*"], "Upgrade": ["websocket"] } }],
                "handle": [http],
                "terminal": true,
            },
            { "handle": [h2c] },
        ],
    })
}

/// How to speak to an upstream.
pub(super) fn transport(protocol: Protocol, verify: &Verify, server_name: Option<&str>) -> Value {
    let mut transport = json!({
        "protocol": "http",
        "dial_timeout": "5s",
        "keep_alive": { "idle_timeout": "60s", "max_idle_conns_per_host": 64 },
    });
    match protocol {
        Protocol::Http => transport["versions"] = json!(["1.1"]),
        Protocol::H2c => transport["versions"] = json!(["h2c"]),
        Protocol::Https => {
            let mut tls = match verify {
                Verify::SystemRoots => json!({}),
                Verify::Insecure => json!({ "insecure_skip_verify": true }),
                Verify::Ca(authority) => json!({ "root_ca_pool": authority.render() }),
            };
            tls["handshake_timeout"] = json!("10s");
            if let Some(name) = server_name {
                tls["server_name"] = json!(name);
            }
            transport["tls"] = tls;
        }
    }
    transport
}

fn active(health: &Health) -> Value {
    json!({
        "active": {
            "uri": health.path.as_str(),
            "interval": format!("{}s", health.interval_s.max(1)),
            "timeout": format!("{}s", health.timeout_s.max(1)),
            "expect_status": 2,
        },
    })
}
