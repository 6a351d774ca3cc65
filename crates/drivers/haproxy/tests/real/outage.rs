//! The trap that the test-bind exists for: one port that is taken stops every frontend for two seconds.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use plenum_haproxy::{Master, Verdict, bind};
use testkit::Load;
use testkit::haproxy::{Running, versions};

use crate::reloads::configuration;

const DEADLINE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn f7_a_reload_onto_a_taken_port_is_an_outage_of_two_seconds() {
    for installed in versions() {
        let (port, taken) = (testkit::free_port(), testkit::free_port());
        let _holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let load = Load::start(SocketAddr::from(([127, 0, 0, 1], port)), "/", 2, Duration::from_millis(2));
        testkit::wait::until("the load", Duration::from_secs(10), || load.answered() > 50).unwrap();

        let text = configuration("two", port, &format!("frontend other\n  bind 127.0.0.1:{taken}\n"));
        running.write_config(&text).unwrap();
        let verdict = Master::new(running.master_socket()).reload(DEADLINE).await.unwrap();
        assert!(matches!(verdict, Verdict::Failed { .. }), "{verdict:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
        let report = load.finish();
        assert!(report.failed > 20, "{}: the outage is gone: {report:?}", installed.version);
        assert!(
            report.longest_outage > Duration::from_millis(1_500) && report.longest_outage < Duration::from_secs(5),
            "{}: {report:?}",
            installed.version
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_trying_the_port_first_costs_no_request_under_load() {
    for installed in versions() {
        let (port, taken) = (testkit::free_port(), testkit::free_port());
        let _holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let load = Load::start(SocketAddr::from(([127, 0, 0, 1], port)), "/", 2, Duration::from_millis(2));
        testkit::wait::until("the load", Duration::from_secs(10), || load.answered() > 50).unwrap();
        for _ in 0..20 {
            let addresses = [format!("127.0.0.1:{taken}"), format!("127.0.0.1:{port}")];
            let failures = bind::try_bind(addresses.iter().map(String::as_str));
            // HAProxy's own port can be bound beside it: it set SO_REUSEPORT, as the trial does.
            assert_eq!(failures.len(), 1, "{failures:?}");
            assert_eq!(failures[0].0, addresses[0]);
        }
        drop(running.stderr());
        let report = load.finish();
        assert_eq!(report.failed, 0, "{}: {report:?}", installed.version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn good_reloads_fail_no_request_under_load() {
    for installed in versions() {
        let port = testkit::free_port();
        let running = Running::start(&installed, &configuration("one", port, "")).unwrap();
        let master = Master::new(running.master_socket());
        let load = Load::start(SocketAddr::from(([127, 0, 0, 1], port)), "/", 2, Duration::from_millis(2));
        testkit::wait::until("the load", Duration::from_secs(10), || load.answered() > 50).unwrap();
        for round in 0..20 {
            running.write_config(&configuration(&format!("round{round}"), port, "")).unwrap();
            let verdict = master.reload(DEADLINE).await.unwrap();
            assert!(matches!(verdict, Verdict::Success { .. }), "{verdict:?}");
        }
        let report = load.finish();
        assert_eq!(report.failed, 0, "{}: {report:?}", installed.version);
        assert!(report.ok > 100);
    }
}
