//! `make bench`: what Plenum adds to what HAProxy itself costs, as ratios measured in one run.
//!
//! Every time and rate is the median of at least twenty; sizes (memory, the store on disk) hardly vary and are read once.
//! Each stands beside its floor, peer or target. Floors are taken in turn
//! with what they are compared to, because two shared cores drift by tens of percent within minutes. Only loopback
//! addresses are used, every loop is counted, and everything started here ends with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use haproxy::{Master, Verdict};
use reqwest::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use testkit::{Api, Daemon, document, free_port};

mod mesh;
mod table;

use table::{Bound, Table};

/// So many readings make a median.
const READINGS: usize = 21;
/// Backends of two servers each.
const SIZES: [usize; 3] = [10, 1_000, 10_000];

fn main() -> Result<()> {
    // `cargo bench -- --quick` for a look while working, `cargo bench -- mesh` for a part; the figures that count come without.
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let parts: Vec<_> = arguments.into_iter().filter(|argument| !argument.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(if quick { 5 } else { READINGS }, quick, &parts))
}

async fn run(readings: usize, quick: bool, parts: &[String]) -> Result<()> {
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let mut table = Table::default();
    if wanted("edge") {
        for size in SIZES {
            apply(&mut table, size, readings).await?;
        }
        reads(&mut table, readings).await?;
        cold_start(&mut table, readings).await?;
        snapshots(&mut table, if quick { 500 } else { 10_000 }).await?;
    }
    if wanted("memory") {
        memory(&mut table).await?;
    }
    if wanted("mesh") {
        mesh::measure(&mut table, readings).await?;
    }
    let text = table.to_string();
    let mut out = std::io::stdout().lock();
    std::io::Write::write_all(&mut out, text.as_bytes())?;
    Ok(())
}

/// What the first server of the first backend would be, if anybody asked.
const SERVER: &str = "10.0.0.1:80";

/// A daemon with a document of this size live, and that document as the daemon returns it.
async fn daemon(size: usize) -> Result<(Daemon, Api, Value, u16)> {
    let mut daemon = Daemon::start().await?;
    let (api, port) = (daemon.api()?, free_port());
    let (status, live) = api.json(api.put("/api/state").json(&document(size, port, SERVER))).await?;
    ensure!(status == 200, "the document of {size} backends was refused: {status} {live}");
    Ok((daemon, api, live, port))
}

/// Section 1 and 2: a full apply against its floor, and a change without a reload.
async fn apply(table: &mut Table, size: usize, readings: usize) -> Result<()> {
    let (daemon, api, mut live, _) = daemon(size).await?;
    let master = Master::new(daemon.data().join("haproxy/master.sock"));
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for reading in 0..readings {
        live["haproxy"]["backends"][0]["timeouts"]["server"] = json!(format!("{}s", 30 + reading));
        let body = serde_json::to_vec(&live)?;
        let begin = Instant::now();
        let request = api.put("/api/state").header(CONTENT_TYPE, "application/json").header("prefer", "return=minimal");
        let answer = request.body(body).send().await?;
        ours.push(begin.elapsed());
        ensure!(answer.status() == 204, "a PUT answered {}", answer.status());
        floor.push(bare(&master, daemon.data()).await?);
    }
    let target = match size {
        1_000 => Some(1.15),
        10_000 => Some(1.05),
        _ => None,
    };
    table.ratio(&format!("full apply, {size} backends"), ms(&ours), "check + bare reload", ms(&floor), target);

    let mut changes = Vec::new();
    for reading in 0..readings * 5 {
        let backend = reading * 7 % size;
        let patch = json!([{ "op": "replace", "path": format!("/haproxy/backends/{backend}/servers/0/weight"), "value": reading % 256 }]);
        let begin = Instant::now();
        let request = api
            .patch("/api/state")
            .header(CONTENT_TYPE, "application/json-patch+json")
            .header("prefer", "return=minimal");
        let answer = request.body(patch.to_string()).send().await?;
        changes.push(begin.elapsed());
        ensure!(answer.status() == 204, "a PATCH answered {}", answer.status());
        let action = answer.headers().get("plenum-action").and_then(|action| action.to_str().ok()).unwrap_or_default();
        ensure!(matches!(action, "runtime" | "none"), "a weight took a {action}");
    }
    table.value(
        &format!("change without reload, {size} backends"),
        ms(&changes),
        "ms",
        (size == 1_000).then_some(Bound::AtMost(5.0)),
    );
    Ok(())
}

/// What HAProxy alone costs for the same file: its checker and a reload, as an operator's script would do it.
async fn bare(master: &Master, data: &Path) -> Result<Duration> {
    let current = fs::canonicalize(data.join("haproxy/current"))?;
    let begin = Instant::now();
    // As in a script: it waits until the program has ended (Plenum goes on when it has said that the file is valid), and leaves
    // the program's memory to the program.
    let mut check = tokio::process::Command::new("/usr/sbin/haproxy");
    let check = check.args(["-c", "-f", "haproxy.cfg"]).current_dir(&current).output().await?;
    ensure!(check.status.success(), "the checker refuses what runs: {}", String::from_utf8_lossy(&check.stderr));
    let verdict = master.reload(Duration::from_secs(60)).await?;
    let took = begin.elapsed();
    ensure!(matches!(verdict, Verdict::Success { .. }), "the bare reload failed: {verdict:?}");
    Ok(took)
}

/// Section 3: reads of a small document by token, the daemon on one core and the load on the other.
async fn reads(table: &mut Table, readings: usize) -> Result<()> {
    let (daemon, api, _, _) = daemon(10).await?;
    pin(daemon.pid().context("the daemon runs")?, "0")?;
    let token = api.token().context("the owner has a token")?;
    let load = |extra: &[String]| -> Result<f64> {
        let mut rates = Vec::new();
        for _ in 0..readings {
            let mut command = Command::new("taskset");
            command.args(["-c", "1", "wrk", "-t1", "-c8", "-d1s", "-H", &format!("Authorization: Bearer {token}")]);
            for header in extra {
                command.args(["-H", header]);
            }
            let output = command
                .arg(format!("{}/api/state", daemon.base()))
                .stderr(Stdio::inherit())
                .output()
                .context("run wrk")?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            ensure!(!text.contains("Non-2xx"), "the load met refusals: {text}");
            let rate =
                text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).context("wrk printed no rate")?;
            rates.push(rate.trim().parse::<f64>()?);
        }
        rates.sort_by(f64::total_cmp);
        Ok(rates[rates.len() / 2])
    };
    table.value("GET state by token, one core, 8 connections", load(&[])?, "/s", Some(Bound::AtLeast(5_000.0)));
    let etag = api.get("/api/state").send().await?.headers()[ETAG].to_str()?.to_owned();
    let unchanged = api.get("/api/state").header(IF_NONE_MATCH, &etag).send().await?;
    ensure!(unchanged.status() == 304, "If-None-Match answered {}", unchanged.status());
    table.value("the same with If-None-Match (304)", load(&[format!("If-None-Match: {etag}")])?, "/s", None);
    Ok(())
}

/// Section 4: resident memory of an idle daemon.
async fn memory(table: &mut Table) -> Result<()> {
    let daemon_small = Daemon::start().await?;
    settle().await;
    table.value("resident memory, idle, first document", resident(&daemon_small)?, "MB", Some(Bound::AtMost(35.0)));
    drop(daemon_small);
    let (mut daemon, api, _, port) = daemon(10).await?;
    // Ten thousand changes leave as many audit entries; then the document grows.
    for n in 0..10_000 {
        let note = json!({ "x-note": n }).to_string();
        let request = api
            .patch("/api/state")
            .header(CONTENT_TYPE, "application/merge-patch+json")
            .header("prefer", "return=minimal");
        let answer = request.body(note).send().await?;
        ensure!(answer.status() == 204, "change {n} answered {}", answer.status());
    }
    let (status, answer) = api.json(api.put("/api/state").json(&document(5_000, port, SERVER))).await?;
    ensure!(status == 200, "{status} {answer}");
    settle().await;
    table.value("resident memory, 5,000 backends, 10,000 audit rows", resident(&daemon)?, "MB", None);
    daemon.restart().await?;
    settle().await;
    table.value("the same, restarted", resident(&daemon)?, "MB", Some(Bound::AtMost(80.0)));
    Ok(())
}

/// Section 5: from starting the program until API and traffic answer, with nothing running before.
async fn cold_start(table: &mut Table, readings: usize) -> Result<()> {
    let (mut daemon, _, _, port) = daemon(1_000).await?;
    let mut starts = Vec::new();
    for _ in 0..readings {
        let pid: i32 = fs::read_to_string(daemon.data().join("haproxy/haproxy.pid"))?.trim().parse()?;
        daemon.terminate()?;
        end(pid)?;
        let begin = Instant::now();
        daemon.start_again().await?;
        while reqwest::get(format!("http://127.0.0.1:{port}/alive")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
            ensure!(begin.elapsed() < Duration::from_secs(10), "HAProxy did not come up");
        }
        starts.push(begin.elapsed());
    }
    table.value("cold start to ready, HAProxy included, 1,000 backends", ms(&starts), "ms", Some(Bound::AtMost(200.0)));
    Ok(())
}

/// Section 6: what a long history costs on disk.
async fn snapshots(table: &mut Table, count: usize) -> Result<()> {
    let (mut daemon, api, _, _) = daemon(1_000).await?;
    let before = store_size(&mut daemon).await?;
    for n in 0..count {
        let (backend, server) = (n * 7 % 1_000, n % 2);
        let patch = json!([{ "op": "replace", "path": format!("/haproxy/backends/{backend}/servers/{server}/weight"), "value": (n * 13 + n / 1_000) % 256 }]);
        let request = api
            .patch("/api/state")
            .header(CONTENT_TYPE, "application/json-patch+json")
            .header("prefer", "return=minimal");
        let answer = request.body(patch.to_string()).send().await?;
        ensure!(answer.status() == 204, "change {n} answered {}", answer.status());
    }
    let grown = store_size(&mut daemon).await?.saturating_sub(before) as f64 / 1e6;
    let bound = (count == 10_000).then_some(Bound::AtMost(40.0));
    table.value(&format!("{count} snapshots of 1,000 backends, with audit and events"), grown, "MB", bound);
    Ok(())
}

/// The database's size with its log folded in, which a stop does.
async fn store_size(daemon: &mut Daemon) -> Result<u64> {
    daemon.terminate()?;
    let size = fs::metadata(daemon.data().join("plenum.db"))?.len();
    daemon.start_again().await?;
    Ok(size)
}

fn ms(readings: &[Duration]) -> f64 {
    let mut sorted: Vec<f64> = readings.iter().map(|reading| reading.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

async fn settle() {
    tokio::time::sleep(Duration::from_secs(7)).await;
}

/// Resident set (MB) of the daemon alone; HAProxy's own memory is its own business.
fn resident(daemon: &Daemon) -> Result<f64> {
    let status =
        fs::read_to_string(PathBuf::from(format!("/proc/{}/status", daemon.pid().context("the daemon runs")?)))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel says no size")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? * 1024.0 / 1e6)
}

fn pin(pid: u32, core: &str) -> Result<()> {
    let status =
        Command::new("taskset").args(["-a", "-c", "-p", core, &pid.to_string()]).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "taskset failed");
    Ok(())
}

/// Ends a process by its own id and waits until it is gone.
fn end(pid: i32) -> Result<()> {
    let process = rustix::process::Pid::from_raw(pid).context("a pid")?;
    rustix::process::kill_process(process, rustix::process::Signal::TERM)?;
    for _ in 0..500 {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    anyhow::bail!("process {pid} did not end")
}
