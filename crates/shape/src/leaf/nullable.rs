//! A value or `null`. Unlike `Option`, the key stays in the document.

use serde_json::{Value, json};

use crate::json::Json;
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::Writer;

/// A value or `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nullable<T>(pub Option<T>);

impl<T> Default for Nullable<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Option<T>> for Nullable<T> {
    fn from(value: Option<T>) -> Self {
        Self(value)
    }
}

impl<T> std::ops::Deref for Nullable<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T: Shape> Shape for Nullable<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const HAS_SECRETS: bool = T::HAS_SECRETS;

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        match value {
            Json::Null => Some(Self(None)),
            _ => T::read(value, r).map(|value| Self(Some(value))),
        }
    }

    fn absent(r: &mut Reader) -> Option<Self> {
        T::absent(r).map(|value| Self(Some(value)))
    }

    fn fill(_: &mut Reader) -> Option<Self> {
        Some(Self(None))
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.0.write(w);
    }

    fn schema(g: &mut Schemas) -> Value {
        json!({ "anyOf": [T::schema(g), { "type": "null" }] })
    }

    fn key(&self) -> Option<&str> {
        self.0.key()
    }

    fn keep_secrets(&mut self, old: Option<&Self>, r: &mut Reader) {
        self.0.keep_secrets(old.map(|old| &old.0), r);
    }

    fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut Box<str>)) {
        self.0.visit_secrets(visit);
    }
}
