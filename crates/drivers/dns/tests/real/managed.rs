//! dnsmasq as an engine.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use plenum_dns::client::{self, Rcode};
use plenum_dns::dnsmasq::{Process, Spec};
use plenum_dns::{Engine, Error, Kind, Zone};
use tempfile::TempDir;

use crate::support::{Upstream, dig, dnsmasq, ip, loopback, zone};

/// A directory that others can get through, whatever the mask of this process.
fn open_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn spec(directory: &Path) -> Spec {
    Spec::new(dnsmasq(), directory.join("new/dns"), loopback(testkit::free_port()))
}

fn are_we_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_like_the_embedded_engine() {
    let directory = open_directory();
    let process = Process::start(spec(directory.path()), zone()).await.unwrap();
    let at = process.address();
    for (question, status, data) in [
        ("web.internal", "NOERROR", vec!["10.0.0.1"]),
        ("WEB.internal AAAA", "NOERROR", vec!["fd00::1"]),
        ("+tcp web.internal", "NOERROR", vec!["10.0.0.1"]),
        ("_http._tcp.deep.internal", "NOERROR", vec!["203.0.113.7"]),
        ("only4.internal AAAA", "NOERROR", vec![]),
        ("nope.internal", "NXDOMAIN", vec![]),
        ("example.com", "NXDOMAIN", vec![]),
        ("-x 10.0.0.1", "NOERROR", vec!["web.internal."]),
        ("-x fd00::1", "NOERROR", vec!["web.internal."]),
        ("-x 10.0.0.99", "NXDOMAIN", vec![]),
    ] {
        let dug = dig(at, question).await;
        assert_eq!((dug.status.as_str(), dug.data()), (status, data), "{}", dug.text);
    }
    assert_eq!(process.explain("web.internal").kind, Kind::Authoritative);
    process.stop().await.unwrap();
    assert!(!directory.path().join("new/dns/dnsmasq.pid").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_answered_when_it_is_set_without_privileges_too() {
    let directory = open_directory();
    let process = Process::start(spec(directory.path()), zone()).await.unwrap();
    let pid = process.pid();
    let mode = std::fs::metadata(directory.path().join("new/dns/hosts")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    if are_we_root() {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let uid = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
        assert!(!uid.split_whitespace().skip(1).any(|uid| uid == "0"), "{uid}");
    }
    for last in 1..=20 {
        let next = Zone::new("internal").unwrap().with("web", ip(&format!("10.1.0.{last}"))).unwrap();
        process.set(&next).await.unwrap();
        let asked = client::ask(process.address(), "web.internal", client::Kind::A, Duration::from_secs(1)).await;
        assert_eq!(asked.unwrap().addresses, [ip(&format!("10.1.0.{last}"))]);
    }
    let gone = client::ask(process.address(), "only4.internal", client::Kind::A, Duration::from_secs(1)).await.unwrap();
    assert_eq!(gone.rcode, Rcode::NoSuchName);
    assert_eq!(process.pid(), pid);
    let other = process.set(&Zone::new("other").unwrap()).await;
    assert!(matches!(other, Err(Error::Option { .. })), "{other:?}");
    process.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_come_and_go_without_a_restart() {
    let directory = open_directory();
    let process = Process::start(spec(directory.path()), zone()).await.unwrap();
    let (at, pid) = (process.address(), process.pid());
    assert_eq!(dig(at, "_acme-challenge.web.internal TXT").await.status, "NXDOMAIN");
    for value in ["one", "t,w\"o=/x/"] {
        let zone = zone().with_text("_acme-challenge.web", value).unwrap().with_text("web", "beside").unwrap();
        process.set(&zone).await.unwrap();
        let asked = |name: &'static str| client::ask(at, name, client::Kind::Txt, Duration::from_secs(1));
        assert_eq!(asked("_acme-challenge.web.internal").await.unwrap().texts, [value]);
        assert_eq!(asked("web.internal").await.unwrap().texts, ["beside"]);
        assert_eq!(dig(at, "web.internal").await.data(), ["10.0.0.1"]);
        assert_eq!(dig(at, "web.internal AAAA").await.data(), ["fd00::1"]);
    }
    process.set(&zone()).await.unwrap();
    assert_eq!(dig(at, "_acme-challenge.web.internal TXT").await.status, "NXDOMAIN");
    assert_eq!(process.pid(), pid);
    process.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_forwards_remembers_flushes_and_refuses_rebinding() {
    let settings = ["--address=/public.example/9.9.9.10", "--address=/evil.example/10.0.0.66", "--local-ttl=60"];
    // dnsmasq takes addresses for documentation for private ones.
    let world = Upstream::start(&settings).await;
    let directory = open_directory();
    let mut spec = spec(directory.path());
    spec.upstreams = vec![world.address];
    let engine = Engine::Dnsmasq(Process::start(spec, zone()).await.unwrap());
    let at = engine.address();
    assert_eq!(dig(at, "public.example").await.data(), ["9.9.9.10"]);
    assert!(dig(at, "evil.example").await.answers.is_empty());
    assert_eq!(dig(at, "nope.internal").await.status, "NXDOMAIN");
    assert_eq!(engine.explain("public.example").kind, Kind::Forwarded);
    drop(world);
    assert_eq!(dig(at, "public.example").await.data(), ["9.9.9.10"]);
    assert_eq!(engine.flush().await.unwrap(), None);
    let forgotten = client::ask(at, "public.example", client::Kind::A, Duration::from_secs(1)).await;
    assert!(!matches!(&forgotten, Ok(answer) if !answer.addresses.is_empty()), "{forgotten:?}");
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_death_is_noticed_and_another_takes_its_place() {
    let directory = open_directory();
    let spec = spec(directory.path());
    let process = Process::start(spec.clone(), zone()).await.unwrap();
    assert!(process.is_alive());
    let pid = rustix::process::Pid::from_raw(process.pid() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let how = tokio::time::timeout(Duration::from_secs(5), process.wait()).await.unwrap();
    assert!(how.contains('9') && !process.is_alive(), "{how}");
    let failed = process.set(&zone()).await;
    assert!(matches!(failed, Err(Error::Reload { .. })), "{failed:?}");
    let again = Process::start(spec, zone()).await.unwrap();
    assert_eq!(dig(again.address(), "web.internal").await.data(), ["10.0.0.1"]);
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_left_behind_is_ended_first() {
    let directory = open_directory();
    let spec = spec(directory.path());
    let first = Process::start(spec.clone(), zone()).await.unwrap();
    // As if the daemon had died without a word: nobody ends it.
    let pid = first.pid();
    let second = Process::start(spec, zone()).await.unwrap();
    assert_ne!(second.pid(), pid);
    assert!(!first.is_alive());
    assert_eq!(dig(second.address(), "web.internal").await.data(), ["10.0.0.1"]);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_it_from_working_is_told_in_its_own_words() {
    let directory = open_directory();
    let mut missing = spec(directory.path());
    missing.program = "/nonexistent/dnsmasq".into();
    assert!(matches!(Process::start(missing, zone()).await, Err(Error::Program { .. })));
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut spec_taken = spec(directory.path());
    spec_taken.listen = taken.local_addr().unwrap();
    match Process::start(spec_taken, zone()).await {
        Err(Error::Start { log, .. }) => assert!(log.contains("Address already in use"), "{log}"),
        other => panic!("{other:?}"),
    }
    if are_we_root() {
        // A directory that its account cannot get into.
        let closed = tempfile::tempdir().unwrap();
        std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let mut hidden = spec(closed.path());
        hidden.within = Duration::from_secs(1);
        match Process::start(hidden, zone()).await {
            Err(Error::Start { reason, log }) => {
                assert!(reason.contains("hosts file"), "{reason}");
                assert!(log.contains("Permission denied"), "{log}");
            }
            other => panic!("{other:?}"),
        }
    }
}
