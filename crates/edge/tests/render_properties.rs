//! What holds for every valid document: the renderer says what is wrong with it, where, or the real HAProxy accepts it.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/rendering.rs"]
mod rendering;
#[path = "support/tame.rs"]
mod tame;

use std::cell::Cell;

use generate::{Flavour, documents};
use plenum_edge::render::{self, Rendered, Target};
use plenum_edge::state::{Document, Issue};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rendering::{Workplace, described, installed, listed, try_document};
use serde_json::Value;

/// Takes away what is at a path: the member, or the item of a list. `depth` says how much of the path counts.
fn remove(document: &mut Value, path: &[shape::Step], depth: usize) -> bool {
    let Some((last, parents)) = path[..depth].split_last() else { return false };
    match (document.pointer_mut(&shape::pointer(parents)), last) {
        (Some(Value::Object(members)), step) => step.as_str().and_then(|key| members.remove(key)).is_some(),
        (Some(Value::Array(items)), shape::Step::Index(index)) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}

/// Takes away what an issue points to, or else what holds it, and then all that referred to what is gone.
fn take_away(document: &mut Value, issue: &Issue) -> bool {
    let before = document.clone();
    for depth in (1..=issue.path.len()).rev() {
        let mut gone = remove(document, &issue.path, depth);
        for _ in 0..40 {
            match (gone, try_document(document)) {
                (false, _) => break,
                (true, Ok(_)) => return true,
                (true, Err(left)) => {
                    let path = &left[0].path;
                    gone = (1..=path.len()).rev().any(|depth| remove(document, path, depth));
                }
            }
        }
        document.clone_from(&before);
    }
    false
}

/// Renders a document, taking away what issues complain about until none is left. Each issue must point to something
/// whose removal helps, or a person could not follow it either.
fn settled(document: &mut Value, target: &Target) -> (Document, Rendered, usize) {
    let mut rounds = 0;
    loop {
        let typed = rendering::document(document);
        let issues = match render::render(&typed, target) {
            Ok(rendered) => return (typed, rendered, rounds),
            Err(issues) => issues,
        };
        rounds += 1;
        assert!(rounds < 200, "no end of issues:\n{}", listed(&issues));
        let issue = &issues[0];
        assert!(!issue.path.is_empty() && !issue.message.is_empty(), "{}", listed(&issues));
        assert!(take_away(document, issue), "nothing to take away for {}\n{document:#}", listed(&issues[..1]));
    }
}

/// Why a real HAProxy may refuse what was rendered although nothing is wrong with it: the machine lacks something that
/// the document names, or an expression of HAProxy's own language is wrong, which only HAProxy can tell.
fn is_of_the_machine(said: &str) -> bool {
    const REASONS: [&str; 9] = [
        "No such file or directory",
        "cannot open",
        "unable to open",
        "unable to load",
        "error opening file",
        "unknown fetch method",
        "Cannot open namespace",
        "unknown converter",
        "cannot be used with fetch keyword",
    ];
    REASONS.iter().any(|reason| said.contains(reason))
}

/// The same few documents in every run, so that a change is judged by what it changed; PROPTEST_CASES asks for that many
/// others.
fn runner() -> TestRunner {
    let config = Config { max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return TestRunner::new(config);
    }
    let config = Config { cases: 60, ..config };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn real_haproxies_accept_every_document_that_renders() {
    let place = Workplace::new();
    let programs = testkit::haproxy::versions();
    let (accepted, excused) = (Cell::new(0_u32), Cell::new(0_u32));
    let mut runner = runner();
    let result = runner.run(&prop_oneof![documents(Flavour::Plausible), documents(Flavour::Wild)], |document| {
        for program in &programs {
            let mut document = document.clone();
            tame::tame(&mut document);
            let target = installed(program, &document);
            let (typed, rendered, _) = settled(&mut document, &target);
            match place.check(program, &rendered, &typed) {
                Ok(_) => accepted.set(accepted.get() + 1),
                Err(said) if is_of_the_machine(&said) => excused.set(excused.get() + 1),
                Err(said) => {
                    return Err(TestCaseError::fail(format!("{}: {said}\n{}", program.version, rendered.cfg)));
                }
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (accepted, excused) = (accepted.get(), excused.get());
    assert!(accepted > excused, "{accepted} were accepted and {excused} excused");
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    #[test]
    fn rendering_is_deterministic_and_total(document in documents(Flavour::Wild)) {
        let target = described(&document);
        let typed = rendering::document(&document);
        match (render::render(&typed, &target), render::render(&typed, &target)) {
            (Ok(a), Ok(b)) => {
                prop_assert_eq!(&a.cfg, &b.cfg);
                prop_assert_eq!(&a.files, &b.files);
                prop_assert_eq!(&a.marker, &b.marker);
                prop_assert_eq!(a.keepalived, b.keepalived);
            }
            (Err(a), Err(b)) => prop_assert_eq!(a, b),
            _ => prop_assert!(false, "once it rendered and once not"),
        }
    }

    #[test]
    fn every_issue_points_to_what_can_be_changed(document in documents(Flavour::Wild)) {
        let mut document = document;
        settled(&mut document, &described(&Value::Null));
    }
}
