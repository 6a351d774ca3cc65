//! The YAML text as a tree whose every key and value knows its line.
//!
//! The configuration is not deserialised straight into its structs, because serde stops at the first mistake and an
//! operator wants to see all of them. This module is the only place that knows the YAML parser; it gives no meaning to
//! any key.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// Where a value was written: a line of the file, or the name of the flag or variable that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Line(u64),
    Outside(String),
}

/// One value with the place it came from.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

/// What a YAML node can hold, plus `Word` for the untyped text of a flag or an environment variable.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Word(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: Origin,
    pub(super) node: Node,
}

/// A text that is not YAML, or YAML of a kind that a configuration never needs (two equal keys, several documents).
pub(super) struct Malformed {
    pub(super) line: Option<u64>,
    pub(super) message: String,
}

/// Parses the text of a configuration file. An empty file is an empty mapping.
pub(super) fn parse(text: &str) -> Result<Node, Malformed> {
    if text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    }) {
        return Ok(Node::empty());
    }
    let options = serde_saphyr::options! {
        // `mode: off` is the word "off", not a boolean.
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options) {
        Ok(root) => Ok(Node::from(root)),
        Err(error) => {
            Err(Malformed { line: error.location().map(|location| location.line()), message: error.to_string() })
        }
    }
}

impl Node {
    /// A mapping without keys.
    pub(super) fn empty() -> Self {
        Self { origin: Origin::Line(1), value: Value::Map(Vec::new()) }
    }

    /// Whether there is something at a dotted key, or in its way.
    pub(super) fn holds(&self, path: &[&str]) -> bool {
        let Some((first, rest)) = path.split_first() else { return true };
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|entry| entry.key == *first).is_some_and(|entry| entry.node.holds(rest))
            }
            // An empty section, as with `mesh:` and nothing below it.
            Value::Null => false,
            _ => true,
        }
    }

    /// Puts a word at a dotted key, over whatever the file says there.
    pub(super) fn set(&mut self, path: &[&str], word: &str, origin: &Origin) {
        let Some((first, rest)) = path.split_first() else {
            *self = Self { origin: origin.clone(), value: Value::Word(word.to_owned()) };
            return;
        };
        if !matches!(self.value, Value::Map(_)) {
            *self = Self { origin: origin.clone(), value: Value::Map(Vec::new()) };
        }
        let Value::Map(entries) = &mut self.value else {
            return;
        };
        let at = entries.iter().position(|entry| entry.key == *first).unwrap_or_else(|| {
            entries.push(Entry {
                key: (*first).to_owned(),
                line: origin.clone(),
                node: Self { origin: origin.clone(), value: Value::Null },
            });
            entries.len() - 1
        });
        entries[at].node.set(rest, word, origin);
    }
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self { origin: Origin::Line(spanned.referenced.line()), value: spanned.value }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(i128::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(i128::from(value)))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Value>>()? {
            items.push(Node::from(item));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let node = Node::from(map.next_value::<Spanned<Value>>()?);
            entries.push(Entry { line: Origin::Line(key.referenced.line()), key: key.value, node });
        }
        Ok(Value::Map(entries))
    }
}
