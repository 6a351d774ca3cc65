//! Against a real engine.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use plenum_docker::{Client, Container, Error, Id};
use testkit::Dockerd;
use testkit::dockerd::IMAGE;

const SOON: Duration = Duration::from_secs(10);

fn named<'l>(list: &'l [Container], name: &str) -> Result<&'l Container> {
    list.iter().find(|one| one.name.as_deref() == Some(name)).with_context(|| format!("{name} is not in {list:?}"))
}

#[tokio::test]
async fn containers_and_what_they_take_are_what_the_engine_says() -> Result<()> {
    let docker = Dockerd::start()?;
    let mut client = Client::local(&docker.socket(), SOON).await?;
    ensure!(client.containers().await?.is_empty());
    docker.run(&["run", "-d", "--name", "busy", "--memory", "64m", IMAGE, "/bin/sh", "-c", "while :; do :; done"])?;
    docker.run(&["run", "-d", "--name", "idle", "--network", "none", IMAGE, "/bin/sleep", "600"])?;
    docker.run(&["create", "--name", "never", IMAGE, "/bin/sleep", "1"])?;

    let list = client.containers().await?;
    ensure!(list.len() == 3, "{list:?}");
    let (busy, idle, never) = (named(&list, "busy")?, named(&list, "idle")?, named(&list, "never")?);
    ensure!(busy.state == "running" && busy.image == IMAGE && busy.status.starts_with("Up"), "{busy:?}");
    ensure!(never.state == "created", "{never:?}");

    let mut usages = Vec::new();
    for id in [&busy.id, &idle.id] {
        let before = client.usage(id).await?.context("it runs")?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let after = client.usage(id).await?.context("it runs")?;
        usages.push((after.cpu_percent(&before).context("processors")?, after));
    }
    let [(busy_percent, busy), (idle_percent, idle)] = usages[..] else { anyhow::bail!("two") };
    ensure!((20.0..=130.0).contains(&busy_percent) && idle_percent < 20.0, "{busy_percent} {idle_percent}");
    ensure!(busy.memory_limit == Some(64 << 20), "{busy:?}");
    ensure!((1..64 << 20).contains(&busy.memory) && idle.memory > 0, "{busy:?} {idle:?}");
    ensure!(busy.processes == Some(1) && idle.processes == Some(1), "{busy:?} {idle:?}");
    ensure!(busy.received.is_some() && busy.sent.is_some() && idle.received.is_none(), "{busy:?} {idle:?}");

    let gone = Id::new("0123456789ab").context("an id")?;
    ensure!(client.usage(&gone).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn where_no_engine_is_that_is_said() -> Result<()> {
    let failed = Client::local("/nowhere/docker.sock".as_ref(), SOON).await.err();
    ensure!(matches!(failed, Some(Error::Connect(_))), "{failed:?}");
    Ok(())
}
