//! The internal authority: what it revoked, and how another takes over, judged by OpenSSL and curl.

#![expect(clippy::disallowed_methods, reason = "these tests write files for other programs")]

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::join_all;
use serde_json::Value;
use testkit::{Daemon, Disk, http_backend};

use crate::mesh::{Ports, call, curl, ok, ports, start, until, upstream};

async fn field(ports: &Ports, path: &str, field: &str) -> Result<String> {
    let answer = ok(ports, "GET", path, None).await?;
    Ok(answer.pointer(field).and_then(Value::as_str).with_context(|| format!("{field} in {answer}"))?.to_owned())
}

async fn crl(ports: &Ports) -> Result<String> {
    // It is for everybody: no credential, and not JSON.
    Ok(reqwest::get(format!("http://localhost:{}/api/tls/crl", ports.api)).await?.error_for_status()?.text().await?)
}

/// What OpenSSL says of a chain whose first certificate is the service's.
fn openssl(root: &str, chain: &str, crl: &str) -> Result<(bool, String)> {
    let directory = tempfile::tempdir()?;
    let put = |name: &str, text: &str| -> Result<()> { Ok(std::fs::write(directory.path().join(name), text)?) };
    put("root.pem", root)?;
    put("chain.pem", chain)?;
    put("crl.pem", crl)?;
    let at = |name: &str| directory.path().join(name);
    let output = Command::new("openssl")
        .args(["verify", "-crl_check", "-CAfile"])
        .arg(at("root.pem"))
        .arg("-CRLfile")
        .arg(at("crl.pem"))
        .arg("-untrusted")
        .args([at("chain.pem"), at("chain.pem")])
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(said)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_is_in_a_list_that_openssl_takes() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("x");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let root = field(&ports, "/tls/ca", "/pem").await?;
    let first = field(&ports, "/tls", "/certs/0/pem").await?;
    let (sound, said) = openssl(&root, &first, &crl(&ports).await?)?;
    ensure!(sound, "{said}");
    ok(&ports, "POST", "/tls/core/rotate", None).await?;
    let second = field(&ports, "/tls", "/certs/0/pem").await?;
    let list = crl(&ports).await?;
    let (sound, said) = openssl(&root, &first, &list)?;
    ensure!(!sound && said.contains("certificate revoked"), "{said}");
    let (sound, said) = openssl(&root, &second, &list)?;
    ensure!(sound, "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_another_authority_takes_over_and_clients_of_the_old_one_go_on() -> Result<()> {
    let ports = ports();
    let mut daemon = start(&ports).await?;
    let backend = http_backend("still trusted");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let old = field(&ports, "/tls/ca", "/pem").await?;
    let done = ok(&ports, "POST", "/tls/ca/rotate", None).await?;
    ensure!(done["stdout"].as_str().is_some_and(|text| text.contains("1 certificates")), "{done}");
    let new = field(&ports, "/tls/ca", "/pem").await?;
    ensure!(new != old && field(&ports, "/tls/ca", "/previous/pem").await? == old);
    for root in [&old, &new] {
        ensure!(curl(&ports, root, "core")? == "still trusted");
    }
    // What is issued from now on is the new one's too, after a restart as well.
    daemon.terminate()?;
    daemon.start_again().await?;
    until("the API is back", || async { Ok(call(&ports, "GET", "/ping", None).await.is_ok()) }).await?;
    ok(&ports, "POST", "/tls/core/rotate", None).await?;
    for root in [&old, &new] {
        ensure!(curl(&ports, root, "core")? == "still trusted");
    }
    let audit = ok(&ports, "GET", "/audit", None).await?;
    ensure!(
        audit["entries"].as_array().is_some_and(|all| all.iter().any(|one| one["action"] == "ca_rotate")),
        "{audit}"
    );

    // Killed in the middle, it is whole at the next start.
    daemon.terminate()?;
    daemon.set_environment("PLENUM_FAILPOINT", Some("mesh.after_ca"));
    daemon.start_again().await?;
    until("the API is back", || async { Ok(call(&ports, "GET", "/ping", None).await.is_ok()) }).await?;
    ensure!(call(&ports, "POST", "/tls/ca/rotate", None).await.is_err(), "it was not killed");
    daemon.wait_exit(Duration::from_secs(5))?;
    daemon.set_environment("PLENUM_FAILPOINT", None);
    daemon.start_again().await?;
    until("the API is back", || async { Ok(call(&ports, "GET", "/ping", None).await.is_ok()) }).await?;
    let newest = field(&ports, "/tls/ca", "/pem").await?;
    ensure!(newest != new && field(&ports, "/tls/ca", "/previous/pem").await? == new);
    until("it is served", || async { Ok(curl(&ports, &newest, "core").is_ok_and(|text| text == "still trusted")) })
        .await?;
    ensure!(curl(&ports, &new, "core")? == "still trusted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_at_the_same_time_leave_one_certificate() -> Result<()> {
    let ports = ports();
    let _daemon = start(&ports).await?;
    let backend = http_backend("served");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let rotations = (0..6).map(|_| ok(&ports, "POST", "/tls/core/rotate", None));
    let authority = ok(&ports, "POST", "/tls/ca/rotate", None);
    let late: Vec<_> = (0..6)
        .map(|at| {
            let mut wanted = upstream(backend.address());
            wanted["name"] = format!("late{at}").into();
            wanted
        })
        .collect();
    let registrations = late.iter().map(|wanted| ok(&ports, "POST", "/services", Some(wanted.clone())));
    let (rotated, replaced, registered) = tokio::join!(join_all(rotations), authority, join_all(registrations));
    rotated.into_iter().collect::<Result<Vec<_>>>()?;
    replaced?;
    registered.into_iter().collect::<Result<Vec<_>>>()?;

    // Each has one certificate, which is the new authority's, and which it is served with.
    let root = field(&ports, "/tls/ca", "/pem").await?;
    let list = crl(&ports).await?;
    let all = ok(&ports, "GET", "/tls", None).await?;
    let all = all["certs"].as_array().context("certificates")?;
    ensure!(all.len() == 7, "{} certificates", all.len());
    for one in all {
        let (sound, said) = openssl(&root, one["pem"].as_str().unwrap_or_default(), &list)?;
        ensure!(sound, "{}: {said}", one["name"]);
    }
    for name in std::iter::once("core".to_owned()).chain((0..6).map(|at| format!("late{at}"))) {
        ensure!(curl(&ports, &root, &name)? == "served", "{name}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_a_registration_on_a_full_disk_leaves_nothing_behind() -> Result<()> {
    let ports = ports();
    let disk = Disk::mount(96 << 20);
    let config = crate::mesh::config(&ports, "");
    let mut daemon = Daemon::builder().data(&disk.path().join("data")).config(&config).start().await?;
    let backend = http_backend("whole");
    let named = |name: &str| {
        let mut wanted = upstream(backend.address());
        wanted["name"] = name.into();
        wanted
    };
    ok(&ports, "POST", "/services", Some(named("first"))).await?;
    let mut refused = 0;
    for (at, leave) in [0, 8 << 10, 24 << 10, 40 << 10, 64 << 10, 96 << 10].into_iter().enumerate() {
        disk.fill_leaving(leave)?;
        let name = format!("late{at}");
        let done = ok(&ports, "POST", "/services", Some(named(&name))).await;
        disk.clear()?;
        if done.is_ok() {
            continue;
        }
        refused += 1;
        // Without a start in between, the name is free again.
        until("the name is free", || async { Ok(ok(&ports, "POST", "/services", Some(named(&name))).await.is_ok()) })
            .await?;
    }
    ensure!(refused > 0, "the disk was never full");
    let root = field(&ports, "/tls/ca", "/pem").await?;
    for name in ["first", "late0", "late3", "late5"] {
        ensure!(curl(&ports, &root, name)? == "whole", "{name}");
    }
    daemon.terminate()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_a_rotation_on_a_full_disk_leaves_one_certificate() -> Result<()> {
    let ports = ports();
    let disk = Disk::mount(96 << 20);
    let config = crate::mesh::config(&ports, "");
    let mut daemon = Daemon::builder().data(&disk.path().join("data")).config(&config).start().await?;
    let backend = http_backend("whole");
    ok(&ports, "POST", "/services", Some(upstream(backend.address()))).await?;
    let root = field(&ports, "/tls/ca", "/pem").await?;
    let (mut refused, mut seen) = (0, vec![field(&ports, "/tls", "/certs/0/pem").await?]);
    for leave in [0, 8 << 10, 16 << 10, 24 << 10, 32 << 10, 40 << 10, 64 << 10, 96 << 10] {
        disk.fill_leaving(leave)?;
        refused += usize::from(ok(&ports, "POST", "/tls/core/rotate", None).await.is_err());
        disk.clear()?;
        let present = field(&ports, "/tls", "/certs/0/pem").await?;
        if seen.last() != Some(&present) {
            seen.push(present);
        }
        // Whether it was refused before it began or could not be ended: without another rotation, one certificate counts.
        until("every other one is revoked", || async {
            let list = crl(&ports).await?;
            let sound = seen.iter().map(|chain| Ok(openssl(&root, chain, &list)?.0)).collect::<Result<Vec<_>>>()?;
            Ok(sound.iter().rev().enumerate().all(|(age, sound)| *sound == (age == 0)))
        })
        .await?;
        ensure!(curl(&ports, &root, "core")? == "whole", "what is served is not the certificate that counts");
    }
    ensure!(refused > 0, "the disk was never full");
    daemon.terminate()?;
    Ok(())
}
