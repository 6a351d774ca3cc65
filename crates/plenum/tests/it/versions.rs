//! The main job on every HAProxy at hand: 2.6 from the distribution, 2.8, 3.0 and 3.2 beside it.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::{Daemon, free_port, haproxy, http_backend};

use crate::support::{admin, agree, document, patch, put, put_ok, visit};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_goes_live_changes_and_is_refused_alike_on_every_version() -> Result<()> {
    for installed in haproxy::versions() {
        on(&installed).await.map_err(|error| error.context(format!("on HAProxy {}", installed.branch())))?;
    }
    Ok(())
}

async fn on(installed: &haproxy::Installed) -> Result<()> {
    let mut daemon = Daemon::builder().haproxy(installed).start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    put_ok(&api, &document(3, port, &backend.address().to_string())).await?;
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    agree(&daemon, &api).await?;

    // Over the admin socket.
    let answer = api.patch("/api/state").header("content-type", crate::support::JSON_PATCH);
    let answer = answer
        .body(json!([{ "op": "replace", "path": "/haproxy/backends/1/servers/0/weight", "value": 7 }]).to_string())
        .send()
        .await?;
    ensure!(answer.status() == 200 && answer.headers()["plenum-action"] == "runtime", "{answer:?}");
    agree(&daemon, &api).await?;

    // Through a reload, with what was changed by hand carried over.
    admin(&daemon, "set server pool-2/s0 state drain").await?;
    let (status, body) =
        patch(&api, &json!([{ "op": "add", "path": "/haproxy/backends/1/timeouts/server", "value": "7s" }])).await?;
    ensure!(status == 200, "{status} {body}");
    let state = admin(&daemon, "show servers state pool-2").await?;
    ensure!(
        state
            .lines()
            .any(|line| line.split_whitespace().nth(3) == Some("s0") && line.split_whitespace().nth(6) == Some("8")),
        "{state}"
    );
    agree(&daemon, &api).await?;

    // A port that is taken, and a sample that does not exist: refused with a hint, and nothing is dropped.
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut document = api.json(api.get("/api/state")).await?.1;
    let good = document.clone();
    document["haproxy"]["frontends"][0]["binds"]
        .as_array_mut()
        .context("binds")?
        .push(json!({ "id": "second", "address": taken.local_addr()?.to_string() }));
    let (status, body) = put(&api, &document).await?;
    ensure!(status == 502 && body["hints"][0]["entity"]["name"] == "main", "{status} {body}");
    document = good;
    document["acls"] =
        json!([{ "id": "typo", "name": "host_typo", "field": "no_such_sample", "operator": "str", "values": ["x"] }]);
    document["haproxy"]["frontends"][0]["rulePhases"] = json!({ "httpRequest": [{
        "id": "r1", "condition": [{ "kind": "aclRef", "aclName": "host_typo" }], "action": { "type": "deny" },
    }] });
    let (status, body) = put(&api, &document).await?;
    ensure!(
        status == 502 && body["hints"][0]["entity"] == json!({ "kind": "acl", "name": "host_typo" }),
        "{status} {body}"
    );
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_goes_live_with_the_store_on_postgresql() -> Result<()> {
    let postgres = testkit::Postgres::start()?;
    let url = postgres.database().await?;
    let mut daemon = Daemon::builder().config(&format!("database:\n  url: {url}\n")).start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    put_ok(&api, &document(3, port, &backend.address().to_string())).await?;
    let (status, body) =
        patch(&api, &json!([{ "op": "replace", "path": "/haproxy/backends/1/servers/0/weight", "value": 7 }])).await?;
    ensure!(status == 200, "{status} {body}");
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));
    let before = agree(&daemon, &api).await?;
    daemon.kill9()?;
    daemon.start_again().await?;
    ensure!(agree(&daemon, &api).await? == before);
    Ok(())
}
