//! Queries per second of both engines with 5,000 names, on the same machine in the same run.
//!
//! `cargo bench -p plenum-dns`. The load is in this process, so it takes processor time from both engines alike. Rounds
//! alternate, and medians are compared, as the machine may be busy with other things. `SECONDS` and `ROUNDS` change how
//! long it takes, `THREADS` how many the embedded engine has.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use plenum_dns::dnsmasq::{Process, Spec};
use plenum_dns::{Options, Server, Zone};

const NAMES: u32 = 5000;
/// How many sockets ask at once, and how many questions each has on its way.
const SOCKETS: usize = 4;
const WINDOW: usize = 16;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let names = (0..NAMES).map(|n| (format!("service-{n}"), [IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n))]));
    let begin = Instant::now();
    let zone = Zone::of("internal", names).unwrap();
    println!("a zone of {NAMES} names is made in {:?}", begin.elapsed());
    let mut options = Options::new(zone.clone());
    options.listen = vec![(Ipv4Addr::LOCALHOST, 0).into()];
    options.threads = number("THREADS", 0) as usize;
    let server = runtime.block_on(Server::bind(options)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let program = PathBuf::from("/usr/sbin/dnsmasq");
    let spec = Spec::new(program, directory.path().join("dns"), (Ipv4Addr::LOCALHOST, testkit::free_port()).into());
    let process = runtime.block_on(Process::start(spec, zone.clone())).unwrap();

    let (seconds, rounds) = (number("SECONDS", 2), number("ROUNDS", 5));
    let (median, longest) = change(&server, &zone);
    println!("a change is answered after {median:?} (median), {longest:?} (longest)");
    let mut results = [Vec::new(), Vec::new()];
    for round in 1..=rounds {
        let embedded = rate(server.address(), Duration::from_secs(seconds));
        let dnsmasq = rate(process.address(), Duration::from_secs(seconds));
        println!("round {round}: embedded {embedded:.0}/s, dnsmasq {dnsmasq:.0}/s, ratio {:.2}", embedded / dnsmasq);
        results[0].push(embedded);
        results[1].push(dnsmasq);
    }
    let [embedded, dnsmasq] = results.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    });
    println!("medians: embedded {embedded:.0}/s, dnsmasq {dnsmasq:.0}/s, ratio {:.2}", embedded / dnsmasq);
    runtime.block_on(server.shutdown());
    runtime.block_on(process.stop()).unwrap();
}

/// A number from the environment.
fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// How long it takes from a change to the first answer from it.
fn change(server: &Server, zone: &Zone) -> (Duration, Duration) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.address()).unwrap();
    let mut buffer = [0; 512];
    let mut times: Vec<Duration> = (0..200)
        .map(|generation| {
            let address = Ipv4Addr::new(10, 200, 0, generation);
            let next = zone.clone().with("changed", address.into()).unwrap().at_generation(generation.into());
            let mut packet = query(0)[..12].to_vec();
            packet.extend_from_slice(b"\x07changed\x08internal\0\0\x01\0\x01");
            let begin = Instant::now();
            server.set(next);
            socket.send(&packet).unwrap();
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(buffer[length - 4..length], address.octets());
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() - 1])
}

/// Good answers per second.
fn rate(server: SocketAddr, length: Duration) -> f64 {
    let begin = Instant::now();
    let threads: Vec<_> =
        (0..SOCKETS).map(|seed| std::thread::spawn(move || ask(server, seed as u32 * 977, begin + length))).collect();
    let answers: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    answers as f64 / begin.elapsed().as_secs_f64()
}

fn ask(server: SocketAddr, seed: u32, end: Instant) -> u64 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    socket.connect(server).unwrap();
    let queries: Vec<Vec<u8>> = (0..NAMES).map(query).collect();
    let mut next = seed;
    let mut send = || {
        next = (next + 1) % NAMES;
        socket.send(&queries[next as usize]).unwrap();
    };
    (0..WINDOW).for_each(|_| send());
    let mut answers = 0;
    let mut buffer = [0; 512];
    while Instant::now() < end {
        match socket.recv(&mut buffer) {
            // Without an error, and with one record.
            Ok(length) if length > 12 && buffer[3] & 15 == 0 && buffer[7] == 1 => answers += 1,
            Ok(_) => panic!("a wrong answer"),
            Err(_) => {}
        }
        send();
    }
    answers
}

fn query(number: u32) -> Vec<u8> {
    let mut packet = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in [format!("service-{number}").as_str(), "internal"] {
        packet.push(label.len() as u8);
        packet.extend_from_slice(label.as_bytes());
    }
    packet.extend_from_slice(&[0, 0, 1, 0, 1]);
    packet
}
