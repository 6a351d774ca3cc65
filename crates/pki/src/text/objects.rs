//! The names of the objects that appear in certificates: what OpenSSL calls an object identifier.
//!
//! `objects.tsv` has a line for each object that OpenSSL 3.0 knows: its numbers, its short name, and its long name. A
//! test compares it with `openssl list -objects`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::der;

/// The long name of an object, or its numbers if it has none.
pub(crate) fn long_name(oid: &[u8]) -> String {
    named(oid, |names| names.1).unwrap_or_else(|| "<INVALID>".into())
}

/// The short name of an object, or its numbers if it has none; nothing if it is not an object identifier.
pub(super) fn short_name(oid: &[u8]) -> Option<String> {
    named(oid, |names| names.0)
}

fn named(oid: &[u8], pick: fn(&(&'static str, &'static str)) -> &'static str) -> Option<String> {
    let dotted = der::dotted(oid)?;
    let name = OBJECTS.get(dotted.as_str()).map(|names| pick(names).to_owned());
    Some(name.unwrap_or(dotted))
}

/// Short name and long name of each object.
static OBJECTS: LazyLock<HashMap<&'static str, (&'static str, &'static str)>> = LazyLock::new(|| {
    let mut objects = HashMap::new();
    for line in include_str!("objects.tsv").lines() {
        let mut fields = line.split('\t');
        if let (Some(oid), Some(short), Some(long)) = (fields.next(), fields.next(), fields.next()) {
            objects.insert(oid, (short, long));
        }
    }
    objects
});
