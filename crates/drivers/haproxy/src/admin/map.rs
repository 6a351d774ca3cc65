//! Maps: what `show map` and `prepare map` answer.

use super::reply;
use crate::{Error, Result};

/// One entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    pub key: String,
    pub value: String,
}

// A pointer, the key, the value: the key holds no blank, the value may.
pub(super) fn parse(answer: &str) -> Result<Vec<MapEntry>> {
    answer
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let entry = line.split_once(' ').filter(|(pointer, _)| pointer.starts_with("0x"));
            let (key, value) = entry.and_then(|(_, rest)| rest.split_once(' ')).ok_or_else(|| Error::Garbled {
                command: "show map".to_owned(),
                detail: line.chars().take(120).collect(),
            })?;
            Ok(MapEntry { key: key.to_owned(), value: value.to_owned() })
        })
        .collect()
}

pub(super) fn new_version(command: &str, answer: &str) -> Result<u32> {
    reply::refuse_errors(command, answer)?;
    let text = reply::severity(answer).map_or(answer, |(_, text)| text);
    text.trim()
        .strip_prefix("New version created: ")
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| Error::Garbled { command: command.to_owned(), detail: reply::first_line(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_blanks() {
        let entries = parse("0x55 /a b c\n0x56 /b x\n\n").unwrap();
        assert_eq!(entries[0], MapEntry { key: "/a".to_owned(), value: "b c".to_owned() });
        assert_eq!(entries.len(), 2);
        assert!(parse("no pointer here\n").is_err());
        assert!(parse("0x55\n").is_err());
    }

    #[test]
    fn a_prepared_version_is_read() {
        assert_eq!(new_version("x", "[6]: New version created: 12\n").unwrap(), 12);
        assert!(new_version("x", "[3]: Unknown map identifier.\n").is_err());
        assert!(new_version("x", "New version created: much\n").is_err());
    }
}
