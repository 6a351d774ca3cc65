//! The access logs, rolled by Caddy; and what goes to standard error.
//!
//! A request is logged by the logger of its route, `http.log.access.routes.<id>`. Every log of a configuration looks at
//! every line and asks itself whether the line's logger is one of its own, which is why a file for each of a thousand
//! routes costs each request two milliseconds and one file for all of them nothing.
//!
//! `skip_unmapped_hosts` is not used: 2.6 compares with the port in the name, and would skip everything on any but the
//! standard ports. What is not to be logged goes to a logger that no log takes lines from.

use serde_json::{Map, Value, json};

use super::{Config, Layout, Logs, Route};
use crate::names::Id;

/// Below it are the loggers of the routes. An id has no dot, so none begins another.
const ROUTES: &str = "routes";
/// The logger of names that are answered by [`super::Dynamic`].
const DYNAMIC: &str = "routes.dynamic.names";

/// The logger of a route, below `http.log.access`.
pub(super) fn name(route: &Id) -> String {
    format!("{ROUTES}.{route}")
}

/// Caddy's `logging`.
pub(super) fn render(config: &Config) -> Value {
    let mut logs = Map::new();
    // Every question to the admin API would be a line of level INFO, and every request that a route fails one of ERROR.
    let mut default = json!({
        "writer": { "output": "stderr" },
        "encoder": encoder(),
        "level": "WARN",
        "exclude": ["http.log.access"],
    });
    if config.dynamic.is_some() {
        // Every handshake for a name that nobody has, such as scanners send, would be an error.
        default["exclude"] = json!(["http.log.access", "tls.handshake"]);
    }
    logs.insert("default".to_owned(), default);
    match &config.logs {
        None => {}
        Some(own @ Logs { layout: Layout::OneFile, .. }) => {
            logs.insert(ROUTES.to_owned(), file(own, "access", ROUTES, 50));
        }
        Some(own @ Logs { layout: Layout::FileEach, .. }) => {
            for route in config.routes.iter().filter(|route| route.log) {
                logs.insert(name(&route.id), file(own, route.id.as_str(), &name(&route.id), 10));
            }
            if config.dynamic.is_some() {
                // No id has a dot: it is no route's file.
                logs.insert(DYNAMIC.to_owned(), file(own, "dynamic.names", DYNAMIC, 10));
            }
        }
    }
    json!({ "logs": logs })
}

/// A server's `logs`: which name is logged by which logger.
pub(super) fn of_server<'a>(config: &Config, routes: impl Iterator<Item = &'a Route>) -> Option<Value> {
    config.logs.as_ref()?;
    let mut names: Map<String, Value> = Map::new();
    for route in routes {
        // Without a logger of its own, a name that is not to be logged would be one that nothing is known of.
        let logger = if route.log { name(&route.id) } else { "unlogged".to_owned() };
        names.entry(route.host.as_str()).or_insert_with(|| json!(logger));
    }
    if config.dynamic.is_some() {
        return Some(json!({ "logger_names": names, "default_logger_name": DYNAMIC }));
    }
    Some(json!({ "logger_names": names, "default_logger_name": "unlogged" }))
}

fn file(logs: &Logs, stem: &str, logger: &str, megabytes: u32) -> Value {
    json!({
        "writer": {
            "output": "file",
            "filename": logs.directory.file(&format!("{stem}.log")),
            "roll_size_mb": megabytes,
            "roll_keep": 5,
            "roll_keep_days": 30,
            "roll_gzip": true,
        },
        "encoder": encoder(),
        "include": [format!("http.log.access.{logger}")],
    })
}

fn encoder() -> Value {
    json!({ "format": "json", "time_format": "rfc3339_nano" })
}
