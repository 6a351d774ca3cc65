//! Numbers. JSON has only doubles; integers are those a double holds exactly, as in Zod.

use serde_json::{Value, json};

use crate::issue::Code;
use crate::json::Json;
use crate::reader::{Reader, SAFE};
use crate::schema::Schemas;
use crate::shape_trait::Shape;
use crate::writer::Writer;

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Int<const MIN: i64, const MAX: i64>(i64);

/// An integer above zero; Zod words its bound differently from [`Int`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Positive(i64);

/// A number from `MIN` to `MAX`, fractions included.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Num<const MIN: i64, const MAX: i64>(f64);

/// The integer `N` and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lit<const N: i64>;

/// A safe integer, or an issue.
fn integer(value: &Json<'_>, r: &mut Reader) -> Option<i64> {
    let Json::Number(number) = value else {
        return r.mismatch("number", value);
    };
    if number.fract() != 0.0 {
        r.issue(
            Code::InvalidType { expected: "int", format: Some("safeint") },
            "Invalid input: expected int, received number",
        );
        return None;
    }
    let safe = SAFE as f64;
    if number.abs() > safe {
        r.unsafe_integer(*number > 0.0);
        return None;
    }
    Some(*number as i64)
}

impl<const MIN: i64, const MAX: i64> Int<MIN, MAX> {
    /// The integer, when it lies within the bounds.
    pub fn new(value: i64) -> Option<Self> {
        (MIN..=MAX).contains(&value).then_some(Self(value))
    }

    /// A value of the program's own, known to lie within the bounds; for defaults.
    pub const fn lit(value: i64) -> Self {
        debug_assert!(MIN <= value && value <= MAX);
        Self(value)
    }

    /// The integer.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> From<i64> for Int<MIN, MAX> {
    /// As [`Int::lit`].
    fn from(value: i64) -> Self {
        Self::lit(value)
    }
}

impl<const MIN: i64, const MAX: i64> std::fmt::Display for Int<MIN, MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: i64, const MAX: i64> Shape for Int<MIN, MAX> {
    const EXPECTED: &'static str = "number";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let value = integer(value, r)?;
        if value < MIN {
            r.too_small("number", MIN, true);
        }
        if value > MAX {
            r.too_big("number", MAX, true);
        }
        Some(Self(value))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "integer", "minimum": MIN.max(-SAFE), "maximum": MAX.min(SAFE) })
    }
}

impl Positive {
    /// The integer, when it is above zero and safe.
    pub fn new(value: i64) -> Option<Self> {
        (1..=SAFE).contains(&value).then_some(Self(value))
    }

    /// A value of the program's own, known to be above zero; for defaults.
    pub const fn lit(value: i64) -> Self {
        debug_assert!(value > 0);
        Self(value)
    }

    /// The integer.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for Positive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Shape for Positive {
    const EXPECTED: &'static str = "number";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let value = integer(value, r)?;
        if value <= 0 {
            r.too_small("number", 0, false);
        }
        Some(Self(value))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "integer", "exclusiveMinimum": 0, "maximum": SAFE })
    }
}

impl<const MIN: i64, const MAX: i64> Num<MIN, MAX> {
    /// The number, when it lies within the bounds.
    pub fn new(value: f64) -> Option<Self> {
        (value >= MIN as f64 && value <= MAX as f64).then_some(Self(value))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> Shape for Num<MIN, MAX> {
    const EXPECTED: &'static str = "number";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        let Json::Number(number) = value else {
            return r.mismatch("number", value);
        };
        let (min, max) = (MIN as f64, MAX as f64);
        if *number < min {
            r.too_small("number", MIN, true);
        }
        if *number > max {
            r.too_big("number", MAX, true);
        }
        // -0 is 0, on the wire and in the comparison of documents.
        Some(Self(*number + 0.0))
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.number(self.0);
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "number", "minimum": MIN, "maximum": MAX })
    }
}

impl<const N: i64> Shape for Lit<N> {
    const EXPECTED: &'static str = "number";

    fn read(value: &Json<'_>, r: &mut Reader) -> Option<Self> {
        if *value == Json::Number(N as f64) {
            return Some(Self);
        }
        r.invalid_literal(N);
        None
    }

    fn absent(r: &mut Reader) -> Option<Self> {
        r.invalid_literal(N);
        None
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(N);
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "const": N })
    }
}
