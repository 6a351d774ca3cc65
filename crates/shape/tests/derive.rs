//! A type that uses everything the derive offers, read and written.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

extern crate plenum_shape as shape;

use std::sync::Arc;

use serde_json::{Value, json};
use shape::{
    AnyJson, Either, Extra, Int, Json, List, Lit, Map, Nullable, Num, Positive, Reader, Schemas, Secret, Secrets,
    Shape, Text, Time, Url, Writer,
};

shape::pattern! {
    /// What names an entity.
    pub struct Id = r"^[a-z][a-z0-9_-]{0,62}$";
    /// A name of a section.
    pub struct SecName = r"^[a-zA-Z][a-zA-Z0-9_-]*$", len 1..=64, "letters, digits, _ and -";
    /// A time span.
    pub struct Dur = r"^\d+(ms|s|m|h|d)$";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
enum Mode {
    Http,
    Tcp,
    #[shape(rename = "TLSv1.2")]
    Tls12,
}

#[derive(Clone, Debug, PartialEq, Shape)]
struct Timeouts {
    #[shape(default = Dur::lit("30s"))]
    connect: Dur,
    #[shape(default)]
    deeper: Deeper,
    #[shape(extra)]
    extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Shape)]
struct Deeper {
    #[shape(default = true)]
    on: bool,
    #[shape(extra)]
    extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Shape)]
struct SetHeader {
    name: Text<1, 8>,
    value: Text<0, 16>,
    #[shape(extra)]
    extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Shape)]
struct Plain {
    #[shape(extra)]
    extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
enum Action {
    SetHeader(SetHeader),
    Allow(Plain),
}

#[derive(Clone, Debug, PartialEq, Shape)]
struct User {
    #[shape(key)]
    username: Text<1, 64>,
    password: Secret<1, 8>,
    #[shape(extra)]
    extra: Extra,
}

/// One of everything.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(check = not_both)]
struct Everything {
    schema_version: Lit<1>,
    /// Names it.
    id: Id,
    name: Option<SecName>,
    #[shape(default = Mode::Http)]
    mode: Mode,
    #[shape(default)]
    timeouts: Timeouts,
    #[shape(default)]
    actions: Vec<Action>,
    servers: List<Arc<User>, 1>,
    weight: Option<Int<0, 255>>,
    maxconn: Option<Positive>,
    #[shape(default)]
    latitude: Nullable<Num<-90, 90>>,
    #[shape(default)]
    config: Map<Id, AnyJson>,
    shards: Option<Either<Mode, Positive>>,
    url: Option<Url>,
    at: Option<Time>,
    #[shape(rename = "zzz", default = false)]
    last: bool,
    #[shape(extra)]
    extra: Extra,
}

fn not_both(this: &Everything, r: &mut Reader) {
    if this.weight.is_some() && this.maxconn.is_some() {
        r.at("maxconn", |r| r.custom("weight and maxconn exclude each other"));
    }
}

fn read(text: &str) -> Result<Everything, Value> {
    let json = shape::parse(text.as_bytes()).unwrap();
    let mut r = Reader::new();
    let read = Everything::read(&json, &mut r);
    let clean = r.is_clean();
    let issues = serde_json::to_value(r.into_issues()).unwrap();
    read.filter(|_| clean).ok_or(issues)
}

fn write(value: &Everything, secrets: Secrets<'_>) -> String {
    let mut w = Writer::new(secrets);
    value.write(&mut w);
    String::from_utf8(w.into_bytes()).unwrap()
}

const SMALL: &str = r#"{"schemaVersion":1,"id":"a","servers":[{"username":"u","password":"p"}]}"#;

#[test]
fn one_pass_fills_every_default() {
    let small = read(SMALL).unwrap();
    let text = write(&small, Secrets::Clear);
    assert_eq!(
        text,
        r#"{"actions":[],"config":{},"id":"a","latitude":null,"mode":"http","schemaVersion":1,"servers":[{"password":"p","username":"u"}],"timeouts":{"connect":"30s","deeper":{"on":true}},"zzz":false}"#
    );
    assert_eq!(read(&text).unwrap(), small);
}

#[test]
fn extra_keys_and_tags_find_their_place_in_the_order() {
    let text = r#"{"x-b":{"z":1,"a":[1.50]},"schemaVersion":1,"id":"a","servers":[{"username":"u","password":"p"}],
        "x-a":null,"actions":[{"value":"v","type":"set-header","name":"n","x-why":"so"},{"type":"allow"}],"zzz":true}"#;
    let text = write(&read(text).unwrap(), Secrets::Masked);
    assert!(text.ends_with(r#","x-a":null,"x-b":{"a":[1.5],"z":1},"zzz":true}"#), "{text}");
    assert!(
        text.starts_with(r#"{"actions":[{"name":"n","type":"set-header","value":"v","x-why":"so"},{"type":"allow"}],"#),
        "{text}"
    );
}

#[test]
fn every_issue_at_once_in_zods_words() {
    let text = r#"{"schemaVersion":2,"id":"A","name":"","mode":"ftp","timeouts":{"connect":5,"y":1},
        "actions":[{"type":"no"},{},{"type":"set-header","name":"","value":1}],"servers":[],
        "weight":256,"maxconn":0,"latitude":91.5,"config":{"B":1},"shards":"x","url":"nope","at":"now","foo":1,"bar":2}"#;
    let issues = read(text).unwrap_err();
    insta::assert_json_snapshot!(issues);
}

#[test]
fn missing_things() {
    insta::assert_json_snapshot!(read("{}").unwrap_err());
    insta::assert_json_snapshot!(read("[]").unwrap_err());
}

#[test]
fn null_is_not_absent() {
    let text = SMALL.replace(r#""id":"a""#, r#""id":"a","name":null,"weight":1.5,"maxconn":1e300"#);
    insta::assert_json_snapshot!(read(&text).unwrap_err());
}

#[test]
fn a_check_runs_after_the_fields() {
    let text = SMALL.replace(r#""id":"a""#, r#""id":"a","weight":1,"maxconn":1"#);
    assert_eq!(
        read(&text).unwrap_err(),
        json!([{ "code": "custom", "path": ["maxconn"], "message": "weight and maxconn exclude each other" }])
    );
}

#[test]
fn v10_secrets_are_masked_kept_and_sealed() {
    let old = read(&SMALL.replace("\"p\"", "\"hunter2\"")).unwrap();
    assert!(!format!("{old:?}").contains("hunter2"));
    assert!(!write(&old, Secrets::Masked).contains("hunter2"));
    let sealed = write(&old, Secrets::Sealed(&|text| text.chars().rev().collect()));
    assert!(sealed.contains(r#""password":"sealed:2retnuh""#));

    let mut new = read(&write(&old, Secrets::Masked)).unwrap();
    let mut r = Reader::new();
    new.keep_secrets(Some(&old), &mut r);
    assert!(r.is_clean());
    assert_eq!(new, old);

    let renamed = write(&old, Secrets::Masked).replace("\"u\"", "\"other\"");
    let mut new = read(&renamed).unwrap();
    new.keep_secrets(Some(&old), &mut r);
    assert_eq!(serde_json::to_value(r.into_issues()).unwrap()[0]["path"], json!(["servers", 0, "password"]));
}

#[test]
fn the_wire_cannot_smuggle_a_sealed_secret_past_the_checks() {
    let issues = read(&SMALL.replace("\"p\"", r#""sealed:a\nb""#)).unwrap_err();
    assert_eq!(issues[0]["code"], "too_big");
    assert_eq!(issues[1]["code"], "custom");
}

#[test]
fn schema() {
    let schema = Schemas::document::<Everything>("https://example.test/schema.json", "Everything");
    insta::assert_json_snapshot!(schema);
}

#[test]
fn v23_issues_are_counted_beyond_a_thousand() {
    let text = format!("[{}1]", "1,".repeat(5000));
    let json = shape::parse(text.as_bytes()).unwrap();
    let mut r = Reader::new();
    assert_eq!(Vec::<User>::read(&json, &mut r), None);
    let issues = r.into_issues();
    assert_eq!(issues.len(), 1001);
    assert_eq!(issues[1000].message, "4001 more issues are not listed");
    assert_eq!(Json::Null.kind(), "null");
}

#[test]
fn a_long_array_is_read_in_order() {
    let read = |wrong: &[usize]| {
        let items: Vec<Value> = (0..2501).map(|at| if wrong.contains(&at) { json!("no") } else { json!(at) }).collect();
        let text = json!(items).to_string();
        let mut r = Reader::new();
        r.enter("items");
        let list = Vec::<Int<0, 5000>>::read(&shape::parse(text.as_bytes()).unwrap(), &mut r);
        let paths = r.into_issues().into_iter().map(|issue| serde_json::to_value(&issue.path).unwrap());
        (list, paths.collect::<Vec<_>>())
    };
    let (list, issues) = read(&[]);
    assert!(list.unwrap().iter().map(|item| item.get()).eq(0..2501));
    assert_eq!(issues, [] as [Value; 0]);
    let wrong = [0, 1249, 1250, 1251, 2500];
    let (list, issues) = read(&wrong);
    assert_eq!(list, None);
    assert_eq!(issues, wrong.map(|at| json!(["items", at])));
}
