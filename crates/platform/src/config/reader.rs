//! Reads typed values out of the tree and remembers every problem on the way instead of stopping at the first.
//!
//! A value that cannot be read takes its default, so that reading goes on; the caller throws the result away when there
//! is any problem at all.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ipnet::IpNet;

use super::tree::{Entry, Node, Origin, Value};

/// One thing that is wrong with the configuration, said so that the operator finds the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file, when the problem stands in the file.
    pub line: Option<u64>,
    /// The flag or environment variable that set the value, when it did not come from the file.
    pub origin: Option<String>,
    /// Dotted path of the key, empty for the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// The keys of one mapping. Whatever has not been asked for when the section ends is an unknown key.
pub(super) struct Section<'t, 'p> {
    path: String,
    // Where the section itself stands, for what is missing in it.
    origin: Origin,
    entries: &'t [Entry],
    known: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> Section<'t, 'p> {
    /// Opens the root mapping.
    pub(super) fn root(node: &'t Node, problems: &'p mut Vec<Problem>) -> Self {
        Self::open(String::new(), Origin::Line(0), Some(node), problems)
    }

    fn open(path: String, origin: Origin, node: Option<&'t Node>, problems: &'p mut Vec<Problem>) -> Self {
        let entries: &[Entry] = match node.map(|node| (&node.value, &node.origin)) {
            Some((Value::Map(entries), _)) => entries,
            // `server:` with nothing below it is an empty section, as YAML users expect.
            None | Some((Value::Null, _)) => &[],
            Some((other, origin)) => {
                problems.push(problem(origin, &path, format!("must hold keys, not {}", describe(other))));
                &[]
            }
        };
        Self { path, origin, entries, known: Vec::new(), problems }
    }

    /// Reads a nested mapping with `read`.
    pub(super) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Section<'t, '_>) -> T) -> T {
        self.known.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key);
        let (path, origin) = (self.join(key), entry.map_or(Origin::Line(0), |entry| entry.line.clone()));
        let mut section = Section::open(path, origin, entry.map(|entry| &entry.node), self.problems);
        let value = read(&mut section);
        section.finish();
        value
    }

    /// Reads a mapping whose keys are the operator's own, each of a nested mapping that `read` reads.
    pub(super) fn each<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'t, '_>) -> T,
    ) -> BTreeMap<String, T> {
        self.known.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key);
        let (path, origin) = (self.join(key), entry.map_or(Origin::Line(0), |entry| entry.line.clone()));
        let all = Section::open(path, origin, entry.map(|entry| &entry.node), self.problems);
        let mut values = BTreeMap::new();
        for entry in all.entries {
            let mut one = Section::open(all.join(&entry.key), entry.line.clone(), Some(&entry.node), all.problems);
            values.insert(entry.key.clone(), read(&mut one));
            one.finish();
        }
        values
    }

    /// How many problems there are so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    /// Reads one value with `parse`, or takes `default` when the key is absent or null.
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> T {
        self.known.push(key);
        let Some(entry) = self.entries.iter().find(|entry| entry.key == key) else {
            return default;
        };
        if matches!(entry.node.value, Value::Null) {
            return default;
        }
        match parse(&entry.node.value) {
            Ok(value) => value,
            Err(message) => {
                let path = self.join(key);
                self.problems.push(problem(&entry.node.origin, &path, message));
                default
            }
        }
    }

    /// Reports a problem that several keys make together.
    pub(super) fn complain(&mut self, key: &'static str, message: impl Into<String>) {
        let origin = self.entries.iter().find(|entry| entry.key == key).map_or(self.origin.clone(), |e| e.line.clone());
        let path = self.join(key);
        self.problems.push(problem(&origin, &path, message.into()));
    }

    /// Ends the section: what is left over is unknown.
    pub(super) fn finish(self) {
        for entry in self.entries {
            if !self.known.contains(&entry.key.as_str()) {
                let mut message = String::from("unknown key");
                if let Some(near) = nearest(&entry.key, &self.known) {
                    message.push_str(&format!("; did you mean `{near}`?"));
                }
                let path =
                    if self.path.is_empty() { entry.key.clone() } else { format!("{}.{}", self.path, entry.key) };
                self.problems.push(problem(&entry.line, &path, message));
            }
        }
    }

    fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn problem(origin: &Origin, key: &str, message: String) -> Problem {
    let (line, outside) = match origin {
        Origin::Line(0) => (None, None),
        Origin::Line(line) => (Some(*line), None),
        Origin::Outside(name) => (None, Some(name.clone())),
    };
    Problem { line, origin: outside, key: key.to_owned(), message }
}

/// The known key that differs only in case, or by its beginning: enough to catch the usual slips.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let squash = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = squash(key);
    known
        .iter()
        .copied()
        .find(|known| squash(known) == wanted)
        .or_else(|| known.iter().copied().find(|known| wanted.len() >= 4 && squash(known).starts_with(&wanted)))
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) | Value::Word(text) => format!("\"{}\"", text.escape_debug()),
        Value::List(_) => "a list".into(),
        Value::Map(_) => "a mapping".into(),
    }
}

/// Any text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) | Value::Word(text) if text.is_empty() => Err("must not be empty".into()),
        Value::Text(text) | Value::Word(text) if text.chars().any(char::is_control) => {
            Err("must not hold control characters".into())
        }
        Value::Text(text) | Value::Word(text) => Ok(text.clone()),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
            Err(format!("must be text; put {} in quotes", describe(value)))
        }
        other => Err(format!("must be text, not {}", describe(other))),
    }
}

/// A file system path.
pub(super) fn path(value: &Value) -> Result<PathBuf, String> {
    text(value).map(PathBuf::from)
}

/// A whole number within bounds.
pub(super) fn int<T: TryFrom<i128>>(range: RangeInclusive<i128>) -> impl FnOnce(&Value) -> Result<T, String> {
    move |value| {
        let wrong =
            || format!("must be a whole number from {} to {}, not {}", range.start(), range.end(), describe(value));
        let number = match value {
            Value::Int(number) => *number,
            Value::Word(word) => word.parse().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        if !range.contains(&number) {
            return Err(wrong());
        }
        T::try_from(number).map_err(|_| wrong())
    }
}

/// `true` or `false`.
pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Word(word) if word == "true" => Ok(true),
        Value::Word(word) if word == "false" => Ok(false),
        other => Err(format!("must be true or false, not {}", describe(other))),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(choices: &'static [(&'static str, T)]) -> impl FnOnce(&Value) -> Result<T, String> {
    move |value| {
        let word = match value {
            Value::Text(word) | Value::Word(word) => word.as_str(),
            _ => "",
        };
        choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            format!("must be one of {}, not {}", names.join(", "), describe(value))
        })
    }
}

/// An IP address.
pub(super) fn ip(value: &Value) -> Result<IpAddr, String> {
    text(value)?.parse().map_err(|_| format!("must be an IP address, not {}", describe(value)))
}

/// An IP address and a port.
pub(super) fn socket_addr(value: &Value) -> Result<SocketAddr, String> {
    text(value)?
        .parse()
        .map_err(|_| format!("must be an IP address and a port such as 127.0.0.1:8099, not {}", describe(value)))
}

/// A list of networks; a plain address counts as a network of one. In a flag or a variable the items are separated by
/// commas.
pub(super) fn networks(value: &Value) -> Result<Vec<IpNet>, String> {
    let words: Vec<String> = match value {
        Value::List(items) => items.iter().map(|item| text(&item.value)).collect::<Result<_, _>>()?,
        Value::Word(word) => word.split(',').map(|item| item.trim().to_owned()).filter(|i| !i.is_empty()).collect(),
        other => {
            return Err(format!("must be a list of networks, not {}", describe(other)));
        }
    };
    let mut networks = Vec::new();
    for word in &words {
        let network = word.parse::<IpNet>().or_else(|_| word.parse::<IpAddr>().map(IpNet::from));
        networks.push(network.map_err(|_| format!("\"{}\" is not a network such as 10.0.0.0/8", word.escape_debug()))?);
    }
    Ok(networks)
}
