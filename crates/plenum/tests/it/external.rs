//! An HAProxy that somebody else starts, as systemd would: Plenum only writes its configuration and speaks to its sockets.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use haproxy::{Process, Spec, Stop};
use serde_json::json;
use testkit::{Daemon, free_port, http_backend};

use crate::support::{document, patch, put, put_ok, visit};

#[tokio::test(flavor = "multi_thread")]
async fn an_external_haproxy_reads_what_plenum_writes_and_is_reloaded_by_it() -> Result<()> {
    let place = tempfile::tempdir()?;
    let (master, admin) = (place.path().join("master.sock"), place.path().join("admin.sock"));
    let config = format!(
        "haproxy:\n  mode: external\n  bin: /usr/sbin/haproxy\n  masterSocket: {}\n  statsSocket: {}\n",
        master.display(),
        admin.display()
    );
    let mut daemon = Daemon::builder().config(&config).start().await?;
    let api = daemon.api()?;
    let (backend, port) = (http_backend("ok"), free_port());
    // Nobody runs it yet: the configuration is put in place for its start.
    let mut live = put_ok(&api, &document(2, port, &backend.address().to_string())).await?;
    ensure!(visit(port, "/").await.is_err(), "somebody started an external HAProxy");
    ensure!(
        api.get("/api/haproxy/control-strategy").send().await?.json::<serde_json::Value>().await?["mode"] == "external"
    );

    let spec = Spec {
        program: "/usr/sbin/haproxy".into(),
        config: daemon.data().join("haproxy/current/haproxy.cfg"),
        directory: place.path().to_owned(),
        master_socket: master,
        pid_file: place.path().join("pid"),
        log: place.path().join("log"),
        account: None,
    };
    let external = Process::start(spec, Duration::from_secs(10)).await?;
    ensure!(visit(port, "/").await? == (200, "ok".to_owned()));

    // Through a reload, over the admin socket, and refused: as with one that Plenum runs itself.
    live["haproxy"]["backends"][1]["timeouts"]["server"] = json!("7s");
    let answer = api.put("/api/state").json(&live).send().await?;
    ensure!(answer.status() == 200 && answer.headers()["plenum-action"] == "reload", "{answer:?}");
    let (status, body) =
        patch(&api, &json!([{ "op": "replace", "path": "/haproxy/backends/1/servers/0/weight", "value": 7 }])).await?;
    ensure!(status == 200, "{status} {body}");
    live["acls"] = json!([{ "id": "a", "name": "a", "field": "no_such_sample", "operator": "str", "values": ["x"] }]);
    live["haproxy"]["frontends"][0]["rulePhases"] = json!({ "httpRequest": [{
        "id": "r1", "condition": [{ "kind": "aclRef", "aclName": "a" }], "action": { "type": "deny" },
    }] });
    let (status, body) = put(&api, &live).await?;
    ensure!(status == 502, "{status} {body}");
    ensure!(external.is_alive() && visit(port, "/").await? == (200, "ok".to_owned()));

    // Ending it is not ours to do.
    let (status, body) = api.json(api.post("/api/haproxy/stop").json(&json!({ "confirm": true }))).await?;
    ensure!(status == 502, "{status} {body}");
    ensure!(external.is_alive());
    external.stop(Stop::Now, Duration::from_secs(5)).await.context("end the external HAProxy")?;
    Ok(())
}
