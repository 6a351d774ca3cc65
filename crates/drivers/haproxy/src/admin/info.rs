//! `show info`.

use std::collections::BTreeMap;

use crate::{Error, Result, Version};

/// What a worker says about itself, by HAProxy's own names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info(BTreeMap<String, String>);

impl Info {
    pub(crate) fn parse(answer: &str) -> Result<Self> {
        let fields: BTreeMap<String, String> = answer
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        let info = Self(fields);
        if info.get("Name").is_none() || info.pid().is_none() {
            let detail = format!("there is no Name and Pid in {:?}", answer.chars().take(80).collect::<String>());
            return Err(Error::Garbled { command: "show info".to_owned(), detail });
        }
        Ok(info)
    }

    /// A field, such as `CurrConns`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A field that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// Every field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The worker that answered.
    pub fn pid(&self) -> Option<u32> {
        self.get("Pid")?.parse().ok()
    }

    /// The worker's version.
    pub fn version(&self) -> Option<Version> {
        Version::parse(self.get("Version")?)
    }

    /// The `description` of the configuration that the worker runs.
    pub fn description(&self) -> Option<&str> {
        self.get("description").filter(|text| !text.is_empty())
    }

    /// Whether the worker only finishes its connections.
    pub fn is_stopping(&self) -> bool {
        self.number("Stopping").is_some_and(|value| value != 0)
    }
}
