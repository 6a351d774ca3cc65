//! Strings that nobody but an engine's file gets to see.
//!
//! There is no `Serialize`, `Debug` shows a mask, and the one way to the text is [`Secret::expose`], which is easy
//! to look for. On the wire a secret reads `***`; `***` sent back keeps what is stored.

use std::fmt;

use serde_json::{Value, json};

use crate::json::Json;
use crate::leaf::text::{ONE_LINE, check_line, string, string_schema};
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::{Secrets, Writer};

/// What stands for a secret wherever it is shown.
pub const MASK: &str = "***";

/// What a sealed secret begins with in stored text.
pub const SEALED: &str = "sealed:";

/// A secret string of `MIN` to `MAX` UTF-16 units, on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<const MIN: usize = 1, const MAX: usize = 4096>(Held);

#[derive(Clone, PartialEq, Eq)]
enum Held {
    /// `***` was sent; [`Shape::keep_secrets`] has still to find what it stands for.
    Kept,
    Text(Box<str>),
}

impl<const MIN: usize, const MAX: usize> Secret<MIN, MAX> {
    /// A secret from plain text; the caller answers for its length.
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self(Held::Text(text.into()))
    }

    /// The text, for the file of an engine or the request that needs it.
    pub fn expose(&self) -> &str {
        match &self.0 {
            Held::Text(text) => text,
            Held::Kept => MASK,
        }
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Debug for Secret<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<const MIN: usize, const MAX: usize> Shape for Secret<MIN, MAX> {
    const EXPECTED: &'static str = "string";
    const HAS_SECRETS: bool = true;

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let text = string(value, r)?;
        if text == MASK {
            return Some(Self(Held::Kept));
        }
        // Sealed text is longer than what it holds; it was checked before it was sealed.
        if !(r.is_stored() && text.starts_with(SEALED)) {
            check_line(text, MIN, MAX, r);
        }
        Some(Self(Held::Text(text.into())))
    }

    fn write(&self, w: &mut Writer<'_>) {
        match (&self.0, w.secrets()) {
            (Held::Kept, _) | (_, Secrets::Masked) => w.string(MASK),
            (Held::Text(text), Secrets::Clear) => w.string(text),
            (Held::Text(text), Secrets::Sealed(seal)) => w.string(&format!("{SEALED}{}", seal(text))),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        let mut schema = string_schema(MIN, MAX, Some(ONE_LINE));
        if let Value::Object(map) = &mut schema {
            map.insert("format".to_owned(), json!("password"));
            map.insert("writeOnly".to_owned(), json!(true));
        }
        schema
    }

    fn keep_secrets(&mut self, old: Option<&Self>, r: &mut Reader) {
        if self.0 == Held::Kept {
            match old {
                Some(Self(Held::Text(text))) => self.0 = Held::Text(text.clone()),
                _ => r.custom("\"***\" keeps a stored secret, but none is stored here"),
            }
        }
    }

    fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut Box<str>)) {
        if let Held::Text(text) = &mut self.0 {
            visit(text);
        }
    }
}
