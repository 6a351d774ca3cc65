//! How soon a change is seen, and that many of them do no harm.

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plenum_dns::Zone;
use plenum_dns::client::{self, Kind};
use plenum_dns::dnsmasq::{Process, Spec};

use crate::support::{dnsmasq, ip, loopback, serve};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_by_the_next_query_and_within_five_milliseconds() {
    let server = serve(|_| {}).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.connect(server.address()).unwrap();
    let names: Vec<String> = (0..5000).map(|number| format!("service-{number}")).collect();
    let mut query = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend_from_slice(b"\x0cservice-4999\x08internal\0\0\x01\0\x01");
    let mut times = Vec::new();
    for last in 1..=100u8 {
        let address = ip(&format!("10.2.0.{last}"));
        let zone = Zone::of("internal", names.iter().map(|name| (name, [address]))).unwrap();
        let begin = Instant::now();
        server.set(zone.at_generation(u64::from(last)));
        socket.send(&query).unwrap();
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).unwrap();
        times.push(begin.elapsed());
        assert_eq!(&answer[length - 4..length], [10, 2, 0, last]);
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!("a change is answered after {median:?} (median), {:?} (longest)", times[times.len() - 1]);
    assert!(median < Duration::from_millis(5), "{median:?}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_changes_without_end_leave_every_query_with_a_whole_answer() {
    let server = Arc::new(serve(|_| {}).await);
    let at = server.address();
    let stop = Arc::new(AtomicBool::new(false));
    let changes = {
        let (server, stop) = (Arc::clone(&server), Arc::clone(&stop));
        std::thread::spawn(move || {
            // Each state has two addresses of the same kind; an answer with one of each would be of no state at all.
            let state = |kind: u8| {
                let all = [ip(&format!("10.{kind}.0.1")), ip(&format!("10.{kind}.0.2"))];
                Zone::of("internal", [("flap", all)]).unwrap()
            };
            let states = [state(1), state(2)];
            let mut count = 0u64;
            while !stop.load(Ordering::Relaxed) {
                count += 1;
                server.set(states[(count % 2) as usize].clone().at_generation(count));
            }
            count
        })
    };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.connect(at).unwrap();
    let mut query = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend_from_slice(b"\x04flap\x08internal\0\0\x01\0\x01");
    // The first change must have been made.
    while server.zone().len() != 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..5000 {
        socket.send(&query).unwrap();
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).unwrap();
        assert_eq!(answer[7], 2, "two records");
        let (one, two) = (answer[length - 16 - 4 + 1], answer[length - 4 + 1]);
        assert!(one == two && (one == 1 || one == 2), "{:?}", &answer[..length]);
    }
    stop.store(true, Ordering::Relaxed);
    let count = changes.join().unwrap();
    assert!(count > 100, "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dnsmasq_takes_a_change_of_one_in_five_thousand_names() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let all = |last: u8| {
        let names = (0..5000).map(|number| (format!("service-{number}"), [ip(&format!("10.3.0.{last}"))]));
        Zone::of("internal", names).unwrap()
    };
    let spec = Spec::new(dnsmasq(), directory.path().join("dns"), loopback(testkit::free_port()));
    let process = Process::start(spec, all(0)).await.unwrap();
    let mut times = Vec::new();
    for last in 1..=20 {
        let next = all(last);
        let begin = Instant::now();
        process.set(&next).await.unwrap();
        times.push(begin.elapsed());
        let asked = client::ask(process.address(), "service-4999.internal", Kind::A, Duration::from_secs(1)).await;
        assert_eq!(asked.unwrap().addresses, [ip(&format!("10.3.0.{last}"))]);
    }
    times.sort_unstable();
    println!("dnsmasq answers from a change after {:?} (median), {:?} (longest)", times[10], times[19]);
    process.stop().await.unwrap();
}
