//! Arguments of commands, which cannot end or extend the command that they are in.

use std::fmt;

use crate::Error;

/// A name: a backend, a server, a frontend. Holds no blank, no control character and none of `; \ /`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(String);

impl Word {
    /// Takes a name, or says why it cannot be one.
    pub fn new(value: impl Into<String>) -> Result<Self, Error> {
        let value = value.into();
        let reason = if value.is_empty() {
            "it is empty"
        } else if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
            "it holds a blank or a control character"
        } else if value.contains([';', '\\', '/']) {
            "it holds one of ; \\ /"
        } else if value.starts_with("<<") {
            "it begins with <<"
        } else {
            return Ok(Self(value));
        };
        Err(Error::Argument { value: shown(&value), reason })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A map's file, key or value: any text without control characters; displayed with its blanks and `; \` escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// Takes a text, or says why it cannot be one.
    pub fn new(value: impl Into<String>) -> Result<Self, Error> {
        let value = value.into();
        let reason = if value.is_empty() {
            "it is empty"
        } else if value.chars().any(char::is_control) {
            "it holds a control character"
        } else if value.starts_with("<<") {
            "it begins with <<"
        } else if value.starts_with('#') {
            "it begins with #, which would be a reference to an entry"
        } else if value.starts_with('@') {
            "it begins with @, which would be a version"
        } else {
            return Ok(Self(value));
        };
        Err(Error::Argument { value: shown(&value), reason })
    }

    /// The text, not escaped.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if matches!(c, ' ' | ';' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

fn shown(value: &str) -> String {
    value.chars().take(60).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v3_nothing_that_ends_a_command_is_a_word() {
        for value in ["", "a b", "a;b", "a\nb", "a\tb", "a\\", "a/b", "<<", "a\u{a0}b", "\u{0}"] {
            assert!(Word::new(value).is_err(), "{value:?}");
        }
        assert_eq!(Word::new("web-1.example_x:2").unwrap().to_string(), "web-1.example_x:2");
    }

    #[test]
    fn v3_texts_are_escaped_and_hold_no_control_character() {
        for value in ["", "a\nb", "#1", "@2", "<<", "a\rb"] {
            assert!(Text::new(value).is_err(), "{value:?}");
        }
        assert_eq!(Text::new(r"a b;c\d").unwrap().to_string(), r"a\ b\;c\\d");
    }
}
