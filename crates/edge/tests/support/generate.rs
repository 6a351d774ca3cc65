//! Whole valid documents at random, made from the document's own JSON Schema.
//!
//! A document is built from a string of bytes, each of which settles one choice; where the bytes end, every choice
//! falls to the smallest. So proptest can shrink the bytes and thereby the document, and a fuzzer can bring its own.
//! What a schema cannot say (unique ids, references that resolve) is repaired afterwards.
//!
//! Used by the tests of the state document and of the renderer, hence not every function by each.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::HashSet;

use plenum_edge::state::Document;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What the free texts of a document look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Whatever the schema allows: quotes, `$`, `#`, backslashes, emoji.
    Wild,
    /// What a person would write, so that HAProxy has a chance to accept it.
    Plausible,
}

/// Valid documents in the nested layout.
pub(crate) fn documents(flavour: Flavour) -> impl Strategy<Value = Value> {
    let schema = Document::json_schema();
    prop::collection::vec(any::<u8>(), 0..3000).prop_map(move |bytes| document_of(&schema, &bytes, flavour))
}

/// The document that these bytes stand for.
pub(crate) fn document(bytes: &[u8], flavour: Flavour) -> Value {
    document_of(&Document::json_schema(), bytes, flavour)
}

/// As [`document`], with the schema at hand.
pub(crate) fn document_of(schema: &Value, bytes: &[u8], flavour: Flavour) -> Value {
    let mut maker = Maker { defs: &schema["$defs"], bytes, at: 0, flavour };
    let root = maker.value(&json!({ "$ref": schema["$ref"] }), "", "");
    repair(root, &mut maker)
}

/// A small document that is valid and has one of each thing that others refer to.
pub(crate) fn small() -> Value {
    json!({
        "schemaVersion": 1,
        "meta": { "createdAt": "2026-05-17T12:34:56Z", "lastEditedAt": "2026-05-17T12:34:56Z" },
        "haproxy": {
            "defaultsBlocks": [{ "id": "base", "name": "base" }],
            "backends": [{ "id": "web", "name": "web", "servers": [{ "name": "s1", "address": "127.0.0.1:8081" }] }],
            "frontends": [{
                "id": "front", "name": "front", "fromDefaults": "base",
                "binds": [{ "id": "http", "address": "127.0.0.1:8080" }],
                "httpOpts": { "defaultBackendId": "web" },
            }],
        },
    })
}

/// Members that are given in every other document; the rest, in every fourth.
const OFTEN: [&str; 8] =
    ["haproxy", "frontends", "backends", "defaultsBlocks", "rulePhases", "httpRequest", "httpResponse", "httpErrors"];

struct Maker<'m> {
    defs: &'m Value,
    bytes: &'m [u8],
    at: usize,
    flavour: Flavour,
}

impl Maker<'_> {
    /// One of `count` ways; the first when the bytes are used up.
    fn choose(&mut self, count: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % count.max(1)
    }

    fn pick<'p>(&mut self, pool: &[&'p str]) -> &'p str {
        pool[self.choose(pool.len())]
    }

    /// A value of that schema; `key` is the member it stands under, `owner` the type that has the member.
    fn value(&mut self, schema: &Value, key: &str, owner: &str) -> Value {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap();
            if let Some(text) = self.named(name) {
                return text.into();
            }
            let schema = self.defs[name].clone();
            return self.value(&schema, key, name);
        }
        for union in ["oneOf", "anyOf"] {
            if let Some(forms) = schema.get(union).and_then(Value::as_array) {
                let at = self.choose(forms.len());
                return self.value(&forms[at].clone(), key, owner);
            }
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values[self.choose(values.len())].clone();
        }
        match schema["type"].as_str() {
            Some("boolean") => (self.choose(2) == 1).into(),
            Some("null") => Value::Null,
            Some("integer") => self.integer(schema).into(),
            Some("number") => {
                let whole = self.integer(schema);
                if whole < 80 { json!(whole as f64 + [0.0, 0.25, 0.5][self.choose(3)]) } else { json!(whole) }
            }
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
                let count = least + self.choose(3);
                (0..count).map(|_| self.value(&schema["items"], key, owner)).collect()
            }
            Some("object") => self.object(schema, key, owner),
            Some("string") => self.text(schema, key, owner).into(),
            _ => self.free(),
        }
    }

    fn integer(&mut self, schema: &Value) -> i64 {
        let min = schema["minimum"].as_i64().unwrap_or(1);
        let max = schema["maximum"].as_i64().unwrap_or(i64::MAX).min(min.saturating_add(1 << 40));
        match self.choose(5) {
            0 => min,
            1 => max,
            _ => min + (max - min) / 256 * self.choose(256) as i64 + ((max - min) % 256).min(self.choose(256) as i64),
        }
    }

    fn object(&mut self, schema: &Value, key: &str, owner: &str) -> Value {
        let mut object = Map::new();
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object() || **values == true)
        {
            for _ in 0..self.choose(3) {
                let name = match schema.get("propertyNames") {
                    Some(names) => self.value(names, "header", owner),
                    None => json!("key"),
                };
                let value = self.value(values, key, owner);
                object.insert(name.as_str().unwrap().to_owned(), value);
            }
            return object.into();
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in schema["properties"].as_object().unwrap() {
            let needed = required.iter().any(|r| r == name);
            if needed || self.choose(if OFTEN.contains(&name.as_str()) { 2 } else { 4 }) == 1 {
                object.insert(name.clone(), self.value(schema, name, owner));
            }
        }
        if schema.get("patternProperties").is_some() && self.choose(24) == 1 {
            object.insert("x-note".to_owned(), self.free());
        }
        object.into()
    }

    fn free(&mut self) -> Value {
        match self.choose(5) {
            0 => Value::Null,
            1 => json!({ "b": [1, 2.5], "a": self.pick(&WILD) }),
            2 => json!(self.choose(200) as i64 - 100),
            3 => json!([]),
            _ => json!(self.pick(&WILD)),
        }
    }

    /// Text of a named form.
    fn named(&mut self, name: &str) -> Option<String> {
        let number = self.choose(40);
        Some(match name {
            "Id" => format!("{}{number}", self.pick(&["e", "a-b_", "x9-"])),
            "AclName" => format!("{}{number}", self.pick(&["is_api.", "Acl-"])),
            "SecName" | "TrustName" => format!("{}{number}", self.pick(&["Name_", "n-"])),
            "ProxyName" => format!("{}{number}", self.pick(&["web.", "Srv_", "a:b-", "7"])),
            "Host" => format!("{}h{number}.example.com", self.pick(&["", "*."])),
            "Cidr" => self.pick(&["10.0.0.0/8", "::1/128", "192.0.2.0/24"]).to_owned(),
            "AddrPort" => format!("{}:{}", self.pick(&["127.0.0.1", "[::1]", "localhost"]), 1024 + number),
            "SrvAddr" => format!("{}127.0.0.1:{}", self.pick(&["", "ipv4@"]), 1024 + number),
            "Size" => format!("{}{}", 16 + number, self.pick(&["k", "", "m"])),
            "Dur" => format!("{}{}", 1 + number, self.pick(&["s", "ms", "m", "h", "d"])),
            "Cron" => self.pick(&["5 8 * * 1,4", "*/5 0-3 * * *"]).to_owned(),
            "LuaName" => format!("{}{number}", self.pick(&["_f", "Check"])),
            "ErrorCode" => self.pick(&["200", "404", "503", "504"]).to_owned(),
            "StatusCode" => self.pick(&["404", "500", "503"]).to_owned(),
            "Country" => self.pick(&["DE", "us"]).to_owned(),
            "TenantId" => "0a1b-2c".to_owned(),
            "Fingerprint" => "AB:01:FF".to_owned(),
            _ => return None,
        })
    }

    fn text(&mut self, schema: &Value, key: &str, owner: &str) -> String {
        match schema["format"].as_str() {
            Some("date-time") => return self.pick(&["2026-05-17T12:34:56Z", "2024-02-29T23:59:59.5+02:00"]).to_owned(),
            Some("uri") => return self.pick(&["https://id.example.com/a?b=c", "ldap://127.0.0.1:389"]).to_owned(),
            Some("email") => return self.pick(&["ops@example.com", "o'neil+x@mail.example.com"]).to_owned(),
            _ => {}
        }
        let least = schema["minLength"].as_u64().unwrap_or(0) as usize;
        let most = schema["maxLength"].as_u64().unwrap_or(100) as usize;
        let pool = match plausible(key, owner) {
            Some(pool) if self.flavour == Flavour::Plausible => pool,
            _ if self.flavour == Flavour::Plausible => &["word", "other-word"],
            _ => &WILD[..],
        };
        let mut text = self.pick(pool).to_owned();
        if schema.get("pattern").is_none() && self.choose(2) == 1 {
            text.push_str("\r\n\ttext\n");
        }
        while text.encode_utf16().count() > most {
            text.pop();
        }
        while text.encode_utf16().count() < least {
            text.push('z');
        }
        text
    }
}

/// Texts that break careless writers, the harmless one first.
const WILD: [&str; 16] = [
    "a",
    "",
    " leading and trailing ",
    "two words",
    "# no comment",
    "a\"b'c",
    "back\\slash\\",
    "${HOME} $(id) `id`",
    "%[src] %{+Q}o %",
    "a,b;c|d&e",
    "{\"json\":true}",
    "sealed:not-really",
    "zażółć gęślą jaźń",
    "日本語",
    "😀\u{10FFFF}",
    "../../etc/passwd",
];

/// What a person would write there.
fn plausible(key: &str, owner: &str) -> Option<&'static [&'static str]> {
    Some(match (owner, key) {
        ("Bind", "address") => &["127.0.0.1:18080", ":18081", "[::1]:18082"],
        ("Bind", "interface") => &["lo"],
        ("Bind", "thread") => &["all", "1"],
        ("BindSsl", "alpn") => &["h2", "http/1.1"],
        ("BindSsl" | "SslLists", "ciphers") => &["ECDHE-ECDSA-AES128-GCM-SHA256"],
        ("BindSsl" | "SslLists", "ciphersuites") => &["TLS_AES_128_GCM_SHA256"],
        ("BindSsl" | "SslLists", "curves") => &["X25519", "P-256"],
        ("BindSsl" | "SslLists", "sigalgs" | "clientSigalgs") => &["ECDSA+SHA256"],
        ("SslLists", "options") => &["no-tls-tickets"],
        ("DefaultsBlock", "options") => &["http-keep-alive", "dontlognull", "redispatch", "tcpka"],
        ("Backend", "options") => &["redispatch", "tcpka"],
        (_, "field") => &["path", "src", "hdr"],
        ("Acl" | "Term", "fieldArg") => &["host"],
        ("Acl" | "Term", "values") => &["10.0.0.0/8", "/api", "example.com"],
        (_, "expression") => &["src", "path", "str(a)"],
        (_, "stickOn" | "trackBy") => &["src"],
        (_, "header" | "headerName" | "userHeaderName" | "uniqueIdHeader") => &["X-Request-Id", "X-User"],
        (_, "propagateHeaders") => &["remote-user", "remote-email"],
        (_, "matchRegex") => &["^a(.*)$", "b+"],
        (_, "replacement") => &["\\1", "c"],
        (_, "normalizeUri") => &["path-merge-slashes", "percent-to-uppercase"],
        (_, "statusText" | "reason") => &["Fine"],
        (_, "contentType" | "types") => &["text/plain", "application/json"],
        (_, "monitorUri" | "uri" | "prometheusPath" | "authRequestPath" | "apiVerifyPath") => &["/health", "/x"],
        (_, "target") => &["https://example.com/", "/elsewhere"],
        (_, "except") => &["127.0.0.0/8"],
        (_, "vip") => &["192.0.2.10", "2001:db8::10"],
        (_, "script") => &["/usr/bin/true"],
        (_, "mark" | "tos") => &["0x10", "7"],
        (_, "allowList" | "denyList") => &["DE", "US"],
        (_, "key") => &["src", "k1"],
        (_, "sni") => &["str(api.example.com)"],
        (_, "sniPattern") => &["a.example.com", "*.example.com"],
        (_, "store") => &["conn_rate(10s)", "http_req_rate(60s)"],
        (_, "counterExpression") => &["sc_http_req_rate(0)"],
        (_, "uaDenyPatterns" | "uaAllowPatterns") => &["curl", "Mozilla.*"],
        _ => return None,
    })
}

/// Makes ids unique and references resolvable, and settles what rules over several members demand.
fn repair(mut root: Value, maker: &mut Maker<'_>) -> Value {
    distinguish(&mut root);
    let haproxy = root.as_object_mut().unwrap().entry("haproxy").or_insert_with(|| json!({}));
    let needed = [
        ("frontends", "defaultsBlocks", json!({ "id": "base", "name": "base" })),
        ("frontends", "backends", small()["haproxy"]["backends"][0].clone()),
    ];
    for (user, section, entity) in needed {
        let used = haproxy[user].as_array().is_some_and(|list| !list.is_empty());
        let list = haproxy.as_object_mut().unwrap().entry(section).or_insert_with(|| json!([]));
        if used && list.as_array().is_some_and(Vec::is_empty) {
            *list = json!([entity]);
        }
    }
    let providers = root["authProviders"].as_array().is_some_and(|list| !list.is_empty());
    let backends = root["haproxy"]["backends"].as_array().is_none_or(Vec::is_empty);
    if providers && backends {
        root["haproxy"]["backends"] = small()["haproxy"]["backends"].clone();
    }
    if root["tls"]["providers"].as_array().is_none_or(Vec::is_empty)
        && let Some(tls) = root.get_mut("tls").and_then(Value::as_object_mut)
    {
        tls.remove("certs");
    }
    let targets = Targets::of(&root);
    resolve(&mut root, "", &targets, maker);
    acme(&mut root);
    certificates(&mut root);
    root
}

/// Gives the items of every list different ids and names.
fn distinguish(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(distinguish),
        Value::Array(items) => {
            items.iter_mut().for_each(distinguish);
            for key in ["id", "name", "certName", "username", "virtualRouterId"] {
                let mut seen = HashSet::new();
                for (index, item) in items.iter_mut().enumerate() {
                    let Some(member) = item.as_object_mut().and_then(|item| item.get_mut(key)) else { continue };
                    if key == "virtualRouterId" {
                        *member = json!(index + 1);
                    } else if let Some(text) = member.as_str().map(str::to_owned)
                        && !seen.insert(text.clone())
                    {
                        *member = json!(format!("{}-{index}", text.chars().take(50).collect::<String>()));
                    }
                }
            }
        }
        _ => {}
    }
}

/// What there is to refer to.
struct Targets {
    lists: Vec<(&'static [&'static str], Vec<String>)>,
}

impl Targets {
    fn of(root: &Value) -> Self {
        let ids = |pointer: &str, key: &str| -> Vec<String> {
            let list = root.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
            list.iter().filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
        };
        let lists: Vec<(&'static [&'static str], Vec<String>)> = vec![
            (&["fromDefaults"], ids("/haproxy/defaultsBlocks", "id")),
            (&["useErrorFilesId"], ids("/haproxy/httpErrorsSections", "id")),
            (&["defaultBackendId", "backendId", "authRequestBackendId"], ids("/haproxy/backends", "id")),
            (&["caTrustedCaId", "caVerifyTrustedCaId"], ids("/trustedCas", "id")),
            (&["crlTrustedCrlId"], ids("/trustedCrls", "id")),
            (&["floatingIpInstanceId", "instanceIds"], ids("/keepalived/instances", "id")),
            (&["aclName"], ids("/acls", "name")),
            (&["authProvider"], ids("/authProviders", "id")),
            (&["profileId"], ids("/securityProfiles", "id")),
            (&["acmeAccountId", "acme"], ids("/acmeAccounts", "id")),
            (&["syncGroupId"], ids("/keepalived/syncGroups", "id")),
            (&["trackScriptIds"], ids("/keepalived/trackScripts", "id")),
        ];
        Self { lists }
    }

    fn of_key(&self, key: &str) -> Option<&[String]> {
        self.lists.iter().find(|(keys, _)| keys.contains(&key)).map(|(_, ids)| ids.as_slice())
    }
}

fn resolve(value: &mut Value, key: &str, targets: &Targets, maker: &mut Maker<'_>) {
    match value {
        Value::Object(members) => {
            members.retain(|key, member| {
                if key.starts_with("x-") {
                    return true;
                }
                let Some(ids) = targets.of_key(key) else {
                    return true;
                };
                match member {
                    Value::String(text) if !ids.is_empty() => {
                        *text = ids[maker.choose(ids.len())].clone();
                        true
                    }
                    Value::Array(list) => {
                        list.truncate(ids.len());
                        for (item, id) in list.iter_mut().zip(ids) {
                            *item = json!(id);
                        }
                        true
                    }
                    Value::Null => true,
                    _ => false,
                }
            });
            // An action or a term that lost what it cannot do without becomes another one.
            let lacks = |members: &Map<String, Value>, tag: &str, value: &str, needs: &str| {
                members.get(tag).is_some_and(|tag| tag == value) && !members.contains_key(needs)
            };
            let auth = targets.of_key("authProvider").unwrap_or_default();
            if members.get("type").is_some_and(|tag| tag == "apply-auth-provider") && !auth.is_empty() {
                let id = auth[maker.choose(auth.len())].clone();
                members.insert("providerId".to_owned(), json!(id));
            } else if members.contains_key("type")
                && (lacks(members, "type", "use-backend", "backendId")
                    || lacks(members, "type", "apply-security-profile", "profileId")
                    || members["type"] == "apply-auth-provider")
            {
                *members = Map::from_iter([("type".to_owned(), json!("allow"))]);
            } else if members.contains_key("kind") && lacks(members, "kind", "aclRef", "aclName") {
                *members = json!({ "kind": "inline", "field": "path" }).as_object().unwrap().clone();
            }
            if members.contains_key("status") && !members.contains_key("id") {
                let (keep, other) = if maker.choose(2) == 0 { ("lfString", "lfFile") } else { ("lfFile", "lfString") };
                members.remove(other);
                members.entry(keep).or_insert_with(|| json!("text"));
            }
            if members.len() >= 2 && members.contains_key("key") && members.contains_key("value") {
                let text = members["key"].as_str().unwrap_or("k").replace(|c: char| c.is_whitespace(), "_");
                let text = text.trim_start_matches('#');
                members.insert("key".to_owned(), json!(if text.is_empty() { "k" } else { text }));
            }
            for (key, member) in members.iter_mut() {
                if !key.starts_with("x-") {
                    let key = key.clone();
                    resolve(member, &key, targets, maker);
                }
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| resolve(item, key, targets, maker));
            items.retain(|item| !(key == "sniMap" && item.get("backendId").is_none()));
        }
        _ => {}
    }
}

fn acme(root: &mut Value) {
    let Some(accounts) = root.get_mut("acmeAccounts").and_then(Value::as_array_mut) else { return };
    for (index, account) in accounts.iter_mut().enumerate() {
        let account = account.as_object_mut().unwrap();
        account.insert("email".to_owned(), json!(format!("ops{index}@example.com")));
        match account.get("server").and_then(Value::as_str) {
            Some("custom") => {
                account.insert("directoryUrl".to_owned(), json!("https://acme.example.com/dir"));
            }
            _ => {
                account.remove("directoryUrl");
            }
        }
        let both = account.contains_key("eabKid") && account.contains_key("eabHmacKey");
        let needed = matches!(account.get("server").and_then(Value::as_str), Some("zerossl" | "google"));
        if needed && !both {
            account.insert("eabKid".to_owned(), json!("kid"));
            account.insert("eabHmacKey".to_owned(), json!("hmac"));
        } else if !both {
            account.remove("eabKid");
            account.remove("eabHmacKey");
        }
    }
}

fn certificates(root: &mut Value) {
    let byo = json!({ "id": "own", "type": "byo" });
    let Some(providers) = root.pointer_mut("/tls/providers").and_then(Value::as_array_mut) else { return };
    providers.push(byo);
    if let Some(certs) = root.pointer_mut("/tls/certs").and_then(Value::as_array_mut) {
        for cert in certs {
            cert["providerId"] = json!("own");
        }
    }
}
