//! A fresh installation: the first document, setup, the first PUT.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::{Daemon, free_port, http_backend};

use crate::support::{agree, document, put, put_ok, visit};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_document_shows_haproxy_working() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let first = agree(&daemon, &api).await?;
    let address = first["haproxy"]["frontends"][0]["binds"][0]["address"].as_str().context("a bind")?;
    let port: u16 = address.trim_start_matches(':').parse()?;
    let (status, page) = visit(port, "/").await?;
    ensure!(status == 200 && page.contains("HAProxy is running"), "{status} {page}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_frontend_takes_the_next_free_port_and_never_stands_in_the_way() -> Result<()> {
    // Whoever has 8080 keeps it; where it is free, this test holds it.
    let held = std::net::TcpListener::bind("0.0.0.0:8080");
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let first = agree(&daemon, &api).await?;
    let address = first["haproxy"]["frontends"][0]["binds"][0]["address"].as_str().context("a bind")?.to_owned();
    ensure!(address != ":8080", "the first frontend took a port that is taken");
    ensure!(daemon.output().contains("port 8080 is taken"), "and did not say so: {}", daemon.output());
    drop(held);
    let port: u16 = address.trim_start_matches(':').parse()?;
    let backend = http_backend("mine");
    put_ok(&api, &document(1, port, &backend.address().to_string())).await?;
    ensure!(
        visit(port, "/").await? == (200, "mine".to_owned()),
        "the first document stands in the way of its successor"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_document_is_refused_with_the_culprit_named_and_nothing_changes() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let backend = http_backend("good");
    let port = free_port();
    put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    let before = agree(&daemon, &api).await?;

    // HAProxy itself refuses this one: there is no such sample.
    let mut bad = before.clone();
    bad["acls"] =
        json!([{ "id": "typo", "name": "host_typo", "field": "no_such_sample", "operator": "str", "values": ["x"] }]);
    bad["haproxy"]["frontends"][0]["rulePhases"] = json!({ "httpRequest": [{
        "id": "r1", "condition": [{ "kind": "aclRef", "aclName": "host_typo" }], "action": { "type": "deny" },
    }] });
    let (status, body) = put(&api, &bad).await?;
    ensure!(status == 502, "{status} {body}");
    ensure!(body["output"].as_str().is_some_and(|output| output.contains("ALERT")), "{body}");
    let hint =
        body["hints"].as_array().and_then(|hints| hints.first()).with_context(|| format!("no hints in {body}"))?;
    ensure!(hint["entity"] == json!({ "kind": "acl", "name": "host_typo" }), "{body}");
    ensure!(hint["line"].is_u64() && hint["severity"] == "alert", "{body}");

    // And this one the schema: everything that is wrong with it, at once.
    let mut worse = before.clone();
    worse["haproxy"]["backends"][0]["name"] = json!("web\n    server evil 1.2.3.4:80");
    worse["haproxy"]["frontends"][0]["httpOpts"]["defaultBackendId"] = json!("nowhere");
    worse["nonsense"] = json!(true);
    let (status, body) = put(&api, &worse).await?;
    ensure!(status == 422 && body["issues"].as_array().is_some_and(|issues| issues.len() >= 3), "{status} {body}");

    ensure!(agree(&daemon, &api).await? == before, "a refused document changed something");
    ensure!(visit(port, "/").await? == (200, "good".to_owned()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v9_v34_a_fresh_installation_shares_nothing_and_hides_its_secrets() -> Result<()> {
    let (one, two) = (Daemon::start().await?, Daemon::start().await?);
    for file in ["secret.key", "setup.token"] {
        let read = |daemon: &Daemon| std::fs::read(daemon.data().join(file)).with_context(|| file.to_owned());
        ensure!(read(&one)? != read(&two)?, "{file} is the same on two installations");
        let mode = std::fs::metadata(one.data().join(file))?.permissions().mode() & 0o777;
        ensure!(mode == 0o600, "{file} has mode {mode:o}");
    }
    for file in ["haproxy/current/haproxy.cfg", "plenum.sock", "plenum.db", "plenum.lock"] {
        let mode = std::fs::metadata(one.data().join(file))?.permissions().mode() & 0o777;
        ensure!(mode == 0o600, "{file} has mode {mode:o}");
    }
    ensure!(std::fs::metadata(one.data())?.permissions().mode() & 0o777 == 0o700);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_makes_the_first_owner_once() -> Result<()> {
    let daemon = Daemon::start().await?;
    let api = daemon.anonymous();
    let (_, status) = api.json(api.get("/api/setup/status")).await?;
    ensure!(status == json!({ "needsSetup": true, "hasToken": true, "userCount": 0 }), "{status}");
    let token = std::fs::read_to_string(daemon.data().join("setup.token"))?.trim().to_owned();
    let body = |token: &str| json!({ "token": token, "username": "root1", "password": "correct horse battery" });
    let (status, wrong) = api.json(api.post("/api/setup/complete").json(&body("wrong"))).await?;
    ensure!(status == 401, "{status} {wrong}");
    let (status, made) = api.json(api.post("/api/setup/complete").json(&body(&token))).await?;
    ensure!(status == 201 && made["user"]["username"] == "root1" && made["user"]["role"] == "owner", "{status} {made}");
    ensure!(!daemon.data().join("setup.token").exists(), "the token outlives its use");
    let (status, again) = api.json(api.post("/api/setup/complete").json(&body(&token))).await?;
    ensure!(status == 401, "{status} {again}");
    Ok(())
}
