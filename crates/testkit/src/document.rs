//! State documents of any size, for tests and measurements.

use serde_json::{Value, json};

/// A document with `size` backends of two servers; the first backend's first server is `server`.
pub fn document(size: usize, port: u16, server: &str) -> Value {
    let backends: Vec<Value> = (0..size)
        .map(|n| {
            let first = if n == 0 { server.to_owned() } else { format!("10.0.{}.{}:80", n / 250, n % 250 + 1) };
            json!({
                "id": format!("be-{n}"), "name": format!("pool-{n}"), "balance": "roundrobin",
                "servers": [
                    { "name": "s0", "address": first, "check": false, "weight": 100 },
                    { "name": "s1", "address": format!("10.1.{}.{}:80", n / 250, n % 250 + 1), "check": false, "weight": 0 },
                ],
            })
        })
        .collect();
    json!({
        "schemaVersion": 1,
        "meta": { "createdAt": "2026-01-01T00:00:00Z", "lastEditedAt": "2026-01-01T00:00:00Z" },
        "haproxy": {
            "globalSettings": { "maxconn": 500, "fdHardLimit": 5000 },
            "defaultsBlocks": [{ "id": "defaults", "name": "defaults" }],
            "frontends": [{
                "id": "main", "name": "main", "fromDefaults": "defaults",
                "binds": [{ "id": "main", "address": format!("127.0.0.1:{port}") }],
                "httpOpts": { "defaultBackendId": "be-0", "monitorUri": "/alive" },
            }],
            "backends": backends,
        },
    })
}
