//! What HAProxy prints for people, as data: `parse` never fails and never panics, whatever it is given.
//!
//! The forms, of 2.6 to 3.x, from `-c`, from the master's standard error and from the reply to `reload`:
//!
//! ```text
//! [ALERT]    (1234) : config : parsing [haproxy.cfg:12] : unknown keyword 'x' in 'backend' section
//! [ALERT]    (1234) : config : [haproxy.cfg:12] : 'server web1' : unable to load SSL certificate …
//! [ALERT]    (1234) : config : Proxy 'web': unable to find required default_backend: 'nowhere'.
//! [ALERT]    (1234) : Starting frontend web: cannot bind socket (Address already in use) [0.0.0.0:80]
//!    | continuation of the line above
//! ```
//!
//! Which entity of a document a name means is the caller's business; a subject is a kind and a name as printed.

mod line;
mod subjects;

use std::fmt;

pub use subjects::Kind;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Info,
    Debug,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub severity: Severity,
    /// The configuration file that it names, as HAProxy was given it.
    pub file: Option<String>,
    pub line: Option<u32>,
    /// What it says, without severity, process and position; the lines of a longer message are kept.
    pub text: String,
    /// What it is about, most specific first: `(Server, "s1")` before `(Backend, "web")`.
    pub subjects: Vec<(Kind, String)>,
    /// The message as printed, escape sequences removed.
    pub raw: String,
}

/// How messages begin that add nothing to the others.
const SUMMARIES: &[&str] = &[
    "Fatal errors found in configuration",
    "Error(s) found in configuration file",
    "Loading failure",
    "Loading success",
    "haproxy version is ",
    "path to executable is ",
    "Reloading HAProxy",
    "New worker (",
    "Former worker (",
    "Paused frontend ",
    "Resumed frontend ",
];

impl Message {
    /// Whether it names nothing and only says that there were others ("Fatal errors found in configuration.").
    pub fn is_summary(&self) -> bool {
        SUMMARIES.iter().any(|start| self.text.starts_with(start))
            || self.text.contains("failed to start their listeners")
    }

    /// Whether it keeps a configuration from being used.
    pub fn is_error(&self) -> bool {
        self.severity <= Severity::Error
    }
}

impl Severity {
    /// The word that HAProxy prints, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emerg",
            Self::Alert => "alert",
            Self::Critical => "crit",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads every message of an output. Lines that are part of none (banners, other programs' output) are passed over,
/// unless there is no message at all: then the whole text is one message of severity error, so that nothing is lost.
pub fn parse(output: &str) -> Vec<Message> {
    let clean = line::printable(output);
    let mut messages: Vec<Message> = Vec::new();
    let mut open = false;
    for text in clean.lines().map(str::trim_end) {
        match line::head(text) {
            Some(head) => {
                messages.push(Message {
                    severity: head.severity,
                    file: head.file.map(str::to_owned),
                    line: head.line,
                    text: head.text.to_owned(),
                    subjects: Vec::new(),
                    raw: text.to_owned(),
                });
                open = true;
            }
            None if open && line::continues(text) => {
                if let Some(message) = messages.last_mut() {
                    message.text.push('\n');
                    message.text.push_str(text.trim());
                    message.raw.push('\n');
                    message.raw.push_str(text);
                }
            }
            None => open = false,
        }
    }
    if messages.is_empty() && !clean.lines().all(is_banner) {
        messages.push(Message {
            severity: Severity::Error,
            file: None,
            line: None,
            text: clean.trim().chars().take(2000).collect(),
            subjects: Vec::new(),
            raw: clean.trim().chars().take(2000).collect(),
        });
    }
    for message in &mut messages {
        message.subjects = subjects::find(&message.text);
    }
    messages
}

/// A line that HAProxy ends a check without errors with.
fn is_banner(line: &str) -> bool {
    matches!(line.trim(), "" | "Configuration file is valid" | "Warnings were found.")
}
