//! Strings: one line, or several.
//!
//! No string of a document holds a control character, so that no value can ever become a second line of a
//! configuration. [`Body`] is the one exception, for the contents of files.

use serde_json::{Map, Value, json};

use crate::issue::Issue;
use crate::json::Json;
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::Writer;

/// As a bound of a length: none.
pub const NO_LIMIT: usize = usize::MAX;

/// What a JSON Schema can say of the rule against control characters.
pub(crate) const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$";

/// One line of text of `MIN` to `MAX` UTF-16 units.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MIN: usize, const MAX: usize>(Box<str>);

/// A text of at most `MAX` UTF-16 units that may hold line ends and tabs: the contents of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Body<const MAX: usize>(Box<str>);

crate::string_leaf!([const MIN: usize, const MAX: usize] Text<MIN, MAX>);
crate::string_leaf!([const MAX: usize] Body<MAX>);

impl<const MIN: usize, const MAX: usize> Shape for Text<MIN, MAX> {
    const EXPECTED: &'static str = "string";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let text = string(value, r)?;
        check_line(text, MIN, MAX, r);
        Some(Self(text.into()))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        string_schema(MIN, MAX, Some(ONE_LINE))
    }

    fn key(&self) -> Option<&str> {
        Some(&self.0)
    }
}

impl<const MAX: usize> Shape for Body<MAX> {
    const EXPECTED: &'static str = "string";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let text = string(value, r)?;
        check_length(utf16_len(text), 0, MAX, r);
        if let Some(c) = text.chars().find(|&c| is_control(c) && !matches!(c, '\n' | '\r' | '\t')) {
            refuse_control(c, r);
        }
        Some(Self(text.into()))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        string_schema(0, MAX, None)
    }
}

/// The text of a JSON string, or an issue.
pub(crate) fn string<'j>(value: &'j Json<'_>, r: &mut Reader) -> Option<&'j str> {
    match value {
        Json::String(text) => Some(text),
        _ => r.mismatch("string", value),
    }
}

/// Whether a character may not be in one line of text: C0, DEL, C1, and Unicode's own line ends.
pub(crate) fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

fn utf16_len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// Reports a length out of bounds.
fn check_length(length: usize, min: usize, max: usize, r: &mut Reader) {
    let limit = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    if length < min {
        r.too_small("string", limit(min), true);
    }
    if length > max {
        r.too_big("string", limit(max), true);
    }
}

/// Reports what keeps a text from being one line of that length.
pub(crate) fn check_line(text: &str, min: usize, max: usize, r: &mut Reader) {
    if text.bytes().all(|b| matches!(b, 0x20..0x7f)) {
        check_length(text.len(), min, max, r);
        return;
    }
    check_length(utf16_len(text), min, max, r);
    check_characters(text, r);
}

/// Reports a control character.
pub(crate) fn check_characters(text: &str, r: &mut Reader) {
    if let Some(c) = text.chars().find(|&c| is_control(c)) {
        refuse_control(c, r);
    }
}

fn refuse_control(c: char, r: &mut Reader) {
    r.custom(format!("must not hold control characters (found U+{:04X})", u32::from(c)));
}

/// The schema of a string.
pub(crate) fn string_schema(min: usize, max: usize, pattern: Option<&str>) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("string"));
    if min > 0 {
        schema.insert("minLength".to_owned(), json!(min));
    }
    if max != NO_LIMIT {
        schema.insert("maxLength".to_owned(), json!(max));
    }
    if let Some(pattern) = pattern {
        schema.insert("pattern".to_owned(), json!(pattern));
    }
    Value::Object(schema)
}

/// Reads a string leaf from plain text.
pub fn read_leaf<T: Shape>(text: &str) -> Result<T, Vec<Issue>> {
    let mut r = Reader::new();
    let value = T::read(&Json::String(text.into()), &mut r);
    match value {
        Some(value) if r.is_clean() => Ok(value),
        _ => Err(r.into_issues()),
    }
}

/// What every leaf around a `Box<str>` offers.
#[doc(hidden)]
#[macro_export]
macro_rules! string_leaf {
    ([$($generics:tt)*] $leaf:ty) => {
        impl<$($generics)*> $leaf {
            /// Checks a text by the same rules as a document's.
            pub fn new(text: impl AsRef<str>) -> Result<Self, ::std::vec::Vec<$crate::Issue>> {
                $crate::private::read_leaf(text.as_ref())
            }

            /// A text of the program's own, known to follow the rules; for defaults.
            pub fn lit(text: &'static str) -> Self {
                debug_assert!(Self::new(text).is_ok(), "not a value of this leaf: {text:?}");
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<$($generics)*> ::std::convert::From<&'static str> for $leaf {
            /// As `lit`.
            fn from(text: &'static str) -> Self {
                Self::lit(text)
            }
        }

        impl<$($generics)*> ::std::ops::Deref for $leaf {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl<$($generics)*> ::std::convert::AsRef<str> for $leaf {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<$($generics)*> ::std::borrow::Borrow<str> for $leaf {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<$($generics)*> ::std::fmt::Display for $leaf {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<$($generics)*> ::std::cmp::PartialEq<str> for $leaf {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl<$($generics)*> ::std::cmp::PartialEq<&str> for $leaf {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    };
}
