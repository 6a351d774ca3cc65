//! How soon a change is seen.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use plenum_dns::Zone;

use crate::support::{ip, serve};

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
