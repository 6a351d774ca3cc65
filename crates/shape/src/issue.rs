//! One problem of a document, in the form that Zod 4 gives it.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// One step of the way from the root of a document to a value in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A key of the schema.
    Field(&'static str),
    /// A key of a record.
    Key(Box<str>),
    /// An index of a list.
    Index(usize),
}

impl Step {
    /// The text of a key; indices have none.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Step::Field(key) => Some(key),
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        }
    }
}

impl From<&'static str> for Step {
    fn from(key: &'static str) -> Self {
        Step::Field(key)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Step::Index(index)
    }
}

impl From<String> for Step {
    fn from(key: String) -> Self {
        Step::Key(key.into())
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Step::Field(key) => serializer.serialize_str(key),
            Step::Key(key) => serializer.serialize_str(key),
            Step::Index(index) => serializer.serialize_u64(*index as u64),
        }
    }
}

/// What kind of problem an issue is, with what belongs to that kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Code {
    /// The value is of another JSON type.
    InvalidType {
        /// The type that was expected.
        expected: &'static str,
        /// `safeint` where an integer was expected and a fraction came.
        format: Option<&'static str>,
    },
    /// The value is none of those allowed.
    InvalidValue {
        /// The values that are allowed.
        values: Vec<Value>,
    },
    /// The value is too short, too few or too small.
    TooSmall(Bound),
    /// The value is too long, too many or too large.
    TooBig(Bound),
    /// The string does not have the form it should have.
    InvalidFormat {
        /// `regex`, `email`, `url` or `datetime`.
        format: &'static str,
        /// The regular expression, between slashes.
        pattern: Option<String>,
    },
    /// A key of a record is not allowed.
    InvalidKey {
        /// What is wrong with the key.
        issues: Vec<Issue>,
    },
    /// The discriminator names no variant.
    NoVariant {
        /// The key that says which variant is meant.
        discriminator: &'static str,
        /// What it may say.
        options: &'static [&'static str],
    },
    /// None of several forms fits.
    NoForm {
        /// What is wrong with each of them.
        errors: Vec<Vec<Issue>>,
    },
    /// The object has keys that nobody knows.
    UnrecognizedKeys {
        /// The keys.
        keys: Vec<String>,
    },
    /// A rule of this product that has no name in Zod.
    Custom,
}

/// The bound that a value exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// `string`, `array`, `number` or `int`.
    pub origin: &'static str,
    /// The bound.
    pub limit: i64,
    /// Whether the bound itself is allowed.
    pub inclusive: bool,
    /// A remark of Zod's, on integers that a double cannot hold.
    pub note: Option<&'static str>,
}

/// One problem of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// What kind of problem it is.
    pub code: Code,
    /// Where it is.
    pub path: Vec<Step>,
    /// What a person should read.
    pub message: String,
}

impl Issue {
    /// A problem that only this product knows.
    pub fn custom(path: Vec<Step>, message: impl Into<String>) -> Self {
        Self { code: Code::Custom, path, message: message.into() }
    }

    /// The path as an RFC 6901 pointer.
    pub fn pointer(&self) -> String {
        pointer(&self.path)
    }
}

/// A path as an RFC 6901 pointer.
pub fn pointer(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        out.push('/');
        match step {
            Step::Index(index) => out.push_str(&index.to_string()),
            Step::Field(_) | Step::Key(_) => {
                out.push_str(&step.as_str().unwrap_or_default().replace('~', "~0").replace('/', "~1"));
            }
        }
    }
    out
}

impl Serialize for Issue {
    /// Writes the keys in the order in which Zod does.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.code {
            Code::InvalidType { expected, format } => {
                map.serialize_entry("expected", expected)?;
                if let Some(format) = format {
                    map.serialize_entry("format", format)?;
                }
                map.serialize_entry("code", "invalid_type")?;
            }
            Code::InvalidValue { values } => {
                map.serialize_entry("code", "invalid_value")?;
                map.serialize_entry("values", values)?;
            }
            Code::TooSmall(bound) => {
                map.serialize_entry("origin", bound.origin)?;
                map.serialize_entry("code", "too_small")?;
                map.serialize_entry("minimum", &bound.limit)?;
                map.serialize_entry("inclusive", &bound.inclusive)?;
                if let Some(note) = bound.note {
                    map.serialize_entry("note", note)?;
                }
            }
            Code::TooBig(bound) => {
                map.serialize_entry("origin", bound.origin)?;
                map.serialize_entry("code", "too_big")?;
                map.serialize_entry("maximum", &bound.limit)?;
                map.serialize_entry("inclusive", &bound.inclusive)?;
                if let Some(note) = bound.note {
                    map.serialize_entry("note", note)?;
                }
            }
            Code::InvalidFormat { format, pattern } => {
                map.serialize_entry("origin", "string")?;
                map.serialize_entry("code", "invalid_format")?;
                map.serialize_entry("format", format)?;
                if let Some(pattern) = pattern {
                    map.serialize_entry("pattern", pattern)?;
                }
            }
            Code::InvalidKey { issues } => {
                map.serialize_entry("code", "invalid_key")?;
                map.serialize_entry("origin", "record")?;
                map.serialize_entry("issues", issues)?;
            }
            Code::NoVariant { discriminator, options } => {
                map.serialize_entry("code", "invalid_union")?;
                map.serialize_entry("errors", &[(); 0])?;
                map.serialize_entry("note", "No matching discriminator")?;
                map.serialize_entry("discriminator", discriminator)?;
                map.serialize_entry("options", options)?;
            }
            Code::NoForm { errors } => {
                map.serialize_entry("code", "invalid_union")?;
                map.serialize_entry("errors", errors)?;
            }
            Code::UnrecognizedKeys { keys } => {
                map.serialize_entry("code", "unrecognized_keys")?;
                map.serialize_entry("keys", keys)?;
            }
            Code::Custom => map.serialize_entry("code", "custom")?,
        }
        map.serialize_entry("path", &self.path)?;
        map.serialize_entry("message", &self.message)?;
        map.end()
    }
}
