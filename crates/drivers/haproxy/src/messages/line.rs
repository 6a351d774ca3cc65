//! One line: severity, process, position, text.

use super::Severity;

pub(super) struct Head<'a> {
    pub(super) severity: Severity,
    pub(super) file: Option<&'a str>,
    pub(super) line: Option<u32>,
    pub(super) text: &'a str,
}

/// Reads the first line of a message, or tells that this is none.
pub(super) fn head(text: &str) -> Option<Head<'_>> {
    let (word, rest) = text.trim_start().strip_prefix('[')?.split_once(']')?;
    let severity = severity(word)?;
    let mut rest = rest.trim_start();
    // 2.4 and older print the date and time before the process: `[ALERT] 123/101112 (1234) :`.
    if let Some(at) = rest.find('(')
        && rest[..at].chars().all(|c| c.is_ascii_digit() || matches!(c, '/' | ' '))
        && let Some((pid, after)) = rest[at + 1..].split_once(')')
        && pid.chars().all(|c| c.is_ascii_digit())
    {
        rest = after;
    }
    let mut rest = rest.trim_start_matches([' ', ':']);
    for prefix in ["config :", "config:"] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest).trim_start();
    }
    let (file, line, rest) = position(rest);
    Some(Head { severity, file, line, text: rest.trim_start_matches([' ', ':']) })
}

fn severity(word: &str) -> Option<Severity> {
    Some(match word {
        "EMERG" => Severity::Emergency,
        "ALERT" => Severity::Alert,
        "CRIT" => Severity::Critical,
        "ERROR" | "ERR" => Severity::Error,
        "WARNING" => Severity::Warning,
        "NOTICE" => Severity::Notice,
        "INFO" => Severity::Info,
        "DEBUG" | "DIAG" => Severity::Debug,
        _ => return None,
    })
}

/// `parsing [file:line] : rest`, `[file:line] : rest`, a position further in, or none at all.
fn position(text: &str) -> (Option<&str>, Option<u32>, &str) {
    let after = text.strip_prefix("parsing ").or_else(|| text.strip_prefix("Parsing ")).unwrap_or(text);
    if let Some((file, line, rest)) = after.strip_prefix('[').and_then(|inner| place(inner, ']')) {
        return (Some(file), Some(line), rest);
    }
    // Elsewhere the position is part of the sentence and stays in it.
    let (file, line) = further_in(text).unzip();
    (file, line, text)
}

/// `file:line` up to `close`, and what follows it. The file's name may hold the closing character, too.
fn place(inner: &str, close: char) -> Option<(&str, u32, &str)> {
    let mut from = 0;
    while let Some(at) = inner[from..].find(close).map(|at| at + from) {
        if let Some((file, number)) = inner[..at].rsplit_once(':')
            && !file.is_empty()
            && !file.contains('\n')
            && let Ok(line) = number.parse()
        {
            return Some((file, line, &inner[at + close.len_utf8()..]));
        }
        from = at + close.len_utf8();
    }
    None
}

/// `Binding [file:line] for frontend …`, `frontend 'web' (file:line) tries …`, `… (at file:line).`
fn further_in(text: &str) -> Option<(&str, u32)> {
    if let Some(inner) = text.strip_prefix("Binding [") {
        return place(inner, ']').map(|(file, line, _)| (file, line));
    }
    let mut rest = text;
    while let Some((_, inner)) = rest.split_once('(') {
        let named = inner.strip_prefix("at ").unwrap_or(inner);
        if let Some((file, line)) = named.split_once(')').and_then(|(group, _)| place_whole(group))
            && file.parse::<std::net::IpAddr>().is_err()
        {
            return Some((file, line));
        }
        rest = inner;
    }
    None
}

/// `file:line` and nothing else: no blank, and a name that is not only digits.
fn place_whole(group: &str) -> Option<(&str, u32)> {
    let (file, number) = group.rsplit_once(':')?;
    let plausible = file.contains(|c: char| c.is_alphabetic()) && !file.contains([' ', '(', ',', '\'']);
    plausible.then(|| number.parse().ok())?.map(|line| (file, line))
}

/// Whether a line belongs to the message before it: HAProxy indents continuations, or draws a bar.
pub(super) fn continues(text: &str) -> bool {
    !text.trim().is_empty() && (text.starts_with([' ', '\t', '|']))
}

/// The output without escape sequences and without control characters but the ends of lines.
pub(super) fn printable(output: &str) -> String {
    let mut clean = String::with_capacity(output.len());
    let mut chars = output.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Passes over what follows an ESC: a control sequence ends with a letter, a string with BEL or ESC, else one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            while let Some(c) = chars.peek().copied() {
                if c == '\n' {
                    return;
                }
                chars.next();
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    return;
                }
            }
        }
        Some(']' | 'P' | '^' | '_') => {
            while let Some(c) = chars.peek().copied() {
                if c == '\n' {
                    return;
                }
                chars.next();
                if c == '\u{7}' {
                    return;
                }
                if c == '\u{1b}' {
                    if chars.peek() == Some(&'\\') {
                        chars.next();
                    }
                    return;
                }
            }
        }
        Some('\n') | None => {}
        Some(_) => {
            chars.next();
        }
    }
}
