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
    for (before, quoted) in quoted(text) {
        if let Some((kind, name)) = within(quoted) {
            // `'server web/s1'`: the kind inside of the quotes.
            named(kind, name, &mut add);
        } else if let Some(kind) = kind_before(before) {
            named(kind, quoted, &mut add);
        }
    }
    starting(text, &mut add);
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
        _ => return None,
    };
    (!name.contains(' ')).then_some((kind, name))
}

/// `Starting frontend web: cannot bind socket (…) [0.0.0.0:80]`, where nothing is quoted.
fn starting(text: &str, add: &mut impl FnMut(Kind, &str)) {
    let Some(rest) = text.strip_prefix("Starting ") else { return };
    let mut words = rest.split([' ', ':']).filter(|word| !word.is_empty());
    let kind = match words.next() {
        Some("frontend") => Kind::Frontend,
        Some("backend") => Kind::Backend,
        Some("proxy") => Kind::Proxy,
        _ => return,
    };
    if let Some(name) = words.next() {
        add(kind, name);
    }
    if let Some((_, tail)) = text.rsplit_once(['[', '('])
        && let Some((address, _)) = tail.split_once([']', ')'])
        && address.contains(':')
    {
        add(Kind::Address, address);
    }
}
