//! V23: whatever arrives where text from the network is parsed, the answer is a value or a refusal, never a panic.

use http::{HeaderMap, HeaderValue};
use plenum_platform::config::{Config, Overrides};
use plenum_platform::http::Payload;
use plenum_platform::http::body::{depth_exceeds, parse};
use plenum_platform::http::conditional::{Conditions, ETag, Prefer};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its shape matters")]
struct Nested {
    name: String,
    #[serde(default)]
    inner: Option<Box<Nested>>,
    #[serde(default)]
    numbers: Vec<i32>,
}

impl Payload for Nested {}

/// Text that is often nearly right: the pieces that the parsers look for, in any order.
fn pieces(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![4 => prop::sample::select(pieces).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    prop::collection::vec(piece, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn json_bodies(text in pieces(&["{", "}", "[", "]", "\"", "\\", ":", ",", "name", "inner", "numbers", "1", "null", "\\u00", " "])) {
        if let Err(error) = parse::<Nested>(text.as_bytes()) {
            prop_assert_eq!(error.status(), 400);
            prop_assert!(!error.message().is_empty());
        }
    }

    #[test]
    fn bytes_of_any_kind(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse::<Nested>(&bytes);
        let _ = depth_exceeds(&bytes, 8);
    }

    #[test]
    fn what_serde_reads_is_never_called_too_deep(depth in 1_usize..80) {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        prop_assert_eq!(depth_exceeds(text.as_bytes(), 64), depth > 64);
    }

    #[test]
    fn conditions(text in pieces(&["\"", "W/", "*", ",", " ", "abc", "\\"])) {
        let Ok(value) = HeaderValue::from_str(&text) else { return Ok(()) };
        let mut headers = HeaderMap::new();
        headers.insert("if-match", value.clone());
        headers.insert("prefer", value);
        let _ = Prefer::from_headers(&headers);
        if let Err(error) = Conditions::from_headers(&headers) {
            prop_assert_eq!(error.status(), 400);
        }
    }

    #[test]
    fn tags_read_back_as_themselves(values in prop::collection::vec(("[!#-~]{0,12}", any::<bool>()), 1..6)) {
        let tags: Vec<ETag> = values.into_iter().map(|(value, weak)| ETag { weak, value }).collect();
        let text = tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(" , ");
        let mut headers = HeaderMap::new();
        headers.insert("if-none-match", text.parse().unwrap());
        let conditions = Conditions::from_headers(&headers).unwrap();
        for tag in &tags {
            prop_assert!(conditions.has_current(&tag.value));
            prop_assert!(!conditions.allows_write(Some(&tag.value)));
        }
    }

    #[test]
    fn configurations(text in pieces(&["server", "ssl", ":", "\n", "  ", "- ", "port", "mode", "off", "1", "[", "]", "{", "}", "&a", "*a", "'", "\"", "|", "trustProxy", "database", "url"])) {
        if let Err(problems) = Config::parse(&text, &Overrides::default()) {
            prop_assert!(!problems.is_empty());
        }
    }
}
