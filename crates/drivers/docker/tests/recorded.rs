//! Against answers that were recorded from engines, and against those that nobody should give.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use plenum_docker::{Client, Container, Error, Id, Usage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const SOON: Duration = Duration::from_secs(5);

/// An engine that gives these bodies one after the other, to a ping first of all.
fn engine(version: Option<&str>, bodies: Vec<(u16, String)>) -> DuplexStream {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let version = version.map(|version| format!("Api-Version: {version}\r\n")).unwrap_or_default();
    tokio::spawn(async move {
        for (status, body) in std::iter::once((200, "OK".to_owned())).chain(bodies) {
            let mut question = vec![0; 4096];
            // Who asked and went on without waiting for the answer is done.
            let Ok(length @ 1..) = theirs.read(&mut question).await else { return };
            // The ping is asked before the version is known.
            let is_asked = match (body.as_str(), version.as_str()) {
                ("OK", _) => question[..length].starts_with(b"GET /_ping "),
                (_, "") => question[..length].starts_with(b"GET /containers/"),
                _ => question[..length].starts_with(b"GET /v1.41/containers/"),
            };
            assert!(is_asked, "{}", String::from_utf8_lossy(&question[..length]));
            let head = format!("HTTP/1.1 {status} X\r\n{version}Content-Length: {}\r\n\r\n", body.len());
            if theirs.write_all((head + &body).as_bytes()).await.is_err() {
                return;
            }
        }
    });
    ours
}

async fn listed(body: &str) -> Result<Vec<Container>, Error> {
    Client::over(engine(Some("1.41"), vec![(200, body.to_owned())]), SOON).await?.containers().await
}

async fn used(body: &str) -> Result<Option<Usage>, Error> {
    let id = Id::new("0123456789ab").ok_or_else(|| Error::Form("an id".to_owned()))?;
    Client::over(engine(Some("1.41"), vec![(200, body.to_owned())]), SOON).await?.usage(&id).await
}

#[tokio::test]
async fn fields_that_are_missing_null_or_new_are_borne() -> Result<()> {
    // The last entry is as Podman's engine lists a container of a pod.
    let list = listed(
        r#"[{"Id":"aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeeeffff","Names":["/other/link","/web"],"Image":"web:1","ImageID":"sha256:0","Command":"x","Created":1,"Ports":[],"Labels":{},"State":"running","Status":"Up 3 minutes","HostConfig":{"NetworkMode":"default"},"NetworkSettings":{"Networks":{}},"Mounts":[]},
            {"Id":"0123456789ab","Names":null,"Image":null,"State":null,"Status":null},
            {"Id":"0123456789ac","SomethingNew":{"deep":[1,2]}},
            {"Id":"0123456789ad","Names":["db"],"State":"running","Status":""}]"#,
    )
    .await?;
    let names: Vec<_> = list.iter().map(|one| one.name.as_deref()).collect();
    ensure!(names == [Some("web"), None, None, Some("db")], "{names:?}");
    ensure!(list[0].id.short() == "aaaaaaaaaaaa" && list[1].state.is_empty(), "{list:?}");
    Ok(())
}

#[tokio::test]
async fn stats_of_both_kinds_of_control_groups_are_read() -> Result<()> {
    let stats = |cpu: u64, system: u64, memory: &str, more: &str| {
        format!(
            r#"{{"read":"x","cpu_stats":{{"cpu_usage":{{"total_usage":{cpu},"percpu_usage":[1,1]}},"system_cpu_usage":{system},"online_cpus":2}},"precpu_stats":{{}},"memory_stats":{memory}{more}}}"#
        )
    };
    let one = r#"{"usage":1000,"limit":4096,"stats":{"total_inactive_file":400,"inactive_file":1}}"#;
    let two = r#"{"usage":1000,"limit":4096,"stats":{"inactive_file":300}}"#;
    let networks = r#","networks":{"eth0":{"rx_bytes":10,"tx_bytes":1},"eth1":{"rx_bytes":5,"tx_bytes":2}},"pids_stats":{"current":7}"#;
    let before = used(&stats(100, 1000, one, networks)).await?.context("it runs")?;
    let after = used(&stats(300, 2000, two, "")).await?.context("it runs")?;
    ensure!((before.memory, after.memory, before.memory_limit) == (600, 700, Some(4096)));
    ensure!((before.received, before.sent, before.processes) == (Some(15), Some(3), Some(7)), "{before:?}");
    ensure!((after.received, after.processes) == (None, None), "{after:?}");
    ensure!(after.cpu_percent(&before) == Some(40.0), "{:?}", after.cpu_percent(&before));
    ensure!(before.cpu_percent(&after).is_none() && after.cpu_percent(&after).is_none());
    // A container that ended meanwhile has nothing but its name.
    let ended =
        used(r#"{"cpu_stats":{"cpu_usage":{"total_usage":0}},"memory_stats":{},"networks":null,"pids_stats":{}}"#)
            .await?;
    ensure!(ended.is_some_and(|usage| usage.memory == 0 && usage.memory_limit.is_none()), "{ended:?}");
    // What cannot be is not shown: nobody is busier than all processors.
    let liar = used(&stats(u64::MAX, 1001, one, "")).await?.context("it runs")?;
    ensure!(liar.cpu_percent(&before) == Some(200.0), "{:?}", liar.cpu_percent(&before));
    Ok(())
}

#[tokio::test]
async fn v17_answers_that_nobody_should_give_are_refused() -> Result<()> {
    for bad in [
        "",
        "nonsense",
        "{}",
        r#"[{"Id":"../../../secrets"}]"#,
        r#"[{"Id":"0123456789ab/../../x"}]"#,
        r#"[{"Id":7}]"#,
        &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        let failed = listed(bad).await.err();
        ensure!(matches!(failed, Some(Error::Form(_))), "{failed:?}");
    }
    let failed = used(&format!(r#"{{"x":"{}"}}"#, "x".repeat(600_000))).await.err();
    ensure!(matches!(failed, Some(Error::TooMuch(_))), "{failed:?}");
    let mut client = Client::over(engine(None, vec![(500, "secret".to_owned())]), SOON).await?;
    let failed = client.containers().await.err().context("it fails")?;
    ensure!(matches!(failed, Error::Status { .. }) && !failed.to_string().contains("secret"), "{failed}");
    Ok(())
}

#[tokio::test]
async fn f37_an_engine_that_stalls_or_breaks_off_costs_no_more_than_the_limit() -> Result<()> {
    let limit = Duration::from_millis(300);
    for (said, is_open) in [
        ("", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK", false),
        ("SSH-2.0-nobody\r\n", true),
        ("", false),
    ] {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let held = tokio::spawn(async move {
            if theirs.write_all(said.as_bytes()).await.is_ok() && is_open {
                std::future::pending::<()>().await;
            }
        });
        let begin = Instant::now();
        ensure!(Client::over(ours, limit).await.is_err(), "{said}");
        ensure!(begin.elapsed() < limit * 3, "{said}: {:?}", begin.elapsed());
        held.abort();
    }
    Ok(())
}
