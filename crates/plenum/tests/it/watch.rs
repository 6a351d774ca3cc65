//! What runs now: status, servers, one request through HAProxy, and the news of both.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use testkit::{Daemon, free_port};

use crate::support::{document, put_ok};

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_what_haproxy_says() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let (_, first) = api.json(api.get("/api/haproxy/status")).await?;
    ensure!(first["attention"][0]["code"] == "document.first", "{first}");

    // Two servers that nobody listens for, so their checks fail.
    let mut wanted = document(1, free_port(), "127.0.0.1:1");
    for server in wanted["haproxy"]["backends"][0]["servers"].as_array_mut().context("servers")? {
        server["check"] = true.into();
        server["address"] = format!("127.0.0.1:{}", free_port()).into();
    }
    put_ok(&api, &wanted).await?;
    testkit::wait::until_async("the servers to be down", Duration::from_secs(15), || async {
        let status = api.json(api.get("/api/haproxy/status")).await;
        status.is_ok_and(|(_, status)| {
            status["attention"][0]["code"] == "servers.down" && status["attention"][0]["count"] == 2
        })
    })
    .await?;
    let (_, status) = api.json(api.get("/api/haproxy/status")).await?;
    ensure!(status["running"] == true && status["agrees"] == true && status["stopped"] == false, "{status}");
    ensure!(
        status["pid"].is_u64() && status["version"].is_string() && status["document"]["etag"].is_string(),
        "{status}"
    );
    let (_, list) = api.json(api.get("/api/haproxy/servers")).await?;
    let found = list["servers"].as_array().context("servers")?;
    let backend = &wanted["haproxy"]["backends"][0]["name"];
    let ours: Vec<&Value> = found.iter().filter(|server| &server["backend"] == backend).collect();
    ensure!(!ours.is_empty() && ours.iter().all(|server| server["state"] == "down"), "{list}");
    let (code, _) = api.json(api.post("/api/haproxy/stop").json(&json!({ "confirm": true }))).await?;
    ensure!(code == 200, "{code}");
    let (_, stopped) = api.json(api.get("/api/haproxy/status")).await?;
    ensure!(stopped["running"] == false && stopped["attention"][0]["code"] == "haproxy.stopped", "{stopped}");
    let (code, _) = api.json(api.get("/api/haproxy/servers")).await?;
    ensure!(code == 503, "{code}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_hears_of_a_server_that_goes_down() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let backend = testkit::http_backend("here");
    let mut wanted = document(1, free_port(), &backend.address().to_string());
    wanted["haproxy"]["backends"][0]["servers"][0]["check"] = true.into();
    put_ok(&api, &wanted).await?;
    let news = api.get("/api/events?topics=haproxy").send().await?;
    // The first look of a new listener only remembers.
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(backend);
    let event = heard(news, "haproxy.servers").await?;
    ensure!(event.contains("\"down\"") && event.contains("\"s0\""), "{event}");
    Ok(())
}

/// The data of the first event of a kind.
async fn heard(response: reqwest::Response, kind: &str) -> Result<String> {
    let mut text = String::new();
    let mut stream = response.bytes_stream();
    let listening = async {
        while let Some(piece) = stream.next().await {
            text.push_str(&String::from_utf8_lossy(&piece?));
            let wanted = text.split("\n\n").find(|event| event.lines().any(|line| line == format!("event: {kind}")));
            if let Some(event) = wanted.filter(|event| event.contains("data: ")) {
                ensure!(!event.lines().any(|line| line.starts_with("id:")), "news have no number: {event}");
                return Ok(event.to_owned());
            }
        }
        anyhow::bail!("the stream ended: {text}")
    };
    tokio::time::timeout(Duration::from_secs(15), listening).await.context("no such event")?
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_of_an_apply_are_told_under_the_callers_name() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let news = api.get("/api/events?topics=state").send().await?;
    let body = document(1, free_port(), "127.0.0.1:9001");
    let request = api.put("/api/state").header("plenum-apply-id", "mine-1").json(&body);
    let (code, _) = api.json(request).await?;
    ensure!(code == 200, "{code}");
    let mut text = String::new();
    let mut stream = news.bytes_stream();
    let steps = ["queued", "rendered", "planned", "built", "validated", "swapped", "loaded", "verified", "committed"];
    tokio::time::timeout(Duration::from_secs(10), async {
        while !text.contains("\"committed\"") {
            let piece = stream.next().await.context("the stream ended")??;
            text.push_str(&String::from_utf8_lossy(&piece));
        }
        anyhow::Ok(())
    })
    .await??;
    let places: Vec<_> = steps.iter().map(|step| text.find(&format!("\"step\":\"{step}\""))).collect();
    ensure!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {text}");
    ensure!(text.contains("\"apply\":\"mine-1\""), "{text}");

    let (code, body) = api.json(api.put("/api/state").header("plenum-apply-id", "not a name").json(&body)).await?;
    ensure!(code == 400, "{code} {body}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_sent_through_haproxy_and_nowhere_else() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let backend = testkit::http_backend("hello from the server");
    put_ok(&api, &document(1, free_port(), &backend.address().to_string())).await?;
    let (_, state) = api.json(api.get("/api/state")).await?;
    let frontend = state["haproxy"]["frontends"][0]["id"].clone();
    let ask = |body: Value| api.json(api.post("/api/haproxy/probe").json(&body));
    let (code, answer) = ask(json!({ "frontend": frontend, "host": "www.example.com", "path": "/x?y=1" })).await?;
    ensure!(code == 200 && answer["ok"] == true && answer["status"] == 200, "{code} {answer}");
    ensure!(answer["bodyStart"].as_str().is_some_and(|text| text.contains("hello from the server")), "{answer}");
    ensure!(answer["url"] == "http://www.example.com/x?y=1", "{answer}");

    let (code, _) = ask(json!({ "frontend": "nobody" })).await?;
    ensure!(code == 404, "{code}");
    for bad in [
        json!({ "frontend": frontend, "host": "a\r\nX-Evil: 1" }),
        json!({ "frontend": frontend, "path": "no path" }),
        json!({ "frontend": frontend, "address": "169.254.169.254:80" }),
    ] {
        let (code, body) = ask(bad.clone()).await?;
        ensure!(code == 400, "{bad}: {code} {body}");
    }
    Ok(())
}
