//! Disks that are full, read-only, or lose what was not synced.

use std::{
    collections::HashSet,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Api, Daemon, Disk, free_port, http_backend};

use crate::support::{agree_within, document, put, put_ok, visit};

const LIMIT: Duration = Duration::from_secs(2);

/// Tries a change that cannot be stored, and checks that it is refused and that nothing of it is there.
async fn refused_and_unchanged(api: &Api, document: &Value, port: u16) -> Result<()> {
    let (status, body) = put(api, document).await?;
    ensure!(status == 503, "{status} {body}");
    ensure!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()), "traffic does not flow");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_a_full_disk_refuses_the_change_and_keeps_the_old_state() -> Result<()> {
    let disk = Disk::mount(96 << 20);
    let mut daemon = Daemon::builder().data(&disk.path().join("data")).start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let old = put_ok(&api, &document(300, port, &backend.address().to_string())).await?;
    // Nothing left, a little, enough for the generation but not for the store: each fails at another write.
    for leave in [0, 8 << 10, 64 << 10, 160 << 10] {
        disk.fill_leaving(leave)?;
        let mut changed = old.clone();
        // Text that does not compress to nothing, so that the snapshot needs room too.
        for (n, backend) in changed["haproxy"]["backends"].as_array_mut().context("backends")?.iter_mut().enumerate() {
            backend["timeouts"]["server"] = json!(format!("{}s", n * 7919 % 10_000 + leave as usize % 7 + 1));
        }
        let (status, _) = put(&api, &changed).await?;
        if status == 200 {
            // There was room after all; then it must be whole, and the next round starts from it.
            disk.clear()?;
            agree_within(&daemon, &api, LIMIT).await?;
            put_ok(&api, &old).await?;
            continue;
        }
        ensure!(status == 503, "leaving {leave} bytes: {status}");
        ensure!(visit(port, "/").await? == (200, "ok".to_owned()), "traffic does not flow");
        disk.clear()?;
        let now = agree_within(&daemon, &api, LIMIT).await?;
        ensure!(now["haproxy"] == old["haproxy"], "leaving {leave} bytes: a refused change is there");
    }
    disk.clear()?;
    let mut changed = old.clone();
    changed["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    put_ok(&api, &changed).await?;
    agree_within(&daemon, &api, LIMIT).await?;
    Ok(())
}

/// A directory that nobody can write to, as a read-only mount over it makes it even for root.
struct ReadOnly(std::path::PathBuf);

impl ReadOnly {
    fn over(directory: &Path) -> Result<ReadOnly> {
        let mount = |arguments: &[&str]| -> Result<()> {
            ensure!(
                Command::new("mount").args(arguments).arg(directory).status()?.success(),
                "mount {arguments:?} failed; it needs root"
            );
            Ok(())
        };
        let path = directory.to_str().context("a path in UTF-8")?;
        mount(&["--bind", path])?;
        let guard = ReadOnly(directory.to_owned());
        mount(&["-o", "remount,ro,bind"])?;
        Ok(guard)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_a_read_only_directory_refuses_changes_and_serves_reads() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let old = put_ok(&api, &document(3, port, &backend.address().to_string())).await?;
    let mut changed = old.clone();
    changed["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    let read_only = ReadOnly::over(&daemon.data().join("haproxy/generations"))?;
    refused_and_unchanged(&api, &changed, port).await?;
    ensure!(api.get("/api/state").send().await?.status() == 200, "reads stop with the disk");
    drop(read_only);
    put_ok(&api, &changed).await?;
    agree_within(&daemon, &api, LIMIT).await?;
    Ok(())
}

/// Everything that a generation holds is synced, file by file and directory by directory, before `current` names it: what a
/// power cut takes is then never part of a configuration that counts.
#[tokio::test(flavor = "multi_thread")]
async fn f4_nothing_counts_before_it_is_synced() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let mut document = put_ok(&api, &document(3, free_port(), "127.0.0.1:9")).await?;
    document["haproxy"]["maps"] = json!([{ "id": "m", "name": "m", "entries": [{ "key": "a", "value": "b" }] }]);
    document["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");

    let trace = tempfile::NamedTempFile::new()?;
    let mut strace = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=openat,fsync,fdatasync,rename,renameat,renameat2", "-o"])
        .arg(trace.path())
        .args(["-p", &daemon.pid().context("runs")?.to_string()])
        .stderr(Stdio::null())
        .spawn()
        .context("run strace")?;
    tokio::time::sleep(Duration::from_millis(700)).await;
    put_ok(&api, &document).await?;
    rustix::process::kill_process(rustix::process::Pid::from_child(&strace), rustix::process::Signal::INT)?;
    strace.wait()?;

    let calls = std::fs::read_to_string(trace.path())?;
    let swap = calls
        .lines()
        .position(|line| line.contains("rename") && line.contains("current\""))
        .with_context(|| format!("no swap in\n{calls}"))?;
    let before: Vec<&str> = calls.lines().take(swap).collect();
    let synced: HashSet<&str> =
        before.iter().filter(|line| line.contains("sync(")).filter_map(|line| path_of(line)).collect();
    let written: Vec<&str> = before
        .iter()
        .filter(|line| line.contains("openat(") && line.contains("/generations/") && line.contains("O_CREAT"))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    ensure!(written.len() >= 2, "nothing was written before the swap:\n{calls}");
    for path in written {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        ensure!(synced.contains(path), "{path} was not synced before it counted; synced: {synced:?}");
        ensure!(synced.contains(parent), "the directory {parent} was not synced before it counted");
    }
    ensure!(
        calls.lines().skip(swap).any(|line| line.contains("sync(") && line.contains("/haproxy>")),
        "the switch itself was not synced:\n{calls}"
    );
    ensure!(
        calls.lines().skip(swap).any(|line| line.contains("sync(") && line.contains("plenum.db-wal")),
        "the commit was not synced:\n{calls}"
    );
    Ok(())
}

/// `fsync(12</a/b>)` names `/a/b`.
fn path_of(line: &str) -> Option<&str> {
    line.split_once('<')?.1.split_once('>').map(|(path, _)| path)
}
