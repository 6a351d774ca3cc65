//! Where a pass over a document keeps its place and its issues.
//!
//! The path is a stack that costs nothing while all is well; it is copied only when an issue is reported.

use serde_json::Value;

use crate::issue::{Bound, Code, Issue, Step};
use crate::json::Json;

/// So many issues are reported one by one; the rest is counted. A body made only of mistakes must not
/// grow into an answer many times its size.
const MOST_ISSUES: usize = 1000;

/// The largest integer that a double holds exactly, as JavaScript's `Number.MAX_SAFE_INTEGER`.
pub const SAFE: i64 = 9_007_199_254_740_991;

/// The place in the document that is being read, and the issues found so far.
#[derive(Debug, Default)]
pub struct Reader {
    path: Vec<Step>,
    issues: Vec<Issue>,
    uncounted: usize,
    stored: bool,
}

impl Reader {
    /// A reader at the root, without issues.
    pub fn new() -> Self {
        Self::default()
    }

    /// A reader of text from the store, where secrets are sealed.
    pub fn of_stored() -> Self {
        Self { stored: true, ..Self::default() }
    }

    /// Whether the text comes from the store.
    pub(crate) fn is_stored(&self) -> bool {
        self.stored
    }

    /// Goes down one step. Every `enter` needs its [`Reader::leave`]; [`Reader::at`] pairs them.
    pub fn enter(&mut self, step: impl Into<Step>) {
        self.path.push(step.into());
    }

    /// Goes back up one step.
    pub fn leave(&mut self) {
        self.path.pop();
    }

    /// Does something one step down.
    pub fn at<T>(&mut self, step: impl Into<Step>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.enter(step);
        let result = work(self);
        self.leave();
        result
    }

    /// Whether no issue was found.
    pub fn is_clean(&self) -> bool {
        self.issues.is_empty()
    }

    /// All that was found, in the order in which it was found.
    pub fn into_issues(mut self) -> Vec<Issue> {
        if self.uncounted > 0 {
            let message = format!("{} more issues are not listed", self.uncounted);
            self.issues.push(Issue::custom(Vec::new(), message));
        }
        self.issues
    }

    /// Reports an issue at the present place.
    pub fn issue(&mut self, code: Code, message: impl Into<String>) {
        if self.issues.len() == MOST_ISSUES {
            self.uncounted += 1;
            return;
        }
        self.issues.push(Issue { code, path: self.path.clone(), message: message.into() });
    }

    /// Reports a rule of this product's own at the present place.
    pub fn custom(&mut self, message: impl Into<String>) {
        self.issue(Code::Custom, message);
    }

    /// Reports an issue that was made elsewhere, with its own path.
    pub fn push(&mut self, issue: Issue) {
        if self.issues.len() == MOST_ISSUES {
            self.uncounted += 1;
        } else {
            self.issues.push(issue);
        }
    }

    /// Reports that a value of type `expected` was due and something else came (`undefined` when nothing did).
    pub fn invalid_type(&mut self, expected: &'static str, received: &str) {
        self.issue(
            Code::InvalidType { expected, format: None },
            format!("Invalid input: expected {expected}, received {received}"),
        );
    }

    /// Like [`Reader::invalid_type`], for a value that was given; returns nothing, to end a `read` with.
    pub fn mismatch<T>(&mut self, expected: &'static str, found: &Json<'_>) -> Option<T> {
        self.invalid_type(expected, found.kind());
        None
    }

    /// Reports that a string is none of `options`.
    pub fn invalid_option(&mut self, options: &[&str]) {
        let quoted: Vec<String> = options.iter().map(|o| format!("\"{o}\"")).collect();
        let message = match quoted.as_slice() {
            [only] => format!("Invalid input: expected {only}"),
            _ => format!("Invalid option: expected one of {}", quoted.join("|")),
        };
        let values = options.iter().map(|&o| Value::from(o)).collect();
        self.issue(Code::InvalidValue { values }, message);
    }

    /// Reports that a value is not the one literal it has to be.
    pub fn invalid_literal(&mut self, literal: i64) {
        self.issue(
            Code::InvalidValue { values: vec![Value::from(literal)] },
            format!("Invalid input: expected {literal}"),
        );
    }

    /// Reports that a discriminator names no variant; the place is the object that holds it.
    pub fn no_variant(&mut self, discriminator: &'static str, options: &'static [&'static str]) {
        let quoted: Vec<String> = options.iter().map(|o| format!("'{o}'")).collect();
        let message = format!("Invalid discriminator value. Expected {}", quoted.join(" | "));
        self.at(discriminator, |r| r.issue(Code::NoVariant { discriminator, options }, message));
    }

    /// Reports keys that nobody knows; the place is the object that holds them.
    pub fn unrecognized_keys(&mut self, keys: Vec<String>) {
        let quoted: Vec<String> = keys.iter().map(|k| format!("\"{k}\"")).collect();
        let plural = if keys.len() == 1 { "" } else { "s" };
        let message = format!("Unrecognized key{plural}: {}", quoted.join(", "));
        self.issue(Code::UnrecognizedKeys { keys }, message);
    }

    /// Reports that something is shorter, fewer or smaller than `limit`.
    pub fn too_small(&mut self, origin: &'static str, limit: i64, inclusive: bool) {
        let sign = if inclusive { ">=" } else { ">" };
        let message = format!("Too small: expected {origin} to {}", sized(origin, sign, limit));
        self.issue(Code::TooSmall(Bound { origin, limit, inclusive, note: None }), message);
    }

    /// Reports that something is longer, more or larger than `limit`.
    pub fn too_big(&mut self, origin: &'static str, limit: i64, inclusive: bool) {
        let sign = if inclusive { "<=" } else { "<" };
        let message = format!("Too big: expected {origin} to {}", sized(origin, sign, limit));
        self.issue(Code::TooBig(Bound { origin, limit, inclusive, note: None }), message);
    }

    /// Reports an integer that a double cannot hold exactly.
    pub(crate) fn unsafe_integer(&mut self, positive: bool) {
        const NOTE: &str = "Integers must be within the safe integer range.";
        let bound = |limit| Bound { origin: "int", limit, inclusive: true, note: Some(NOTE) };
        if positive {
            let message = format!("Too big: expected int to be <={SAFE}");
            self.issue(Code::TooBig(bound(SAFE)), message);
        } else {
            let message = format!("Too small: expected int to be >=-{SAFE}");
            self.issue(Code::TooSmall(bound(-SAFE)), message);
        }
    }

    /// Reports a string of the wrong form.
    pub fn invalid_format(&mut self, format: &'static str, pattern: Option<&str>, message: impl Into<String>) {
        let pattern = pattern.map(|p| format!("/{}/", p.replace('/', "\\/")));
        self.issue(Code::InvalidFormat { format, pattern }, message);
    }

    /// A reader at the same place, for a part that is read beside this one. [`Reader::join`] takes in what it found.
    pub(crate) fn fork(&self) -> Self {
        Self { path: self.path.clone(), stored: self.stored, ..Self::default() }
    }

    /// Takes in what a [`fork`](Reader::fork) found.
    pub(crate) fn join(&mut self, other: Self) {
        other.issues.into_iter().for_each(|issue| self.push(issue));
        self.uncounted += other.uncounted;
    }

    /// Tries to read something: its issues are handed back with paths from here on, not reported.
    pub(crate) fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Vec<Issue>) {
        let mut apart = Reader { stored: self.stored, ..Reader::default() };
        let result = work(&mut apart);
        (result, apart.into_issues())
    }

    /// Reports issues of an [`attempt`](Reader::attempt), at the present place.
    pub(crate) fn adopt(&mut self, issues: Vec<Issue>) {
        for mut issue in issues {
            let mut path = self.path.clone();
            path.append(&mut issue.path);
            issue.path = path;
            self.push(issue);
        }
    }
}

/// The end of a message on a bound: strings and arrays *have* a number of parts, numbers *are*.
fn sized(origin: &str, sign: &str, limit: i64) -> String {
    match origin {
        "string" => format!("have {sign}{limit} characters"),
        "array" => format!("have {sign}{limit} items"),
        _ => format!("be {sign}{limit}"),
    }
}
