//! How a document is read and written as a whole.

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use shape::{Issue, Json, Nullable, Reader, SEALED, Schemas, Secrets, Shape, Text, Time, Writer};

use super::document::{Document, Meta};
use super::layout::{self, Layout};
use super::{references, share};

/// Why a text is not a document.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON; the message says where.
    #[error("{0}")]
    Malformed(String),
    /// It is JSON, but not a valid document; here is everything that is wrong with it.
    #[error("the document has {} issue(s)", .0.len())]
    Issues(Vec<Issue>),
    /// It comes from the store, and a secret in it cannot be opened.
    #[error("a secret of the stored document cannot be opened with the present key")]
    Sealed,
}

/// A document as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Canonical JSON without `meta`, secrets sealed.
    pub body: String,
    /// Canonical JSON of `meta`.
    pub meta: String,
    /// SHA-256 of `body` in hex: what an ETag says.
    pub hash: String,
}

/// Reads a document from a request, in either layout.
///
/// `old` is the document that `***` refers to; what did not change is shared with it.
pub fn read(body: &[u8], old: Option<&Document>) -> Result<Document, ReadError> {
    let json = shape::parse(body).map_err(|error| ReadError::Malformed(error.to_string()))?;
    read_json(json, old)
}

/// Reads a document from a parsed value.
pub(super) fn read_json(json: Json<'_>, old: Option<&Document>) -> Result<Document, ReadError> {
    let mut r = Reader::new();
    let (json, moved) = layout::nest(json, &mut r);
    let mut document = Document::read(&json, &mut r);
    if let Some(document) = &mut document {
        document.keep_secrets(old, &mut r);
        references::check(document, &mut r);
    }
    match document {
        Some(mut document) if r.is_clean() => {
            if let Some(old) = old {
                share::share(&mut document, old);
            }
            Ok(document)
        }
        _ => Err(ReadError::Issues(layout::paths_as_sent(r.into_issues(), &moved))),
    }
}

/// Reads what [`stored`] wrote. References are not checked again: they were when it was written.
pub fn read_stored(body: &str, meta: &str, open: &dyn Fn(&str) -> Option<String>) -> Result<Document, ReadError> {
    let malformed = |error: shape::SyntaxError| ReadError::Malformed(error.to_string());
    let mut json = shape::parse(body.as_bytes()).map_err(malformed)?;
    let meta = shape::parse(meta.as_bytes()).map_err(malformed)?;
    if let Json::Object(root) = &mut json {
        root.insert("meta".into(), meta);
    }
    let mut r = Reader::of_stored();
    let document = Document::read(&json, &mut r).filter(|_| r.is_clean());
    let Some(mut document) = document else {
        return Err(ReadError::Issues(r.into_issues()));
    };
    let mut opened = true;
    document.visit_secrets(&mut |text| {
        if let Some(sealed) = text.strip_prefix(SEALED) {
            match open(sealed) {
                Some(clear) => *text = clear.into(),
                None => opened = false,
            }
        }
    });
    if opened { Ok(document) } else { Err(ReadError::Sealed) }
}

/// Writes a document as canonical JSON.
pub fn to_json(document: &Document, layout: Layout, secrets: Secrets<'_>) -> Vec<u8> {
    let mut w = Writer::new(secrets);
    document.write(&mut w);
    let nested = w.into_bytes();
    match layout {
        Layout::Nested => nested,
        Layout::Flat => layout::flatten(&nested),
    }
}

/// Writes a document for the store. `seal` must give the same text for the same secret, or every save would
/// look like a change.
pub fn stored(document: &Document, seal: &dyn Fn(&str) -> String) -> Stored {
    let mut w = Writer::setting_apart(Secrets::Sealed(seal), "meta");
    document.write(&mut w);
    let (body, meta) = w.into_parts();
    let hash = hex::encode(Sha256::digest(&body));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
    Stored { body: text(body), meta: text(meta), hash }
}

impl Document {
    /// The document of a fresh installation: every section at its default.
    pub fn empty(now: Timestamp) -> Self {
        let time = Time::from_timestamp(now);
        let meta = format!(r#"{{"createdAt":"{time}","lastEditedAt":"{time}"}}"#);
        let text = format!(r#"{{"schemaVersion":1,"meta":{meta}}}"#);
        #[expect(clippy::expect_used, reason = "every section has a default; a test reads the result")]
        read(text.as_bytes(), None).expect("an empty document is valid")
    }

    /// Notes a save in `meta`: when, and by whom (or by whom before, when nobody says).
    pub fn touch(&mut self, now: Timestamp, editor: Option<&str>, previous: Option<&Meta>) {
        self.meta.last_edited_at = Time::from_timestamp(now);
        self.meta.last_edited_by = match editor.and_then(|name| Text::new(name).ok()) {
            Some(name) => Nullable(Some(name)),
            None => previous.map(|meta| meta.last_edited_by.clone()).unwrap_or_default(),
        };
    }

    /// The JSON Schema of the document in its nested layout (draft 2020-12).
    pub fn json_schema() -> Value {
        Schemas::document::<Self>("/api/state/schema", "Plenum state document")
    }
}
