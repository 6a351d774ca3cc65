//! The managed process: started, reloaded, left alone by its parent, adopted, stopped.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use plenum_haproxy::{Admin, Error, Process, Spec, Stop, Verdict};
use tempfile::TempDir;
use testkit::Load;
use testkit::haproxy::{Installed, versions};
use testkit::process::{end, is_alive, users_of};

use crate::reloads::configuration;

const START: Duration = Duration::from_secs(15);

/// A directory with a spec for it; whatever still runs there ends with it.
struct Home {
    directory: TempDir,
    spec: Spec,
}

impl Home {
    fn new(installed: &Installed, text: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("plenum-m-").tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let spec = Spec {
            program: installed.path.clone(),
            config: at("haproxy.cfg"),
            directory: directory.path().to_owned(),
            master_socket: at("master.sock"),
            pid_file: at("haproxy.pid"),
            log: at("haproxy.log"),
            account: None,
        };
        let home = Self { directory, spec };
        home.write(text);
        home
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
    fn write(&self, text: &str) {
        let text = text.replace("{dir}", self.directory.path().to_str().unwrap());
        std::fs::write(&self.spec.config, text).unwrap();
    }

    fn admin(&self) -> Admin {
        Admin::new(self.directory.path().join("admin.sock"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for pid in users_of(self.directory.path()) {
            end(pid);
        }
    }
}

#[tokio::test]
async fn it_starts_reloads_explains_a_failure_and_stops() {
    for installed in versions() {
        let port = testkit::free_port();
        let home = Home::new(&installed, &configuration("one", port, ""));
        let process = Process::start(home.spec.clone(), START).await.unwrap();
        assert!(process.is_alive());
        assert_eq!(home.admin().info().await.unwrap().description(), Some("one"));

        home.write(&configuration("two", port, ""));
        assert!(matches!(process.reload(START).await.unwrap(), Verdict::Success { .. }));
        assert_eq!(home.admin().info().await.unwrap().description(), Some("two"));

        home.write(&configuration("three", port, "nonsense here\n"));
        let Verdict::Failed { log } = process.reload(START).await.unwrap() else { panic!() };
        // Every version explains itself here, 2.6 through its standard error.
        let messages = plenum_haproxy::messages::parse(&log);
        assert!(messages.iter().any(|m| m.is_error() && m.text.contains("nonsense") && m.line.is_some()), "{log}");

        let workers: Vec<u32> = process.master().show_proc().await.unwrap().workers.iter().map(|w| w.pid).collect();
        process.stop(Stop::Now, START).await.unwrap();
        assert!(!process.is_alive() && workers.iter().all(|pid| !is_alive(*pid)));
        assert!(!home.spec.pid_file.exists() && !home.spec.master_socket.exists());
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }
}

#[tokio::test]
async fn v34_neither_socket_nor_log_nor_environment_is_anybody_elses() {
    use std::os::unix::fs::PermissionsExt;
    for installed in versions() {
        let home = Home::new(&installed, &configuration("one", testkit::free_port(), ""));
        let process = Process::start(home.spec.clone(), START).await.unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&home.spec.master_socket), mode(&home.spec.log)), (0o600, 0o600));
        let environment = std::fs::read(format!("/proc/{}/environ", process.pid())).unwrap();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let foreign: Vec<&str> = environment
            .split('\0')
            .filter(|entry| !entry.is_empty() && !entry.starts_with("PATH=") && !entry.starts_with("HAPROXY_"))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        process.stop(Stop::Now, START).await.unwrap();
    }
}

#[tokio::test]
async fn a_start_that_fails_explains_itself_and_leaves_nothing() {
    for installed in versions() {
        let taken = testkit::free_port();
        let _holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
        for (text, reason) in [
            (configuration("one", testkit::free_port(), "nonsense here\n"), "nonsense"),
            (configuration("one", taken, ""), "cannot bind socket"),
        ] {
            let home = Home::new(&installed, &text);
            match Process::start(home.spec.clone(), START).await {
                Err(Error::Start { log, .. }) => assert!(log.contains(reason), "{log}"),
                other => panic!("{}: {other:?}", installed.version),
            }
            assert!(users_of(home.directory.path()).is_empty());
            assert!(matches!(Process::adopt(home.spec.clone()).await, Err(Error::NotRunning { .. })));
        }
    }
}

/// The parent of the next test: starts the process that the environment names and dies without a word.
#[tokio::test]
async fn parent_that_is_killed() {
    let Some(home) = std::env::var_os("PLENUM_TEST_PARENT_OF") else { return };
    let at = |name: &str| Path::new(&home).join(name);
    let program = std::env::var_os("PLENUM_TEST_PROGRAM").unwrap();
    let spec = Spec {
        program: program.into(),
        config: at("haproxy.cfg"),
        directory: at(""),
        master_socket: at("master.sock"),
        pid_file: at("haproxy.pid"),
        log: at("haproxy.log"),
        account: None,
    };
    let _process = Process::start(spec, START).await.unwrap();
    let us = rustix::process::getpid();
    rustix::process::kill_process(us, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_it_outlives_its_parent_under_load_and_is_adopted() {
    for installed in versions() {
        let port = testkit::free_port();
        let mut home = Home::new(&installed, &configuration("one", port, ""));
        home.spec.directory = home.directory.path().join("");
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "managed::parent_that_is_killed", "--nocapture"])
            .env("PLENUM_TEST_PARENT_OF", home.directory.path())
            .env("PLENUM_TEST_PROGRAM", &installed.path)
            .output()
            .unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status.status), Some(9), "{status:?}");

        let load = Load::start(SocketAddr::from(([127, 0, 0, 1], port)), "/", 2, Duration::from_millis(2));
        let process = Process::adopt(home.spec.clone()).await.unwrap();
        for round in 0..3 {
            home.write(&configuration(&format!("round{round}"), port, ""));
            assert!(matches!(process.reload(START).await.unwrap(), Verdict::Success { .. }));
            // A reload changes the command line; it is found all the same.
            assert_eq!(Process::adopt(home.spec.clone()).await.unwrap().pid(), process.pid());
        }
        home.write("nonsense\n");
        let Verdict::Failed { log } = process.reload(START).await.unwrap() else { panic!() };
        assert!(log.contains("nonsense"), "the log of an adopted process: {log}");
        assert_eq!(Process::adopt(home.spec.clone()).await.unwrap().pid(), process.pid());
        let report = load.finish();
        assert_eq!(report.failed, 0, "{report:?}");
        process.stop(Stop::Now, START).await.unwrap();
        assert!(!process.is_alive());
    }
}

#[tokio::test]
async fn what_is_not_ours_is_not_adopted() {
    let installed = testkit::haproxy::default();
    let home = Home::new(&installed, &configuration("one", testkit::free_port(), ""));
    let reason = |result: Result<Process, Error>| match result {
        Err(Error::NotRunning { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason(Process::adopt(home.spec.clone()).await).contains("no pid file"));
    put(&home.spec.pid_file, "not a number\n");
    assert!(reason(Process::adopt(home.spec.clone()).await).contains("no number"));
    put(&home.spec.pid_file, "4194303\n");
    assert!(reason(Process::adopt(home.spec.clone()).await).contains("gone"));
    // A number that was given to another program since.
    put(&home.spec.pid_file, &std::process::id().to_string());
    assert!(reason(Process::adopt(home.spec.clone()).await).contains("another program"));

    // Another HAProxy's number.
    let other = Home::new(&installed, &configuration("two", testkit::free_port(), ""));
    let stranger = Process::start(other.spec.clone(), START).await.unwrap();
    put(&home.spec.pid_file, &stranger.pid().to_string());
    assert!(reason(Process::adopt(home.spec.clone()).await).contains("another program"));
    // And a start does not disturb it.
    let process = Process::start(home.spec.clone(), START).await.unwrap();
    assert!(stranger.is_alive() && stranger.pid() != process.pid());
    process.stop(Stop::Now, START).await.unwrap();
    stranger.stop(Stop::Now, START).await.unwrap();
}

#[tokio::test]
async fn one_that_does_not_answer_is_neither_doubled_nor_adopted_but_can_be_evicted() {
    let installed = testkit::haproxy::default();
    let port = testkit::free_port();
    let home = Home::new(&installed, &configuration("one", port, ""));
    let process = Process::start(home.spec.clone(), START).await.unwrap();
    testkit::process::signal(process.pid(), rustix::process::Signal::STOP);
    assert!(matches!(Process::adopt(home.spec.clone()).await, Err(Error::NotRunning { .. })));
    match Process::start(home.spec.clone(), START).await {
        Err(Error::Start { reason, .. }) => assert!(reason.contains("still runs"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(get(port, "/").ends_with("one"), "its worker serves on");
    assert!(Process::evict(&home.spec, Duration::from_millis(500)).await.unwrap());
    assert!(!process.is_alive() && users_of(home.directory.path()).is_empty());
    assert!(!Process::evict(&home.spec, Duration::from_secs(1)).await.unwrap());
    let again = Process::start(home.spec.clone(), START).await.unwrap();
    assert!(get(port, "/").ends_with("one"));
    again.stop(Stop::Now, START).await.unwrap();
}

#[tokio::test]
async fn adopting_in_the_middle_of_a_reload_waits_for_its_end() {
    for installed in versions() {
        let port = testkit::free_port();
        let many: String =
            (0..5_000).map(|n| format!("backend b{n}\n  server s1 127.0.0.1:9\n  server s2 127.0.0.1:9\n")).collect();
        let home = Home::new(&installed, &configuration("one", port, &many));
        let process = Process::start(home.spec.clone(), START).await.unwrap();
        let master = process.master().clone();
        let reload = tokio::spawn(async move { master.reload(START).await });
        for pause in [1, 5, 20, 40, 80] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let adopted = Process::adopt(home.spec.clone()).await.unwrap();
            assert_eq!(adopted.pid(), process.pid());
        }
        assert!(matches!(reload.await.unwrap().unwrap(), Verdict::Success { .. }));
        process.stop(Stop::Now, START).await.unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
fn put(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn f10_a_master_that_is_killed_is_noticed_and_reaped() {
    for installed in versions() {
        let port = testkit::free_port();
        let home = Home::new(&installed, &configuration("one", port, ""));
        let process = Process::start(home.spec.clone(), START).await.unwrap();
        let workers = process.master().show_proc().await.unwrap().workers;
        testkit::process::signal(process.pid(), rustix::process::Signal::KILL);
        tokio::time::timeout(Duration::from_secs(5), process.ended()).await.unwrap();
        assert!(!process.is_alive());
        // No zombie is left: the number is gone altogether.
        let stat = format!("/proc/{}/stat", process.pid());
        testkit::wait::until_async("the zombie", Duration::from_secs(5), async || !Path::new(&stat).exists())
            .await
            .unwrap();
        // Its worker ends with it, so that the port is free for a new start.
        for worker in workers {
            let ended =
                testkit::wait::until_async("the worker", Duration::from_secs(5), async || !is_alive(worker.pid));
            ended.await.unwrap();
        }
        let again = Process::start(home.spec.clone(), START).await.unwrap();
        assert_eq!(home.admin().info().await.unwrap().description(), Some("one"));
        again.stop(Stop::Now, START).await.unwrap();
    }
}

#[tokio::test]
async fn f9_a_worker_that_dies_takes_the_master_along_and_that_is_noticed() {
    for installed in versions() {
        let home = Home::new(&installed, &configuration("one", testkit::free_port(), ""));
        let process = Process::start(home.spec.clone(), START).await.unwrap();
        let worker = process.master().show_proc().await.unwrap().workers[0].pid;
        testkit::process::signal(worker, rustix::process::Signal::SEGV);
        tokio::time::timeout(Duration::from_secs(5), process.ended()).await.unwrap();
        assert!(process.log_since(0).contains("exit-on-failure") || process.log_since(0).contains("exited with code"));
    }
}

#[tokio::test]
async fn a_graceful_stop_lets_requests_end_and_a_deadline_bounds_it() {
    let installed = testkit::haproxy::default();
    let backend = testkit::http_backend("late");
    let port = testkit::free_port();
    let text = configuration("one", port, "").replace("127.0.0.1:9", &backend.address().to_string());
    let home = Home::new(&installed, &text);
    let process = Process::start(home.spec.clone(), START).await.unwrap();
    let request = tokio::task::spawn_blocking(move || get(port, "/sleep/600"));
    tokio::time::sleep(Duration::from_millis(150)).await;
    process.stop(Stop::Graceful, START).await.unwrap();
    assert!(request.await.unwrap().ends_with("late"));

    // A connection that never ends does not keep it alive beyond the deadline.
    let process = Process::start(home.spec.clone(), START).await.unwrap();
    let request = tokio::task::spawn_blocking(move || get(port, "/sleep/4000"));
    tokio::time::sleep(Duration::from_millis(150)).await;
    let begin = std::time::Instant::now();
    process.stop(Stop::Graceful, Duration::from_millis(500)).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(3) && !process.is_alive());
    assert!(users_of(home.directory.path()).is_empty());
    request.await.unwrap();
}

fn get(port: u16, path: &str) -> String {
    use std::io::{Read, Write};
    let mut connection = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(connection, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = connection.read_to_string(&mut answer);
    answer
}

#[tokio::test]
async fn it_runs_as_another_account_when_asked_to() {
    if !testkit::account::Account::are_we_root() {
        // Nobody else can change accounts, and then there is nothing to prove.
        return;
    }
    let installed = testkit::haproxy::default();
    let account = testkit::account::Account::named("haproxy").unwrap();
    let mut home = Home::new(&installed, &configuration("one", testkit::free_port(), ""));
    std::os::unix::fs::chown(home.directory.path(), Some(account.uid), Some(account.gid)).unwrap();
    home.spec.account = Some(plenum_haproxy::Account { uid: account.uid, gid: account.gid });
    let process = Process::start(home.spec.clone(), START).await.unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(line("Uid:").split_whitespace().next(), Some(account.uid.to_string().as_str()));
    assert_eq!(
        line("Groups:").split_whitespace().filter(|group| *group == "0").count(),
        0,
        "root's groups are dropped"
    );
    process.stop(Stop::Now, START).await.unwrap();
}
