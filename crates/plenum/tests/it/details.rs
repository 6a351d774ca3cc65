//! Details that clients rely on: versions, patches, layouts, secrets, bad input.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Value, json};
use testkit::{Daemon, free_port};

use crate::support::{JSON_PATCH, MERGE_PATCH, agree, document, put, put_ok};

#[tokio::test(flavor = "multi_thread")]
async fn etags_guard_reads_and_writes() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let mut document = put_ok(&api, &document(2, free_port(), "127.0.0.1:9")).await?;
    let etag = |answer: &reqwest::Response| answer.headers()[ETAG].to_str().map(str::to_owned);
    let old = etag(&api.get("/api/state").send().await?)?;
    let unchanged = api.get("/api/state").header(IF_NONE_MATCH, &old).send().await?;
    ensure!(unchanged.status() == 304 && etag(&unchanged)? == old && unchanged.bytes().await?.is_empty());
    document["haproxy"]["backends"][0]["timeouts"]["server"] = json!("8s");
    let accepted = api.put("/api/state").header(IF_MATCH, &old).json(&document).send().await?;
    ensure!(accepted.status() == 200);
    let new = etag(&accepted)?;
    ensure!(new != old);
    let stale = api.put("/api/state").header(IF_MATCH, &old).json(&document).send().await?;
    ensure!(stale.status() == 412 && etag(&stale)? == new, "{stale:?}");
    let minimal = api.put("/api/state").header("prefer", "return=minimal").json(&document).send().await?;
    ensure!(minimal.status() == 204 && etag(&minimal)? == new && minimal.bytes().await?.is_empty());
    ensure!(api.put("/api/state").header(IF_MATCH, "*").json(&document).send().await?.status() == 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identical_put_keeps_the_configuration_to_the_byte_and_reloads_nothing() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let sent = document(2, free_port(), "127.0.0.1:9");
    let returned = put_ok(&api, &sent).await?;
    let cfg = || fs::read(daemon.data().join("haproxy/current/haproxy.cfg"));
    let before = cfg()?;
    for body in [&sent, &returned] {
        let answer = api.put("/api/state").json(body).send().await?;
        ensure!(answer.status() == 200 && answer.headers()["plenum-action"] == "none", "{answer:?}");
        ensure!(cfg()? == before);
    }
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_of_both_kinds_change_a_part() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    put_ok(&api, &document(2, free_port(), "127.0.0.1:9")).await?;
    let send = |kind: &'static str, body: String| api.patch("/api/state").header(CONTENT_TYPE, kind).body(body);
    let (status, body) =
        api.json(send(MERGE_PATCH, json!({ "x-owner": "team", "geoip": { "enabled": true } }).to_string())).await?;
    ensure!(status == 200 && body["x-owner"] == "team" && body["geoip"]["enabled"] == true, "{status} {body}");
    let (status, body) = api
        .json(send(
            JSON_PATCH,
            json!([{ "op": "test", "path": "/x-owner", "value": "team" }, { "op": "remove", "path": "/x-owner" }])
                .to_string(),
        ))
        .await?;
    ensure!(status == 200 && body.get("x-owner").is_none(), "{status} {body}");
    let (status, body) = api
        .json(send(JSON_PATCH, json!([{ "op": "test", "path": "/geoip/enabled", "value": false }]).to_string()))
        .await?;
    ensure!(status == 409, "{status} {body}");
    let (status, body) =
        api.json(send(JSON_PATCH, json!([{ "op": "remove", "path": "/haproxy/backends/99" }]).to_string())).await?;
    ensure!(status == 409 && body["message"].as_str().is_some_and(|message| message.contains("99")), "{status} {body}");
    let (status, body) = api.json(send("application/json", "{}".to_owned())).await?;
    ensure!(status == 415, "{status} {body}");
    let (status, body) = api.json(send(MERGE_PATCH, json!({ "haproxy": { "backends": null } }).to_string())).await?;
    ensure!(status == 422, "removing what is referred to is an issue: {status} {body}");
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flat_layout_goes_in_and_out() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let nested = put_ok(&api, &document(2, free_port(), "127.0.0.1:9")).await?;
    let (_, flat) = api.json(api.get("/api/state?layout=flat")).await?;
    ensure!(flat.get("haproxy").is_none() && flat["backends"] == nested["haproxy"]["backends"], "{flat}");
    let back = put_ok(&api, &flat).await?;
    ensure!(back["haproxy"] == nested["haproxy"]);
    let mut both = nested.clone();
    both["backends"] = json!([]);
    let (status, body) = put(&api, &both).await?;
    ensure!(status == 422, "{status} {body}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v10_secrets_of_the_document_are_masked_kept_and_sealed() -> Result<()> {
    const CANARY: &str = "canary-7f3a9c";
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let viewer = daemon.api_as("viewer1", "viewer")?;
    let mut wanted = document(1, free_port(), "127.0.0.1:9");
    wanted["haproxy"]["frontends"][0]["stats"] =
        json!({ "enabled": true, "uri": "/stats", "auth": [{ "username": "ops", "password": CANARY }] });
    let returned = put_ok(&api, &wanted).await?;
    ensure!(returned["haproxy"]["frontends"][0]["stats"]["auth"][0]["password"] == "***", "{returned}");
    // Sent back masked, it stays; and the hash covers the real value.
    put_ok(&api, &returned).await?;
    let cfg = fs::read_to_string(daemon.data().join("haproxy/current/haproxy.cfg"))?;
    ensure!(cfg.contains(&format!("ops:{CANARY}")), "{cfg}");
    let etag = api.get("/api/state").send().await?.headers()[ETAG].clone();
    let mut other = returned.clone();
    other["haproxy"]["frontends"][0]["stats"]["auth"][0]["password"] = json!("another-secret");
    put_ok(&api, &other).await?;
    ensure!(api.get("/api/state").send().await?.headers()[ETAG] != etag, "the ETag does not cover the secret");
    put_ok(&api, &wanted).await?;
    ensure!(api.get("/api/state").send().await?.headers()[ETAG] == etag);
    // Nowhere in what roles below admin can read, nowhere in the store.
    let (_, list) = api.json(api.get("/api/snapshots")).await?;
    let snapshot = format!("/api/snapshots/{}", list["snapshots"][0]["id"].as_str().context("id")?);
    for path in [
        "/api/state",
        "/api/state?layout=flat",
        "/api/haproxy/cfg?source=disk",
        "/api/haproxy/cfg?source=state",
        &snapshot,
    ] {
        let text = viewer.get(path).send().await?.text().await?;
        ensure!(!text.contains(CANARY), "{path} shows the secret to a viewer");
        ensure!(text.contains("***"), "{path} does not show that there is one");
    }
    let (_, audit) = api.json(api.get("/api/audit?limit=1000")).await?;
    ensure!(!audit.to_string().contains(CANARY), "the audit log holds the secret");
    ensure!(!daemon.output().contains(CANARY), "the log holds the secret");
    daemon.terminate()?;
    for entry in fs::read_dir(daemon.data())? {
        let path = entry?.path();
        if path.is_file() {
            let bytes = fs::read(&path)?;
            ensure!(
                !bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()),
                "{} holds the secret",
                path.display()
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn v23_bad_input_costs_nothing_and_is_answered() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let before = put_ok(&api, &document(1, free_port(), "127.0.0.1:9")).await?;
    let (_, snapshots) = api.json(api.get("/api/snapshots")).await?;
    let raw = |body: Vec<u8>| api.put("/api/state").header(CONTENT_TYPE, "application/json").body(body);
    for (what, body, expected) in [
        ("empty", Vec::new(), 400),
        ("not JSON", b"{\"schemaVersion\": 1,".to_vec(), 400),
        ("not UTF-8", b"{\"\xff\": 1}".to_vec(), 400),
        ("a list", b"[]".to_vec(), 422),
        ("a string", b"\"x\"".to_vec(), 422),
        ("null", b"null".to_vec(), 422),
        ("nested deeply", [b"[".repeat(100_000), b"]".repeat(100_000)].concat(), 400),
        ("a key twice", b"{\"schemaVersion\":1,\"schemaVersion\":1}".to_vec(), 400),
    ] {
        let (status, answer) = api.json(raw(body)).await?;
        ensure!(status == expected, "{what}: {status} {answer}");
        ensure!(answer["message"].as_str().is_some_and(|message| message.len() > 5), "{what}: {answer}");
    }
    let huge = raw(vec![b' '; 200 << 20]).send().await;
    // The refusal may reach the client while it still sends.
    if let Ok(answer) = huge {
        ensure!(answer.status() == 413, "200 MB: {}", answer.status());
    }
    let wrong = testkit::Api::new(&daemon.base(), Some("pp_00000000.00000000000000000000000000000000"));
    ensure!(wrong.get("/api/state").send().await?.status() == 401);
    ensure!(api.get("/api/state").header(IF_NONE_MATCH, "not an etag").send().await?.status().as_u16() < 500);
    let (status, body) = api.json(api.put("/api/state").header(IF_MATCH, "\"0000\"").json(&before)).await?;
    ensure!(status == 412, "{status} {body}");
    ensure!(agree(&daemon, &api).await? == before, "bad input changed the document");
    ensure!(api.json(api.get("/api/snapshots")).await?.1 == snapshots, "bad input wrote a snapshot");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_changes_nothing_and_says_what_would_change() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let mut wanted = put_ok(&api, &document(2, free_port(), "127.0.0.1:9")).await?;
    let before = agree(&daemon, &api).await?;
    let plan = |body: Value, query: &'static str| api.json(api.post(&format!("/api/state/plan{query}")).json(&body));
    let (status, same) = plan(wanted.clone(), "").await?;
    ensure!(status == 200 && same["action"] == "none" && same["changes"] == json!([]) && same["diff"] == "", "{same}");
    wanted["haproxy"]["backends"][0]["servers"][0]["weight"] = json!(3);
    let (_, runtime) = plan(wanted.clone(), "").await?;
    ensure!(
        runtime["action"] == "runtime"
            && runtime["operations"][0].as_str().is_some_and(|text| text.contains("pool-0/s0")),
        "{runtime}"
    );
    wanted["haproxy"]["backends"][1]["timeouts"]["server"] = json!("4s");
    let (_, reload) = plan(wanted.clone(), "?check=true").await?;
    ensure!(reload["action"] == "reload" && reload["checked"] == true, "{reload}");
    ensure!(reload["diff"].as_str().is_some_and(|diff| diff.contains("+    timeout server 4s")), "{reload}");
    ensure!(
        reload["changes"].as_array().is_some_and(|changes| changes.iter().any(|change| change["name"] == "pool-1")),
        "{reload}"
    );
    ensure!(agree(&daemon, &api).await? == before, "a plan changed something");
    Ok(())
}
