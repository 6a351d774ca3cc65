//! What visitors notice of changes: nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use testkit::{Daemon, Load, free_port, http_backend};

use crate::support::{admin, agree, document, patch, put, put_ok, running_server, visit};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_applies_under_load_fail_no_request() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let mut document = put_ok(&api, &document(20, port, &backend.address().to_string())).await?;
    let load = Load::start(([127, 0, 0, 1], port).into(), "/", 4, Duration::from_millis(2));
    for n in 0..200 {
        match n % 4 {
            // Every second change needs a reload.
            0 => document["haproxy"]["backends"][3]["timeouts"]["server"] = json!(format!("{}s", n + 1)),
            2 => document["haproxy"]["frontends"][0]["description"] = json!(format!("change {n}")),
            _ => document["haproxy"]["backends"][4]["servers"][0]["weight"] = json!(n % 256),
        }
        if n % 4 == 2 {
            document["haproxy"]["backends"][5]["retries"] = json!(n % 10);
        }
        put_ok(&api, &document).await?;
    }
    let report = load.finish();
    ensure!(report.failed == 0 && report.ok > 1_000, "{report:?}");
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_addresses_and_maps_go_live_without_a_reload_and_are_persisted() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("one"), free_port());
    let mut wanted = document(3, port, &backend.address().to_string());
    wanted["haproxy"]["maps"] =
        json!([{ "id": "hosts", "name": "hosts", "entries": [{ "key": "a.example", "value": "x" }] }]);
    wanted["haproxy"]["frontends"][0]["rulePhases"] = json!({ "httpRequest": [{
        "id": "r1", "action": { "type": "set-header", "name": "X-Map", "value": "%[req.hdr(host),map(maps/hosts.map,none)]" },
    }] });
    put_ok(&api, &wanted).await?;
    let pid = |info: String| info.lines().find_map(|line| line.strip_prefix("Pid:").map(|pid| pid.trim().to_owned()));
    let before = pid(admin(&daemon, "show info").await?);

    let edit = json!([
        { "op": "replace", "path": "/haproxy/backends/1/servers/0/weight", "value": 7 },
        { "op": "replace", "path": "/haproxy/backends/1/servers/1/address", "value": "10.7.7.7:7777" },
    ]);
    let (status, body) = patch(&api, &edit).await?;
    ensure!(status == 200, "{status} {body}");
    ensure!(running_server(&daemon, "pool-1", "s0").await?.0 == "7");
    ensure!(running_server(&daemon, "pool-1", "s1").await?.1 == "10.7.7.7:7777");

    let entries = json!([{ "key": "a.example", "value": "y" }, { "key": "b.example", "value": "two words" }]);
    let (status, body) =
        patch(&api, &json!([{ "op": "replace", "path": "/haproxy/maps/0/entries", "value": entries }])).await?;
    ensure!(status == 200, "{status} {body}");
    let map = admin(&daemon, "show map maps/hosts.map").await?;
    ensure!(
        map.contains("a.example y") && map.contains("b.example two words") && !map.contains("a.example x"),
        "{map}"
    );

    ensure!(pid(admin(&daemon, "show info").await?) == before, "the worker was replaced");
    agree(&daemon, &api).await?;
    let file = std::fs::read_to_string(daemon.data().join("haproxy/current/maps/hosts.map"))?;
    ensure!(file.contains("b.example two words"), "{file}");

    // The persisted configuration holds them too: after a real reload they are still in force.
    let (status, body) = api.json(api.post("/api/haproxy/reload")).await?;
    ensure!(status == 200 && body["ok"] == true, "{status} {body}");
    ensure!(pid(admin(&daemon, "show info").await?) != before);
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_drained_by_hand_survives_a_reload() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("one"), free_port());
    let mut document = put_ok(&api, &document(3, port, &backend.address().to_string())).await?;
    admin(&daemon, "set server pool-1/s0 state drain").await?;
    admin(&daemon, "set server pool-2/s0 state maint").await?;
    admin(&daemon, "set server pool-1/s1 weight 55").await?;
    document["haproxy"]["backends"][0]["timeouts"]["server"] = json!("9s");
    put_ok(&api, &document).await?;
    let state = admin(&daemon, "show servers state").await?;
    let field = |server: &str, backend: &str, at: usize| {
        let row = state
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|words| words.get(1) == Some(&backend) && words.get(3) == Some(&server));
        row.and_then(|words| words.get(at).map(|word| (*word).to_owned())).unwrap_or_default()
    };
    ensure!(field("s0", "pool-1", 6) == "8", "the drain is gone: {state}");
    ensure!(field("s0", "pool-2", 6) == "1", "the maintenance is gone: {state}");
    ensure!(field("s1", "pool-1", 7) == "55", "the weight is gone: {state}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_a_port_that_is_taken_is_a_hint_and_drops_nothing() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    let mut document = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let load = Load::start(([127, 0, 0, 1], port).into(), "/", 4, Duration::from_millis(2));
    let binds = document["haproxy"]["frontends"][0]["binds"].as_array_mut().ok_or_else(|| anyhow::anyhow!("binds"))?;
    binds.push(json!({ "id": "second", "address": address }));
    let (status, body) = put(&api, &document).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let report = load.finish();
    ensure!(status == 502, "{status} {body}");
    let hint = &body["hints"][0];
    ensure!(
        hint["message"].as_str().is_some_and(|message| message.contains(&address) && message.contains("in use")),
        "{body}"
    );
    ensure!(hint["entity"] == json!({ "kind": "frontend", "name": "main" }), "{body}");
    ensure!(hint["path"] == json!(["haproxy", "frontends", 0, "binds", 1, "address"]), "{body}");
    ensure!(report.failed == 0, "requests failed: {report:?}");
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    Ok(())
}
