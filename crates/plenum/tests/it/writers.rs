//! F13: many writers at once.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Api, Daemon, free_port};

use crate::support::{agree, document, put_ok};

const WRITERS: usize = 40;

/// What one writer adds: a key of its own, so that a lost change can be named.
fn mark(document: &mut Value, writer: usize) {
    document[format!("x-writer-{writer}")] = json!(writer);
}

async fn read(api: &Api) -> Result<(String, Value)> {
    let answer = api.get("/api/state").send().await?;
    let etag = answer.headers()["etag"].to_str()?.to_owned();
    Ok((etag, answer.json().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_forty_writers_with_if_match_lose_nothing_that_was_accepted() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    put_ok(&api, &document(1_000, free_port(), "127.0.0.1:9")).await?;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let api = api.clone();
        writers.spawn(async move {
            let (etag, mut document) = read(&api).await?;
            mark(&mut document, writer);
            let answer = api.put("/api/state").header("if-match", &etag).json(&document).send().await?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            if status == 412 {
                ensure!(headers.contains_key("etag"), "a 412 without the current ETag");
            }
            Ok((writer, status))
        });
    }
    let results = writers.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    ensure!(results.iter().all(|(_, status)| matches!(status, 200 | 412)), "{results:?}");
    let accepted: Vec<usize> = results.iter().filter(|(_, status)| *status == 200).map(|(writer, _)| *writer).collect();
    ensure!(!accepted.is_empty());
    let (_, now) = read(&api).await?;
    for writer in &accepted {
        ensure!(now[format!("x-writer-{writer}")] == *writer, "writer {writer} was accepted and is lost");
    }
    let marks = now.as_object().context("object")?.keys().filter(|key| key.starts_with("x-writer-")).count();
    ensure!(marks == accepted.len(), "{marks} marks, {} accepted", accepted.len());
    agree(&daemon, &api).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_forty_writers_without_if_match_meet_no_server_error() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let document = put_ok(&api, &document(1_000, free_port(), "127.0.0.1:9")).await?;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (api, mut document) = (api.clone(), document.clone());
        writers.spawn(async move {
            document["haproxy"]["backends"][writer]["timeouts"]["server"] = json!(format!("{}s", writer + 1));
            Ok(api.put("/api/state").json(&document).send().await?.status().as_u16())
        });
    }
    let results = writers.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    ensure!(results.iter().all(|status| *status == 200), "{results:?}");
    agree(&daemon, &api).await?;
    Ok(())
}
