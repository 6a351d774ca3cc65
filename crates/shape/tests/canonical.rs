//! What we write is what RFC 8785 says, by the word of another implementation.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

extern crate plenum_shape as shape;

use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};
use shape::{AnyJson, Reader, Secrets, Shape, Writer};

fn ours(text: &str) -> String {
    let json = shape::parse(text.as_bytes()).unwrap();
    let mut w = Writer::new(Secrets::Clear);
    w.json(&json);
    String::from_utf8(w.into_bytes()).unwrap()
}

fn theirs(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).unwrap()
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i32>().prop_map(Number::from),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        (-1e6..1e6_f64).prop_filter_map("finite", Number::from_f64),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,8}", "[\\x00-\\x7f]{0,8}", "[a\u{e9}\u{ffff}\u{10000}\u{1f600}\"\\\\/]{0,4}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any_text(), inner, 0..40)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_comes_out_canonical(value in any_json()) {
        prop_assert_eq!(ours(&value.to_string()), theirs(&value));
        prop_assert_eq!(ours(&serde_json::to_string_pretty(&value).unwrap()), theirs(&value));
    }

    #[test]
    fn canonical_text_is_a_fixed_point(value in any_json()) {
        let once = ours(&value.to_string());
        prop_assert_eq!(ours(&once), once);
    }

    #[test]
    fn the_parser_accepts_what_serde_json_accepts(value in any_json()) {
        // Two parsers that agree on the tree agree on its canonical form.
        let text = value.to_string();
        let again: Value = serde_json::from_str(&ours(&text)).unwrap();
        prop_assert_eq!(theirs(&again), theirs(&value));
    }

    #[test]
    fn v23_no_text_makes_the_parser_panic(text in ".{0,64}") {
        let _ = shape::parse(text.as_bytes());
    }

    #[test]
    fn v23_no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = shape::parse(&bytes);
    }

    #[test]
    fn what_only_we_accept_is_nothing(text in "[\\[\\]{}\",:0-9eE+.tfn\\\\ u-]{0,24}") {
        if let Err(error) = serde_json::from_str::<Value>(&text) {
            prop_assert!(shape::parse(text.as_bytes()).is_err(), "{error}");
        }
    }
}

#[test]
fn keys_are_sorted_by_utf16_units() {
    // U+10000 is encoded with surrogates, which sort before U+E000 and behind it in UTF-8.
    assert_eq!(ours("{\"\u{e000}\":1,\"\u{10000}\":2,\"a\":3}"), "{\"a\":3,\"\u{10000}\":2,\"\u{e000}\":1}");
}

#[test]
fn numbers_are_ecmascripts() {
    for (text, canonical) in [
        ("1.0", "1"),
        ("-0", "0"),
        ("1e3", "1000"),
        ("1E21", "1e+21"),
        ("123456789012345680000", "123456789012345680000"),
        ("0.000001", "0.000001"),
        ("1e-7", "1e-7"),
        ("4.50", "4.5"),
        ("9007199254740993", "9007199254740992"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ] {
        assert_eq!(ours(text), canonical);
    }
}

#[test]
fn escapes_are_the_shortest() {
    assert_eq!(
        ours(r#""\u0041\/\u00e9\b\f\n\r\t\u0001\u001f\"\\\u007f\ud83d\ude00""#),
        "\"A/é\\b\\f\\n\\r\\t\\u0001\\u001f\\\"\\\\\u{7f}😀\""
    );
}

#[test]
fn free_json_is_kept_canonically_and_without_control_characters() {
    let read = |text: &str| {
        let json = shape::parse(text.as_bytes()).unwrap();
        let mut r = Reader::new();
        let value = AnyJson::read(&json, &mut r).unwrap();
        (value, r.into_issues())
    };
    let (value, issues) = read(r#"{ "b": [1.0, null], "a": "x" }"#);
    assert_eq!(value.as_str(), r#"{"a":"x","b":[1,null]}"#);
    assert_eq!(value.to_value(), json!({ "a": "x", "b": [1, null] }));
    assert!(issues.is_empty());
    let (_, issues) = read(r#"{"a":{"k\u0000":["x\ny"]}}"#);
    let places: Vec<String> = issues.iter().map(shape::Issue::pointer).collect();
    assert_eq!(places, ["/a/k\0", "/a/k\0/0"]);
}
