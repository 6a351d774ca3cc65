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

/// Up to this many keys are compared pairwise, which is cheaper than hashing them.
const FEW_KEYS: usize = 24;

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
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, depth: 0 };
    parser.document().map_err(|(at, message)| locate(bytes, at, message))
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

/// Where a problem is, and what it is.
type Failure = (usize, String);

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Json<'a>, Failure> {
        self.space();
        if self.at == self.bytes.len() {
            return Err((self.at, "the text is empty, expected a JSON value".to_owned()));
        }
        let value = self.value()?;
        self.space();
        if self.at < self.bytes.len() {
            return Err((self.at, "unexpected text after the JSON value".to_owned()));
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
        Err((self.at, message))
    }

    fn value(&mut self) -> Result<Json<'a>, Failure> {
        match self.peek() {
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => self.unexpected("a JSON value"),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Failure> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            self.unexpected("a JSON value")
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Json<'a>, Failure>) -> Result<Json<'a>, Failure> {
        if self.depth == MAX_DEPTH {
            return Err((self.at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Json<'a>, Failure> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.space();
            items.push(self.value()?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return self.unexpected("`,` or `]`"),
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, Failure> {
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
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
            let seen = if members.len() < FEW_KEYS {
                members.iter().any(|(k, _)| *k == key)
            } else {
                if many.is_empty() {
                    many.extend(members.iter().map(|(k, _)| k.clone()));
                }
                !many.insert(key.clone())
            };
            if seen {
                return Err((key_at, format!("the key {:?} is given twice", key.as_ref())));
            }
            self.space();
            if self.peek() != Some(b':') {
                return self.unexpected("`:`");
            }
            self.at += 1;
            self.space();
            let value = self.value()?;
            members.push((key, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(Object::from_members(members)));
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
                Some(0..0x20) => return Err((at, "control character in a string".to_owned())),
                Some(_) => at += 1,
                None => return Err((self.at, "the string is not closed".to_owned())),
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
                Some(0..0x20) => return Err((at, "control character in a string".to_owned())),
                Some(_) => at += 1,
                None => return Err((self.at, "the string is not closed".to_owned())),
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
                let half = || (at, "half a surrogate pair in a string".to_owned());
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
            _ => Err((at, "unknown escape in a string".to_owned())),
        }
    }

    fn hex(&self, at: usize) -> Result<u32, Failure> {
        self.bytes
            .get(at..at + 4)
            .and_then(|digits| {
                digits.iter().try_fold(0, |code, &digit| Some(code * 16 + char::from(digit).to_digit(16)?))
            })
            .ok_or_else(|| (at, "expected four hexadecimal digits".to_owned()))
    }

    fn number(&mut self) -> Result<Json<'a>, Failure> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        let whole = self.digits("a digit")?;
        if whole > 1 && self.bytes[first] == b'0' {
            return Err((first, "a number must not begin with 0".to_owned()));
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
            #[expect(clippy::cast_precision_loss, reason = "at most 15 digits")]
            return Ok(Json::Number(number as f64));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Json::Number(number)),
            _ => Err((start, "the number is too large".to_owned())),
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
