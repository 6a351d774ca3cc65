//! Records: objects whose keys are data.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::issue::Code;
use crate::json::Json;
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::{Writer, utf16_order};

/// A record from keys `K` to values `V`, in UTF-16 order of the keys whatever order they came in.
///
/// Keys are strings of the document, so they follow the rules of their type; a key type tells its text by
/// [`Shape::key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Shape, V> FromIterator<(K, V)> for Map<K, V> {
    /// Of two entries with one key the later stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map: Vec<(K, V)> = entries.into_iter().collect();
        map.sort_by(|a, b| utf16_order(text(&a.0), text(&b.0)));
        map.reverse();
        map.dedup_by(|a, b| text(&a.0) == text(&b.0));
        map.reverse();
        Self(map)
    }
}

fn text<K: Shape>(key: &K) -> &str {
    key.key().unwrap_or_default()
}

impl<K: Shape, V> Map<K, V> {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&V> {
        let at = self.0.binary_search_by(|(k, _)| utf16_order(text(k), key)).ok()?;
        Some(&self.0[at].1)
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> + DoubleEndedIterator {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Shape, V: Shape> Shape for Map<K, V> {
    const EXPECTED: &'static str = "record";
    const HAS_SECRETS: bool = V::HAS_SECRETS;

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let Json::Object(object) = value else {
            return r.mismatch(Self::EXPECTED, value);
        };
        let mut entries = Vec::with_capacity(object.len());
        for (text, value) in object.iter() {
            let (key, issues) = r.attempt(|r| K::read(&Json::String(Cow::Borrowed(text)), r));
            r.enter(text.to_owned());
            if !issues.is_empty() {
                r.issue(Code::InvalidKey { issues }, "Invalid key in record");
            }
            entries.extend(key.zip(V::read(value, r)));
            r.leave();
        }
        (entries.len() == object.len()).then(|| entries.into_iter().collect())
    }

    fn fill(_: &mut Reader) -> Option<Self> {
        Some(Self::default())
    }

    fn write(&self, w: &mut Writer<'_>) {
        let mut members = w.object(None);
        for (key, value) in &self.0 {
            w.key(&mut members, text(key));
            value.write(w);
        }
        w.end(members);
    }

    fn schema(g: &mut Schemas) -> Value {
        json!({
            "type": "object",
            "propertyNames": K::schema(g),
            "additionalProperties": V::schema(g),
        })
    }

    fn keep_secrets(&mut self, old: Option<&Self>, r: &mut Reader) {
        if V::HAS_SECRETS {
            for (key, value) in &mut self.0 {
                let before = old.and_then(|old| old.get(text(key)));
                r.at(text(key).to_owned(), |r| value.keep_secrets(before, r));
            }
        }
    }

    fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut Box<str>)) {
        if V::HAS_SECRETS {
            for (_, value) in &mut self.0 {
                value.visit_secrets(visit);
            }
        }
    }
}
