//! Arrays, with and without a least length.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::json::Json;
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::Writer;

/// An array of at least `MIN` items.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct List<T, const MIN: usize>(pub Vec<T>);

impl<T, const MIN: usize> std::ops::Deref for List<T, MIN> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<'l, T, const MIN: usize> IntoIterator for &'l List<T, MIN> {
    type Item = &'l T;
    type IntoIter = std::slice::Iter<'l, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// An array of so many items is read by two threads: what somebody waits for begins only when all of it is read.
const MANY: usize = 1000;

/// The items of an array of which these are the ones from `first` on.
fn read_items<T: Shape>(items: &[Json<'_>], first: usize, r: &mut Reader) -> Vec<T> {
    let mut list = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        r.enter(first + index);
        list.extend(T::read(item, r));
        r.leave();
    }
    list
}

/// The same by two threads at once, from the first item on.
fn read_halves<T: Shape>(items: &[Json<'_>], r: &mut Reader) -> Vec<T> {
    let (near, far) = items.split_at(items.len() / 2);
    let mut beside = r.fork();
    let (mut list, rest) = std::thread::scope(|scope| {
        let rest = scope.spawn(|| read_items(far, near.len(), &mut beside));
        (read_items(near, 0, r), rest.join())
    });
    r.join(beside);
    list.extend(rest.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    list
}

impl<T: Shape> Shape for Vec<T> {
    const EXPECTED: &'static str = "array";
    const HAS_SECRETS: bool = T::HAS_SECRETS;

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let Json::Array(items) = value else {
            return r.mismatch(Self::EXPECTED, value);
        };
        let list = if items.len() < MANY { read_items(items, 0, r) } else { read_halves(items, r) };
        (list.len() == items.len()).then_some(list)
    }

    fn fill(_: &mut Reader) -> Option<Self> {
        Some(Vec::new())
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.array(self, |w, item| item.write(w));
    }

    fn schema(g: &mut Schemas) -> Value {
        json!({ "type": "array", "items": T::schema(g) })
    }

    /// Items are matched by their keys: an item that moved keeps its secrets, a new one has none to keep.
    fn keep_secrets(&mut self, old: Option<&Self>, r: &mut Reader) {
        if !T::HAS_SECRETS {
            return;
        }
        let known: HashMap<&str, &T> = old.into_iter().flatten().filter_map(|item| Some((item.key()?, item))).collect();
        for (index, item) in self.iter_mut().enumerate() {
            let before = item.key().and_then(|key| known.get(key).copied());
            r.at(index, |r| item.keep_secrets(before, r));
        }
    }

    fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut Box<str>)) {
        if T::HAS_SECRETS {
            for item in self {
                item.visit_secrets(visit);
            }
        }
    }
}

impl<T: Shape, const MIN: usize> Shape for List<T, MIN> {
    const EXPECTED: &'static str = "array";
    const HAS_SECRETS: bool = T::HAS_SECRETS;

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let list = Vec::read(value, r);
        if value.as_array().is_some_and(|items| items.len() < MIN) {
            r.too_small("array", i64::try_from(MIN).unwrap_or(i64::MAX), true);
        }
        list.map(Self)
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.0.write(w);
    }

    fn schema(g: &mut Schemas) -> Value {
        json!({ "type": "array", "items": T::schema(g), "minItems": MIN })
    }

    fn keep_secrets(&mut self, old: Option<&Self>, r: &mut Reader) {
        self.0.keep_secrets(old.map(|old| &old.0), r);
    }

    fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut Box<str>)) {
        self.0.visit_secrets(visit);
    }
}
