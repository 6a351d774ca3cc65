//! Typed documents: one declaration gives schema, validation, defaults and canonical JSON.
//!
//! A type that derives [`Shape`] can be read from JSON in one pass that fills every nested default and
//! collects every problem in the form Zod 4 gives it ([`Issue`]), be written as canonical JSON
//! ([`Writer`], RFC 8785), and describe itself as a JSON Schema ([`Schemas`], draft 2020-12).
//!
//! | leaf | holds |
//! |---|---|
//! | `bool`, [`Int`], [`Positive`], [`Num`], [`Lit`] | truth, integers in a range, integers above zero, numbers in a range, one literal integer |
//! | [`Text`], [`Body`], [`pattern!`] | one line of text, a text with lines, one line that matches a regular expression |
//! | [`Url`], [`Email`], [`Time`] | what WATWG, Zod and ISO 8601 understand by these |
//! | [`Secret`] | a string that is masked in every answer and sealed in the store |
//! | `Option<T>`, [`Nullable`] | may be absent; may be `null` |
//! | `Vec<T>`, [`List`], [`Map`], [`Either`] | arrays, arrays with a least length, records, one of two forms |
//! | [`AnyJson`], [`Extra`] | any JSON; the `x-…` keys of an object |
//!
//! It does not know any document, nor files, nor HTTP. It never keeps a value that it reported: a document
//! with issues is not handed out by those who call [`Reader::into_issues`].

#![forbid(unsafe_code)]

mod issue;
mod json;
mod leaf;
mod parse;
mod reader;
mod schema;
mod shape_trait;
mod writer;

pub use issue::{Bound, Code, Issue, Step, pointer};
pub use json::{Json, Object};
pub use leaf::any::{AnyJson, Extra};
pub use leaf::either::Either;
pub use leaf::formats::{Email, Time, Url};
pub use leaf::list::List;
pub use leaf::map::Map;
pub use leaf::nullable::Nullable;
pub use leaf::number::{Int, Lit, Num, Positive};
pub use leaf::pattern::Form;
pub use leaf::secret::{MASK, SEALED, Secret};
pub use leaf::text::{Body, NO_LIMIT, Text};
pub use parse::{MAX_DEPTH, SyntaxError, parse};
pub use reader::{Reader, SAFE};
pub use schema::Schemas;
pub use shape_derive::Shape;
pub use shape_trait::{Fields, Shape};
pub use writer::{Members, Secrets, Writer, to_value, utf16_order};

/// What macros of this crate need at their place of use; not for hands.
#[doc(hidden)]
pub mod private {
    pub use crate::leaf::pattern::{pattern_schema, read_pattern};
    pub use crate::leaf::text::read_leaf;
    pub use crate::schema::{filled, object_schema, property_schema, strings_schema, union_schema};
    pub use serde_json::Value;
}
