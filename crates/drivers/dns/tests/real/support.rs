//! What the tests share: a zone, a server, `dig`, and an upstream server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plenum_dns::client::{self, Kind};
use plenum_dns::{Options, Server, Zone};

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A small zone with something of everything.
pub(crate) fn zone() -> Zone {
    let many = (1..=100).map(|last| ip(&format!("10.9.0.{last}"))).collect();
    let names = [
        ("web", vec![ip("10.0.0.1"), ip("fd00::1")]),
        ("alias", vec![ip("10.0.0.1")]),
        ("only4", vec![ip("192.168.7.4")]),
        ("_http._tcp.deep", vec![ip("203.0.113.7")]),
        ("many", many),
        ("idle", vec![]),
    ];
    Zone::of("internal", names).unwrap().at_generation(7)
}

pub(crate) async fn serve(change: impl FnOnce(&mut Options)) -> Server {
    let mut options = Options::new(zone());
    options.listen = vec![loopback(0)];
    change(&mut options);
    Server::bind(options).await.unwrap()
}

/// What `dig` printed, taken apart.
#[derive(Debug)]
pub(crate) struct Dug {
    pub(crate) status: String,
    pub(crate) flags: Vec<String>,
    /// Name, type and data of each record in the answer.
    pub(crate) answers: Vec<(String, String, String)>,
    pub(crate) authority: Vec<(String, String, String)>,
    pub(crate) text: String,
}

impl Dug {
    pub(crate) fn data(&self) -> Vec<&str> {
        self.answers.iter().map(|(_, _, data)| data.as_str()).collect()
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|have| have == flag)
    }
}

/// Asks with `dig`; the arguments are those of its command line, in one string.
pub(crate) async fn dig(server: SocketAddr, arguments: &str) -> Dug {
    let output = tokio::process::Command::new("dig")
        .args(["+tries=1", "+time=5", "+nocookie", "-p", &server.port().to_string(), &format!("@{}", server.ip())])
        .args(arguments.split_whitespace())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .await
        .unwrap_or_else(|error| panic!("cannot run `dig` ({error}): run `scripts/install.sh test`"));
    let text = String::from_utf8(output.stdout).unwrap();
    let between = |begin: &str, end: char| {
        text.split_once(begin).map(|(_, rest)| rest.split(end).next().unwrap_or_default().trim().to_owned())
    };
    let status = between("status: ", ',').unwrap_or_else(|| panic!("dig {arguments} got no answer:\n{text}"));
    let flags = between("flags: ", ';').unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let section = |title: &str| {
        let lines = text.lines().skip_while(|line| *line != format!(";; {title} SECTION:")).skip(1);
        let records = lines.take_while(|line| !line.is_empty()).map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            (fields[0].to_owned(), fields[3].to_owned(), fields[4..].join(" "))
        });
        records.collect()
    };
    Dug { status, flags, answers: section("ANSWER"), authority: section("AUTHORITY"), text: text.clone() }
}

/// The dnsmasq of this machine.
pub(crate) fn dnsmasq() -> PathBuf {
    let paths = ["/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq", "/usr/bin/dnsmasq"];
    let found = paths.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("there is no dnsmasq in {paths:?}: run `scripts/install.sh test`"))
}

/// A dnsmasq that plays the outside world.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Upstream {
    pub(crate) async fn start(settings: &[&str]) -> Self {
        let port = testkit::free_port();
        let fixed = ["--conf-file=/dev/null", "--keep-in-foreground", "--no-hosts", "--no-resolv", "--bind-interfaces"];
        let child = Command::new(dnsmasq())
            .args(fixed)
            .args(["--listen-address=127.0.0.1", "--pid-file=", &format!("--port={port}")])
            .args(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let upstream = Self { address: loopback(port), child };
        let end = Instant::now() + Duration::from_secs(10);
        while client::ask(upstream.address, "ready.test", Kind::A, Duration::from_millis(200)).await.is_err() {
            assert!(Instant::now() < end, "the upstream server does not answer");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        upstream
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
