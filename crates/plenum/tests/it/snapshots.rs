//! Stored documents side by side, and what restoring one would do.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::{Daemon, free_port};

use crate::support::{document, put_ok};

/// Two snapshots that differ in how a backend balances; the newer id first.
async fn two(daemon: &mut Daemon) -> Result<(testkit::Api, Value, Value)> {
    let api = daemon.api()?;
    let port = free_port();
    put_ok(&api, &document(1, port, "127.0.0.1:9001")).await?;
    let mut changed = document(1, port, "127.0.0.1:9001");
    changed["haproxy"]["backends"][0]["balance"] = "leastconn".into();
    put_ok(&api, &changed).await?;
    let (_, list) = api.json(api.get("/api/snapshots")).await?;
    Ok((api, list["snapshots"][0]["id"].clone(), list["snapshots"][1]["id"].clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_compared_with_another_and_with_the_current_one() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, newer, older) = two(&mut daemon).await?;
    let (older, newer) = (older.as_str().context("id")?, newer.as_str().context("id")?);
    for to in ["", "?to=current", &format!("?to={newer}"), &format!("?to={newer}.json")] {
        let (status, found) = api.json(api.get(&format!("/api/snapshots/{older}/diff{to}"))).await?;
        ensure!(status == 200 && found["from"] == older && found["to"] == newer, "{to}: {status} {found}");
        let change = &found["changes"][0];
        ensure!(change["kind"] == "changed" && change["section"] == "backends", "{found}");
        let text = found["diff"].as_str().context("a diff")?;
        ensure!(text.contains(&format!("--- {older}")) && text.contains("+    balance leastconn"), "{text}");
    }
    // The other way round, and nothing at all.
    let (_, back) = api.json(api.get(&format!("/api/snapshots/{newer}/diff?to={older}"))).await?;
    ensure!(back["diff"].as_str().is_some_and(|text| text.contains("-    balance leastconn")), "{back}");
    let (_, same) = api.json(api.get(&format!("/api/snapshots/{newer}/diff"))).await?;
    ensure!(same["changes"] == serde_json::json!([]) && same["diff"] == "", "{same}");

    let (status, _) = api.json(api.get("/api/snapshots/nonsense/diff")).await?;
    ensure!(status == 400, "{status}");
    let (status, _) =
        api.json(api.get(&format!("/api/snapshots/{older}/diff?to=2020-01-01T00-00-00Z-abc1234"))).await?;
    ensure!(status == 404, "{status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_planned_before_it_is_done() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let (api, newer, older) = two(&mut daemon).await?;
    let (older, newer) = (older.as_str().context("id")?, newer.as_str().context("id")?);
    let (_, before) = api.json(api.get("/api/state")).await?;
    let (status, plan) = api.json(api.post(&format!("/api/snapshots/{older}/plan?check=true"))).await?;
    ensure!(status == 200 && plan["action"] == "reload" && plan["checked"] == true, "{status} {plan}");
    ensure!(plan["diff"].as_str().is_some_and(|text| text.contains("-    balance leastconn")), "{plan}");
    ensure!(plan["changes"][0]["section"] == "backends", "{plan}");
    let (_, after) = api.json(api.get("/api/state")).await?;
    ensure!(before == after, "a plan changed the document");
    let (_, nothing) = api.json(api.post(&format!("/api/snapshots/{newer}/plan"))).await?;
    ensure!(nothing["action"] == "none" && nothing["checked"] == false, "{nothing}");

    let stale = api.post(&format!("/api/snapshots/{older}/plan")).header("if-match", "\"0000\"");
    let (status, body) = api.json(stale).await?;
    ensure!(status == 412 && body["etag"].is_string(), "{status} {body}");
    let (status, _) = api.json(api.post("/api/snapshots/2020-01-01T00-00-00Z-abc1234/plan")).await?;
    ensure!(status == 404, "{status}");
    Ok(())
}
