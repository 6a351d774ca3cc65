//! F1: the daemon is killed at every step boundary of an apply, and at random moments; afterwards everything agrees.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::{Daemon, free_port};

use crate::support::{JSON_PATCH, agree_within, document, put_ok};

/// Everything must agree again this long after the restart is ready.
const LIMIT: Duration = Duration::from_secs(1);

/// Every fail point on the way of a change that needs a reload, in order.
const RELOAD: [&str; 17] = [
    "apply.begin",
    "apply.after_render",
    "apply.after_plan",
    "apply.build.after_file",
    "apply.after_build",
    "apply.after_intent",
    "apply.after_check",
    "files.linked",
    "apply.after_swap",
    "apply.after_reload",
    "apply.after_overlay",
    "apply.after_act",
    "apply.before_commit",
    "apply.commit.after_snapshot",
    "apply.commit.before_end",
    "apply.after_commit",
    "apply.end",
];

/// Those on the way of a change over the admin socket.
const RUNTIME: [&str; 9] = [
    "apply.begin",
    "apply.after_intent",
    "apply.after_build",
    "apply.after_swap",
    "apply.after_act",
    "apply.before_commit",
    "apply.commit.after_snapshot",
    "apply.commit.before_end",
    "apply.after_commit",
];

fn old_server(document: &Value) -> &Value {
    &document["haproxy"]["backends"][0]
}

/// Kills at one fail point on the way of `edit`, restarts, and checks that the old or the new document is live everywhere.
async fn kill_at(point: &str, edit: &Value) -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    let old = put_ok(&api, &document(3, free_port(), "127.0.0.1:9")).await?;
    daemon.terminate()?;
    daemon.set_environment("PLENUM_FAILPOINT", Some(point));
    daemon.start_again().await?;
    let sent = api.patch("/api/state").header("content-type", JSON_PATCH).body(edit.to_string()).send().await;
    if let Ok(answer) = sent {
        // Some points lie on the way of a reload only, or are passed more than once; a point that is never hit proves nothing.
        anyhow::bail!("{point} was never reached: the change answered {}", answer.status());
    }
    daemon.wait_exit(Duration::from_secs(10))?;
    daemon.set_environment("PLENUM_FAILPOINT", None);
    daemon.start_again().await?;
    let now = agree_within(&daemon, &api, LIMIT).await?;
    let changed = old_server(&now) != old_server(&old);
    let committed = ["apply.after_commit", "apply.end"].contains(&point);
    ensure!(
        changed == committed,
        "killed at {point}: the change is {}",
        if changed { "there, but was never committed" } else { "lost after its commit" }
    );
    // The daemon goes on from there.
    let request = api.patch("/api/state").header("content-type", JSON_PATCH).body(edit.to_string());
    let (status, body) = api.json(request).await?;
    ensure!(status == 200, "after a kill at {point} the same change answers {status}: {body}");
    agree_within(&daemon, &api, LIMIT).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_kill_at_every_step_of_a_reload_leaves_the_old_or_the_new_state() -> Result<()> {
    // With a weight in it: what the uncommitted worker runs must not pass for an operator's hand.
    let edit = json!([
        { "op": "add", "path": "/haproxy/backends/0/timeouts/server", "value": "7s" },
        { "op": "replace", "path": "/haproxy/backends/0/servers/0/weight", "value": 44 },
    ]);
    for point in RELOAD {
        kill_at(point, &edit).await.map_err(|error| error.context(format!("at {point}")))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_kill_at_every_step_of_a_runtime_change_leaves_the_old_or_the_new_state() -> Result<()> {
    let edit = json!([
        { "op": "replace", "path": "/haproxy/backends/0/servers/0/weight", "value": 33 },
        { "op": "replace", "path": "/haproxy/backends/0/servers/1/address", "value": "10.9.9.9:81" },
    ]);
    for point in RUNTIME {
        kill_at(point, &edit).await.map_err(|error| error.context(format!("at {point}")))?;
    }
    Ok(())
}

/// How many random kills; a full run takes minutes, so they share one daemon and one history.
const KILLS: u32 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn f1_randomised_kills_never_leave_a_mix() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let api = daemon.api()?;
    put_ok(&api, &document(3, free_port(), "127.0.0.1:9")).await?;
    // A multiplicative generator is enough for moments; the seed makes a failure repeatable as far as time allows.
    let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
    for kill in 0..KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let delay = Duration::from_micros((random >> 33) % 160_000);
        let edit = if kill % 3 == 0 {
            json!([{ "op": "replace", "path": "/haproxy/backends/1/servers/0/weight", "value": kill % 256 }])
        } else {
            json!([{ "op": "add", "path": "/haproxy/backends/1/timeouts/server", "value": format!("{}s", kill + 1) }])
        };
        let sending = api.clone();
        let change = tokio::spawn(async move {
            sending
                .patch("/api/state")
                .header("content-type", JSON_PATCH)
                .body(edit.to_string())
                .send()
                .await
                .map(|answer| answer.status().as_u16())
        });
        tokio::time::sleep(delay).await;
        daemon.kill9()?;
        let answered = change.await?;
        daemon.start_again().await?;
        let now = agree_within(&daemon, &api, LIMIT)
            .await
            .map_err(|error| error.context(format!("kill {kill} after {delay:?}")))?;
        if matches!(answered, Ok(200)) {
            let backend = &now["haproxy"]["backends"][1];
            let there = if kill % 3 == 0 {
                backend["servers"][0]["weight"] == kill % 256
            } else {
                backend["timeouts"]["server"] == format!("{}s", kill + 1)
            };
            ensure!(there, "kill {kill}: the change was answered with 200 and is lost");
        }
    }
    Ok(())
}
