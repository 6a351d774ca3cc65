//! Collects the JSON Schema (draft 2020-12) of a document type.

use std::any::type_name;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use crate::reader::Reader;
use crate::shape_trait::Shape;
use crate::writer::{Secrets, to_value};

/// The named schemas met so far.
#[derive(Debug, Default)]
pub struct Schemas {
    /// Full type name to the name under `$defs`.
    names: HashMap<&'static str, String>,
    defs: BTreeMap<String, Value>,
}

impl Schemas {
    /// The schema of `T` as a document of its own, everything named under `$defs`.
    pub fn document<T: Shape>(id: &str, title: &str) -> Value {
        let mut schemas = Self::default();
        let root = T::schema(&mut schemas);
        let mut document = Map::new();
        document.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        document.insert("$id".to_owned(), json!(id));
        document.insert("title".to_owned(), json!(title));
        if let Value::Object(root) = root {
            document.extend(root);
        }
        document.insert("$defs".to_owned(), json!(schemas.defs));
        Value::Object(document)
    }

    /// Registers `T` under `name` (or the next free name like it) and returns the reference to it.
    pub fn named<T>(&mut self, name: &str, schema: impl FnOnce(&mut Self) -> Value) -> Value {
        let full = type_name::<T>();
        let known = match self.names.get(full) {
            Some(known) => known.clone(),
            None => {
                let free = self.free_name(name);
                self.names.insert(full, free.clone());
                // The name is taken before the schema is made, so that a type may contain itself.
                let schema = schema(self);
                self.defs.insert(free.clone(), schema);
                free
            }
        };
        json!({ "$ref": format!("#/$defs/{known}") })
    }

    fn free_name(&self, name: &str) -> String {
        let taken = |name: &str| self.names.values().any(|n| n == name);
        if !taken(name) {
            return name.to_owned();
        }
        (2..).map(|n| format!("{name}{n}")).find(|n| !taken(n)).unwrap_or_default()
    }
}

/// The schema of one member: that of its type, with its description and its default.
pub fn property_schema<T: Shape>(g: &mut Schemas, doc: &str, default: Option<T>) -> Value {
    let mut schema = T::schema(g);
    if let Value::Object(map) = &mut schema {
        if !doc.is_empty() {
            map.insert("description".to_owned(), json!(doc));
        }
        if let Some(value) = default {
            map.insert("default".to_owned(), to_value(&value, Secrets::Masked));
        }
    }
    schema
}

/// The value that an empty input gives, for the `default` of a schema.
pub fn filled<T: Shape>() -> Option<T> {
    let mut r = Reader::new();
    T::fill(&mut r).filter(|_| r.is_clean())
}

/// The schema of an object with these members.
pub fn object_schema(
    doc: &str,
    tag: Option<(&'static str, &'static str)>,
    open: bool,
    members: Vec<(&'static str, bool, Value)>,
) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some((key, value)) = tag {
        properties.insert(key.to_owned(), json!({ "const": value }));
        required.push(json!(key));
    }
    for (key, needed, schema) in members {
        if needed {
            required.push(json!(key));
        }
        properties.insert(key.to_owned(), schema);
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    if !doc.is_empty() {
        schema.insert("description".to_owned(), json!(doc));
    }
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    if open {
        schema.insert("patternProperties".to_owned(), json!({ "^x-": true }));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(schema)
}

/// The schema of an enum of strings.
pub fn strings_schema(doc: &str, names: &[&str]) -> Value {
    let mut schema = json!({ "type": "string", "enum": names });
    describe(&mut schema, doc);
    schema
}

/// The schema of a union whose variants `tag` tells apart.
pub fn union_schema(doc: &str, tag: &str, variants: Vec<Value>) -> Value {
    // `discriminator` is OpenAPI's word; JSON Schema takes it for an annotation.
    let mut schema = json!({
        "type": "object",
        "oneOf": variants,
        "required": [tag],
        "discriminator": { "propertyName": tag },
    });
    describe(&mut schema, doc);
    schema
}

fn describe(schema: &mut Value, doc: &str) {
    if let (Value::Object(map), false) = (schema, doc.is_empty()) {
        map.insert("description".to_owned(), json!(doc));
    }
}
