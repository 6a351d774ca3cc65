//! Every key as an operator meets it: what it is, what holds, and who said so.
//!
//! What a key is stands in `docs/config.example.yaml` and nowhere else: the file that people copy from is the one that is
//! shown here.

use std::collections::BTreeMap;
use std::mem;
use std::path::PathBuf;

use serde::Serialize;
use utoipa::ToSchema;

use super::Config;
use super::overrides::Overrides;
use super::tree::{Node, Origin, Value};

const EXAMPLE: &str = include_str!("../../../../docs/config.example.yaml");

/// Where the values of a configuration come from. Keys that nobody set are absent.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// The configuration file, if there is one.
    pub file: Option<PathBuf>,
    set: BTreeMap<String, Source>,
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Source {
    /// Nobody: it has its default.
    Default,
    /// The configuration file, in this line.
    File { line: u64 },
    /// A flag or an environment variable, by its name.
    Outside { name: String },
}

/// One key of the configuration.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Dotted key, as in the file.
    pub key: String,
    /// What it is, as the documentation says it.
    pub description: String,
    /// What is in force. A password is masked.
    pub value: serde_json::Value,
    pub default: serde_json::Value,
    pub source: Source,
    /// The environment variable that sets it; absent for keys that only the file can set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Whether a change holds only after the daemon was started again. So far that is every key.
    pub needs_restart: bool,
}

/// Two configurations are the same when the same holds, whoever said so.
impl PartialEq for Origins {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Origins {
    pub(super) fn of(root: &Node) -> Self {
        let mut set = BTreeMap::new();
        note("", root, &mut set);
        Self { file: None, set }
    }
}

fn note(path: &str, node: &Node, set: &mut BTreeMap<String, Source>) {
    if let Value::Map(entries) = &node.value {
        for entry in entries {
            let key = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            note(&key, &entry.node, set);
        }
    }
    let source = match &node.origin {
        Origin::Line(line) => Source::File { line: *line },
        Origin::Outside(name) => Source::Outside { name: name.clone() },
    };
    set.insert(path.to_owned(), source);
}

impl Config {
    /// Every documented key in the order of the documentation, with what is in force.
    ///
    /// # Errors
    /// When a path is not UTF-8, which JSON cannot hold.
    pub fn settings(&self) -> Result<Vec<Setting>, serde_json::Error> {
        let (values, defaults) = (serde_json::to_value(self)?, serde_json::to_value(Config::default())?);
        let variables: BTreeMap<_, _> = Overrides::keys().collect();
        let settings = documented().map(|(key, description)| Setting {
            value: at(&values, &key),
            default: at(&defaults, &key),
            source: self.origins.set.get(&key).cloned().unwrap_or(Source::Default),
            variable: variables.get(key.as_str()).cloned(),
            needs_restart: true,
            key,
            description,
        });
        Ok(settings.collect())
    }
}

fn at(values: &serde_json::Value, key: &str) -> serde_json::Value {
    values.pointer(&format!("/{}", key.replace('.', "/"))).cloned().unwrap_or_default()
}

/// The keys of the example file with their comments. A key without a comment shares that of the key before it, and the
/// first ones of a section that of the section.
fn documented() -> impl Iterator<Item = (String, String)> {
    let (mut sections, mut comment, mut said) = (Vec::new(), Vec::new(), String::new());
    EXAMPLE.lines().filter_map(move |line| {
        let text = line.trim();
        if let Some(words) = text.strip_prefix('#') {
            comment.push(words.trim());
            return None;
        }
        let Some((name, value)) = text.split_once(':') else {
            comment.clear();
            said.clear();
            return None;
        };
        if !comment.is_empty() {
            said = mem::take(&mut comment).join(" ");
        }
        sections.truncate((line.len() - line.trim_start().len()) / 2);
        if value.is_empty() {
            sections.push(name);
            return None;
        }
        let path: Vec<&str> = sections.iter().copied().chain([name]).collect();
        Some((path.join("."), said.clone()))
    })
}
