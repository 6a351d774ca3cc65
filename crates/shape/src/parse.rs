//! From bytes to [`Json`], strictly: RFC 8259 and nothing more.
//!
//! Refused beyond plain syntax errors: a key given twice in one object (whoever reads the document would see
//! only one of them), nesting deeper than [`MAX_DEPTH`], numbers that no double can hold, half surrogate
//! pairs, a byte order mark, and anything after the value.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use crate::json::{Json, Object};

/// The deepest nesting that is read; the deepest document of the product needs about ten.
pub const MAX_DEPTH: usize = 64;

/// Up to this many keys are compared with those that a [`Sieve`] suspects, which is cheaper than hashing them.
const FEW_KEYS: usize = 32;

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Line of the problem, from 1.
    pub line: usize,
    /// Column of the problem in characters, from 1.
    pub column: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message, self.line, self.column)
    }
}

impl std::error::Error for SyntaxError {}

/// Parses one JSON value that fills the whole of `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, SyntaxError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(locate(bytes, error.valid_up_to(), "invalid UTF-8".to_owned())),
    };
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, depth: 0, items: Vec::new(), members: Vec::new() };
    parser.document().map_err(|failure| locate(bytes, failure.0, failure.1))
}

fn locate(bytes: &[u8], at: usize, message: String) -> SyntaxError {
    let before = &bytes[..at.min(bytes.len())];
    let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |p| p + 1);
    SyntaxError {
        message,
        line: 1 + before.iter().filter(|&&b| b == b'\n').count(),
        // Continuation bytes are not characters of their own.
        column: 1 + before[line_start..].iter().filter(|&&b| b & 0xc0 != 0x80).count(),
    }
}

/// Where a problem is, and what it is. Boxed, so that results are as small as values.
type Failure = Box<(usize, String)>;

fn failure<T>(at: usize, message: impl Into<String>) -> Result<T, Failure> {
    Err(Box::new((at, message.into())))
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// The items of all arrays that are open, innermost last. A finished array takes its own off, so that each
    /// is allocated once and at its size.
    items: Vec<Json<'a>>,
    /// The members of all objects that are open, likewise.
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

/// A set of keys that may be wrong about a key that is not in it, never about one that is.
#[derive(Default)]
struct Sieve(u64);

impl Sieve {
    /// Adds a key; says whether it may have been there already.
    fn add(&mut self, key: &str) -> bool {
        let bytes = key.as_bytes();
        let ends = bytes.first().copied().unwrap_or(0).wrapping_mul(31) ^ bytes.last().copied().unwrap_or(0);
        let middle = bytes.get(bytes.len() / 2).copied().unwrap_or(0);
        let hash = u64::from(ends.wrapping_add(middle.wrapping_mul(7))) ^ bytes.len() as u64;
        let bit = 1 << (hash % 64);
        let known = self.0 & bit != 0;
        self.0 |= bit;
        known
    }
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Json<'a>, Failure> {
        self.space();
        if self.at == self.bytes.len() {
            return failure(self.at, "the text is empty, expected a JSON value");
        }
        let value = self.value()?;
        self.space();
        if self.at < self.bytes.len() {
            return failure(self.at, "unexpected text after the JSON value");
        }
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T, Failure> {
        let message = match self.text[self.at..].chars().next() {
            Some(found) => format!("expected {wanted}, found {found:?}"),
            None => format!("expected {wanted}, but the text ends"),
        };
        failure(self.at, message)
    }

    fn value(&mut self) -> Result<Json<'a>, Failure> {
        match self.peek() {
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true").map(|()| Json::Bool(true)),
            Some(b'f') => self.word("false").map(|()| Json::Bool(false)),
            Some(b'n') => self.word("null").map(|()| Json::Null),
            _ => self.unexpected("a JSON value"),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Failure> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            self.unexpected("a JSON value")
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Json<'a>, Failure>) -> Result<Json<'a>, Failure> {
        if self.depth == MAX_DEPTH {
            return failure(self.at, format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Json<'a>, Failure> {
        let start = self.items.len();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(Vec::new()));
        }
        loop {
            self.space();
            let item = self.value()?;
            self.items.push(item);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(self.items.drain(start..).collect()));
                }
                _ => return self.unexpected("`,` or `]`"),
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, Failure> {
        let start = self.members.len();
        let mut sieve = Sieve::default();
        let mut many: HashSet<Cow<'a, str>> = HashSet::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(Object::default()));
        }
        loop {
            self.space();
            let key_at = self.at;
            if self.peek() != Some(b'"') {
                return self.unexpected("a key in double quotes");
            }
            let key = self.string()?;
            let members = &self.members[start..];
            let seen = if members.len() < FEW_KEYS {
                sieve.add(&key) && members.iter().any(|(k, _)| *k == key)
            } else {
                if many.is_empty() {
                    many.extend(members.iter().map(|(k, _)| k.clone()));
                }
                !many.insert(key.clone())
            };
            if seen {
                return failure(key_at, format!("the key {:?} is given twice", key.as_ref()));
            }
            self.space();
            if self.peek() != Some(b':') {
                return self.unexpected("`:`");
            }
            self.at += 1;
            self.space();
            let value = self.value()?;
            self.members.push((key, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(Object::from_members(self.members.drain(start..).collect())));
                }
                _ => return self.unexpected("`,` or `}`"),
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Failure> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Cow::Borrowed(&self.text[start..at]));
                }
                Some(b'\\') => break,
                Some(0..0x20) => return failure(at, "control character in a string"),
                Some(_) => at += 1,
                None => return failure(self.at, "the string is not closed"),
            }
        }
        self.string_with_escapes(start, at).map(Cow::Owned)
    }

    /// The rest of a string whose first escape is at `at`.
    fn string_with_escapes(&mut self, start: usize, mut at: usize) -> Result<String, Failure> {
        let mut out = String::with_capacity(at - start + 16);
        let mut plain = start;
        loop {
            match self.bytes.get(at) {
                Some(b'"') => {
                    out.push_str(&self.text[plain..at]);
                    self.at = at + 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(&self.text[plain..at]);
                    let (character, next) = self.escape(at)?;
                    out.push(character);
                    at = next;
                    plain = next;
                }
                Some(0..0x20) => return failure(at, "control character in a string"),
                Some(_) => at += 1,
                None => return failure(self.at, "the string is not closed"),
            }
        }
    }

    /// The character that the escape at `at` stands for, and where the text goes on.
    fn escape(&self, at: usize) -> Result<(char, usize), Failure> {
        let plain = |character| Ok((character, at + 2));
        match self.bytes.get(at + 1) {
            Some(b'"') => plain('"'),
            Some(b'\\') => plain('\\'),
            Some(b'/') => plain('/'),
            Some(b'b') => plain('\u{8}'),
            Some(b'f') => plain('\u{c}'),
            Some(b'n') => plain('\n'),
            Some(b'r') => plain('\r'),
            Some(b't') => plain('\t'),
            Some(b'u') => {
                let high = self.hex(at + 2)?;
                if let Some(character) = char::from_u32(high) {
                    return Ok((character, at + 6));
                }
                let half = || Box::new((at, "half a surrogate pair in a string".to_owned()));
                if high >= 0xdc00 || self.bytes.get(at + 6..at + 8) != Some(b"\\u") {
                    return Err(half());
                }
                let low = self.hex(at + 8)?;
                if !(0xdc00..0xe000).contains(&low) {
                    return Err(half());
                }
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                char::from_u32(code).map(|c| (c, at + 12)).ok_or_else(half)
            }
            _ => failure(at, "unknown escape in a string"),
        }
    }

    fn hex(&self, at: usize) -> Result<u32, Failure> {
        self.bytes
            .get(at..at + 4)
            .and_then(|digits| {
                digits.iter().try_fold(0, |code, &digit| Some(code * 16 + char::from(digit).to_digit(16)?))
            })
            .ok_or_else(|| Box::new((at, "expected four hexadecimal digits".to_owned())))
    }

    fn number(&mut self) -> Result<Json<'a>, Failure> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        let whole = self.digits("a digit")?;
        if whole > 1 && self.bytes[first] == b'0' {
            return failure(first, "a number must not begin with 0");
        }
        let mut plain = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("a digit after the point")?;
            plain = false;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits("a digit of the exponent")?;
            plain = false;
        }
        let text = &self.text[start..self.at];
        // Up to 15 digits a double holds every integer exactly, so the cheap way is the right one.
        if plain
            && whole <= 15
            && let Ok(number) = text.parse::<i64>()
        {
            return Ok(Json::Number(number as f64));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Json::Number(number)),
            _ => failure(start, "the number is too large"),
        }
    }

    fn digits(&mut self, wanted: &str) -> Result<usize, Failure> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.unexpected(wanted) } else { Ok(self.at - start) }
    }
}
