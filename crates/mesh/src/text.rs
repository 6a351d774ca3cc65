//! The tables that people know from the command line.

use jiff::{Timestamp, tz::TimeZone};

/// Lines of columns, each but the last padded to its width; one space at least stands between two.
#[must_use]
pub fn table<const N: usize>(widths: [usize; N], headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut text = String::new();
    let mut line = |cells: &[&str]| {
        for (i, cell) in cells.iter().enumerate() {
            if i + 1 == cells.len() {
                text.push_str(cell);
            } else {
                text.push_str(&format!("{cell:<width$} ", width = widths[i]));
            }
        }
        text.push('\n');
    };
    let underlines = headings.map(|heading| "-".repeat(heading.len()));
    line(&headings);
    line(&underlines.each_ref().map(String::as_str));
    for row in rows {
        line(&row.each_ref().map(String::as_str));
    }
    text
}

/// `Apr  4 12:00:00 2027`, as OpenSSL writes the end of a certificate (UTC).
#[must_use]
pub fn expiry(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%b %e %H:%M:%S %Y").to_string()
}

/// `2026-04-04T12:00:00Z`: to the second, as the documented entries have it.
#[must_use]
pub fn seconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `512MiB`: a size for people, in powers of 1024.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0}{}", units[unit])
    } else {
        format!("{value:.1}{}", units[unit])
    }
}

/// A name that somebody else chose, for terminals and pages: what moves a cursor, turns text around or cannot be seen is
/// replaced, and it has at most so many characters.
#[must_use]
pub fn clean(name: &str, chars: usize) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    let mut cleaned: String =
        name.trim().chars().take(chars).map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect();
    if name.trim().chars().nth(chars).is_some() {
        cleaned.push('…');
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_those_of_the_document() {
        let rows = [["core.qp.local".to_owned(), "127.0.0.1".to_owned()]];
        assert_eq!(
            table([40, 0], ["HOSTNAME", "IP"], &rows),
            format!("{:<40} IP\n{:<40} --\n{:<40} 127.0.0.1\n", "HOSTNAME", "--------", "core.qp.local")
        );
    }

    #[test]
    fn times_and_sizes_are_for_people() {
        let at: Timestamp = "2027-04-04T12:00:00.5Z".parse().unwrap();
        assert_eq!((expiry(at).as_str(), seconds(at).as_str()), ("Apr  4 12:00:00 2027", "2027-04-04T12:00:00Z"));
        assert_eq!([size(512), size(1536), size(512 << 20), size(16 << 30)], ["512B", "1.5KiB", "512MiB", "16.0GiB"]);
    }

    #[test]
    fn v26_names_of_others_cannot_move_a_terminal() {
        assert_eq!(clean(" web-1\n", 20), "web-1");
        assert_eq!(clean("a\u{1b}[2Jb\r\nc\u{202e}d\u{9b}e", 20), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}d\u{fffd}e");
        assert_eq!(clean("\u{1b}]8;;http://x\u{7}click", 40).matches('\u{fffd}').count(), 2);
        assert_eq!(clean(&"x".repeat(50), 10), format!("{}…", "x".repeat(10)));
        assert_eq!(clean("größer 🦀", 20), "größer 🦀");
    }
}
