//! What the mesh area costs: registrations one by one and many at once, and ten thousand services in memory.

use std::{
    fs,
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use dns::client::{Kind, ask};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use testkit::{Backend, Daemon, free_port, http_backend};

use crate::{
    ms, resident, settle,
    table::{Bound, Table},
};

const SERVICES: usize = 1_000;
const MANY: usize = 10_000;
/// Registrations measured one by one; the 99th percentile is the second worst of two hundred.
const REGISTRATIONS: usize = 200;

struct Mesh {
    daemon: Daemon,
    client: Client,
    backend: Backend,
    api: u16,
    dns: u16,
    https: u16,
}

pub(crate) async fn measure(table: &mut Table, readings: usize) -> Result<()> {
    let mesh = Mesh::start(5_000).await?;
    let mut batches = Vec::new();
    for batch in 0..readings.min(5) {
        batches.push(mesh.batch(&format!("b{batch}"), SERVICES).await?);
        if batch + 1 < readings.min(5) {
            mesh.remove(&format!("b{batch}"), SERVICES).await?;
        }
    }
    let peer = one_by_one(&mesh.backend).await?;
    let ours = ms(&batches) / 1e3;
    table.value("1,000 services in one batch", ours * 1e3, "ms", None);
    table.value("1,000 routes one by one through Caddy's admin API (sampled)", peer, "s", None);
    table.value("the second, divided by the first", peer / ours, "times", Some(Bound::AtLeast(20.0)));
    table.value(
        "certificates issued, persisted and audited, in a batch",
        SERVICES as f64 / ours,
        "/s",
        Some(Bound::AtLeast(1_000.0)),
    );
    registrations(table, &mesh).await?;
    drop(mesh);
    many(table).await
}

impl Mesh {
    async fn start(interval_ms: u64) -> Result<Self> {
        let (api, dns, http, https) = (free_port(), free_port(), free_port(), free_port());
        let config = format!(
            "mesh:\n  listen: 127.0.0.1:{api}\n  dns: {{listen: '127.0.0.1:{dns}'}}\n  \
             caddy: {{httpPort: {http}, httpsPort: {https}}}\n  health: {{intervalMs: {interval_ms}}}\n"
        );
        let daemon = Daemon::builder().config(&config).start().await?;
        Ok(Self { daemon, client: Client::new(), backend: http_backend("measured"), api, dns, https })
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.client.post(format!("http://localhost:{}/api{path}", self.api)).json(body).send().await?;
        let body: Value = answer.json().await?;
        ensure!(body["ok"] == true, "{path}: {body}");
        Ok(body)
    }

    fn row(&self, name: &str) -> Value {
        json!({ "name": name, "host": self.backend.address().to_string() })
    }

    async fn batch(&self, prefix: &str, count: usize) -> Result<Duration> {
        let rows: Vec<_> = (0..count).map(|n| self.row(&format!("{prefix}-{n}"))).collect();
        let body = json!({ "services": rows });
        let begin = Instant::now();
        self.post("/services/batch", &body).await?;
        Ok(begin.elapsed())
    }

    async fn remove(&self, prefix: &str, count: usize) -> Result<()> {
        for n in 0..count {
            let url = format!("http://localhost:{}/api/services/{prefix}-{n}", self.api);
            let answer: Value = self.client.delete(url).send().await?.json().await?;
            ensure!(answer["ok"] == true, "{answer}");
        }
        Ok(())
    }

    /// A client for one name that trusts the internal authority only.
    async fn visitor(&self, name: &str) -> Result<Client> {
        let ca: Value =
            self.client.get(format!("http://localhost:{}/api/tls/ca", self.api)).send().await?.json().await?;
        let root = Certificate::from_pem(ca["pem"].as_str().context("pem")?.as_bytes())?;
        let here = ([127, 0, 0, 1], self.https).into();
        Ok(Client::builder().tls_certs_only([root]).resolve(&format!("{name}.qp.local"), here).build()?)
    }
}

/// From the call until the name resolves and the route answers over TLS, with a thousand others there.
async fn registrations(table: &mut Table, mesh: &Mesh) -> Result<()> {
    let mut took = Vec::new();
    for n in 0..REGISTRATIONS {
        let name = format!("one-{n}");
        let visitor = mesh.visitor(&name).await?;
        let row = mesh.row(&name);
        let begin = Instant::now();
        mesh.post("/services", &row).await?;
        let (host, server) = (format!("{name}.qp.local"), ([127, 0, 0, 1], mesh.dns).into());
        let answer = ask(server, &host, Kind::A, Duration::from_secs(1)).await?;
        ensure!(answer.addresses == [Ipv4Addr::LOCALHOST], "{name} does not resolve");
        let text = visitor.get(format!("https://{host}:{}/", mesh.https)).send().await?.text().await?;
        ensure!(text == "measured", "{name}: {text}");
        took.push(begin.elapsed());
    }
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1e3;
    table.value("register until name and route answer, 1,000 services, p50", at(50), "ms", None);
    table.value("the same, p99", at(99), "ms", Some(Bound::AtMost(50.0)));
    Ok(())
}

/// Ten thousand services, each checked once a minute: memory, and processor time of the daemon.
async fn many(table: &mut Table) -> Result<()> {
    let mesh = Mesh::start(60_000).await?;
    for batch in 0..MANY / SERVICES {
        mesh.batch(&format!("m{batch}"), SERVICES).await?;
    }
    // The first round of checks, of all of them at once, is over.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let (before, begin) = (processor(&mesh.daemon)?, Instant::now());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let share = (processor(&mesh.daemon)? - before) / begin.elapsed().as_secs_f64() * 100.0;
    table.value("10,000 services, a check each per minute: of one core", share, "%", Some(Bound::AtMost(5.0)));
    settle().await;
    table.value("resident memory, 10,000 services", resident(&mesh.daemon)?, "MB", Some(Bound::AtMost(80.0)));
    Ok(())
}

/// Seconds of processor time that the daemon has used (proc_pid_stat(5), in ticks of 10 ms).
fn processor(daemon: &Daemon) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.pid().context("the daemon runs")?))?;
    let fields: Vec<&str> = stat.rsplit_once(')').context("a line of stat")?.1.split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

/// How long a thousand routes take, in seconds, if each is posted to a bare Caddy: eleven sizes are sampled, and the time
/// between them is taken to grow evenly.
#[expect(clippy::disallowed_methods, reason = "the file is for another program")]
async fn one_by_one(backend: &Backend) -> Result<f64> {
    let directory = tempfile::tempdir()?;
    let admin = free_port();
    let config = directory.path().join("caddy.json");
    let http = json!({ "servers": { "s": { "listen": [format!("127.0.0.1:{}", free_port())],
        "automatic_https": { "disable": true }, "routes": [] } } });
    let whole = json!({ "admin": { "listen": format!("127.0.0.1:{admin}") }, "apps": { "http": http } });
    fs::write(&config, whole.to_string())?;
    let mut command = Command::new("caddy");
    command.arg("run").arg("--config").arg(&config).env("HOME", directory.path());
    let caddy = Caddy(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("run caddy")?);
    let client = Client::new();
    let url = format!("http://127.0.0.1:{admin}/config/apps/http/servers/s/routes");
    for _ in 0..200 {
        if client.get(&url).send().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let route = |n: usize| {
        json!({ "match": [{ "host": [format!("s{n}.example.test")] }], "terminal": true,
            "handle": [{ "handler": "reverse_proxy", "upstreams": [{ "dial": backend.address().to_string() }] }] })
    };
    let mut samples = Vec::new();
    for size in (0..=SERVICES).step_by(SERVICES / 10) {
        let there: Vec<_> = (0..size).map(route).collect();
        let answer = client.patch(&url).json(&there).send().await?;
        ensure!(answer.status().is_success(), "{}", answer.text().await?);
        let mut took = Vec::new();
        for n in 0..5 {
            let begin = Instant::now();
            let answer = client.post(&url).json(&route(size + n)).send().await?;
            ensure!(answer.status().is_success(), "{}", answer.text().await?);
            took.push(begin.elapsed());
        }
        samples.push(ms(&took) / 1e3);
    }
    drop(caddy);
    let steps = samples.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]) * (SERVICES / 10) as f64);
    Ok(steps.sum())
}

/// A program of ours, ended when dropped.
struct Caddy(Child);

impl Drop for Caddy {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
