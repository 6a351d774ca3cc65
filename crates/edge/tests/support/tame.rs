//! Makes random documents refer only to what the tests' machine has, and speak HAProxy's own language only in words that
//! it knows. The rest of a document stays as random as it was.

use serde_json::{Value, json};

/// Replaces what names files, Lua functions, or is spelled in HAProxy's own language.
pub(crate) fn tame(value: &mut Value) {
    walk(value, "");
    let plugins = &mut value["haproxy"]["globalSettings"]["luaPlugins"];
    *plugins = json!([{ "name": "a", "path": "lua/hello.lua" }, { "name": "b", "path": "lua/auth-request.lua" }]);
}

fn walk(value: &mut Value, section: &str) {
    match value {
        Value::Object(members) => {
            action(members, section);
            // No test can count on a network namespace, or on certificates elsewhere.
            members.remove("namespace");
            members.remove("crtBase");
            members.remove("keyBase");
            for (name, member) in members.iter_mut() {
                // A list of the root or of `haproxy` says what its items are.
                let section = match name.as_str() {
                    "frontends" | "backends" | "servers" | "defaultsBlocks" | "globalSettings"
                    | "tcpRequestContent" | "httpRequest" | "httpResponse" | "authProviders" | "bind" | "server" => {
                        name.clone()
                    }
                    _ => section.to_owned(),
                };
                field(member, name, &section);
                walk(member, &section);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, section)),
        _ => {}
    }
}

fn field(value: &mut Value, key: &str, section: &str) {
    let all = |value: &mut Value, with: &str| {
        if let Some(items) = value.as_array_mut() {
            items.iter_mut().for_each(|item| *item = json!(with));
        }
    };
    match key {
        "advancedDirectives" => all(
            value,
            match section {
                "globalSettings" => "tune.maxrewrite 1024",
                "servers" => "inter 2s",
                _ => "timeout tarpit 10s",
            },
        ),
        "errorFiles" => {
            if let Some(files) = value.as_object_mut() {
                files.values_mut().for_each(|file| *file = json!("pages/404.http"));
            }
        }
        "lfFile" if value.is_string() => *value = json!("pages/500.lf"),
        "crtListRef" if value.is_string() => *value = json!("list of mine.txt"),
        "defaultCert" if value.is_string() => *value = json!("cert.pem"),
        "monitorFail" | "adminAclExpression" if value.is_string() => {
            *value = json!("{ fe_conn gt 100 } || { src 127.0.0.1 }")
        }
        "loadEntries" => *value = json!([{ "crt": "cert.pem" }]),
        "loaded" => all(value, "default"),
        "defaultProperties" => *value = json!(null),
        "interface" => *value = json!("lo"),
        "thread" => *value = json!("all"),
        "extraFiles" if value.is_array() => *value = json!(["ocsp", "issuer"]),
        "errorPageContents" => {
            if let Some(pages) = value.as_object_mut() {
                let page = "HTTP/1.1 503 Sorry\r\nContent-Type: text/plain\r\n\r\nsorry\n";
                pages.values_mut().for_each(|contents| *contents = json!(page));
            }
        }
        _ => {}
    }
}

/// Actions that call Lua or read a file.
fn action(members: &mut serde_json::Map<String, Value>, section: &str) {
    let kind = members.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    match (kind.as_str(), section) {
        ("lua", _) => {
            let function = match section {
                "httpRequest" => "hello",
                "httpResponse" => "tail",
                _ => "tcp_look",
            };
            members.insert("function".to_owned(), json!(function));
            members.insert("args".to_owned(), json!([]));
        }
        ("use-service", "tcpRequestContent") => {
            members.insert("serviceName".to_owned(), json!("lua.tcp_serve"));
        }
        ("use-service", _) => {
            members.insert("serviceName".to_owned(), json!("prometheus-exporter"));
        }
        ("lua-auth", _) => {
            members.insert(
                "config".to_owned(),
                json!({ "pluginPath": "lua/hello.lua", "functionName": "greet", "args": ["a", "b"] }),
            );
        }
        _ => {}
    }
    if let (Some("file" | "lf-file"), true) =
        (members.get("kind").and_then(Value::as_str), members.contains_key("content"))
    {
        members.insert("content".to_owned(), json!("pages/hello.txt"));
    }
}
