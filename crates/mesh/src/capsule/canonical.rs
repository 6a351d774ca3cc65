//! The one text of a JSON value that is hashed (Capsule Protocol Specification 1.0, canonical JSON): keys in the order of their code
//! points, no blanks, nothing escaped that need not be, and numbers as the reference implementation prints them.

use serde_json::{Number, Value};

/// The canonical text.
#[must_use]
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            // The order of UTF-8's bytes is that of code points.
            fields.sort_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (at, (key, value)) in fields.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::String(text) => quote(text, out),
        Value::Number(number) => out.push_str(&self::number(number)),
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
    }
}

fn quote(text: &str, out: &mut String) {
    // serde_json escapes what must be, with the short escapes where there are any, and nothing else.
    out.push_str(&Value::from(text).to_string());
}

/// A fraction has a point or an exponent: `1.0`, `0.0001`, `1e-05`, `1e+16`.
fn number(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let shortest = format!("{float:e}");
    let Some((digits, exponent)) = shortest.split_once('e') else { return shortest };
    match exponent.parse::<i32>() {
        Ok(exponent) if float != 0.0 && !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => {
            let plain = float.to_string();
            if plain.contains('.') { plain } else { format!("{plain}.0") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_those_of_the_reference() {
        let value = json!({ "b": [1, -2, 1.0, 0.5, null], "a": { "é": "ü/\u{1f}\n\"\\", "Z": true, "a": {} } });
        assert_eq!(
            text(&value),
            "{\"a\":{\"Z\":true,\"a\":{},\"é\":\"ü/\\u001f\\n\\\"\\\\\"},\"b\":[1,-2,1.0,0.5,null]}"
        );
    }

    #[test]
    fn fractions_are_printed_as_python_does() {
        for (float, printed) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e300, "1.25e+300"),
            (-2.5e-300, "-2.5e-300"),
            (123_456_789.125, "123456789.125"),
        ] {
            assert_eq!(text(&json!(float)), printed);
        }
    }
}
