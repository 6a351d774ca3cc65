//! How HAProxy splits a line into words, and the one way to write a word so that it comes out whole.
//!
//! Outside of quotes HAProxy treats white space, `\`, `'`, `"` and `#` specially, within double quotes also `$`;
//! within single quotes nothing but the closing quote (configuration manual section 2.2). So a word is written bare
//! when it is made of harmless characters, and in single quotes otherwise.

/// Appends `word` so that HAProxy reads exactly it as one word.
pub(super) fn quote(out: &mut String, word: &str) {
    if word.bytes().all(is_harmless) && !word.is_empty() {
        out.push_str(word);
        return;
    }
    for (index, part) in word.split('\'').enumerate() {
        if index > 0 {
            out.push_str(r"\'");
        }
        if !part.is_empty() || word.is_empty() {
            out.push('\'');
            out.push_str(part);
            out.push('\'');
        }
    }
}

/// Whether a byte means itself anywhere in a line.
const fn is_harmless(byte: u8) -> bool {
    HARMLESS[byte as usize]
}

const HARMLESS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        table[byte] = !matches!(byte as u8, b'\\' | b'\'' | b'"' | b'#' | b'$');
        byte += 1;
    }
    table
};

/// What keeps a text from being words of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Control,
    Unfinished,
    Comment,
    Variable,
}

impl Fault {
    pub(super) fn message(self) -> &'static str {
        match self {
            Fault::Control => "must be one line without control characters",
            Fault::Unfinished => "ends within quotes or after a backslash",
            Fault::Comment => "must not hold an unquoted #, which would hide the rest of the line",
            Fault::Variable => "must not refer to environment variables: HAProxy runs with an empty environment",
        }
    }
}

/// A word as HAProxy would read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether a part of it comes from the environment.
    pub(super) variable: bool,
}

/// Splits a text as HAProxy splits a line.
pub(super) fn split(text: &str) -> Result<Vec<Word>, Fault> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut within: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\t' && c.is_control() {
            return Err(Fault::Control);
        }
        match (c, within) {
            ('\'' | '"', None) => {
                within = Some(c);
                word.get_or_insert_default();
            }
            ('\'' | '"', Some(quote)) if c == quote => within = None,
            ('\\', None | Some('"')) => {
                let word = word.get_or_insert_default();
                match chars.next().ok_or(Fault::Unfinished)? {
                    c @ (' ' | '\\' | '\'' | '"' | '#') => word.text.push(c),
                    '$' if within.is_some() => word.text.push('$'),
                    't' => word.text.push('\t'),
                    // HAProxy would put these characters into the word; nothing here has a use for them.
                    'n' | 'r' => return Err(Fault::Control),
                    'x' => {
                        let hex: String = chars.by_ref().take(2).collect();
                        match u8::from_str_radix(&hex, 16) {
                            Ok(byte) if (0x20..0x7f).contains(&byte) => word.text.push(char::from(byte)),
                            _ => return Err(Fault::Control),
                        }
                    }
                    c => word.text.extend(['\\', c]),
                }
            }
            ('#', None) => return Err(Fault::Comment),
            (' ' | '\t', None) => words.extend(word.take()),
            (c, _) => {
                let word = word.get_or_insert_default();
                word.variable |= c == '$' && within == Some('"');
                word.text.push(c);
            }
        }
    }
    if within.is_some() {
        return Err(Fault::Unfinished);
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(line: &str) -> Vec<String> {
        split(line).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn splits_as_haproxy_does() {
        assert_eq!(texts("a  b\tc"), ["a", "b", "c"]);
        assert_eq!(texts(r#"a\ b "c d" 'e f' g'h'"i""#), ["a b", "c d", "e f", "ghi"]);
        assert_eq!(texts(r"^/api\.v1 \\ \x41"), [r"^/api\.v1", r"\", "A"]);
        assert_eq!(texts("'' x"), ["", "x"]);
        assert!(split(r#""${HOME}""#).unwrap()[0].variable);
        assert!(!split("$HOME '$HOME'").unwrap()[0].variable);
        for (text, fault) in [
            ("a 'b", Fault::Unfinished),
            ("a \\", Fault::Unfinished),
            ("a # b", Fault::Comment),
            ("a\nb", Fault::Control),
            (r"a\nb", Fault::Control),
        ] {
            assert_eq!(split(text), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn v3_a_quoted_word_comes_out_whole(words in proptest::collection::vec(r#"[ a'"\\#$\x7b\x7d%é-]{0,8}"#, 1..5)) {
            let mut line = String::new();
            for word in &words {
                line.push(' ');
                quote(&mut line, word);
            }
            prop_assert_eq!(texts(&line), words);
        }
    }
}
