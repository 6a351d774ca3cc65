//! One of two forms that no discriminator tells apart.

use serde_json::{Value, json};

use crate::issue::Code;
use crate::json::Json;
use crate::reader::Reader;
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::Writer;

/// An `A`, or else a `B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Either<A, B> {
    /// The first form.
    A(A),
    /// The second form.
    B(B),
}

impl<A: Shape, B: Shape> Shape for Either<A, B> {
    const EXPECTED: &'static str = "union";

    /// As Zod: the first form without issues; else the only one whose type fits, with its issues; else all.
    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let (a, a_issues) = r.attempt(|r| A::read(value, r));
        if a_issues.is_empty() {
            return a.map(Self::A);
        }
        let (b, b_issues) = r.attempt(|r| B::read(value, r));
        if b_issues.is_empty() {
            return b.map(Self::B);
        }
        match (a, b) {
            (Some(a), None) => {
                r.adopt(a_issues);
                Some(Self::A(a))
            }
            (None, Some(b)) => {
                r.adopt(b_issues);
                Some(Self::B(b))
            }
            _ => {
                r.issue(Code::NoForm { errors: vec![a_issues, b_issues] }, "Invalid input");
                None
            }
        }
    }

    fn absent(r: &mut Reader) -> Option<Self> {
        let (_, a) = r.attempt(A::absent);
        let (_, b) = r.attempt(B::absent);
        r.issue(Code::NoForm { errors: vec![a, b] }, "Invalid input");
        None
    }

    fn write(&self, w: &mut Writer<'_>) {
        match self {
            Self::A(a) => a.write(w),
            Self::B(b) => b.write(w),
        }
    }

    fn schema(g: &mut Schemas) -> Value {
        json!({ "anyOf": [A::schema(g), B::schema(g)] })
    }
}
