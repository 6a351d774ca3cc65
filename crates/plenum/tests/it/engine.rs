//! An HAProxy that hangs, crashes, dies, or is edited behind Plenum's back; two daemons; damaged files.

#![expect(clippy::disallowed_methods, reason = "these tests play the outside world that writes as it likes")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::{Daemon, free_port, http_backend};

use crate::support::{agree, agree_within, document, put, put_ok, visit};

/// The reconciler looks every five seconds.
const HEALED: Duration = Duration::from_secs(12);

/// A program that is HAProxy, until a file tells it to misbehave when it is asked to check a configuration.
struct Wrapped {
    home: tempfile::TempDir,
}

impl Wrapped {
    fn new() -> Result<Wrapped> {
        let home = tempfile::tempdir()?;
        let (program, trigger) = (home.path().join("haproxy"), home.path().join("misbehave"));
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in *\" -c \"*) [ -f {0} ] && . {0};; esac\nexec /usr/sbin/haproxy \"$@\"\n",
            trigger.display()
        );
        fs::write(&program, script)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(Wrapped { home })
    }

    fn program(&self) -> PathBuf {
        self.home.path().join("haproxy")
    }

    fn misbehave(&self, how: Option<&str>) -> Result<()> {
        let trigger = self.home.path().join("misbehave");
        match how {
            Some(how) => Ok(fs::write(trigger, how)?),
            None => Ok(fs::remove_file(trigger)?),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_a_checker_that_hangs_crashes_or_is_killed_refuses_the_change() -> Result<()> {
    let wrapped = Wrapped::new()?;
    let config = format!("haproxy:\n  mode: managed\n  bin: {}\n  checkTimeoutMs: 1000\n", wrapped.program().display());
    let mut daemon = Daemon::builder().config(&config).start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let old = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    let mut changed = old.clone();
    changed["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    for (how, word) in [("sleep 60", "time"), ("kill -SEGV $$", ""), ("kill -KILL $$", ""), ("exit 3", "")] {
        wrapped.misbehave(Some(how))?;
        let begin = std::time::Instant::now();
        let (status, body) = put(&api, &changed).await?;
        ensure!(status == 502, "{how}: {status} {body}");
        ensure!(begin.elapsed() < Duration::from_secs(5), "{how}: the answer took {:?}", begin.elapsed());
        ensure!(body["message"].as_str().is_some_and(|message| message.contains(word)), "{how}: {body}");
        ensure!(agree(&daemon, &api).await?["haproxy"] == old["haproxy"], "{how}: something changed");
        ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    }
    wrapped.misbehave(None)?;
    put_ok(&api, &changed).await?;
    let left = fs::read_dir(daemon.data().join("haproxy/generations"))?.count();
    ensure!(left <= 3, "{left} generations are left behind");
    Ok(())
}

/// The pid of the managed master.
fn master(daemon: &Daemon) -> Result<u32> {
    Ok(fs::read_to_string(daemon.data().join("haproxy/haproxy.pid"))?.trim().parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_an_haproxy_that_dies_after_a_good_reload_comes_back() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    testkit::process::signal(master(&daemon)?, rustix::process::Signal::KILL);
    agree_within(&daemon, &api, HEALED).await?;
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    // The entry is written once it is done, which others see a moment earlier.
    let end = Instant::now() + HEALED;
    loop {
        let (_, audit) = api.json(api.get("/api/audit?category=haproxy&actor=system")).await?;
        if audit["entries"].as_array().is_some_and(|entries| !entries.is_empty()) {
            return Ok(());
        }
        ensure!(Instant::now() < end, "the repair is not in the audit log: {audit}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_master_that_is_killed_during_an_apply_leaves_the_old_or_the_new_state() -> Result<()> {
    for point in ["apply.after_check", "apply.after_swap", "apply.after_reload"] {
        let mut daemon = Daemon::start().await?;
        let api = daemon.api()?;
        let (backend, port) = (http_backend("ok"), free_port());
        let mut changed = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
        daemon.terminate()?;
        daemon.set_environment("PLENUM_FAILPOINT", Some(&format!("{point}=sleep(700)")));
        daemon.start_again().await?;
        changed["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
        let (sending, body) = (api.clone(), changed.clone());
        let change = tokio::spawn(async move { put(&sending, &body).await });
        tokio::time::sleep(Duration::from_millis(350)).await;
        testkit::process::signal(master(&daemon)?, rustix::process::Signal::KILL);
        let (status, body) = change.await??;
        ensure!(matches!(status, 200 | 502), "{point}: {status} {body}");
        let now = agree_within(&daemon, &api, HEALED).await?;
        let there = now["haproxy"]["backends"][1]["timeouts"]["server"] == "77s";
        ensure!(there == (status == 200), "{point}: answered {status}, and the change is {there}");
        ensure!(visit(port, "/").await? == (200, "ok".to_owned()), "{point}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_socket_that_vanished_does_not_stop_a_change() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let mut document = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    fs::remove_file(daemon.data().join("haproxy/admin.sock"))?;
    document["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    let live = put_ok(&api, &document).await?;
    // HAProxy hands the open socket on and never makes the file again; a weight then takes a reload, and still goes live.
    document["haproxy"]["backends"][1]["servers"][0]["weight"] = json!(9);
    let answer = api.put("/api/state").json(&document).send().await?;
    ensure!(answer.status() == 200 && answer.headers()["plenum-action"] == "reload", "{answer:?}");
    ensure!(api.json(api.get("/api/state")).await?.1["haproxy"]["backends"][1]["servers"][0]["weight"] == 9, "{live}");
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_an_edit_by_hand_is_replaced_by_what_the_store_says() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let mut document = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    let path = daemon.data().join("haproxy/current/haproxy.cfg");
    let mut text = fs::read_to_string(&path)?;
    text.push_str("\nfrontend by-hand\n    bind 127.0.0.1:1\n");
    fs::write(&path, text)?;
    // A change that comes before the reconciler is not built on the edited file.
    document["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    put_ok(&api, &document).await?;
    agree(&daemon, &api).await?;
    // And without a change, the reconciler puts the file right.
    fs::write(daemon.data().join("haproxy/current/haproxy.cfg"), "garbage\n")?;
    agree_within(&daemon, &api, HEALED).await?;
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_a_second_daemon_on_the_same_data_is_refused_and_told_who_has_it() -> Result<()> {
    let daemon = Daemon::start().await?;
    let output = daemon.cli(&["serve", "--listen", "127.0.0.1:0", "--mesh-listen", "off", "--tls", "off"], "")?;
    ensure!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    let pid = daemon.pid().context("runs")?.to_string();
    ensure!(message.contains(&pid), "the message does not name process {pid}: {message}");
    ensure!(daemon.anonymous().get("/health").send().await?.status() == 200, "the first daemon suffered");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_a_second_daemon_on_the_same_database_is_refused_and_told_who_has_it() -> Result<()> {
    let home = tempfile::tempdir()?;
    let url = format!("sqlite:{}", home.path().join("shared.db").display());
    let first = Daemon::builder().config(&format!("database: {{url: '{url}'}}\n")).start().await?;
    let error = match Daemon::builder().config(&format!("database: {{url: '{url}'}}\n")).start().await {
        Ok(_) => anyhow::bail!("two daemons share a database"),
        Err(error) => format!("{error:#}"),
    };
    let pid = first.pid().context("runs")?;
    ensure!(error.contains(&format!("process {pid}")) && error.contains("shared.db"), "{error}");
    ensure!(first.anonymous().get("/health").send().await?.status() == 200, "the first daemon suffered");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_damaged_snapshot_is_named_and_the_last_good_one_goes_live() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let mut document = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    let good = document.clone();
    document["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    put_ok(&api, &document).await?;
    let (_, list) = api.json(api.get("/api/snapshots")).await?;
    let newest = list["snapshots"][0]["id"].as_str().context("id")?.to_owned();
    daemon.terminate()?;
    // The body of the newest row becomes noise, as a bad disk would leave it.
    let script = format!(
        "import sqlite3\ndb = sqlite3.connect('{}')\ndb.execute(\"UPDATE snapshots SET body = x'00000000000000000badbeef' WHERE id = ?\", ('{newest}',))\ndb.commit()\n",
        daemon.data().join("plenum.db").display()
    );
    ensure!(std::process::Command::new("python3").args(["-c", &script]).status()?.success());
    daemon.start_again().await?;
    let now = agree_recovered(&daemon, &api).await?;
    ensure!(now["haproxy"] == good["haproxy"], "the last good document is not the current one");
    ensure!(daemon.output().contains(&newest), "the damaged snapshot is not named: {}", daemon.output());
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    Ok(())
}

/// As `agree`, within a moment: the recovery is a change of its own.
async fn agree_recovered(daemon: &Daemon, api: &testkit::Api) -> Result<serde_json::Value> {
    agree_within(daemon, api, Duration::from_secs(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_outlives_the_daemon_and_is_found_again() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    let before = master(&daemon)?;
    daemon.kill9()?;
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()), "traffic stops with the daemon");
    daemon.start_again().await?;
    ensure!(master(&daemon)? == before, "HAProxy was started anew");
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_remembered_and_a_start_brings_the_traffic_back() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let mut document = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    let (status, body) = api.json(api.post("/api/haproxy/stop").json(&json!({}))).await?;
    ensure!(status == 400, "{status} {body}");
    let (status, body) = api.json(api.post("/api/haproxy/stop").json(&json!({ "confirm": true }))).await?;
    ensure!(status == 200 && body["ok"] == true, "{status} {body}");
    daemon.restart().await?;
    tokio::time::sleep(Duration::from_secs(6)).await;
    ensure!(visit(port, "/").await.is_err(), "the reconciler started what was stopped on purpose");
    document["haproxy"]["backends"][1]["timeouts"]["server"] = json!("77s");
    put_ok(&api, &document).await?;
    ensure!(visit(port, "/").await.is_err(), "a change started what was stopped on purpose");
    let (status, body) = api.json(api.post("/api/haproxy/start")).await?;
    ensure!(status == 200 && body["ok"] == true, "{status} {body}");
    agree(&daemon, &api).await?;
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_haproxy_cannot_change_at_run_time_takes_a_reload() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let mut wanted = document(2, port, &backend.address().to_string());
    wanted["haproxy"]["backends"][1]["balance"] = json!("source");
    wanted["haproxy"]["maps"] = json!([
        { "id": "a", "name": "blue", "entries": [{ "key": "k", "value": "one" }] },
        { "id": "b", "name": "green", "entries": [{ "key": "k", "value": "two" }] },
    ]);
    wanted["haproxy"]["frontends"][0]["rulePhases"] = json!({ "httpRequest": [
        { "id": "r1", "action": { "type": "set-header", "name": "X-A", "value": "%[str(k),map(maps/blue.map,none)]" } },
        { "id": "r2", "action": { "type": "set-header", "name": "X-B", "value": "%[str(k),map(maps/green.map,none)]" } },
    ] });
    let mut live = put_ok(&api, &wanted).await?;
    let change = async |document: &serde_json::Value| -> Result<String> {
        let answer = api.put("/api/state").json(document).send().await?;
        let action =
            answer.headers().get("plenum-action").and_then(|action| action.to_str().ok()).unwrap_or("").to_owned();
        ensure!(answer.status() == 200, "{} {}", answer.status(), answer.text().await?);
        Ok(action)
    };
    // A balance algorithm that does not follow weights.
    live["haproxy"]["backends"][1]["servers"][0]["weight"] = json!(9);
    ensure!(change(&live).await? == "reload");
    // A value that cannot be part of a command.
    live["haproxy"]["maps"][0]["entries"][0]["value"] = json!("@three");
    ensure!(change(&live).await? == "reload");
    // Two maps that swap their names.
    live["haproxy"]["maps"][0]["name"] = json!("green");
    live["haproxy"]["maps"][1]["name"] = json!("blue");
    ensure!(change(&live).await? != "none");
    let blue = crate::support::admin(&daemon, "show map maps/blue.map").await?;
    ensure!(blue.contains("k two"), "HAProxy has the old map: {blue}");
    // A port that a server cannot be checked on is for the checker to refuse.
    let (status, body) = put(&api, &{
        let mut bad = live.clone();
        bad["haproxy"]["backends"][1]["servers"][0]["check"] = json!(true);
        bad["haproxy"]["backends"][1]["servers"][0]["address"] = json!("127.0.0.1:0");
        bad
    })
    .await?;
    ensure!(matches!(status, 422 | 502), "{status} {body}");
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_rendered_now_can_be_read_and_mended() -> Result<()> {
    let wrapped = Wrapped::new()?;
    let mut daemon = Daemon::builder().haproxy_program(&wrapped.program()).start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let live = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    daemon.terminate()?;
    // The program is gone, as during an upgrade of its package.
    let away = wrapped.home.path().join("away");
    fs::rename(wrapped.program(), &away)?;
    daemon.start_again().await?;
    let (status, body) = api.json(api.get("/api/state")).await?;
    ensure!(status == 200 && body["haproxy"] == live["haproxy"], "{status} {body}");
    let (status, body) = put(&api, &live).await?;
    ensure!(
        status == 502 && body["message"].as_str().is_some_and(|message| message.contains("haproxy.bin")),
        "{status} {body}"
    );
    fs::rename(&away, wrapped.program())?;
    put_ok(&api, &live).await?;
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keepalived_is_checked_and_its_changes_reach_the_disk() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let mut live = put_ok(&api, &document(1, free_port(), "127.0.0.1:9")).await?;
    live["keepalived"]["enabled"] = json!(true);
    live["keepalived"]["globalDefs"] = json!({ "routerId": "one" });
    put_ok(&api, &live).await?;
    live["keepalived"]["globalDefs"]["routerId"] = json!("two");
    put_ok(&api, &live).await?;
    let text = fs::read_to_string(daemon.data().join("haproxy/current/keepalived.conf"))?;
    ensure!(text.contains("router_id two"), "{text}");
    ensure!(api.get("/api/keepalived/cfg").send().await?.text().await? == text);
    agree(&daemon, &api).await?;
    Ok(())
}

/// The part of this node comes from its configuration, the rest from the document; the real keepalived reads the result.
#[tokio::test(flavor = "multi_thread")]
async fn keepalived_gets_the_nodes_part_from_the_configuration() -> Result<()> {
    let names = fs::read_dir("/sys/class/net")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let interface = names.filter(|name| name != "lo").min().context("keepalived takes no loopback")?;
    let mut daemon = Daemon::builder()
        .config(&format!(
            "node: {{id: left}}\nkeepalived:\n  interface: {interface}\n  instances:\n    web: {{priority: 150, state: MASTER}}\n"
        ))
        .start()
        .await?;
    let api = daemon.api()?;
    let mut wanted = document(1, free_port(), "127.0.0.1:9");
    let instance = |id: &str, name: &str, router: u8| {
        json!({
            "id": id, "name": name, "vip": format!("192.0.2.{router}"), "virtualRouterId": router, "authPass": "shared"
        })
    };
    wanted["keepalived"] = json!({
        "enabled": true,
        "instances": [instance("web", "VI_WEB", 51), instance("other", "VI_OTHER", 52)],
        "syncGroups": [{ "id": "group", "name": "VG", "instanceIds": ["web", "other"], "notifyMaster": "/bin/true" }],
    });
    put_ok(&api, &wanted).await?;
    let text = api.get("/api/keepalived/cfg").send().await?.text().await?;
    for expected in [
        "router_id left\n",
        "vrrp_instance VI_WEB {\n    state MASTER\n",
        &format!("interface {interface}\n"),
        "priority 150\n",
        "192.0.2.51/24\n",
        "    notify_master \"/bin/true\"\n",
        "! VI_OTHER is left out: this node's configuration has no keepalived.instances.other\n",
    ] {
        ensure!(text.contains(expected), "missing: {expected}\n{text}");
    }
    // keepalived's check refuses a group of one; its commands stand in the instance.
    ensure!(!text.contains("vrrp_instance VI_OTHER") && !text.contains("vrrp_sync_group"), "{text}");
    let file = daemon.data().join("haproxy/current/keepalived.conf");
    let check = std::process::Command::new("keepalived").args(["--config-test", "--use-file"]).arg(&file).output()?;
    ensure!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    agree(&daemon, &api).await?;
    Ok(())
}

/// Workers parse what strangers send: they are not root, though the master is, which reads 0600 files and binds port 80.
#[tokio::test(flavor = "multi_thread")]
async fn v34_haproxys_workers_are_not_root() -> Result<()> {
    ensure!(testkit::account::Account::are_we_root(), "only root can show this");
    let account = testkit::account::Account::named("haproxy")?;
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let backend = http_backend("ok");
    let low = (100..1024).rev().find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let low = low.context("a port that only root may bind")?;
    let mut wanted = document(2, low, &backend.address().to_string());
    let mut workers = Vec::new();
    for timeout in ["31s", "32s"] {
        wanted["haproxy"]["backends"][1]["timeouts"]["server"] = json!(timeout);
        wanted = put_ok(&api, &wanted).await?;
        let info = crate::support::admin(&daemon, "show info").await?;
        let pid = info.lines().find_map(|line| line.strip_prefix("Pid: ")).context("a pid")?.to_owned();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let ids = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().to_owned();
        let all = |id: u32| format!("\t{id}\t{id}\t{id}\t{id}");
        ensure!(ids("Uid:") == all(account.uid) && ids("Gid:") == all(account.gid), "{status}");
        ensure!(ids("Groups:").trim().is_empty(), "{status}");
        ensure!(visit(low, "/").await? == (200, "ok".to_owned()));
        workers.push(pid);
    }
    ensure!(workers[0] != workers[1], "there was no reload");
    let (status, body) = crate::support::patch(
        &api,
        &json!([{ "op": "replace", "path": "/haproxy/backends/0/servers/0/weight", "value": 7 }]),
    )
    .await?;
    ensure!(status == 200, "{status} {body}");
    ensure!(crate::support::running_server(&daemon, "pool-0", "s0").await?.0 == "7");
    let mode = fs::metadata(daemon.data().join("haproxy/current/haproxy.cfg"))?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "{mode:o}");
    agree(&daemon, &api).await?;
    Ok(())
}
