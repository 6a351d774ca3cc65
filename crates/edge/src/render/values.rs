//! What HAProxy demands of single values beyond what their types say. Each function tells what is wrong, or nothing.

use std::net::IpAddr;

use super::writer::Line;

/// Most milliseconds of a timeout (about 24.8 days).
const LONGEST: u64 = 2_147_483_647;

/// Milliseconds of a duration such as `30s`.
fn milliseconds(duration: &str) -> Option<u64> {
    let digits = duration.bytes().take_while(u8::is_ascii_digit).count();
    let count: u64 = duration[..digits].parse().ok()?;
    let unit = match &duration[digits..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.checked_mul(unit)
}

impl Line<'_> {
    /// Adds a duration, which must not be longer than HAProxy can count.
    pub(super) fn duration(&mut self, duration: &str) -> &mut Self {
        if milliseconds(duration).is_none_or(|ms| ms > LONGEST) {
            self.issue("is longer than HAProxy can wait: at most 2147483647ms (about 24.8 days)");
        }
        self.arg(duration)
    }
}

/// A size such as `100k`, in bytes.
pub(super) fn size(size: &str) -> Option<u64> {
    let digits = size.bytes().take_while(u8::is_ascii_digit).count();
    let count: u64 = size[..digits].parse().ok()?;
    let shift = match size[digits..].to_ascii_lowercase().as_str() {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    count.checked_mul(1 << shift)
}

/// Whether a text is a token of HTTP, as header names are.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether a text can name a variable.
pub(super) fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
}

/// Whether a text is an integer or a range of two.
pub(super) fn is_range(text: &str) -> bool {
    let integer = |text: &str| text.is_empty() || text.parse::<i64>().is_ok();
    match text.split_once(':') {
        Some((low, high)) => integer(low) && integer(high) && text.len() > 1,
        None => text.parse::<i64>().is_ok(),
    }
}

/// Whether a text is an address or a network.
pub(super) fn is_network(text: &str) -> bool {
    let (address, mask) = text.split_once('/').map_or((text, None), |(address, mask)| (address, Some(mask)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    match mask {
        None => true,
        Some(mask) => {
            mask.parse::<u8>().is_ok_and(|bits| bits <= most)
                || (address.is_ipv4() && mask.parse::<std::net::Ipv4Addr>().is_ok())
        }
    }
}

/// Whether a text could be the name of a host.
pub(super) fn is_host(text: &str) -> bool {
    !text.is_empty() && text.len() < 254 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

/// What is obviously wrong with a regular expression.
pub(super) fn regex_fault(pattern: &str) -> Option<&'static str> {
    let mut depth = 0_usize;
    let mut chars = pattern.chars().peekable();
    let mut quantifiable = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if chars.next().is_none() {
                    return Some("is no regular expression: it ends after a backslash");
                }
                quantifiable = true;
            }
            '[' => {
                if chars.peek() == Some(&'^') {
                    chars.next();
                }
                let mut first = true;
                loop {
                    match chars.next() {
                        None => return Some("is no regular expression: [ without ]"),
                        Some(']') if !first => break,
                        Some('\\') => {
                            chars.next();
                        }
                        Some('[') if matches!(chars.peek(), Some(':' | '.' | '=')) => {
                            let kind = chars.next();
                            let mut last = None;
                            for c in chars.by_ref() {
                                if c == ']' && last == kind {
                                    break;
                                }
                                last = Some(c);
                            }
                        }
                        Some(_) => {}
                    }
                    first = false;
                }
                quantifiable = true;
            }
            '(' => {
                depth += 1;
                quantifiable = false;
                if chars.peek() == Some(&'?') {
                    chars.next();
                }
            }
            ')' => {
                if depth == 0 {
                    return Some("is no regular expression: ) without (");
                }
                depth -= 1;
                quantifiable = true;
            }
            '*' | '+' | '?' => {
                if !quantifiable {
                    return Some("is no regular expression: nothing to repeat");
                }
                // A quantifier may be followed by one more mark (lazy, possessive).
                if matches!(chars.peek(), Some('?' | '+')) {
                    chars.next();
                }
                quantifiable = false;
            }
            '|' | '^' => quantifiable = false,
            _ => quantifiable = true,
        }
    }
    (depth > 0).then_some("is no regular expression: ( without )")
}

/// What is obviously wrong with a log format.
pub(super) fn format_fault(format: &str) -> Option<&'static str> {
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(['%', '"', '\'']) {
            rest = after;
            continue;
        }
        if rest.starts_with('{') {
            match rest.find('}') {
                Some(end) => rest = &rest[end + 1..],
                None => return Some("is no log format: %{ without }"),
            }
        }
        if let Some(expression) = rest.strip_prefix('[') {
            match closing(expression) {
                Some(end) => rest = &expression[end + 1..],
                None => return Some("is no log format: %[ without ]"),
            }
        } else if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || "+-(".contains(c)) {
            return Some("is no log format: a single % (write %% for a per cent sign)");
        }
    }
    None
}

/// Where the bracket that opens before `expression` closes; brackets within parentheses do not count.
fn closing(expression: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in expression.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ']' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// What is obviously wrong with an expression of a sample: the name of a fetch, its arguments, and converters.
pub(super) fn sample_fault(expression: &str) -> Option<&'static str> {
    let end = expression.find(['(', ',']).unwrap_or(expression.len());
    let name = &expression[..end];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_name {
        return Some(
            "is no expression of a sample: it has to begin with the name of a fetch, such as src or req.hdr(host)",
        );
    }
    // Quotes within arguments are HAProxy's to judge; parentheses in them do not count.
    let mut depth = 0_i32;
    let mut quote = None;
    for c in expression.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('(', None) => depth += 1,
            (')', None) => depth -= 1,
            _ => {}
        }
    }
    (depth > 0).then_some("is no expression of a sample: ( without )")
}

/// What a sample is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The HTTP request.
    Request,
    /// The HTTP response.
    Response,
    /// The HTTP message that a phase is about.
    Message,
    /// Anything else: the connection, variables, or a sample that this renderer does not know.
    Elsewhere,
}

/// What a sample is taken from, as far as its fetch tells.
pub(super) fn origin_of(expression: &str) -> Origin {
    const MESSAGE: [&str; 3] = ["hdr", "fhdr", "cook"];
    const MESSAGES: [&str; 3] = ["hdr_", "fhdr_", "cook_"];
    const REQUEST: [&str; 7] = ["path", "pathq", "query", "url", "base", "urlp", "http_auth"];
    const REQUESTS: [&str; 10] =
        ["path_", "url_", "url32", "base32", "urlp_", "req.hdr", "req.fhdr", "req.cook", "req.body", "req.ver"];
    let end = expression.find(['(', ',']).unwrap_or(expression.len());
    let name = expression[..end].trim();
    if REQUEST.contains(&name) || REQUESTS.iter().any(|family| name.starts_with(family)) {
        Origin::Request
    } else if name == "status"
        || ["res.hdr", "res.fhdr", "res.cook", "res.body", "res.ver"].iter().any(|f| name.starts_with(f))
    {
        Origin::Response
    } else if MESSAGE.contains(&name) || MESSAGES.iter().any(|family| name.starts_with(family)) {
        Origin::Message
    } else {
        Origin::Elsewhere
    }
}

/// A text as part of a log format that shows exactly it.
pub(super) fn literal_format(text: &str) -> String {
    text.replace('%', "%%")
}

/// A log format as the document spells it. People write it the way haproxy.cfg wants it: with spaces escaped, or all
/// of it in quotes; that is undone, so that it is not quoted twice.
pub(super) fn unescape_format(text: &str) -> String {
    let quoted = text.len() > 1
        && (text.starts_with('"') && text.ends_with('"') || text.starts_with('\'') && text.ends_with('\''));
    if (quoted || text.contains("\\ "))
        && let Ok(words) = super::words::split(text)
        && let [word] = words.as_slice()
        && !word.variable
    {
        return word.text.clone();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions() {
        for good in ["^/a", "(a|b)+", "[]a]", "[^]]", r"\(", "a{2,3}", "(?:x)?", "[[:alpha:]]+", "a+?", "(?i)x"] {
            assert_eq!(regex_fault(good), None, "{good}");
        }
        for bad in ["(", ")", "[a", "*a", "a\\", "(a", "a|*"] {
            assert!(regex_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn samples() {
        for good in
            ["src", "req.hdr(host),lower", "str(\"a)b\")", "var(txn.x)", "req.payload(0,4)", "table_http_req_rate(t)"]
        {
            assert_eq!(sample_fault(good), None, "{good}");
        }
        for bad in ["", "(", "two words", "-f", "$x", "req.hdr(host", "../x"] {
            assert!(sample_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn log_formats() {
        for good in
            ["", "a", "%%", "%ci:%cp", "%[src]", "%{+X}o %ci", r#"%[capture.req.hdr(0),json(utf8s)]"#, "%[str(])]"]
        {
            assert_eq!(format_fault(good), None, "{good}");
        }
        for bad in ["%", "50% off", "%[src", "%{+X"] {
            assert!(format_fault(bad).is_some(), "{bad}");
        }
        assert_eq!(unescape_format(r"%{+X}o\ %ci"), "%{+X}o %ci");
        assert_eq!(unescape_format(r#""%ci %cp""#), "%ci %cp");
        assert_eq!(unescape_format("%ci %cp"), "%ci %cp");
    }

    #[test]
    fn sizes_and_durations() {
        assert_eq!(size("2k"), Some(2048));
        assert_eq!(milliseconds("24d"), Some(2_073_600_000));
        assert_eq!(milliseconds("99999999999999999999d"), None);
    }

    #[test]
    fn networks() {
        for good in ["10.0.0.0/8", "::1", "fe80::/10", "10.0.0.0/255.0.0.0"] {
            assert!(is_network(good), "{good}");
        }
        for bad in ["10.0.0.0/33", "host", "10.0.0/8", ""] {
            assert!(!is_network(bad), "{bad}");
        }
    }
}
