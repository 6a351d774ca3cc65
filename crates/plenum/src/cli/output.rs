//! What a command prints: results on standard output, refusals on standard error, as text or as JSON.

use std::{
    io::{self, IsTerminal as _, Write},
    process::ExitCode,
};

use serde_json::{Value, json};

use crate::client::Refused;

/// Where a command prints.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether the person asked for JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// One line, as it is.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self, "{text}")
    }

    /// A result: `value` for machines, `text` for people.
    pub(crate) fn result(&mut self, value: &Value, text: &str) -> io::Result<()> {
        if self.json { self.line(&value.to_string()) } else { self.line(text) }
    }

    /// A table for people, the rows themselves for machines.
    pub(crate) fn table(&mut self, value: &Value, heads: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        if self.json {
            return self.line(&value.to_string());
        }
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .chain([heads[column].len()])
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let print = |cells: Vec<&str>| {
            let line: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            line.join("  ").trim_end().to_owned()
        };
        self.line(&print(heads.to_vec()))?;
        for row in rows {
            self.line(&print(row.iter().map(String::as_str).collect()))?;
        }
        Ok(())
    }

    /// A note beside the result (standard error), so that standard output stays clean for pipes.
    pub(crate) fn note(&self, text: &str) {
        if !self.json && io::stderr().is_terminal() {
            // A closed standard error is no reason to fail the command whose result is already out.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Reports why a command failed.
    pub(crate) fn failure(&self, error: &anyhow::Error) -> ExitCode {
        let text = if self.json { as_json(error).to_string() } else { format!("plenum: {error:#}") };
        let _ = writeln!(io::stderr(), "{text}");
        ExitCode::FAILURE
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// The API's own envelope where the API refused, one of the same shape otherwise.
fn as_json(error: &anyhow::Error) -> Value {
    error
        .downcast_ref::<Refused>()
        .and_then(|refused| serde_json::from_slice(&refused.body).ok())
        .unwrap_or_else(|| json!({ "error": "CommandError", "message": format!("{error:#}") }))
}

/// The text of a field, or a dash where there is none.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The named fields of each row, as cells.
pub(crate) fn cells(rows: &Value, fields: &[&str]) -> Vec<Vec<String>> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| fields.iter().map(|field| cell(&row[*field])).collect()).collect()
}
