//! The managed process: started, forgotten, adopted, killed, never doubled.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use plenum_caddy::config::Upstream;
use plenum_caddy::names::Directory;
use plenum_caddy::{Account, Error, Process, Spec};
use rustix::process::Signal;
use testkit::process::{is_alive, signal, users_of};

use crate::authority::Ca;
use crate::client::{get, told};
use crate::home::{Home, START, STOP, host, route};
use crate::upstream::Server;

#[tokio::test]
async fn it_starts_clean_and_stops_without_a_trace() {
    let home = Home::new();
    let version = home.binary().version().await.unwrap();
    assert!((version.major, version.minor) >= (2, 6), "{version}");
    let process = home.start().await;
    assert!(process.is_alive());
    let environment = std::fs::read(format!("/proc/{}/environ", process.pid())).unwrap();
    let names: Vec<String> = environment
        .split(|byte| *byte == 0)
        .filter_map(|entry| String::from_utf8_lossy(entry).split_once('=').map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(names, ["HOME", "PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME"]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.spec.directory.as_path()), 0o700);
    assert_eq!(mode(&home.spec.log_file()), 0o600);
    let pid = process.pid();
    process.stop(STOP).await.unwrap();
    assert!(!process.is_alive() && !is_alive(pid));
    assert!(!home.spec.pid_file().exists());
    assert!(Process::adopt(&home.spec).await.unwrap().is_none());
    assert!(!Process::evict(&home.spec, STOP).await.unwrap());
}

#[tokio::test]
async fn f_a_forgotten_caddy_is_adopted_with_what_it_serves_and_never_doubled() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let process = home.start().await;
    let mut config = home.config(vec![route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test")))]);
    config.marker = Some("5d41".to_owned());
    process.admin().load(&config.render()).await.unwrap();
    let pid = process.pid();
    drop(process);

    let Err(Error::Start { reason, .. }) = Process::start(home.spec.clone(), START).await else { panic!("doubled") };
    assert!(reason.contains(&pid.to_string()), "{reason}");
    // Killed before it could write the file, or somebody tidied up.
    std::fs::remove_file(home.spec.pid_file()).unwrap();
    let adopted = Process::adopt(&home.spec).await.unwrap().unwrap();
    assert_eq!(adopted.pid(), pid);
    assert_eq!(adopted.admin().marker().await.unwrap(), config.marker);
    assert_eq!(told(&ca, "app.lab.test", home.https, "/").await["method"], "GET");
    adopted.stop(STOP).await.unwrap();
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn f_a_killed_caddy_is_started_again_over_what_it_left() {
    let (home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    let config = home.config(vec![route("app.lab.test", &upstream.address, Some(ca.issue("app.lab.test")))]).render();
    let mut process = home.start().await;
    for _ in 0..3 {
        process.admin().load(&config).await.unwrap();
        assert_eq!(told(&ca, "app.lab.test", home.https, "/").await["method"], "GET");
        signal(process.pid(), Signal::KILL);
        tokio::time::timeout(STOP, process.ended()).await.unwrap();
        assert!(!process.is_alive());
        assert!(process.admin().load(&config).await.unwrap_err().is_absent());
        assert!(Process::adopt(&home.spec).await.unwrap().is_none());
        process = home.start().await;
        assert!(get(&ca, "app.lab.test", home.https, "/").await.is_err());
    }
    process.admin().load(&config).await.unwrap();
    assert_eq!(told(&ca, "app.lab.test", home.https, "/").await["method"], "GET");
    process.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn f_a_stranger_with_the_recycled_number_is_left_alone() {
    let (home, other) = (Home::new(), Home::new());
    let process = home.start().await;
    process.stop(STOP).await.unwrap();
    let mut sleeper = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
    // The same program, even, with another directory.
    let neighbour = other.start().await;
    for stranger in [sleeper.id(), neighbour.pid(), std::process::id(), 1, 4_000_000] {
        #[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
        std::fs::write(home.spec.pid_file(), format!("{stranger}\n")).unwrap();
        assert!(Process::adopt(&home.spec).await.unwrap().is_none(), "{stranger}");
        assert!(!Process::evict(&home.spec, STOP).await.unwrap(), "{stranger}");
    }
    let again = home.start().await;
    again.stop(STOP).await.unwrap();
    assert!(is_alive(sleeper.id()) && neighbour.is_alive());
    neighbour.stop(STOP).await.unwrap();
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[tokio::test]
async fn f_one_that_does_not_answer_is_told_and_can_be_evicted() {
    let home = Home::new();
    let process = home.start().await;
    let pid = process.pid();
    signal(pid, Signal::STOP);
    // Its threads run on for a moment, long enough to answer.
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    testkit::wait::until("it to stand still", STOP, || state().contains(") T ")).unwrap();
    drop(process);
    let error = Process::adopt(&home.spec).await.unwrap_err();
    assert!(matches!(error, Error::Silent { pid: silent, .. } if silent == pid), "{error}");
    // It is stopped, so it does not hear a polite request either.
    assert!(Process::evict(&home.spec, Duration::from_millis(300)).await.unwrap());
    assert!(!is_alive(pid));
    home.start().await.stop(STOP).await.unwrap();
}

#[tokio::test]
async fn f_a_start_that_fails_says_why_and_leaves_nothing_running() {
    let mut home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    home.spec.admin = taken.local_addr().unwrap().to_string().parse().unwrap();
    let error = Process::start(home.spec.clone(), START).await.unwrap_err();
    assert!(error.to_string().contains("somebody else listens"), "{error}");

    home.spec.admin = "192.0.2.1:2019".parse().unwrap();
    let Err(Error::Start { reason, log }) = Process::start(home.spec.clone(), START).await else { panic!("started") };
    assert!(reason.contains("ended") && log.contains("cannot assign requested address"), "{reason}: {log}");

    let missing = Spec::new("/nonexistent/caddy", home.spec.directory.clone()).unwrap();
    assert!(matches!(Process::start(missing, START).await, Err(Error::Program { .. })));
    let mute = Spec::new("/bin/true", home.spec.directory.clone()).unwrap();
    assert!(matches!(Process::start(mute, START).await, Err(Error::Start { .. })));
    assert!(users_of(home.spec.directory.as_path()).is_empty());
    let file = Directory::new("/dev/null/caddy").unwrap();
    let nowhere = Spec::new(home.spec.bin.clone(), file).unwrap();
    assert!(matches!(Process::start(nowhere, START).await, Err(Error::File { .. })));
}

#[tokio::test]
async fn a_program_that_is_no_caddy_is_told_from_one() {
    for program in ["/bin/true", "/bin/ls"] {
        let binary = plenum_caddy::Binary::new(program);
        assert!(matches!(binary.version().await, Err(Error::NotCaddy { .. })), "{program}");
    }
    let missing = plenum_caddy::Binary::new("/nonexistent/caddy");
    assert!(matches!(missing.version().await, Err(Error::Program { .. })));
}

#[tokio::test]
async fn as_root_it_runs_as_the_account_that_it_is_given() {
    let (mut home, ca, upstream) = (Home::new(), Ca::new("ours"), Server::plain().await);
    // The account has to get as far as its own directory.
    let parent = home.spec.directory.as_path().parent().unwrap();
    std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o711)).unwrap();
    let account = Account { uid: 65_534, gid: 65_534 };
    home.spec.account = Some(account);
    if !rustix::process::geteuid().is_root() {
        home.spec.account = Some(Account { uid: 0, gid: 0 });
        let error = Process::start(home.spec.clone(), START).await.unwrap_err();
        assert!(matches!(error, Error::File { action: "hand over", .. }), "{error}");
        return;
    }
    let process = home.start().await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    for line in ["Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "Groups:\t \n"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    let mut dynamic = home.dynamic(Vec::new());
    dynamic.account = Some(account);
    dynamic.prepare().unwrap();
    let mut config = home.config(Vec::new());
    config.dynamic = Some(dynamic.clone());
    process.admin().load(&config.render()).await.unwrap();
    let service = Upstream::http(upstream.address.clone());
    assert!(dynamic.put(&host("app.lab.test"), Some(&ca.issue("app.lab.test")), &service).unwrap());
    assert_eq!(told(&ca, "app.lab.test", home.https, "/").await["method"], "GET");
    let pid = process.pid();
    drop(process);
    // Its owner is part of what it is known by.
    let as_root = Spec { account: None, ..home.spec.clone() };
    assert!(Process::adopt(&as_root).await.unwrap().is_none());
    let adopted = Process::adopt(&home.spec).await.unwrap().unwrap();
    assert_eq!(adopted.pid(), pid);
    adopted.stop(STOP).await.unwrap();
}
