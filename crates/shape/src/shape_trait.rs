//! What every part of a document can do.

use std::sync::Arc;

use serde_json::Value;

use crate::json::{Json, Object};
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::writer::Writer;

/// A part of a document: it can be read, written and described.
///
/// `read` gives a value back even when it reported an issue that leaves the type whole (a string too long, an
/// unknown key), so that rules over the whole document can be checked in the same pass; it gives nothing back
/// when there is no value to speak of. Whoever holds the [`Reader`] refuses the document in both cases.
pub trait Shape: Sized + Send + Sync {
    /// What Zod calls the JSON type that is read.
    const EXPECTED: &'static str;
    /// Whether the key may be missing without a default.
    const OPTIONAL: bool = false;
    /// Whether a [`Secret`](crate::Secret) may lie within; work on secrets passes the rest by.
    const HAS_SECRETS: bool = false;

    /// Reads a value that was given.
    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self>;

    /// What a missing key means: an issue, unless the type says otherwise.
    fn absent(r: &mut Reader) -> Option<Self> {
        r.invalid_type(Self::EXPECTED, "undefined");
        None
    }

    /// The value as if `{}`, `[]`, `null` or `false` had been read.
    fn fill(r: &mut Reader) -> Option<Self> {
        Self::absent(r)
    }

    /// Writes the value.
    fn write(&self, w: &mut Writer<'_>);

    /// Whether the key is left out when the value is written.
    fn skip(&self) -> bool {
        false
    }

    /// The JSON Schema of the type; named types register themselves and return a reference.
    fn schema(g: &mut Schemas) -> Value;

    /// What tells this value from its neighbours in a list.
    fn key(&self) -> Option<&str> {
        None
    }

    /// Puts the stored secrets in the place of those that were sent as `***`.
    fn keep_secrets(&mut self, _old: Option<&Self>, _r: &mut Reader) {}

    /// Shows every secret's text to `visit`, which may replace it.
    fn visit_secrets(&mut self, _visit: &mut dyn FnMut(&mut Box<str>)) {}
}

/// A struct: its members may also lie beside the discriminator of a union.
pub trait Fields: Shape {
    /// Reads the members; `tag` is a key that belongs to the union.
    fn read_fields(object: &Object<'_>, r: &mut Reader, tag: Option<&'static str>) -> Option<Self>;

    /// Writes the members, and the discriminator among them.
    fn write_fields(&self, w: &mut Writer<'_>, tag: Option<(&'static str, &'static str)>);

    /// The schema of the object, not registered under a name.
    fn schema_fields(g: &mut Schemas, tag: Option<(&'static str, &'static str)>) -> Value;
}

impl Shape for bool {
    const EXPECTED: &'static str = "boolean";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        match value {
            Json::Bool(value) => Some(*value),
            _ => r.mismatch(Self::EXPECTED, value),
        }
    }

    fn fill(_: &mut Reader) -> Option<Self> {
        Some(false)
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.bool(*self);
    }

    fn schema(_: &mut Schemas) -> Value {
        serde_json::json!({ "type": "boolean" })
    }
}

impl<T: Shape> Shape for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const OPTIONAL: bool = true;
    const HAS_SECRETS: bool = T::HAS_SECRETS;

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        T::read(value, r).map(Some)
    }

    fn absent(_: &mut Reader) -> Option<Self> {
        Some(None)
    }

    fn write(&self, w: &mut Writer<'_>) {
        match self {
            Some(value) => value.write(w),
            None => w.null(),
        }
    }

    fn skip(&self) -> bool {
        self.is_none()
    }

    fn schema(g: &mut Schemas) -> Value {
        T::schema(g)
    }

    fn key(&self) -> Option<&str> {
        self.as_ref().and_then(T::key)
    }

    fn keep_secrets(&mut self, old: Option<&Self>, r: &mut Reader) {
        if let Some(value) = self {
            value.keep_secrets(old.and_then(Option::as_ref), r);
        }
    }

    fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut Box<str>)) {
        if let Some(value) = self {
            value.visit_secrets(visit);
        }
    }
}

/// Forwards everything to what the pointer points to; `$own` gives mutable access to it.
macro_rules! pointer {
    ($pointer:ident, [$($bound:tt)*], $own:expr) => {
        impl<T: Shape $($bound)*> Shape for $pointer<T> {
            const EXPECTED: &'static str = T::EXPECTED;
            const OPTIONAL: bool = T::OPTIONAL;
            const HAS_SECRETS: bool = T::HAS_SECRETS;

            fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
                T::read(value, r).map($pointer::new)
            }

            fn absent(r: &mut Reader) -> Option<Self> {
                T::absent(r).map($pointer::new)
            }

            fn fill(r: &mut Reader) -> Option<Self> {
                T::fill(r).map($pointer::new)
            }

            fn write(&self, w: &mut Writer<'_>) {
                (**self).write(w);
            }

            fn skip(&self) -> bool {
                (**self).skip()
            }

            fn schema(g: &mut Schemas) -> Value {
                T::schema(g)
            }

            fn key(&self) -> Option<&str> {
                (**self).key()
            }

            fn keep_secrets(&mut self, old: Option<&Self>, r: &mut Reader) {
                if T::HAS_SECRETS {
                    let own: fn(&mut Self) -> &mut T = $own;
                    own(self).keep_secrets(old.map(|old| &**old), r);
                }
            }

            fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut Box<str>)) {
                if T::HAS_SECRETS {
                    let own: fn(&mut Self) -> &mut T = $own;
                    own(self).visit_secrets(visit);
                }
            }
        }

        impl<T: Fields $($bound)*> Fields for $pointer<T> {
            fn read_fields(
                object: &Object<'_>,
                r: &mut Reader,
                tag: Option<&'static str>,
            ) -> Option<Self> {
                T::read_fields(object, r, tag).map($pointer::new)
            }

            fn write_fields(&self, w: &mut Writer<'_>, tag: Option<(&'static str, &'static str)>) {
                (**self).write_fields(w, tag);
            }

            fn schema_fields(g: &mut Schemas, tag: Option<(&'static str, &'static str)>) -> Value {
                T::schema_fields(g, tag)
            }
        }
    };
}

pointer!(Box, [], |pointer| &mut **pointer);
pointer!(Arc, [+ Clone], Arc::make_mut);
