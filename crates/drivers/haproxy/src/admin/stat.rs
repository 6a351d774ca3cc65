//! `show stat` in its CSV form, read as it arrives.
//!
//! On a node with 10,000 backends this is 7 MB; nothing but the record being read is kept.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::{Error, Result};

/// The longest record: about a hundred columns, some with a text.
const RECORD_BYTES: usize = 1024 * 1024;

/// A reader of pieces of CSV; quotes, and delimiters within them, are honoured.
#[derive(Debug, Default)]
pub struct Reader {
    columns: Option<HashMap<String, usize>>,
    pending: Vec<u8>,
    scanned: usize,
    quoted: bool,
}

/// A row: one frontend, backend, server or listener.
#[derive(Debug)]
pub struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    fields: Vec<Cow<'a, str>>,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Frontend,
    Backend,
    Server,
    Listener,
}

impl Reader {
    /// Takes the next piece and hands over every row that it completes.
    pub fn feed(&mut self, piece: &[u8], each: &mut impl FnMut(&Row<'_>)) -> Result<()> {
        self.pending.extend_from_slice(piece);
        let mut begin = 0;
        while let Some(&byte) = self.pending.get(self.scanned) {
            self.scanned += 1;
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' if !self.quoted => {
                    let record = &self.pending[begin..self.scanned - 1];
                    take(&mut self.columns, record, each)?;
                    begin = self.scanned;
                }
                _ => {}
            }
        }
        self.pending.drain(..begin);
        self.scanned -= begin;
        if self.pending.len() > RECORD_BYTES {
            return Err(garbled(format!("a record of more than {RECORD_BYTES} bytes")));
        }
        Ok(())
    }

    /// Ends the reading: an answer that was cut off is an error.
    pub fn finish(self) -> Result<()> {
        if self.columns.is_none() {
            return Err(garbled("there is no header".to_owned()));
        }
        if self.pending.iter().any(|byte| !byte.is_ascii_whitespace()) {
            return Err(garbled("it ends in the middle of a row".to_owned()));
        }
        Ok(())
    }
}

fn take(columns: &mut Option<HashMap<String, usize>>, record: &[u8], each: &mut impl FnMut(&Row<'_>)) -> Result<()> {
    let record = String::from_utf8_lossy(record);
    let record = record.trim_end_matches('\r');
    if record.is_empty() {
        return Ok(());
    }
    match columns {
        None => {
            let header = record.strip_prefix("# ").ok_or_else(|| garbled(record.chars().take(80).collect()))?;
            let names = header.split(',').enumerate().filter(|(_, name)| !name.is_empty());
            *columns = Some(names.map(|(at, name)| (name.to_owned(), at)).collect());
        }
        Some(columns) => each(&Row { columns, fields: fields(record) }),
    }
    Ok(())
}

fn fields(record: &str) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::with_capacity(128);
    let mut rest = record;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => match rest.find(',') {
                Some(at) => (Cow::Borrowed(&rest[..at]), &rest[at..]),
                None => (Cow::Borrowed(rest), ""),
            },
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return fields,
        }
    }
}

/// What is within the quotes (a doubled quote is one), and what follows them.
fn unquote(text: &str) -> (Cow<'_, str>, &str) {
    let mut value = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('"') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                value.push('"');
                rest = next;
            }
            None => {
                // Anything between the closing quote and the delimiter is no CSV; it is passed over.
                let delimiter = rest.find(',').unwrap_or(rest.len());
                return (Cow::Owned(value), &rest[delimiter..]);
            }
        }
    }
    value.push_str(rest);
    (Cow::Owned(value), "")
}

impl Row<'_> {
    /// A column by its name; `None` when it is empty or this version does not have it.
    pub fn get(&self, column: &str) -> Option<&str> {
        let at = *self.columns.get(column)?;
        self.fields.get(at).map(|field| &**field).filter(|field| !field.is_empty())
    }

    /// A column that is a number.
    pub fn number(&self, column: &str) -> Option<u64> {
        self.get(column)?.parse().ok()
    }

    /// The frontend's or backend's name.
    pub fn proxy(&self) -> &str {
        self.get("pxname").unwrap_or_default()
    }

    /// `FRONTEND`, `BACKEND`, or the server's or listener's name.
    pub fn service(&self) -> &str {
        self.get("svname").unwrap_or_default()
    }

    /// What the row is about.
    pub fn kind(&self) -> Option<Kind> {
        match self.get("type")? {
            "0" => Some(Kind::Frontend),
            "1" => Some(Kind::Backend),
            "2" => Some(Kind::Server),
            "3" => Some(Kind::Listener),
            _ => None,
        }
    }
}

fn garbled(detail: String) -> Error {
    Error::Garbled { command: "show stat".to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# pxname,svname,qcur,status,last_chk,type,\nweb,FRONTEND,,OPEN,,0,\nweb,s1,3,UP,\"L7OK, \"\"fine\"\"\nreally\",2,\nb,BACKEND,0,UP,,1,\n\n";

    fn read(pieces: impl Iterator<Item = Vec<u8>>) -> Result<Vec<String>> {
        let mut reader = Reader::default();
        let mut rows = Vec::new();
        for piece in pieces {
            reader.feed(&piece, &mut |row| {
                rows.push(format!(
                    "{}/{} {:?} {:?} {:?}",
                    row.proxy(),
                    row.service(),
                    row.kind(),
                    row.number("qcur"),
                    row.get("last_chk")
                ));
            })?;
        }
        reader.finish()?;
        Ok(rows)
    }

    #[test]
    fn rows_are_the_same_however_the_bytes_arrive() {
        let whole = read([SAMPLE.as_bytes().to_vec()].into_iter()).unwrap();
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[1], "web/s1 Some(Server) Some(3) Some(\"L7OK, \\\"fine\\\"\\nreally\")");
        for size in 1..40 {
            assert_eq!(read(SAMPLE.as_bytes().chunks(size).map(<[u8]>::to_vec)).unwrap(), whole, "pieces of {size}");
        }
    }

    #[test]
    fn f11_torn_and_foreign_answers_are_errors() {
        for text in ["", "\n", "HTTP/1.1 200 OK\n\n", "# pxname,svname\nweb,FRO", "# pxname\n\"never closed\n"] {
            assert!(read([text.as_bytes().to_vec()].into_iter()).is_err(), "{text:?}");
        }
        assert!(read(std::iter::repeat_n(vec![b'x'; 64 * 1024], 100)).is_err());
    }
}
