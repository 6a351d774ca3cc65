//! Answers on the admin socket: where each ends, and whether it means no.

use crate::{Error, Result};

/// Makes HAProxy mark every sentence with its severity, `[0]: ` to `[7]: ` as in syslog, for the rest of the connection.
pub(super) const PREAMBLE: &str = "set severity-output number";

/// Error and worse.
const ERROR: u8 = 3;

/// Splits the answers of commands that were joined by `;`: each ends with an empty line.
pub(super) fn split(answer: &str) -> Vec<String> {
    let mut replies = Vec::new();
    let mut current = String::new();
    for line in answer.split_inclusive('\n') {
        if line == "\n" {
            replies.push(std::mem::take(&mut current));
        } else {
            current.push_str(line);
        }
    }
    if !current.is_empty() {
        replies.push(current);
    }
    replies
}

/// The severity that a sentence is marked with, and the sentence.
pub(super) fn severity(reply: &str) -> Option<(u8, &str)> {
    let (number, text) = reply.strip_prefix('[')?.split_once("]: ")?;
    Some((number.parse().ok()?, text.trim_end()))
}

/// An error if the answer is a sentence of severity error, or HAProxy's help for an unknown command.
pub(super) fn refuse_errors(command: &str, reply: &str) -> Result<()> {
    let refused = |text: &str| Error::Refused { command: shown(command), reply: first_line(text) };
    match severity(reply) {
        Some((level, text)) if level <= ERROR => Err(refused(text)),
        None if reply.starts_with("Unknown command") || reply.starts_with("Permission denied") => Err(refused(reply)),
        _ => Ok(()),
    }
}

/// For commands that answer success with nothing, or with a remark below the severity of an error.
pub(super) fn expect_nothing(command: &str, reply: &str) -> Result<()> {
    refuse_errors(command, reply)?;
    if reply.trim().is_empty() || severity(reply).is_some() {
        return Ok(());
    }
    Err(Error::Refused { command: shown(command), reply: first_line(reply) })
}

pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}

/// Enough of a command to recognise it; a map's value may be long.
pub(super) fn shown(command: &str) -> String {
    command.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_answers_come_apart() {
        let replies =
            split("\n\n[3]: No such server.\n\n[5]: All sockets are already enabled.\n\n0x1 /a q\n0x2 /b x\n\n");
        assert_eq!(
            replies,
            ["", "", "[3]: No such server.\n", "[5]: All sockets are already enabled.\n", "0x1 /a q\n0x2 /b x\n"]
        );
        assert!(split("").is_empty());
        assert_eq!(split("torn"), ["torn"]);
    }

    #[test]
    fn an_english_error_is_an_error() {
        for reply in
            ["[3]: No such server.\n", "[0]: x\n", "Unknown command: 'bogus', but maybe\n", "Permission denied\n"]
        {
            assert!(matches!(expect_nothing("x", reply), Err(Error::Refused { .. })), "{reply}");
        }
        assert!(expect_nothing("x", "something else\n").is_err());
        assert!(expect_nothing("x", "").is_ok());
        assert!(expect_nothing("x", "[5]: All sockets are already enabled.\n").is_ok());
    }
}
