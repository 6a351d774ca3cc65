//! JSON that no type describes: the free part of a record, and the `x-…` keys of any object.

use serde_json::Value;

use crate::json::{Json, Object};
use crate::leaf::text::check_characters;
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::{Members, Secrets, Writer, to_value, utf16_order};

/// What a key begins with that the schema does not know and keeps all the same.
const PREFIX: &str = "x-";

/// Any JSON value, kept as canonical text. Its strings follow the rule against control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnyJson(Box<str>);

impl AnyJson {
    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as a tree.
    pub fn to_value(&self) -> Value {
        to_value(self, Secrets::Masked)
    }

    fn of(value: &Json<'_>) -> Self {
        let mut w = Writer::new(Secrets::Masked);
        w.json(value);
        let text = String::from_utf8(w.into_bytes()).unwrap_or_default();
        Self(text.into())
    }
}

/// Reports control characters anywhere in a value.
fn check(value: &Json<'_>, r: &mut Reader) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => check_characters(text, r),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                r.enter(index);
                check(item, r);
                r.leave();
            }
        }
        Json::Object(object) => check_members(object, r),
    }
}

fn check_members(object: &Object<'_>, r: &mut Reader) {
    for (key, value) in object.iter() {
        r.enter(key.to_owned());
        check_characters(key, r);
        check(value, r);
        r.leave();
    }
}

impl Shape for AnyJson {
    const EXPECTED: &'static str = "any";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        check(value, r);
        Some(Self::of(value))
    }

    fn fill(_: &mut Reader) -> Option<Self> {
        Some(Self("null".into()))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.canonical(&self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        Value::Bool(true)
    }
}

/// The `x-…` keys of one object, with their values. Empty, it takes one word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(Option<Box<Kept>>);

/// Members in UTF-16 order of their keys.
type Kept = Vec<(Box<str>, AnyJson)>;

impl Extra {
    /// Whether a key is kept here.
    pub fn takes(key: &str) -> bool {
        key.starts_with(PREFIX)
    }

    /// Keeps these members.
    pub fn collect<'o>(found: Vec<(&'o str, &'o Json<'_>)>, r: &mut Reader) -> Self {
        if found.is_empty() {
            return Self(None);
        }
        let mut members = Vec::with_capacity(found.len());
        for (key, value) in found {
            r.enter(key.to_owned());
            check_characters(key, r);
            check(value, r);
            r.leave();
            members.push((key.into(), AnyJson::of(value)));
        }
        members.sort_by(|a: &(Box<str>, AnyJson), b| utf16_order(&a.0, &b.0));
        Self(Some(Box::new(members)))
    }

    /// Writes the members among those of an object.
    pub fn write_members(&self, w: &mut Writer<'_>, members: &mut Members) {
        for (key, value) in self.iter() {
            w.key(members, key);
            value.write(w);
        }
    }

    /// The members in UTF-16 order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AnyJson)> {
        self.0.iter().flat_map(|members| members.iter()).map(|(key, value)| (&**key, value))
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}
