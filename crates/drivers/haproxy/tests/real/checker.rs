//! The checker: what it accepts, and what becomes of one that hangs, floods, crashes or is missing (F6).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plenum_haproxy::{Binary, Error};

const GOOD: &str = "\
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend web
  bind 127.0.0.1:21999
  http-request return status 204
";

#[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// A program that stands where HAProxy should be.
fn program(directory: &Path, script: &str) -> PathBuf {
    let path = directory.join("checker");
    write(&path, &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn every_version_is_probed() {
    for installed in testkit::haproxy::versions() {
        let probe = Binary::new(&installed.path).probe().await.unwrap();
        assert_eq!(probe.version.as_str(), installed.version);
        assert!(probe.version.at_least(2, 6));
        assert!(probe.features.tls() && probe.features.lua() && probe.features.prometheus());
        assert!(probe.features.protocols.contains("h2") && probe.features.filters.contains("compression"));
        assert_eq!(probe.features.filters.contains("bwlim-in"), probe.version.at_least(2, 7));
        assert!(probe.features.openssl.as_deref().is_some_and(|name| name.starts_with("OpenSSL")));
    }
}

#[tokio::test]
async fn a_good_configuration_passes_and_a_bad_one_explains_itself() {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("good.cfg"), GOOD);
    write(&directory.path().join("bad.cfg"), &GOOD.replace("bind ", "bindd "));
    for installed in testkit::haproxy::versions() {
        let binary = Binary::new(&installed.path);
        let check = binary.check(directory.path(), "good.cfg", Duration::from_secs(10)).await.unwrap();
        assert!(check.ok && check.exit == Some(0) && !check.timed_out, "{check:?}");
        let check = binary.check(directory.path(), "bad.cfg", Duration::from_secs(10)).await.unwrap();
        assert!(!check.ok && check.exit == Some(1) && check.output.contains("bindd"), "{check:?}");
    }
}

#[tokio::test]
async fn relative_paths_mean_the_directory_of_the_check() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        format!("global\n  default-path config\n{GOOD}  http-request set-header x %[path,map(maps/hosts.map)]\n");
    write(&directory.path().join("haproxy.cfg"), &text);
    let binary = Binary::new(testkit::haproxy::default().path);
    let before = binary.check(directory.path(), "haproxy.cfg", Duration::from_secs(10)).await.unwrap();
    assert!(!before.ok && before.output.contains("maps/hosts.map"), "{before:?}");
    std::fs::create_dir(directory.path().join("maps")).unwrap();
    write(&directory.path().join("maps/hosts.map"), "/ x\n");
    let after = binary.check(directory.path(), "haproxy.cfg", Duration::from_secs(10)).await.unwrap();
    assert!(after.ok, "{after:?}");
}

#[tokio::test]
async fn f6_a_checker_that_hangs_is_killed_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let path = program(directory.path(), "trap '' TERM\nsleep 600 &\necho $! > child\necho begun >&2\nwait\nsleep 600");
    let start = Instant::now();
    let check = Binary::new(path).check(directory.path(), "x", Duration::from_millis(500)).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(check.timed_out && !check.ok && check.output.contains("begun"), "{check:?}");
    let child: u32 = std::fs::read_to_string(directory.path().join("child")).unwrap().trim().parse().unwrap();
    testkit::wait::until("the child to be gone", Duration::from_secs(5), || !testkit::process::is_alive(child))
        .unwrap();
}

#[tokio::test]
async fn f6_a_check_that_is_given_up_leaves_no_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = program(directory.path(), "echo $$ > pid\nexec sleep 600");
    let binary = Binary::new(path);
    let check = binary.check(directory.path(), "x", Duration::from_secs(60));
    assert!(tokio::time::timeout(Duration::from_millis(500), check).await.is_err());
    let pid: u32 = std::fs::read_to_string(directory.path().join("pid")).unwrap().trim().parse().unwrap();
    testkit::wait::until("the checker to be gone", Duration::from_secs(5), || !testkit::process::is_alive(pid))
        .unwrap();
}

#[tokio::test]
async fn f6_a_checker_that_floods_is_cut_and_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = program(directory.path(), "head -c 50000000 /dev/zero | tr '\\0' 'x'\nexit 1");
    let check = Binary::new(path).check(directory.path(), "x", Duration::from_secs(20)).await.unwrap();
    assert_eq!((check.exit, check.timed_out, check.output.len()), (Some(1), false, 1024 * 1024));
}

#[tokio::test]
async fn f6_a_checker_that_crashes_is_told_apart_from_one_that_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let path = program(directory.path(), "kill -SEGV $$");
    let check = Binary::new(path).check(directory.path(), "x", Duration::from_secs(10)).await.unwrap();
    assert_eq!((check.ok, check.exit, check.signal), (false, None, Some(11)));
}

#[tokio::test]
async fn f6_a_missing_or_foreign_program_is_an_error() {
    let missing = Binary::new("/nonexistent/haproxy");
    assert!(matches!(missing.probe().await, Err(Error::Program { .. })));
    assert!(missing.check(Path::new("/"), "x", Duration::from_secs(1)).await.is_err());
    assert!(matches!(Binary::new("/bin/echo").probe().await, Err(Error::NotHaproxy { .. })));
    assert!(matches!(Binary::new("/bin/false").probe().await, Err(Error::NotHaproxy { .. })));
}

#[tokio::test]
async fn v34_the_checker_sees_nothing_of_our_environment() {
    let directory = tempfile::tempdir().unwrap();
    let path = program(directory.path(), "env; pwd; ls -l /proc/self/fd/0");
    let check = Binary::new(path).check(directory.path(), "x", Duration::from_secs(10)).await.unwrap();
    // What the shell adds itself (PWD, SHLVL, _) is not ours.
    assert!(!check.output.contains("CARGO") && !check.output.contains("HOME="), "{}", check.output);
    assert!(check.output.contains("/dev/null"), "{}", check.output);
    assert!(check.output.contains(directory.path().to_str().unwrap()), "{}", check.output);
}

/// What the checker does after its verdict is nobody's concern who waits for the verdict.
#[tokio::test]
async fn a_verdict_is_taken_when_it_is_said() {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("good.cfg"), GOOD);
    write(&directory.path().join("bad.cfg"), &GOOD.replace("bind ", "bindd "));
    for installed in testkit::haproxy::versions() {
        let binary = Binary::new(&installed.path);
        let good = binary.accepts(directory.path(), "good.cfg", Duration::from_secs(10)).await.unwrap();
        assert!(good.ok && good.exit == Some(0), "{good:?}");
        let bad = binary.accepts(directory.path(), "bad.cfg", Duration::from_secs(10)).await.unwrap();
        assert!(!bad.ok && bad.exit == Some(1) && bad.output.contains("bindd"), "{bad:?}");
    }
    let script = |body: &str| {
        let path = directory.path().join("checker");
        write(&path, &format!("#!/bin/sh\n{body}\n"));
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Binary::new(path)
    };
    let within = Duration::from_millis(800);
    let said = "echo 'Configuration file is valid'";
    let pid = directory.path().join("pid");
    let begin = std::time::Instant::now();
    let slow = script(&format!("echo $$ > {}; {said}; exec sleep 60", pid.display()));
    let check = slow.accepts(directory.path(), "x", within).await.unwrap();
    assert!(check.ok && begin.elapsed() < within, "{check:?}");
    // It ends with its time all the same.
    let pid = std::fs::read_to_string(pid).unwrap();
    let alive =
        || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "));
    while alive() {
        assert!(begin.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for refusal in [format!("{said} >&2; exit 1"), format!("{said}; echo but; exit 1"), "kill -9 $$".to_owned()] {
        let check = script(&refusal).accepts(directory.path(), "x", Duration::from_secs(5)).await.unwrap();
        // What follows in the same breath takes it back; otherwise only the last word counts.
        assert!(!check.ok || refusal.contains("but"), "{refusal}: {check:?}");
    }
}
