//! Canonical JSON (RFC 8785), written straight from the types.
//!
//! The derived code hands over members already in order, so nothing is sorted and no tree is built.

use std::fmt;

use crate::json::Json;
use crate::parse::parse;
use crate::shape_trait::Shape;

/// What becomes of the secrets of a document when it is written.
#[derive(Clone, Copy)]
pub enum Secrets<'s> {
    /// `***`, for everyone who reads.
    Masked,
    /// As they are, for the files of an engine and nothing else.
    Clear,
    /// `sealed:` and what the function makes of them, for the store.
    Sealed(&'s dyn Fn(&str) -> String),
}

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Secrets::Masked => "Masked",
            Secrets::Clear => "Clear",
            Secrets::Sealed(_) => "Sealed",
        })
    }
}

/// Collects canonical JSON.
#[derive(Debug)]
pub struct Writer<'s> {
    out: Vec<u8>,
    secrets: Secrets<'s>,
    /// How many objects are open.
    depth: usize,
    /// The member of the outermost object that is set apart; see [`Writer::setting_apart`].
    apart: Option<&'static str>,
    /// Where the text of that member began, while it is being written, and whether it was the first.
    cut: Option<(usize, bool)>,
    /// Its value, once it is written.
    set_apart: Vec<u8>,
}

/// An object that is being written; see [`Writer::object`].
#[derive(Debug)]
pub struct Members {
    empty: bool,
    /// The discriminator of a union, waiting for its place in the order.
    tag: Option<(&'static str, &'static str)>,
}

impl<'s> Writer<'s> {
    /// A writer that treats secrets so.
    pub fn new(secrets: Secrets<'s>) -> Self {
        Self { out: Vec::new(), secrets, depth: 0, apart: None, cut: None, set_apart: Vec::new() }
    }

    /// A writer that leaves one member of the outermost object out and keeps its value for
    /// [`Writer::into_parts`].
    pub fn setting_apart(secrets: Secrets<'s>, key: &'static str) -> Self {
        Self { apart: Some(key), ..Self::new(secrets) }
    }

    /// What was written, and the value that was set apart.
    pub fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        (self.out, self.set_apart)
    }

    /// How secrets are to be written.
    pub fn secrets(&self) -> Secrets<'s> {
        self.secrets
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Makes room for so many bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    /// Writes a boolean.
    pub fn bool(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Writes an integer; it must be a safe one.
    pub fn int(&mut self, value: i64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            let digit = (rest % 10) as u8;
            digits[at] = b'0' + digit;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            self.out.push(b'-');
        }
        self.out.extend_from_slice(&digits[at..]);
    }

    /// Writes a finite number in ECMAScript's form.
    pub fn number(&mut self, value: f64) {
        if value.abs() < 1e15 && (value as i64) as f64 == value {
            return self.int(value as i64);
        }
        if serde_json_canonicalizer::to_writer(&value, &mut self.out).is_err() {
            // Only numbers that are not finite fail, and neither parser nor types let those in.
            self.null();
        }
    }

    /// Writes a string.
    pub fn string(&mut self, text: &str) {
        self.out.push(b'"');
        let bytes = text.as_bytes();
        let mut plain = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.out.extend_from_slice(&bytes[plain..at]);
            plain = at + 1;
            self.escape(byte);
        }
        self.out.extend_from_slice(&bytes[plain..]);
        self.out.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            _ => {
                self.out.extend_from_slice(b"\\u00");
                self.out.push(HEX[usize::from(byte >> 4)]);
                self.out.push(HEX[usize::from(byte & 15)]);
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    /// Writes text that is canonical JSON already.
    pub(crate) fn canonical(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes an array of what `write` makes of each item.
    pub fn array<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.out.push(b'[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(self, item);
        }
        self.out.push(b']');
    }

    /// Opens an object. Members follow in UTF-16 order of their keys, each by [`Writer::key`] and a value;
    /// the discriminator, if there is one, finds its own place among them.
    pub fn object(&mut self, tag: Option<(&'static str, &'static str)>) -> Members {
        self.out.push(b'{');
        self.depth += 1;
        Members { empty: true, tag }
    }

    /// Writes the key of the next member.
    pub fn key(&mut self, members: &mut Members, key: &str) {
        if let Some((tag, value)) = members.tag
            && utf16_order(tag, key).is_lt()
        {
            members.tag = None;
            self.raw_key(members, tag);
            self.string(value);
        }
        self.raw_key(members, key);
    }

    /// Closes an object.
    pub fn end(&mut self, mut members: Members) {
        if let Some((tag, value)) = members.tag.take() {
            self.raw_key(&mut members, tag);
            self.string(value);
        }
        self.finish_cut(&mut members);
        self.depth -= 1;
        self.out.push(b'}');
    }

    /// Takes the member that was just written out again, if it is the one to be set apart.
    fn finish_cut(&mut self, members: &mut Members) {
        if self.depth == 1
            && let Some((start, first)) = self.cut.take()
        {
            let member = self.out.split_off(start);
            let value = member.iter().position(|&byte| byte == b':').map_or(0, |colon| colon + 1);
            self.set_apart = member[value..].to_vec();
            members.empty = first;
        }
    }

    fn raw_key(&mut self, members: &mut Members, key: &str) {
        self.finish_cut(members);
        if self.depth == 1 && self.apart == Some(key) {
            self.cut = Some((self.out.len(), members.empty));
        }
        if !members.empty {
            self.out.push(b',');
        }
        members.empty = false;
        self.string(key);
        self.out.push(b':');
    }

    /// Writes any JSON value, its keys sorted.
    pub fn json(&mut self, value: &Json<'_>) {
        match value {
            Json::Null => self.null(),
            Json::Bool(value) => self.bool(*value),
            Json::Number(value) => self.number(*value),
            Json::String(text) => self.string(text),
            Json::Array(items) => self.array(items, |w, item| w.json(item)),
            Json::Object(object) => {
                let mut sorted: Vec<_> = object.iter().collect();
                sorted.sort_by(|a, b| utf16_order(a.0, b.0));
                let mut members = self.object(None);
                for (key, value) in sorted {
                    self.key(&mut members, key);
                    self.json(value);
                }
                self.end(members);
            }
        }
    }
}

/// The order of two keys by UTF-16 code units, which is what RFC 8785 sorts by.
pub fn utf16_order(a: &str, b: &str) -> std::cmp::Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// A part of a document as a tree.
pub fn to_value<T: Shape>(part: &T, secrets: Secrets<'_>) -> serde_json::Value {
    let mut w = Writer::new(secrets);
    part.write(&mut w);
    // What the writer wrote parses.
    parse(&w.into_bytes()).map(|json| serde_json::Value::from(&json)).unwrap_or_default()
}
