//! HAProxy's real messages: `tests/corpus/*.cfg` are broken configurations, each with what must be recognised in what
//! HAProxy says about it; beside them is what each version said when the corpus was made.
//!
//! `# expect: alert line=9 server:s1 text=chekc` asks for one message of that severity, at that line, about that
//! server, with that text. `valid` asks for none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plenum_haproxy::Binary;
use plenum_haproxy::messages::{self, Kind, Message};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Every broken configuration: its name and what is expected.
fn cases() -> Vec<(String, String)> {
    let mut cases: Vec<(String, String)> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cfg"))
        .map(|path| {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let expected = text.lines().rev().find_map(|line| line.strip_prefix("# expect: ")).unwrap().to_owned();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), expected)
        })
        .collect();
    cases.sort();
    assert!(cases.len() > 40, "the corpus is gone");
    cases
}

fn matches(message: &Message, expected: &str) -> bool {
    let (severity, rest) = expected.split_once(' ').unwrap_or((expected, ""));
    message.severity.as_str() == severity
        && rest.split_once("text=").is_none_or(|(_, text)| message.text.contains(text))
        && rest.split("text=").next().unwrap().split_whitespace().all(|word| match word.split_once(['=', ':']) {
            Some(("line", line)) => message.line == line.parse().ok() && message.file.is_some(),
            Some((kind, name)) => message
                .subjects
                .iter()
                .any(|(found, text)| format!("{found:?}").eq_ignore_ascii_case(kind) && text == name),
            None => panic!("what is {word:?}?"),
        })
}

fn check(name: &str, version: &str, expected: &str, output: &str) -> Result<(), String> {
    let found = messages::parse(output);
    let told: Vec<&Message> = found.iter().filter(|message| !message.is_summary()).collect();
    if expected == "valid" {
        return if told.is_empty() { Ok(()) } else { Err(format!("{name} on {version}: {told:#?}")) };
    }
    if told.iter().any(|message| matches(message, expected)) {
        return Ok(());
    }
    Err(format!("{name} on {version}: nothing is {expected:?} in {told:#?}\n{output}"))
}

#[test]
fn what_was_recorded_is_recognised() {
    let mut wrong = Vec::new();
    for (name, expected) in cases() {
        for version in ["2.6", "2.8", "3.0"] {
            let output = std::fs::read(directory().join(format!("{name}.{version}.txt"))).unwrap();
            let output = String::from_utf8_lossy(&output);
            // The last line is the exit code, as the recording wrote it.
            let output = output.rsplit_once("exit ").unwrap().0;
            wrong.extend(check(&name, version, &expected, output).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_said_now_is_recognised() {
    let mut wrong = Vec::new();
    for installed in testkit::haproxy::versions() {
        let binary = Binary::new(&installed.path);
        for (name, expected) in cases() {
            let check_result =
                binary.check(&directory(), &format!("{name}.cfg"), Duration::from_secs(20)).await.unwrap();
            assert!(!check_result.timed_out, "{name}");
            let acceptable = expected == "valid" || expected.starts_with("warning");
            assert_eq!(check_result.ok, acceptable, "{name} on {}: {}", installed.version, check_result.output);
            wrong.extend(check(&name, &installed.version, &expected, &check_result.output).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_error_is_told_not_only_the_first() {
    let output = std::fs::read_to_string(directory().join("many-errors.2.6.txt")).unwrap();
    let lines: Vec<Option<u32>> = messages::parse(&output)
        .iter()
        .filter(|message| message.is_error() && !message.is_summary())
        .map(|m| m.line)
        .collect();
    assert_eq!(lines, [Some(8), Some(9), Some(10), Some(11)]);
}

#[test]
fn a_port_that_is_taken_names_its_frontend_and_address() {
    // Of the start and of the reload; `-c` does not notice.
    for line in [
        "[ALERT]    (26145) : Binding [c.cfg:8] for frontend web: cannot bind socket (Address already in use) for [127.0.0.1:21990]",
        "[ALERT]    (26199) : Binding [c.cfg:8] for frontend web: protocol tcpv4: cannot bind socket (Address already in use) for [127.0.0.1:21990].",
        "[ALERT] 323/101500 (77) : Starting frontend web: cannot bind socket (Address already in use) [127.0.0.1:21990]",
    ] {
        let found = messages::parse(line);
        assert!(found[0].subjects.contains(&(Kind::Frontend, "web".to_owned())), "{found:?}");
        assert!(found[0].subjects.contains(&(Kind::Address, "127.0.0.1:21990".to_owned())), "{found:?}");
        assert_eq!(found[0].line, line.contains("c.cfg").then_some(8));
    }
}

#[test]
fn longer_messages_keep_their_lines() {
    let output = "[WARNING]  (9) : config : missing timeouts for frontend 'web'.\n   | While not properly invalid\n   | with such\nWarnings were found.\n";
    let found = messages::parse(output);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, "missing timeouts for frontend 'web'.\n| While not properly invalid\n| with such");
}

#[test]
fn v26_escape_sequences_and_garbage_come_out_harmless() {
    let output = "\u{1b}]52;c;aGk=\u{7}\u{1b}[31m[ALERT]    (1) : config : \u{1b}[1mparsing [a.cfg:3] : x\u{1b}[0m\r\n\u{0}\u{8}";
    let found = messages::parse(output);
    assert_eq!((found.len(), found[0].line, found[0].text.as_str()), (1, Some(3), "x"));
    let crash = messages::parse("Segmentation fault (core dumped)\n");
    assert_eq!((crash.len(), crash[0].is_error()), (1, true));
    assert!(messages::parse("").is_empty() && messages::parse("\n \n").is_empty());
}

mod properties {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn v23_no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
            let _ = plenum_haproxy::messages::parse(&text);
        }

        #[test]
        fn v23_no_broken_message_makes_the_parser_panic(
            parts in proptest::collection::vec(prop_oneof![
                Just("[ALERT]"), Just("(1)"), Just(" : "), Just("parsing ["), Just("]"), Just("a.cfg:9"), Just("'"), Just("server a/b"),
                Just("Binding ["), Just("] for frontend "), Just("Starting "), Just("("), Just(")"), Just("\u{1b}["), Just("\u{1b}]"),
                Just("\n"), Just("   | "), Just("<"), Just(">"), Just("é'ü"), Just("config : "), Just("99999999999999"), Just("proxy '"),
            ], 0..40)
        ) {
            for message in plenum_haproxy::messages::parse(&parts.concat()) {
                let clean = !message.text.contains('\u{1b}');
                prop_assert!(clean);
            }
        }
    }
}
