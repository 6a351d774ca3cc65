//! dnsmasq as the engine of the whole daemon, asked with dig.

#![expect(clippy::disallowed_methods, reason = "these tests write what an operator writes")]

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::json;
use testkit::{Daemon, account::Account, free_port, http_backend, process};

use crate::mesh::{Ports, call, ok, ports, until, upstream};

/// A daemon with dnsmasq, and what it leaves when a test ends it as a power cut would.
struct House {
    daemon: Daemon,
    ports: Ports,
}

impl House {
    async fn start(upstreams: &str) -> Result<Self> {
        let ports = ports();
        let config = format!(
            "mesh:\n  listen: 127.0.0.1:{}\n  dns: {{engine: dnsmasq, listen: '127.0.0.1:{}', upstreams: [{upstreams}]}}\n  \
             caddy: {{httpPort: {}, httpsPort: {}}}\n",
            ports.api, ports.dns, ports.http, ports.https
        );
        let daemon = Daemon::builder().config(&config).start().await?;
        let house = Self { daemon, ports };
        until("dnsmasq is there", || async { Ok(house.dig("qp.local SOA").is_ok() && house.engines().len() == 1) })
            .await?;
        Ok(house)
    }

    /// Every dnsmasq on our port.
    fn engines(&self) -> Vec<u32> {
        let port = format!("--port={}", self.ports.dns);
        let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| words(*pid).contains(&port)).collect()
    }

    /// Where the one that runs has its files.
    fn directory(&self) -> Result<PathBuf> {
        let [engine] = self.engines()[..] else { bail!("{:?}", self.engines()) };
        let words = words(engine);
        let file = words.iter().find_map(|word| word.strip_prefix("--pid-file=")).context("no pid file")?;
        Ok(PathBuf::from(file).parent().context("a directory")?.to_owned())
    }

    /// What dig says: the status of the answer, and the data of its records.
    fn dig(&self, question: &str) -> Result<(String, Vec<String>)> {
        let output = Command::new("dig")
            .args(["+tries=1", "+time=3", "@127.0.0.1", "-p", &self.ports.dns.to_string()])
            .args(question.split(' '))
            .output()
            .context("dig, of the package bind9-dnsutils")?;
        let text = String::from_utf8(output.stdout)?;
        let status = text.split("status: ").nth(1).and_then(|rest| rest.split(',').next());
        let status = status.with_context(|| format!("no answer: {text}"))?.to_owned();
        let answers = text.lines().skip_while(|line| *line != ";; ANSWER SECTION:").skip(1);
        let data = answers.take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().nth(4));
        Ok((status, data.map(str::to_owned).collect()))
    }

    fn is(&self, question: &str, status: &str, data: &[&str]) -> Result<()> {
        let (got, records) = self.dig(question)?;
        ensure!(got == status && records == data, "{question}: {got} {records:?}");
        Ok(())
    }

    async fn register(&self, body: serde_json::Value) -> Result<()> {
        ok(&self.ports, "POST", "/services", Some(body)).await?;
        Ok(())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let directory = self.directory();
        if self.daemon.pid().is_some() {
            let _ = self.daemon.terminate();
        }
        self.engines().into_iter().for_each(process::end);
        if let Some(ours) = directory.ok().as_ref().and_then(|directory| directory.parent()) {
            let _ = std::fs::remove_dir_all(ours);
        }
    }
}

fn words(pid: u32) -> Vec<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dnsmasq_answers_every_change_within_a_second() -> Result<()> {
    let house = House::start("").await?;
    let ports = &house.ports;
    let backend = http_backend("x");
    // Caddy starts with the first service; that is not what is measured here.
    house.register(json!({ "name": "first", "host": backend.address().to_string() })).await?;
    house.is("core.qp.local A", "NXDOMAIN", &[])?;
    let begin = Instant::now();
    house.register(upstream(backend.address())).await?;
    house.is("core.qp.local A", "NOERROR", &["127.0.0.1"])?;
    ensure!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    house.is("CORE.qp.local A", "NOERROR", &["127.0.0.1"])?;

    // Changed: its own address instead of the gateway's.
    let direct = json!({ "name": "core", "host": "10.0.1.5", "direct": true, "overwrite": true });
    let begin = Instant::now();
    house.register(direct).await?;
    house.is("core.qp.local A", "NOERROR", &["10.0.1.5"])?;
    ensure!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());

    ok(ports, "PUT", "/dns/txt/core", Some(json!({ "values": ["one two"] }))).await?;
    let texts = house.dig("core.qp.local TXT")?;
    ensure!(texts.0 == "NOERROR" && texts.1.len() == 1 && texts.1[0].starts_with("\"one"), "{texts:?}");
    house.is("core.qp.local A", "NOERROR", &["10.0.1.5"])?;
    ok(ports, "DELETE", "/dns/txt/core", None).await?;
    house.is("core.qp.local TXT", "NOERROR", &[])?;

    let resolved = ok(ports, "POST", "/dns/resolve", Some(json!({ "domain": "core" }))).await?;
    ensure!(resolved["output"] == "core.qp.local has address 10.0.1.5\n", "{resolved}");
    let flushed = ok(ports, "POST", "/dns/flush", None).await?;
    ensure!(flushed["exit_code"] == 0 && flushed["stderr"] == "", "{flushed}");
    ensure!(ok(ports, "GET", "/status", None).await?["dns"] == true);

    ok(ports, "DELETE", "/services/core", None).await?;
    house.is("core.qp.local A", "NXDOMAIN", &[])?;
    // Without upstreams no other name exists.
    house.is("example.com A", "NXDOMAIN", &[])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v34_dnsmasq_reads_names_as_its_own_account_and_nothing_else_is_there() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut house = House::start("").await?;
    let directory = house.directory()?;
    if !Account::are_we_root() {
        ensure!(directory.starts_with(house.daemon.data()), "{}", directory.display());
        return Ok(());
    }
    let [engine] = house.engines()[..] else { bail!("{:?}", house.engines()) };
    let status = std::fs::read_to_string(format!("/proc/{engine}/status"))?;
    let ids = status.lines().find(|line| line.starts_with("Uid:")).context("Uid")?;
    ensure!(!ids.split_whitespace().skip(1).any(|id| id == "0"), "{ids}");
    ensure!(directory.starts_with("/run/plenum"), "{}", directory.display());
    let mut names: Vec<_> = std::fs::read_dir(&directory)?.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    ensure!(names == ["dnsmasq.pid", "hosts", "servers"], "{names:?}");
    ensure!(std::fs::metadata(&directory)?.permissions().mode() & 0o7777 == 0o755);
    ensure!(std::fs::metadata(house.daemon.data())?.permissions().mode() & 0o7777 == 0o700);

    // It ends with the daemon, and so do its files.
    house.daemon.terminate()?;
    ensure!(house.engines().is_empty() && !directory.exists(), "{:?}", house.engines());
    if let Some(ours) = directory.parent() {
        std::fs::remove_dir(ours)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dnsmasq_that_dies_comes_back_and_is_never_doubled() -> Result<()> {
    let mut house = House::start("").await?;
    let backend = http_backend("x");
    house.register(upstream(backend.address())).await?;
    let before = house.engines();
    ensure!(before.len() == 1, "{before:?}");
    process::signal(before[0], Signal::KILL);
    until("another one answers", || async {
        Ok(house.engines() != before && house.is("core.qp.local A", "NOERROR", &["127.0.0.1"]).is_ok())
    })
    .await?;
    ensure!(house.engines().len() == 1, "{:?}", house.engines());

    // The daemon dies without a word: names go on, and the next one takes over from the old engine.
    let before = house.engines();
    house.daemon.kill9()?;
    house.is("core.qp.local A", "NOERROR", &["127.0.0.1"])?;
    house.daemon.start_again().await?;
    until("the new one answers", || async {
        Ok(house.engines() != before && house.is("core.qp.local A", "NOERROR", &["127.0.0.1"]).is_ok())
    })
    .await?;
    ensure!(house.engines().len() == 1, "{:?}", house.engines());
    ok(&house.ports, "DELETE", "/services/core", None).await?;
    house.is("core.qp.local A", "NXDOMAIN", &[])?;

    // The same, and the next one is to answer itself.
    house.daemon.kill9()?;
    let file = house.daemon.config_path();
    let config = std::fs::read_to_string(&file)?.replace("engine: dnsmasq", "engine: embedded");
    std::fs::write(&file, config)?;
    house.daemon.start_again().await?;
    until("the daemon answers", || async { Ok(house.engines().is_empty() && house.dig("qp.local SOA").is_ok()) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dnsmasq_that_does_not_listen_is_replaced() -> Result<()> {
    let house = House::start("").await?;
    let backend = http_backend("x");
    let before = house.engines();
    process::signal(before[0], Signal::STOP);
    let (status, refused) = call(&house.ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    ensure!(status == 200 && refused["ok"] == false, "{refused}");
    until("another one answers", || async { Ok(house.engines() != before && house.dig("qp.local SOA").is_ok()) })
        .await?;
    house.register(upstream(backend.address())).await?;
    house.is("core.qp.local A", "NOERROR", &["127.0.0.1"])
}

/// A dnsmasq that plays the outside world.
struct World(Child);

impl World {
    fn start(port: u16) -> Result<Self> {
        let child = Command::new("/usr/sbin/dnsmasq")
            .args(["--conf-file=/dev/null", "--keep-in-foreground", "--no-hosts", "--no-resolv", "--bind-interfaces"])
            .args(["--listen-address=127.0.0.1", "--pid-file=", &format!("--port={port}"), "--local-ttl=60"])
            .args(["--address=/public.example/9.9.9.10", "--address=/evil.example/10.0.0.66"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("dnsmasq")?;
        Ok(Self(child))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_answers_of_others_that_point_inside_are_refused_and_the_rest_is_remembered() -> Result<()> {
    let port = free_port();
    let world = World::start(port)?;
    let house = House::start(&format!("'127.0.0.1:{port}'")).await?;
    until("the world answers", || async { Ok(house.is("public.example A", "NOERROR", &["9.9.9.10"]).is_ok()) }).await?;
    ensure!(house.dig("evil.example A")?.1.is_empty());
    // Names of ours are never asked for outside.
    house.is("nobody.qp.local A", "NXDOMAIN", &[])?;
    drop(world);
    house.is("public.example A", "NOERROR", &["9.9.9.10"])?;
    ok(&house.ports, "POST", "/dns/flush", None).await?;
    ensure!(house.is("public.example A", "NOERROR", &["9.9.9.10"]).is_err(), "it was not forgotten");
    Ok(())
}
