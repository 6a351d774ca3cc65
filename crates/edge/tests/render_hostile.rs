//! V3: nothing from a document becomes a directive that it was not meant to be.
//!
//! Every string of every golden document is replaced by texts that break careless writers. What is rendered then is read
//! by a tokenizer that was written from HAProxy's manual (section 2.2) and shares nothing with the renderer: it must
//! find the same directives with the same number of words, and the hostile text whole within words.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/rendering.rs"]
mod rendering;

use std::collections::HashSet;
use std::io::{Read as _, Write as _};

use plenum_edge::render;
use rendering::{described, document, golden, installed, listed, try_document};
use serde_json::{Value, json};

const HOSTILE: [&str; 22] = [
    "two words",
    "a # b",
    "it's",
    "'",
    "\"",
    "\"open",
    "back\\",
    "\\",
    "\\' x",
    "${HOME}",
    "\"${HOME}\"",
    "$6$x",
    "} if TRUE",
    "}",
    "-f /etc/passwd",
    "-f",
    "x if TRUE",
    "x || TRUE",
    "!x",
    "a' 'b",
    "zażółć 日本語 😀",
    " leading and trailing ",
];

/// Fields that the document spells as words of HAProxy's own language. They are split before they are written, so a
/// hostile text may be several words there; the other properties hold for them too.
const LANGUAGE: [&str; 7] = [
    "options",
    "monitorFail",
    "adminAclExpression",
    "advancedDirectives",
    "normalizeUri",
    "uniqueIdFormat",
    "customLogFormat",
];

/// Fields whose parts become words or lines of their own by design.
const LISTS: [&str; 3] = ["allowOrigin", "address", "path"];

/// The words of a line, as the manual says HAProxy reads it.
fn words(line: &str) -> Vec<String> {
    let bytes: Vec<char> = line.chars().collect();
    let mut found = Vec::new();
    let mut word = String::new();
    let (mut started, mut single, mut double) = (false, false, false);
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        at += 1;
        if single {
            if c == '\'' {
                single = false
            } else {
                word.push(c)
            }
            continue;
        }
        match c {
            '\'' if !double => (single, started) = (true, true),
            '"' => (double, started) = (!double, true),
            '\\' => {
                assert!(at < bytes.len(), "a backslash ends the line: {line}");
                if !" \\'\"#$".contains(bytes[at]) {
                    word.push('\\');
                }
                word.push(bytes[at]);
                (at, started) = (at + 1, true);
            }
            '#' if !double => panic!("a comment: {line}"),
            ' ' | '\t' if !double => {
                if started {
                    found.push(std::mem::take(&mut word));
                }
                started = false;
            }
            '$' if double => panic!("an environment variable: {line}"),
            _ => {
                word.push(c);
                started = true;
            }
        }
    }
    assert!(!single && !double, "quotes stay open: {line}");
    if started {
        found.push(word);
    }
    found
}

/// The directives of a configuration, but the marker and ACLs that the renderer makes for itself.
fn directives(cfg: &str) -> Vec<Vec<String>> {
    cfg.lines()
        .map(words)
        .filter(|words| !words.is_empty() && words[0] != "description")
        .filter(|words| !(words[0] == "acl" && words[1].starts_with('_')))
        .collect()
}

/// The strings of a document with their pointers.
fn strings(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !key.starts_with("x-") && *key != "meta") {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                strings(member, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                strings(item, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::String(_) => found.push(pointer.clone()),
        _ => {}
    }
}

fn golden_documents() -> Vec<(String, Value)> {
    let paths = std::fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<(String, Value)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn is_any(pointer: &str, fields: &[&str]) -> bool {
    pointer.split('/').any(|step| fields.contains(&step))
}

/// Values whose replacement changes the number of lines or words by design: a path that stands for a built-in page, a
/// name that stands for what is generated, a file that is loaded once, a fetch with a comparison of its own, nothing.
fn has_meaning(value: &str) -> bool {
    value.is_empty()
        || value.starts_with("/etc/haproxy/errors/tpl/")
        || matches!(value, "method" | "docker" | "lua/hello.lua" | "lua")
}

/// What field of which kind of thing a pointer points to: once is enough for each.
fn field(value: &Value, pointer: &str) -> String {
    let generic = |step: &str| if step.parse::<usize>().is_ok() { "*".to_owned() } else { step.to_owned() };
    let mut field = pointer.split('/').map(generic).collect::<Vec<_>>().join("/");
    let (parent, _) = pointer.rsplit_once('/').unwrap();
    for parent in [parent, parent.rsplit_once('/').map_or(parent, |(grand, _)| grand)] {
        for key in ["type", "kind", "operator"] {
            if let Some(text) = value.pointer(parent).and_then(|parent| parent[key].as_str()) {
                field.push_str(text);
            }
        }
    }
    field
}

/// A line with each test between braces, and each reference to a test with a line of its own, as one word.
fn without_tests(words: &[String]) -> Vec<&str> {
    let mut out = Vec::new();
    let mut within = false;
    for word in words {
        match word.as_str() {
            "{" | "!{" => {
                within = true;
                out.push("test");
            }
            "}" if within => within = false,
            "--" => {}
            name if name.trim_start_matches('!').strip_prefix('_').is_some_and(|n| n.parse::<u32>().is_ok()) => {
                out.push("test");
            }
            word if !within => out.push(word),
            _ => {}
        }
    }
    out
}

/// What is wrong with a configuration in which a hostile text took the place of another.
fn difference(plain: &[Vec<String>], changed: &[Vec<String>], hostile: &str) -> Option<String> {
    if plain.len() != changed.len() {
        return Some(format!("{} directives became {}", plain.len(), changed.len()));
    }
    let escaped = hostile.replace('%', "%%");
    for (before, after) in plain.iter().zip(changed) {
        let (before, after) = (without_tests(before), without_tests(after));
        if before.first() != after.first() || before.len() != after.len() {
            return Some(format!("{before:?} became {after:?}"));
        }
        for (old, new) in before.iter().zip(&after).filter(|(old, new)| old != new) {
            if ![hostile, &escaped, hostile.trim()].iter().any(|text| new.contains(text)) {
                return Some(format!("the word {old:?} became {new:?}"));
            }
        }
    }
    None
}

#[test]
fn v3_hostile_text_stays_within_its_word() {
    let (mut rendered, mut faults) = (0, Vec::new());
    let mut seen = HashSet::new();
    for (name, value) in golden_documents() {
        let target = described(&value);
        let plain = directives(&render::render(&document(&value), &target).unwrap().cfg);
        let mut pointers = Vec::new();
        strings(&value, &mut String::new(), &mut pointers);
        let meaningless = |pointer: &String| !has_meaning(value.pointer(pointer).unwrap().as_str().unwrap());
        for pointer in pointers.into_iter().filter(meaningless) {
            if !seen.insert(field(&value, &pointer)) {
                continue;
            }
            for hostile in HOSTILE {
                let mut changed = value.clone();
                *changed.pointer_mut(&pointer).unwrap() = json!(hostile);
                let Ok(document) = try_document(&changed) else { continue };
                let Ok(result) = render::render(&document, &target) else { continue };
                rendered += 1;
                let changed = directives(&result.cfg);
                if is_any(&pointer, &LANGUAGE) || is_any(&pointer, &LISTS) {
                    continue;
                }
                if let Some(fault) = difference(&plain, &changed, hostile) {
                    faults.push(format!("{name} {pointer} {hostile:?}: {fault}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rendered > 1_000, "only {rendered} documents were rendered");
}

#[test]
fn v3_no_string_holds_a_line_end() {
    let mut seen = HashSet::new();
    for (name, value) in golden_documents() {
        let mut pointers = Vec::new();
        strings(&value, &mut String::new(), &mut pointers);
        pointers.retain(|pointer| seen.insert(field(&value, pointer)));
        for pointer in pointers.iter().filter(|pointer| !is_any(pointer, &["errorPageContents", "lfFileContents"])) {
            for hostile in ["a\nfrontend evil", "a\r\nb", "a\0b", "a\u{2028}b", "a\u{85}b", "\n"] {
                let mut changed = value.clone();
                *changed.pointer_mut(pointer).unwrap() = json!(hostile);
                assert!(try_document(&changed).is_err(), "{name} {pointer} {hostile:?}");
            }
        }
    }
}

fn with_directive(section: &str, directive: &str) -> Result<String, String> {
    let mut value = json!({
        "schemaVersion": 1,
        "meta": { "createdAt": "2026-05-17T12:34:56Z", "lastEditedAt": "2026-05-17T12:34:56Z" },
        "haproxy": {
            "globalSettings": {},
            "defaultsBlocks": [{ "id": "base", "name": "base" }],
            "backends": [{ "id": "web", "name": "web", "servers": [{ "name": "s", "address": "127.0.0.1:1" }] }],
        },
    });
    value.pointer_mut(section).unwrap()["advancedDirectives"] = json!([directive]);
    let document = try_document(&value).map_err(|issues| listed(&issues))?;
    render::render(&document, &described(&value)).map(|rendered| rendered.cfg).map_err(|issues| listed(&issues))
}

#[test]
fn v3_free_directives_stay_in_their_section() {
    let sections = ["/haproxy/globalSettings", "/haproxy/defaultsBlocks/0", "/haproxy/backends/0"];
    let refused = [
        "backend evil",
        "  frontend evil",
        "listen evil",
        "userlist u",
        "program p",
        "'back''end' evil",
        "back\\x65nd evil",
        "\"global\"",
        "defaults",
        "peers p",
        "resolvers r",
        "mailers m",
        "ring r",
        "http-errors h",
        "crt-store s",
        "cache c",
        "fcgi-app f",
        "log-forward l",
        "log-profile p",
        "acme a",
        "traces",
        ".if true",
        ".notice x",
        "timeout check 1s # hidden",
        "option 'open",
        "option \\",
        "",
        "   ",
        "\"$EVIL\" x",
    ];
    for section in sections {
        for directive in refused {
            let issues = with_directive(section, directive).expect_err(directive);
            assert!(issues.contains("/advancedDirectives/0: "), "{directive}: {issues}");
        }
        assert!(with_directive(section, "  timeout check 1s  ").unwrap().contains("\n    timeout check 1s\n"));
    }
    for own in ["description mine", "no description", "default-path origin /tmp"] {
        assert!(with_directive("/haproxy/globalSettings", own).is_err(), "{own}");
    }
    let server = json!("/haproxy/backends/0/servers/0");
    for words in ["# hidden", "'open", "\\", ""] {
        assert!(with_directive(server.as_str().unwrap(), words).is_err(), "{words}");
    }
    assert!(with_directive(server.as_str().unwrap(), "inter 2s").unwrap().contains("check inter 2s\n"));
}

/// What a real HAProxy sends is what the document says, character by character.
#[test]
fn v3_real_haproxies_read_the_words_as_meant() {
    let mut texts: Vec<&str> = HOSTILE.iter().copied().filter(|text| text.trim() == *text).collect();
    texts.retain(|text| text.is_ascii());
    let headers: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| json!({ "name": format!("X-{index}"), "value": text.replace('%', "%%") }))
        .collect();
    let value = json!({
        "schemaVersion": 1,
        "meta": { "createdAt": "2026-05-17T12:34:56Z", "lastEditedAt": "2026-05-17T12:34:56Z" },
        "haproxy": {
            "globalSettings": { "ssl": { "profile": { "name": "custom" } } },
            "defaultsBlocks": [{ "id": "base", "name": "base" }],
            "frontends": [{
                "id": "front", "name": "front", "fromDefaults": "base",
                "binds": [{ "id": "b", "address": "127.0.0.1:{port}" }],
                "rulePhases": { "httpRequest": [{ "id": "r", "action": { "type": "return", "headers": headers } }] },
            }],
        },
    });
    for program in testkit::haproxy::versions() {
        let port = testkit::port::free_port();
        let mut value = value.clone();
        value["haproxy"]["frontends"][0]["binds"][0]["address"] = json!(format!("127.0.0.1:{port}"));
        let mut target = installed(&program, &value);
        target.sockets.stats = "{dir}/admin.sock".to_owned();
        let result = render::render(&document(&value), &target).unwrap_or_else(|issues| panic!("{}", listed(&issues)));
        let cfg = result.cfg.replace("'{dir}/admin.sock'", "{dir}/admin.sock");
        let running = testkit::haproxy::Running::start(&program, &cfg).unwrap();
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        for (index, text) in texts.iter().enumerate() {
            let line = format!("x-{index}: {text}");
            assert!(answer.lines().any(|found| found == line), "{}: {line:?} is not in\n{answer}", program.version);
        }
        drop(running);
    }
}
