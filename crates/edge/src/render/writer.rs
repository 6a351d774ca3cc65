//! The only place that writes text for HAProxy.
//!
//! Everything that comes from a document goes through [`Line::arg`] and its relatives, which write exactly one word
//! each and cannot write a line end. Keywords are `&'static str`, so that no value of a document can be one.
//! Each line remembers which part of the document it came from ([`SourceMap`](super::SourceMap)), and so does each
//! issue: both take the place that [`Out::enter`] and [`Out::leave`] keep.

use std::ops::Range;

use shape::{Issue, Step};

use super::words::{self, Fault, quote};

/// HAProxy reads so many words of a line and refuses more (`MAX_LINE_ARGS`).
pub(super) const MOST_WORDS: usize = 64;

/// A place in the document: a step below another place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    parent: u32,
    step: Step,
}

/// Where lines came from, as the writer collects it.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    nodes: Vec<Node>,
    lines: Vec<u32>,
}

/// The root of the document, which is no node.
const ROOT: u32 = u32::MAX;

impl Origins {
    /// The path of a line, counted from 1.
    pub(super) fn path(&self, line: usize) -> Option<Vec<Step>> {
        let at = *self.lines.get(line.checked_sub(1)?)?;
        Some(self.path_of(at))
    }

    fn path_of(&self, mut at: u32) -> Vec<Step> {
        let mut path = Vec::new();
        while let Some(node) = self.nodes.get(at as usize) {
            path.push(node.step.clone());
            at = node.parent;
        }
        path.reverse();
        path
    }
}

/// Text under construction.
#[derive(Debug)]
pub(super) struct Out {
    text: String,
    origins: Origins,
    place: u32,
    /// Parts of the text that can change at run time.
    volatile: Vec<Range<usize>>,
    issues: Vec<Issue>,
}

impl Out {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        let origins = Origins { nodes: Vec::with_capacity(bytes / 16), lines: Vec::with_capacity(bytes / 24) };
        Self { text: String::with_capacity(bytes), origins, place: ROOT, volatile: Vec::new(), issues: Vec::new() }
    }

    /// Goes one step down in the document.
    pub(super) fn enter(&mut self, step: impl Into<Step>) {
        let next = u32::try_from(self.origins.nodes.len()).unwrap_or(ROOT);
        self.origins.nodes.push(Node { parent: self.place, step: step.into() });
        self.place = next;
    }

    /// Goes back up.
    pub(super) fn leave(&mut self) {
        self.place = self.origins.nodes.get(self.place as usize).map_or(ROOT, |node| node.parent);
    }

    /// Does something one step down.
    pub(super) fn at<T>(&mut self, step: impl Into<Step>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.enter(step);
        let result = work(self);
        self.leave();
        result
    }

    /// Does something at the root of the document instead of the present place.
    pub(super) fn at_root<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let place = std::mem::replace(&mut self.place, ROOT);
        let result = work(self);
        self.place = place;
        result
    }

    /// Reports a problem at the present place.
    pub(super) fn issue(&mut self, message: impl Into<String>) {
        let issue = Issue::custom(self.origins.path_of(self.place), message);
        if !self.issues.contains(&issue) {
            self.issues.push(issue);
        }
    }

    /// Reports a problem at a key of the present place.
    pub(super) fn issue_at(&mut self, key: &'static str, message: impl Into<String>) {
        self.at(key, |out| out.issue(message));
    }

    /// Begins a section: an empty line, then its header without indentation.
    pub(super) fn section(&mut self, keyword: &'static str) -> Line<'_> {
        if !self.text.is_empty() {
            self.text.push('\n');
            self.origins.lines.push(self.place);
        }
        self.text.push_str(keyword);
        Line::of(self, keyword)
    }

    /// Begins a line of a section.
    pub(super) fn line(&mut self, keyword: &'static str) -> Line<'_> {
        self.text.push_str("    ");
        self.text.push_str(keyword);
        Line::of(self, keyword)
    }

    /// Writes a directive that the document spells itself, as it stands. It can be any directive of its section and
    /// nothing else: neither another section nor two lines.
    pub(super) fn directive(&mut self, directive: &str, refused: &[&str]) {
        let Some(words) = self.check_directive(directive) else { return };
        let first = words.first().map_or("", |word| word.as_str());
        let second = words.get(1).map_or("", |word| word.as_str());
        if is_section(first) || first.starts_with('.') {
            self.issue(format!(
                "\"{first}\" begins a section or a block; only directives of this section can stand here"
            ));
            return;
        }
        let subject = if matches!(first, "no" | "default") { second } else { first };
        if refused.contains(&subject) || refused.contains(&format!("{first} {second}").as_str()) {
            self.issue(format!("\"{subject}\" is set by Plenum and cannot be set here"));
            return;
        }
        self.text.push_str("    ");
        self.text.push_str(directive.trim());
        self.origins.lines.push(self.place);
        self.text.push('\n');
    }

    /// The words of a free directive, when it can stand on a line.
    fn check_directive(&mut self, directive: &str) -> Option<Vec<String>> {
        match words::split(directive) {
            Err(fault) => self.issue(fault.message()),
            Ok(words) if words.is_empty() => self.issue("must not be empty"),
            Ok(words) if words.len() > MOST_WORDS => self.issue(TOO_MANY),
            Ok(words) if words[0].variable => self.issue("the first word must be written out"),
            Ok(words) => return Some(words.into_iter().map(|word| word.text).collect()),
        }
        None
    }

    /// Puts the text of another writer, with all that belongs to it, after this one's.
    pub(super) fn append(&mut self, mut other: Out) {
        if !self.text.is_empty() && !other.text.is_empty() {
            self.text.push('\n');
            self.origins.lines.push(ROOT);
        }
        let bytes = self.text.len();
        let nodes = u32::try_from(self.origins.nodes.len()).unwrap_or(ROOT);
        let shifted = |at: u32| if at == ROOT { ROOT } else { at + nodes };
        self.text.push_str(&other.text);
        self.volatile.extend(other.volatile.into_iter().map(|range| range.start + bytes..range.end + bytes));
        for node in &mut other.origins.nodes {
            node.parent = shifted(node.parent);
        }
        self.origins.nodes.append(&mut other.origins.nodes);
        self.origins.lines.extend(other.origins.lines.into_iter().map(shifted));
        self.issues.append(&mut other.issues);
    }

    /// What was written: text, origins, volatile ranges, issues.
    pub(super) fn finish(self) -> (String, Origins, Vec<Range<usize>>, Vec<Issue>) {
        (self.text, self.origins, self.volatile, self.issues)
    }

    /// The present place.
    pub(super) fn path(&self) -> Vec<Step> {
        self.origins.path_of(self.place)
    }
}

const TOO_MANY: &str = "is too long: HAProxy reads at most 64 words on a line";

/// A line under construction; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Line<'o> {
    out: &'o mut Out,
    words: usize,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if self.words > MOST_WORDS {
            self.out.issue(TOO_MANY);
        }
        self.out.text.push('\n');
        self.out.origins.lines.push(self.out.place);
    }
}

impl<'o> Line<'o> {
    fn of(out: &'o mut Out, keyword: &'static str) -> Self {
        let words = keyword.split(' ').count();
        Self { out, words }
    }

    /// Adds keywords.
    pub(super) fn key(&mut self, keyword: &'static str) -> &mut Self {
        self.out.text.push(' ');
        self.out.text.push_str(keyword);
        self.words += keyword.split(' ').count();
        self
    }

    /// Adds keywords when `when` holds.
    pub(super) fn flag(&mut self, when: bool, keyword: &'static str) -> &mut Self {
        if when { self.key(keyword) } else { self }
    }

    /// Adds a value as one word.
    pub(super) fn arg(&mut self, value: &str) -> &mut Self {
        self.glued(&[value])
    }

    /// Adds several parts as one word.
    pub(super) fn glued(&mut self, parts: &[&str]) -> &mut Self {
        self.words += 1;
        self.out.text.push(' ');
        match parts {
            [value] => self.write(value),
            parts => self.write(&parts.concat()),
        }
        self
    }

    fn write(&mut self, value: &str) {
        if value.is_empty() {
            self.out.issue("must not be empty: HAProxy takes an empty word for the end of the line");
        } else if value.chars().any(char::is_control) {
            self.out.issue(Fault::Control.message());
        } else {
            quote(&mut self.out.text, value);
        }
    }

    /// Adds a log format as one word; an empty one becomes a sample that gives nothing.
    pub(super) fn format(&mut self, value: &str) -> &mut Self {
        if let Some(fault) = super::values::format_fault(value) {
            self.out.issue(fault);
        }
        self.arg(if value.is_empty() { "%[str()]" } else { value })
    }

    /// Adds the expression of a sample as one word.
    pub(super) fn sample(&mut self, expression: &str) -> &mut Self {
        if let Some(fault) = super::values::sample_fault(expression) {
            self.out.issue(fault);
        }
        self.arg(expression)
    }

    /// Adds a value as one word, under its keyword, when there is one.
    pub(super) fn pair(&mut self, keyword: &'static str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.key(keyword).arg(value);
        }
        self
    }

    /// Adds a number.
    pub(super) fn num(&mut self, value: i64) -> &mut Self {
        self.words += 1;
        self.out.text.push(' ');
        push_int(&mut self.out.text, value);
        self
    }

    /// Adds a number under its keyword, when there is one.
    pub(super) fn count(&mut self, keyword: &'static str, value: Option<i64>) -> &mut Self {
        if let Some(value) = value {
            self.key(keyword).num(value);
        }
        self
    }

    /// Adds a condition's words.
    pub(super) fn phrase(&mut self, phrase: &Phrase) -> &mut Self {
        self.out.text.push_str(&phrase.text);
        self.words += phrase.words;
        self
    }

    /// Adds the words of an expression that the document spells as HAProxy would read it.
    pub(super) fn expression(&mut self, text: &str) -> &mut Self {
        match Phrase::parse(text) {
            Ok(phrase) => {
                self.phrase(&phrase);
            }
            Err(message) => self.out.issue(message),
        }
        self
    }

    /// Adds words that the document spells itself, as they stand.
    pub(super) fn verbatim(&mut self, text: &str) -> &mut Self {
        if let Some(words) = self.out.check_directive(text) {
            self.words += words.len();
            self.out.text.push(' ');
            self.out.text.push_str(text.trim());
        }
        self
    }

    /// What `work` adds can change at run time.
    pub(super) fn volatile(&mut self, work: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.out.text.len();
        work(self);
        self.out.volatile.push(start..self.out.text.len());
        self
    }

    /// Reports a problem with what the line is about.
    pub(super) fn issue(&mut self, message: impl Into<String>) {
        self.out.issue(message);
    }

    /// Reports a problem with a key of what the line is about.
    pub(super) fn issue_at(&mut self, key: &'static str, message: impl Into<String>) {
        self.out.issue_at(key, message);
    }

    /// Adds something whose problems belong to a key.
    pub(super) fn under(&mut self, key: &'static str, work: impl FnOnce(&mut Self)) -> &mut Self {
        self.out.enter(key);
        work(self);
        self.out.leave();
        self
    }
}

/// Words of a condition, written the same way as those of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase {
    text: String,
    words: usize,
    /// Whether a value among the words is the brace that would end an anonymous condition.
    pub(super) closes: bool,
}

impl Phrase {
    /// Adds a keyword.
    pub(super) fn key(mut self, keyword: &'static str) -> Self {
        self.text.push(' ');
        self.text.push_str(keyword);
        self.words += keyword.split(' ').count();
        self
    }

    /// Adds a value as one word.
    pub(super) fn arg(mut self, value: &str) -> Self {
        self.closes |= value == "}";
        self.text.push(' ');
        quote(&mut self.text, value);
        self.words += 1;
        self
    }

    /// Adds several parts as one word.
    pub(super) fn glued(self, parts: &[&str]) -> Self {
        self.arg(&parts.concat())
    }

    /// Adds another phrase.
    pub(super) fn then(mut self, other: &Phrase) -> Self {
        self.text.push_str(&other.text);
        self.words += other.words;
        self.closes |= other.closes;
        self
    }

    /// How many words there are.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// The words of an expression that the document spells as HAProxy would read it, each written anew.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let words = words::split(text).map_err(Fault::message)?;
        if words.iter().any(|word| word.variable) {
            return Err(Fault::Variable.message());
        }
        Ok(words.iter().fold(Self::default(), |phrase, word| phrase.arg(&word.text)))
    }
}

/// Writes an integer without a detour.
fn push_int(out: &mut String, value: i64) {
    use std::fmt::Write as _;
    // Writing into a string does not fail.
    let _ = write!(out, "{value}");
}

/// Whether a word begins a section (or ends one, as far as this renderer is concerned).
fn is_section(word: &str) -> bool {
    const SECTIONS: [&str; 24] = [
        "global",
        "defaults",
        "frontend",
        "backend",
        "listen",
        "userlist",
        "peers",
        "resolvers",
        "mailers",
        "ring",
        "program",
        "http-errors",
        "crt-store",
        "cache",
        "fcgi-app",
        "log-forward",
        "log-profile",
        "acme",
        "traces",
        "namespace_list",
        "dynamic-update",
        "healthcheck",
        "fcgi-apps",
        "spoe-agent",
    ];
    SECTIONS.contains(&word)
}
