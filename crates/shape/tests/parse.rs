//! What is refused, and how a person learns where.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

extern crate plenum_shape as shape;

fn refused(text: &str) -> String {
    shape::parse(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn syntax_errors_say_where() {
    for (text, message) in [
        ("", "the text is empty, expected a JSON value at line 1, column 1"),
        (" \n ", "the text is empty, expected a JSON value at line 2, column 2"),
        ("{", "expected a key in double quotes, but the text ends at line 1, column 2"),
        ("{\n  \"a\": 1,\n  \"é\": ]\n}", "expected a JSON value, found ']' at line 3, column 8"),
        ("{\"a\":1,}", "expected a key in double quotes, found '}' at line 1, column 8"),
        ("[1 2]", "expected `,` or `]`, found '2' at line 1, column 4"),
        ("[1]x", "unexpected text after the JSON value at line 1, column 4"),
        ("{\"a\" 1}", "expected `:`, found '1' at line 1, column 6"),
        ("01", "a number must not begin with 0 at line 1, column 1"),
        ("-", "expected a digit, but the text ends at line 1, column 2"),
        ("1.", "expected a digit after the point, but the text ends at line 1, column 3"),
        ("1e", "expected a digit of the exponent, but the text ends at line 1, column 3"),
        ("1e999", "the number is too large at line 1, column 1"),
        ("nul", "expected a JSON value, found 'n' at line 1, column 1"),
        ("NaN", "expected a JSON value, found 'N' at line 1, column 1"),
        ("\"a", "the string is not closed at line 1, column 1"),
        ("\"a\nb\"", "control character in a string at line 1, column 3"),
        (r#""\x""#, "unknown escape in a string at line 1, column 2"),
        (r#""\u12g4""#, "expected four hexadecimal digits at line 1, column 4"),
        (r#""\ud800""#, "half a surrogate pair in a string at line 1, column 2"),
        (r#""\ud800\u0041""#, "half a surrogate pair in a string at line 1, column 2"),
        (r#""\udc00""#, "half a surrogate pair in a string at line 1, column 2"),
        ("\u{feff}{}", "expected a JSON value, found '\\u{feff}' at line 1, column 1"),
    ] {
        assert_eq!(refused(text), message, "{text:?}");
    }
    let error = shape::parse(b"[\"\xff\"]").unwrap_err();
    assert_eq!((error.message.as_str(), error.line, error.column), ("invalid UTF-8", 1, 3));
}

#[test]
fn a_key_given_twice_is_refused_in_small_and_large_objects() {
    assert_eq!(refused("{\"a\":1,\n\"a\":1}"), "the key \"a\" is given twice at line 2, column 1");
    // Written differently, it is the same key.
    assert!(refused(r#"{"a":1,"\u0061":2}"#).contains("given twice"));
    for count in [2, 31, 32, 33, 200] {
        let members: Vec<String> = (0..count).map(|n| format!("\"key{n}\":{n}")).collect();
        let all = members.join(",");
        assert!(shape::parse(format!("{{{all}}}").as_bytes()).is_ok(), "{count}");
        for again in [0, count / 2, count - 1] {
            let text = format!("{{{all},\"key{again}\":0}}");
            assert!(refused(&text).contains("given twice"), "{count} {again}");
        }
    }
}

#[test]
fn v23_nesting_ends_at_the_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(shape::parse(nested(shape::MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(refused(&nested(shape::MAX_DEPTH + 1)), "nested deeper than 64 levels at line 1, column 65");
    assert!(refused(&"{\"a\":".repeat(1_000_000)).contains("nested deeper"));
}
