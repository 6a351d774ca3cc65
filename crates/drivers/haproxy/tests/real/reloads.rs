//! Reloads of every version, with the verdict that they deserve (F7, F8, F14).

use std::time::Duration;

use plenum_haproxy::{Admin, Master, Unknown, Verdict};
use testkit::haproxy::{Running, versions};

const DEADLINE: Duration = Duration::from_secs(15);

/// A configuration with a marker and a listener.
pub(crate) fn configuration(marker: &str, port: u16, extra: &str) -> String {
    format!(
        "global\n  stats socket {{dir}}/admin.sock mode 600 level admin expose-fd listeners\n  description {marker}\n  hard-stop-after 2s\n\
         defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 1s\n\
         frontend web\n  bind 127.0.0.1:{port}\n  http-request return status 200 content-type text/plain string {marker} if {{ path / }}\n  \
         default_backend app\nbackend app\n  server s1 127.0.0.1:9\n{extra}"
    )
}

async fn marker(running: &Running) -> String {
    let info = Admin::new(running.admin_socket()).info().await.unwrap();
    info.description().unwrap().to_owned()
}

#[tokio::test]
async fn a_good_reload_names_the_new_worker() {
    for installed in versions() {
        let port = testkit::free_port();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let master = Master::new(running.master_socket());
        for round in 0..5 {
            running.write_config(&configuration(&format!("round{round}"), port, "")).unwrap();
            let verdict = master.reload(DEADLINE).await.unwrap();
            let Verdict::Success { worker_pid, .. } = verdict else { panic!("{}: {verdict:?}", installed.version) };
            let info = Admin::new(running.admin_socket()).info().await.unwrap();
            assert_eq!(info.pid(), Some(worker_pid), "{}", installed.version);
            assert_eq!(marker(&running).await, format!("round{round}"));
            let table = master.show_proc().await.unwrap();
            assert_eq!((table.master.reloads, table.master.failed), (round + 1, 0));
            assert_eq!(table.master.version, installed.version);
        }
    }
}

#[tokio::test]
async fn f8_a_syntax_error_is_a_failure_whatever_the_reply() {
    for installed in versions() {
        let port = testkit::free_port();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let master = Master::new(running.master_socket());
        let before = master.show_proc().await.unwrap();
        running.write_config(&configuration("two", port, "nonsense here\n")).unwrap();
        for failures in 1..=3 {
            let verdict = master.reload(DEADLINE).await.unwrap();
            let Verdict::Failed { log } = verdict else { panic!("{}: {verdict:?}", installed.version) };
            // 2.6 explains itself on standard error only.
            assert_eq!(log.contains("nonsense"), installed.branch() != "2.6", "{log}");
            assert!(running.stderr().contains("nonsense"));
            let now = master.show_proc().await.unwrap();
            // 3.2 does not count further failures in a row.
            assert!((1..=failures).contains(&now.master.failed), "{now:?}");
            assert_eq!(now.workers[0].pid, before.workers[0].pid, "the former worker must serve on");
            assert_eq!(marker(&running).await, "one");
        }
        running.write_config(&configuration("three", port, "")).unwrap();
        assert!(matches!(master.reload(DEADLINE).await.unwrap(), Verdict::Success { .. }));
        assert_eq!(marker(&running).await, "three");
        assert_eq!(master.show_proc().await.unwrap().master.failed, 0);
    }
}

#[tokio::test]
async fn f7_a_port_that_is_taken_passes_the_check_and_fails_the_reload() {
    for installed in versions() {
        let (port, taken) = (testkit::free_port(), testkit::free_port());
        let _holder = std::net::TcpListener::bind(("127.0.0.1", taken)).unwrap();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let text = configuration("two", port, &format!("frontend other\n  bind 127.0.0.1:{taken}\n"));
        running.write_config(&text).unwrap();
        let binary = plenum_haproxy::Binary::new(&installed.path);
        assert!(binary.check(running.directory(), "haproxy.cfg", DEADLINE).await.unwrap().ok);
        // What the check misses, trying finds.
        assert_eq!(plenum_haproxy::bind::try_bind([format!("127.0.0.1:{taken}").as_str()]).len(), 1);
        let verdict = Master::new(running.master_socket()).reload(DEADLINE).await.unwrap();
        assert!(matches!(verdict, Verdict::Failed { .. }), "{}: {verdict:?}", installed.version);
        assert!(running.stderr().contains("cannot bind socket"));
        assert_eq!(marker(&running).await, "one");
    }
}

#[tokio::test]
async fn f7_a_file_that_vanishes_and_a_limit_that_is_too_low_fail_the_reload() {
    for installed in versions() {
        let port = testkit::free_port();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let master = Master::new(running.master_socket());
        let binary = plenum_haproxy::Binary::new(&installed.path);

        // The check opens the map; by the time of the reload it is gone.
        let map = running.directory().join("paths.map");
        let rule = format!("  http-request set-header x %[path,map({})]\n", map.display());
        let text = configuration("two", port, "")
            .replace("  default_backend app\n", &format!("{rule}  default_backend app\n"));
        std::fs::File::create(&map).unwrap();
        running.write_config(&text).unwrap();
        assert!(binary.check(running.directory(), "haproxy.cfg", DEADLINE).await.unwrap().ok);
        std::fs::remove_file(&map).unwrap();
        assert!(matches!(master.reload(DEADLINE).await.unwrap(), Verdict::Failed { .. }));
        assert!(running.stderr().contains("paths.map"));

        // More connections than there may be descriptors: the check does not count.
        let text = configuration("three", port, "").replace("global\n", "global\n  maxconn 1000000\n");
        running.write_config(&text).unwrap();
        assert!(binary.check(running.directory(), "haproxy.cfg", DEADLINE).await.unwrap().ok);
        let verdict = master.reload(DEADLINE).await.unwrap();
        assert!(matches!(verdict, Verdict::Failed { .. }), "{}: {verdict:?} {}", installed.version, running.stderr());
        let messages = plenum_haproxy::messages::parse(&running.stderr());
        assert!(
            messages.iter().any(|m| m.is_error() && !m.is_summary() && m.text.contains("limit")),
            "{}",
            running.stderr()
        );
        assert_eq!(marker(&running).await, "one");
    }
}

#[tokio::test]
async fn f14_a_hundred_reloads_leave_few_workers() {
    for installed in versions() {
        let port = testkit::free_port();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let master = Master::new(running.master_socket());
        // A client that never ends: `hard-stop-after` bounds how long its worker stays.
        let _held = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        for _ in 0..100 {
            assert!(matches!(master.reload(DEADLINE).await.unwrap(), Verdict::Success { .. }));
        }
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let table = master.show_proc().await.unwrap();
        assert_eq!((table.workers.len(), table.master.reloads), (1, 100));
        assert!(table.old.len() <= 2, "{table:?}");
    }
}

#[tokio::test]
async fn f10_a_master_that_dies_during_the_reload_is_told() {
    for installed in versions() {
        let port = testkit::free_port();
        let mut running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let pid = running.pid();
        let master = Master::new(running.master_socket());
        // Half a megabyte of backends, so that the reload takes a while.
        let many: String =
            (0..5_000).map(|n| format!("backend b{n}\n  server s1 127.0.0.1:9\n  server s2 127.0.0.1:9\n")).collect();
        running.write_config(&configuration("two", port, &many)).unwrap();
        let reload = tokio::spawn(async move { master.reload(DEADLINE).await });
        tokio::time::sleep(Duration::from_millis(40)).await;
        running.kill_master().unwrap();
        let verdict = reload.await.unwrap().unwrap();
        assert!(
            matches!(verdict, Verdict::Unknown(Unknown::MasterGone { pid: gone }) if gone == pid),
            "{}: {verdict:?}",
            installed.version
        );
    }
}
