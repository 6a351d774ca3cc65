//! One access log for each route that wants one, rolled by Caddy; and what goes to standard error.

use serde_json::{Map, Value, json};

use super::{Config, Route};
use crate::names::Directory;

/// The log of the names that are answered by [`super::Dynamic`]. No id of a route has a dot.
const DYNAMIC: &str = "plenum.dynamic";

/// Caddy's `logging`.
pub(super) fn render(config: &Config) -> Value {
    let mut logs = Map::new();
    // Every question to the admin API would be a line of level INFO, and every request that a route fails one of ERROR.
    let default = json!({
        "writer": { "output": "stderr" },
        "encoder": encoder(),
        "level": "WARN",
        "exclude": ["http.log.access"],
    });
    logs.insert("default".to_owned(), default);
    if let Some(directory) = &config.logs {
        for route in logged(config) {
            let name = route.id.as_str();
            logs.insert(key(name), file(directory, name, name));
        }
        if config.dynamic.is_some() {
            logs.insert(key(DYNAMIC), file(directory, DYNAMIC, "dynamic.names"));
        }
    }
    json!({ "logs": logs })
}

/// A server's `logs`: which name is logged where. `hosts` are those that the server answers for.
pub(super) fn of_server<'a>(config: &Config, routes: impl Iterator<Item = &'a Route>) -> Option<Value> {
    config.logs.as_ref()?;
    let names: Map<String, Value> = routes
        .filter(|route| route.log)
        .map(|route| (route.host.as_str().to_owned(), json!(route.id.as_str())))
        .collect();
    if config.dynamic.is_some() {
        return Some(json!({ "logger_names": names, "default_logger_name": DYNAMIC }));
    }
    if names.is_empty() {
        return None;
    }
    Some(json!({ "logger_names": names, "skip_unmapped_hosts": true }))
}

fn logged(config: &Config) -> impl Iterator<Item = &Route> {
    config.routes.iter().filter(|route| route.log)
}

/// `default` is a log of Caddy's own, so a route's has something before its id.
fn key(name: &str) -> String {
    format!("access.{name}")
}

fn file(directory: &Directory, name: &str, stem: &str) -> Value {
    json!({
        "writer": {
            "output": "file",
            "filename": directory.file(&format!("{stem}.log")),
            "roll_size_mb": 10,
            "roll_keep": 5,
            "roll_keep_days": 30,
            "roll_gzip": true,
        },
        "encoder": encoder(),
        "include": [format!("http.log.access.{name}")],
    })
}

fn encoder() -> Value {
    json!({ "format": "json", "time_format": "rfc3339_nano" })
}
