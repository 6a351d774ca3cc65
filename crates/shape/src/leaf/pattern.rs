//! Strings that match a regular expression, as newtypes.
//!
//! Most expressions of a document are plain sequences of character classes (`^[a-z][a-z0-9_-]{0,62}$`). Those are
//! matched by a small table instead of the regular expression engine: a document of ten thousand backends holds
//! a hundred thousand of them.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::json::Json;
use crate::leaf::text::{check_characters, check_line, string, string_schema};
use crate::reader::Reader;
use crate::schema::Schemas;

/// Declares string types by their regular expressions.
///
/// ```
/// shape::pattern! {
///     /// What names an entity.
///     pub struct Id = r"^[a-z][a-z0-9_-]{0,62}$";
///     /// A name of a section.
///     pub struct SecName = r"^[a-zA-Z][a-zA-Z0-9_-]*$", len 1..=64;
///     /// A time span.
///     pub struct Dur = r"^\d+(ms|s|m|h|d)$", "a number and one of ms, s, m, h, d";
/// }
/// # extern crate plenum_shape as shape;
/// assert!(Id::new("web-1").is_ok());
/// ```
///
/// `\d` means ASCII digits, as in JavaScript. The text after the expression is the message of the issue; without
/// it the message names the expression. Control characters are refused whatever the expression says.
#[macro_export]
macro_rules! pattern {
    ($(
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident = $pattern:literal
            $(, len $min:literal ..= $max:literal)? $(, $message:literal)?;
    )+) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name(::std::boxed::Box<str>);

        $crate::string_leaf!([] $name);

        impl $name {
            /// The form that values of this type have.
            pub fn form() -> &'static $crate::Form {
                static FORM: $crate::Form = $crate::Form::new($pattern)
                    $(.len($min, $max))? $(.message($message))?;
                &FORM
            }
        }

        impl $crate::Shape for $name {
            const EXPECTED: &'static str = "string";

            fn read(value: &$crate::Json<'_>, r: &mut $crate::Reader) -> ::std::option::Option<Self> {
                $crate::private::read_pattern(value, r, Self::form()).map(Self)
            }

            fn write(&self, w: &mut $crate::Writer<'_>) {
                w.string(&self.0);
            }

            fn schema(g: &mut $crate::Schemas) -> $crate::private::Value {
                $crate::private::pattern_schema::<Self>(
                    g,
                    ::std::stringify!($name),
                    ::std::concat!($($doc),*),
                    Self::form(),
                )
            }

            fn key(&self) -> ::std::option::Option<&str> {
                ::std::option::Option::Some(&self.0)
            }
        }
    )+};
}

/// A regular expression with the bounds and the message that belong to it.
#[derive(Debug)]
pub struct Form {
    pattern: &'static str,
    message: Option<&'static str>,
    min: usize,
    max: usize,
    matcher: OnceLock<Matcher>,
}

impl Form {
    /// The form of all strings that match `pattern`.
    pub const fn new(pattern: &'static str) -> Self {
        Self { pattern, message: None, min: 0, max: usize::MAX, matcher: OnceLock::new() }
    }

    /// With bounds of the length.
    #[must_use]
    pub const fn len(mut self, min: usize, max: usize) -> Self {
        self.min = min;
        self.max = max;
        self
    }

    /// With a message for people.
    #[must_use]
    pub const fn message(mut self, message: &'static str) -> Self {
        self.message = Some(message);
        self
    }

    /// The regular expression.
    pub fn pattern(&self) -> &'static str {
        self.pattern
    }

    /// Whether a string matches.
    pub fn is_match(&self, text: &str) -> bool {
        match self.matcher.get_or_init(|| Matcher::new(self.pattern)) {
            Matcher::Sequence(parts) => match_sequence(parts, text.as_bytes()),
            Matcher::Regex(regex) => regex.is_match(text),
            Matcher::Broken => false,
        }
    }
}

/// Reads a string of that form.
pub fn read_pattern(value: &Json<'_>, r: &mut Reader, form: &Form) -> Option<Box<str>> {
    let text = string(value, r)?;
    if form.max == usize::MAX && form.min == 0 {
        check_characters(text, r);
    } else {
        check_line(text, form.min, form.max, r);
    }
    if !form.is_match(text) {
        let message = match form.message {
            Some(message) => message.to_owned(),
            None => format!("Invalid string: must match pattern /{}/", form.pattern),
        };
        r.invalid_format("regex", Some(form.pattern), message);
    }
    Some(text.into())
}

/// The schema of a pattern type, under its own name.
pub fn pattern_schema<T>(g: &mut Schemas, name: &str, doc: &str, form: &Form) -> Value {
    g.named::<T>(name, |_| {
        let mut schema = string_schema(form.min, form.max, Some(form.pattern));
        if let (Value::Object(map), false) = (&mut schema, doc.trim().is_empty()) {
            map.insert("description".to_owned(), json!(doc.trim()));
        }
        schema
    })
}

#[derive(Debug)]
enum Matcher {
    Sequence(Vec<Part>),
    Regex(Box<Regex>),
    /// The expression is not one. Nothing matches, and the tests of whoever wrote it fail.
    Broken,
}

/// Some characters of one class, as many as the quantifier allows.
#[derive(Debug, PartialEq)]
struct Part {
    /// Bit `n` stands for the ASCII character `n`.
    class: u128,
    min: usize,
    max: usize,
}

impl Matcher {
    fn new(pattern: &str) -> Self {
        if let Some(parts) = sequence(pattern) {
            return Self::Sequence(parts);
        }
        // In this engine `\d` and `\s` mean Unicode's; a document's mean ASCII's.
        let ascii = pattern.replace(r"\d", "[0-9]").replace(r"\s", r"[\t-\r ]");
        Regex::new(&ascii).map_or(Self::Broken, |regex| Self::Regex(Box::new(regex)))
    }
}

fn match_sequence(parts: &[Part], text: &[u8]) -> bool {
    let mut rest = text;
    for part in parts {
        let fits = |byte: u8| byte < 128 && part.class >> byte & 1 == 1;
        let count = rest.iter().take(part.max).take_while(|&&byte| fits(byte)).count();
        if count < part.min {
            return false;
        }
        rest = &rest[count..];
    }
    rest.is_empty()
}

/// The parts of an expression that is a plain sequence in which taking as much as possible is always right:
/// a part that may vary in length never shares a character with what may follow it.
fn sequence(pattern: &str) -> Option<Vec<Part>> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut chars = inner.chars().peekable();
    let mut parts = Vec::new();
    while let Some(c) = chars.next() {
        let class = match c {
            '[' => class(&mut chars)?,
            '\\' => escaped(chars.next()?)?,
            '(' | ')' | '|' | '.' | '^' | '$' | '*' | '+' | '?' | '{' => return None,
            c => bit(c)?,
        };
        let (min, max) = match chars.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                let counts: String = chars.by_ref().skip(1).take_while(|&c| c != '}').collect();
                let (min, max) = match counts.split_once(',') {
                    Some((min, "")) => (min.parse().ok()?, usize::MAX),
                    Some((min, max)) => (min.parse().ok()?, max.parse().ok()?),
                    None => (counts.parse().ok()?, counts.parse().ok()?),
                };
                parts.push(Part { class, min, max });
                continue;
            }
            _ => {
                parts.push(Part { class, min: 1, max: 1 });
                continue;
            }
        };
        chars.next();
        parts.push(Part { class, min, max });
    }
    for (index, part) in parts.iter().enumerate() {
        if part.min != part.max {
            for next in &parts[index + 1..] {
                if part.class & next.class != 0 {
                    return None;
                }
                if next.min > 0 {
                    break;
                }
            }
        }
    }
    Some(parts)
}

fn bit(c: char) -> Option<u128> {
    c.is_ascii().then(|| 1 << u32::from(c))
}

fn range(from: char, to: char) -> Option<u128> {
    (from..=to).try_fold(0, |bits, c| Some(bits | bit(c)?))
}

fn escaped(c: char) -> Option<u128> {
    match c {
        'd' => range('0', '9'),
        's' => Some(range('\t', '\r')? | bit(' ')?),
        'w' => Some(range('0', '9')? | range('a', 'z')? | range('A', 'Z')? | bit('_')?),
        c if c.is_ascii_alphanumeric() => None,
        c => bit(c),
    }
}

/// The rest of a character class after its bracket.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<u128> {
    let mut bits = 0;
    let mut before: Option<char> = None;
    loop {
        match chars.next()? {
            ']' => return Some(bits),
            '[' | '^' | '&' | '~' => return None,
            '\\' => {
                bits |= escaped(chars.next()?)?;
                before = None;
            }
            '-' if before.is_some() && chars.peek() != Some(&']') => {
                bits |= range(before?, chars.next()?)?;
                before = None;
            }
            c => {
                bits |= bit(c)?;
                before = Some(c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEQUENCES: [&str; 8] = [
        r"^[a-z][a-z0-9_-]{0,62}$",
        r"^[a-zA-Z0-9][a-zA-Z0-9.-]{0,252}$",
        r"^[0-9a-fA-F:.]+/\d{1,3}$",
        r"^\d+[kmgKMG]?$",
        r"^[\d*,/\s-]+$",
        r"^[A-Za-z]{2}$",
        r"^\d{3}$",
        r"^[a-zA-Z_][a-zA-Z0-9_]*$",
    ];

    #[test]
    fn plain_sequences_need_no_engine() {
        for pattern in SEQUENCES {
            assert!(sequence(pattern).is_some(), "{pattern}");
        }
        for pattern in [r"^\d+(ms|s)$", r"^[a-z]*[a-z]$", r"^(a|b)$", r"^[^a]$", r"^a.$", "a"] {
            assert_eq!(sequence(pattern), None, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn the_table_and_the_engine_agree(at in 0..SEQUENCES.len(), text in "[a-cA-C0-2k_.:/* -]{0,8}") {
            let pattern = SEQUENCES[at];
            let ascii = pattern.replace(r"\d", "[0-9]").replace(r"\s", r"[\t-\r ]");
            let engine = Regex::new(&ascii).unwrap().is_match(&text);
            prop_assert_eq!(Form::new(pattern).is_match(&text), engine);
        }
    }

    #[test]
    fn digits_are_ascii() {
        assert!(!Form::new(r"^\d+(ms|s)$").is_match("٣s"));
        assert!(Form::new(r"^\d+(ms|s)$").is_match("3s"));
    }
}
