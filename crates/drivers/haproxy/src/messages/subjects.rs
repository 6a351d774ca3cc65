//! What a message is about: kinds and names, as HAProxy words them.

/// A kind of thing that a message can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Server,
    Acl,
    /// A frontend, backend, listen or defaults section; HAProxy does not say which.
    Proxy,
    Frontend,
    Backend,
    Listen,
    Defaults,
    Resolvers,
    Peers,
    Mailers,
    Userlist,
    Cache,
    Ring,
    HttpErrors,
    /// A section that is named after the word "section".
    Section,
    /// A configuration keyword.
    Keyword,
    /// An address that is listened on.
    Address,
    /// A file that is read.
    File,
}

/// The words before a quoted name, and what they say about it. Compared in lower case; the longest first.
const WORDS: &[(&str, Kind)] = &[
    ("http-errors section", Kind::HttpErrors),
    ("peers section", Kind::Peers),
    ("frontend", Kind::Frontend),
    ("backend", Kind::Backend),
    ("server", Kind::Server),
    ("listen", Kind::Listen),
    ("proxy", Kind::Proxy),
    ("defaults", Kind::Defaults),
    ("acl", Kind::Acl),
    ("resolvers", Kind::Resolvers),
    ("mailers", Kind::Mailers),
    ("peers", Kind::Peers),
    ("userlist", Kind::Userlist),
    ("cache", Kind::Cache),
    ("ring", Kind::Ring),
    ("keyword", Kind::Keyword),
    ("ca-file", Kind::File),
    ("crl-file", Kind::File),
    ("file", Kind::File),
];

/// Finds every subject of a message's text, the most specific kind first.
pub(super) fn find(text: &str) -> Vec<(Kind, String)> {
    let mut found: Vec<(Kind, String)> = Vec::new();
    let mut add = |kind: Kind, name: &str| {
        if !name.is_empty() && name.len() <= 512 && !found.iter().any(|(k, n)| *k == kind && n == name) {
            found.push((kind, name.to_owned()));
        }
    };
    for (before, name) in bracketed(text) {
        if kind_before(before) == Some(Kind::File) {
            add(Kind::File, name);
        }
    }
    for (before, quoted) in quoted(text) {
        if let Some((kind, name)) = within(quoted) {
            // `'server web/s1'`: the kind inside of the quotes.
            named(kind, name, &mut add);
        } else if let Some(kind) = kind_before(before) {
            named(kind, quoted, &mut add);
        }
    }
    listening(text, &mut add);
    found.sort_by_key(|(kind, _)| *kind);
    found
}

fn named(kind: Kind, name: &str, add: &mut impl FnMut(Kind, &str)) {
    match name.split_once('/') {
        // A server is named with its backend in front.
        Some((backend, server)) if kind == Kind::Server => {
            add(Kind::Server, server);
            add(Kind::Backend, backend);
        }
        _ => add(kind, name),
    }
}

/// Each text in single quotes, with what is before it.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('\'').map(|at| at + from) {
        // An apostrophe within a word (`can't`) opens nothing.
        let within_word = text[..open].chars().next_back().is_some_and(char::is_alphanumeric);
        let rest = &text[open + 1..];
        let Some(length) = rest.find(['\'', '\n']) else { break };
        if within_word || rest.as_bytes().get(length) == Some(&b'\n') {
            from = open + 1;
            continue;
        }
        pairs.push((&text[..open], &rest[..length]));
        from = open + 1 + length + 1;
    }
    pairs
}

/// Each text in angle brackets, with what is before it.
fn bracketed(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices('<').filter_map(|(at, _)| {
        let (name, _) = text[at + 1..].split_once('>')?;
        (!name.contains(['<', '\n'])).then_some((&text[..at], name))
    })
}

fn kind_before(before: &str) -> Option<Kind> {
    let before = before.trim_end_matches([' ', ':', '(', '=']).to_ascii_lowercase();
    WORDS.iter().find(|(word, _)| ends_with_word(&before, word)).map(|(_, kind)| *kind)
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_'))
}

/// `server web/s1` inside of quotes.
fn within(quoted: &str) -> Option<(Kind, &str)> {
    let (word, name) = quoted.split_once(' ')?;
    let kind = match word.to_ascii_lowercase().as_str() {
        "server" => Kind::Server,
        "backend" => Kind::Backend,
        "frontend" => Kind::Frontend,
        "listen" => Kind::Listen,
        "proxy" => Kind::Proxy,
        "bind" => Kind::Address,
        _ => return None,
    };
    (!name.contains(' ')).then_some((kind, name))
}

/// Where nothing is quoted: `Starting frontend web: cannot bind socket (…) [0.0.0.0:80]` and, from 2.4 on,
/// `Binding [haproxy.cfg:7] for frontend web: cannot bind socket (…) for [0.0.0.0:80]`.
fn listening(text: &str, add: &mut impl FnMut(Kind, &str)) {
    let rest = match text.strip_prefix("Binding [") {
        Some(rest) => rest.split_once("] for ").map(|(_, rest)| rest),
        None => text.strip_prefix("Starting "),
    };
    let Some(rest) = rest else { return };
    let Some((word, rest)) = rest.split_once(' ') else { return };
    let kind = match word {
        "frontend" => Kind::Frontend,
        "backend" => Kind::Backend,
        "proxy" => Kind::Proxy,
        _ => return,
    };
    // A name may hold colons; what follows the name is a colon and a blank.
    let Some((name, rest)) = rest.split_once(": ") else { return };
    add(kind, name);
    if let Some((_, address)) = rest.trim_end_matches('.').strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        add(Kind::Address, address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Kind, &str)]) {
        let found = find(text);
        let found: Vec<(Kind, &str)> = found.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_after_their_kinds() {
        check("Proxy 'web': unable to find required default_backend: 'nowhere'.", &[(Kind::Proxy, "web")]);
        check(
            "config: frontend 'web': unable to find the cache 'c1' referenced",
            &[(Kind::Frontend, "web"), (Kind::Cache, "c1")],
        );
        check(
            "backend 'app', server 's1': unable to find required resolvers 'r'",
            &[(Kind::Server, "s1"), (Kind::Backend, "app"), (Kind::Resolvers, "r")],
        );
        check("'server app/s1' : invalid port '99999'", &[(Kind::Server, "s1"), (Kind::Backend, "app")]);
        check("error detected while parsing ACL 'is_api' : unknown fetch method 'x'", &[(Kind::Acl, "is_api")]);
        check(
            "unknown keyword 'bindd' in 'frontend' section; did you mean 'bind' maybe ?",
            &[(Kind::Keyword, "bindd")],
        );
        check(
            "proxy 'web': unknown http-errors section 'e' (at a.cfg:8).",
            &[(Kind::Proxy, "web"), (Kind::HttpErrors, "e")],
        );
        check(
            "'bind 127.0.0.1:80' in section 'frontend' : unable to stat SSL certificate from file '/x.pem'",
            &[(Kind::Address, "127.0.0.1:80"), (Kind::File, "/x.pem")],
        );
        check("failed to open pattern file </m.map>.", &[(Kind::File, "/m.map")]);
        check("nothing can't be 'quoted", &[]);
    }

    #[test]
    fn names_that_are_not_quoted() {
        check(
            "Starting frontend web: cannot bind socket (Address already in use) [0.0.0.0:80]",
            &[(Kind::Frontend, "web"), (Kind::Address, "0.0.0.0:80")],
        );
        check(
            "Binding [c.cfg:8] for frontend a:b: protocol tcpv4: cannot bind socket (Address already in use) for [127.0.0.1:21990].",
            &[(Kind::Frontend, "a:b"), (Kind::Address, "127.0.0.1:21990")],
        );
    }
}
