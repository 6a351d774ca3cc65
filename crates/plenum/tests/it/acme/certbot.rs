//! Debian's certbot: by HTTP where the name leads, behind the gateway, and by DNS; renewal, revocation, accounts.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{House, apart, run, write};
use crate::mesh::{curl, ok};

/// Its files.
#[derive(Clone)]
struct Certbot {
    home: PathBuf,
    trusted: PathBuf,
    server: String,
}

impl Certbot {
    fn of(house: &House) -> Self {
        let home = house.directory.path().join("certbot");
        Self { home, trusted: house.daemon.certificate(), server: house.directory_url() }
    }

    /// Runs it with these words; what it printed.
    async fn run(&self, words: &str) -> Result<String> {
        let (this, words) = (self.clone(), words.to_owned());
        apart(move || {
            let mut command = Command::new("certbot");
            command.args(words.split_whitespace()).args(["-n", "--server", &this.server]);
            for name in ["config", "work", "logs"] {
                command.arg(format!("--{name}-dir")).arg(this.home.join(name));
            }
            run(command.env("REQUESTS_CA_BUNDLE", &this.trusted)).context("is the package certbot installed?")
        })
        .await
    }

    fn live(&self, name: &str, file: &str) -> PathBuf {
        self.home.join("config/live").join(name).join(file)
    }

    /// Verifies the certificate as a client would; its serial number.
    async fn verified(&self, house: &House, name: &str, host: &str) -> Result<String> {
        let chain = self.live(name, "fullchain.pem");
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", host, "-CAfile"]);
        verify.arg(house.root().await?).arg("-untrusted").arg(&chain).arg(&chain);
        run(&mut verify)?;
        let mut serial = Command::new("openssl");
        serial.args(["x509", "-noout", "-serial", "-in"]).arg(&chain);
        let text = run(&mut serial)?.trim().to_lowercase();
        Ok(text.strip_prefix("serial=").context("serial=")?.to_owned())
    }
}

const REGISTER: &str = "--agree-tos --register-unsafely-without-email";

#[tokio::test(flavor = "multi_thread")]
async fn certbot_proves_renews_and_revokes_by_http() -> Result<()> {
    let house = House::start().await?;
    let certbot = Certbot::of(&house);
    house.direct("web", "127.0.0.2:9").await?;
    let standalone = format!("--standalone --http-01-address 127.0.0.2 --http-01-port {}", house.challenge);
    certbot.run(&format!("certonly {standalone} {REGISTER} -d web.qp.local")).await?;
    let first = certbot.verified(&house, "web.qp.local", "web.qp.local").await?;

    let issued = house.entries("cert_issue").await?;
    ensure!(issued.len() == 1 && issued[0]["status"] == "success", "{issued:?}");
    ensure!(issued[0]["message"] == "Certificate issued by ACME: web.qp.local", "{issued:?}");
    let (user, details) = (issued[0]["user"].as_str().context("user")?, &issued[0]["details"]);
    ensure!(user.starts_with("acme:") && details["serial"] == first && details["names"] == json!(["web.qp.local"]));

    certbot.run(&format!("renew {standalone} --force-renewal --no-random-sleep-on-renew")).await?;
    let second = certbot.verified(&house, "web.qp.local", "web.qp.local").await?;
    ensure!(first != second && house.entries("cert_issue").await?.len() == 2);

    // By the account, and the older one by its own key.
    let archive = certbot.home.join("config/archive/web.qp.local");
    let live = certbot.live("web.qp.local", "cert.pem");
    certbot.run(&format!("revoke --cert-path {} --reason superseded --no-delete-after-revoke", live.display())).await?;
    let (old, key) = (archive.join("cert1.pem"), archive.join("privkey1.pem"));
    let by_key = format!("revoke --cert-path {} --key-path {}", old.display(), key.display());
    certbot.run(&format!("{by_key} --reason keycompromise --no-delete-after-revoke")).await?;
    let revoked = house.entries("cert_revoke").await?;
    let serials: Vec<_> = revoked.iter().filter_map(|entry| entry["details"]["serial"].as_str()).collect();
    ensure!(serials == [first.as_str(), second.as_str()], "{revoked:?}");
    ensure!(revoked[0]["details"]["reason"] == 1 && revoked[1]["details"]["reason"] == 4, "{revoked:?}");
    ensure!(
        revoked[0]["user"].as_str().is_some_and(|user| user.starts_with("acme:key:")) && revoked[1]["user"] == user
    );

    certbot.run("update_account --email ops@example.com --no-eff-email").await?;
    certbot.run("unregister").await?;
    ensure!(house.entries("acme_account_deactivate").await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn certbot_proves_a_name_behind_the_gateway() -> Result<()> {
    let house = House::start().await?;
    let certbot = Certbot::of(&house);
    // Served over TLS by the gateway, so plain HTTP is redirected; its challenge passes all the same.
    let upstream = testkit::free_port();
    let body = json!({ "name": "core", "host": format!("127.0.0.1:{upstream}") });
    ok(&house.ports, "POST", "/services", Some(body)).await?;
    let standalone = format!("--standalone --http-01-address 127.0.0.1 --http-01-port {upstream}");
    certbot.run(&format!("certonly {standalone} {REGISTER} --key-type rsa -d core.qp.local")).await?;
    certbot.verified(&house, "core.qp.local", "core.qp.local").await?;
    // The route is what it was.
    let root = fs::read_to_string(house.root().await?)?;
    ensure!(curl(&house.ports, &root, "core")?.starts_with("502"));

    // Somebody who does not answer for the name does not get a certificate for it.
    house.direct("other", "127.0.0.3:9").await?;
    let refused = certbot.run(&format!("certonly {standalone} -d other.qp.local")).await;
    let Err(refused) = refused else { anyhow::bail!("a stranger got a certificate") };
    ensure!(format!("{refused:#}").contains("at 127.0.0.3 cannot be read"), "{refused:#}");
    ensure!(house.entries("cert_issue").await?.len() == 1);
    Ok(())
}

/// A wildcard and its parent, by two texts of one name.
#[tokio::test(flavor = "multi_thread")]
async fn certbot_proves_a_wildcard_by_dns() -> Result<()> {
    let house = House::start().await?;
    let certbot = Certbot::of(&house);
    let hook = |name: &str, command: &str| -> Result<PathBuf> {
        let path = house.directory.path().join(name);
        let url = format!("http://localhost:{}/api/dns/txt/_acme-challenge.$CERTBOT_DOMAIN", house.ports.api);
        write(&path, &format!("#!/bin/sh\nexec curl -sS --fail-with-body {command} \"{url}\"\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    };
    let add = "-X POST -H 'Content-Type: application/json' -d \"{\\\"value\\\":\\\"$CERTBOT_VALIDATION\\\"}\"";
    let (auth, cleanup) = (hook("auth", add)?, hook("cleanup", "-X DELETE")?);
    let hooks = format!("--manual-auth-hook {} --manual-cleanup-hook {}", auth.display(), cleanup.display());
    let names = "-d apps.qp.local -d *.apps.qp.local";
    certbot.run(&format!("certonly --manual --preferred-challenges dns {hooks} {REGISTER} {names}")).await?;
    for host in ["apps.qp.local", "one.apps.qp.local"] {
        certbot.verified(&house, "apps.qp.local", host).await?;
    }
    ensure!(ok(&house.ports, "GET", "/dns/txt", None).await?["texts"] == json!([]));
    let (set, removed) = (house.entries("dns_txt_set").await?, house.entries("dns_txt_remove").await?);
    ensure!(set.len() == 2 && removed.len() == 1, "{set:?} {removed:?}");
    ensure!(set[0]["details"]["values"].as_array().is_some_and(|values| values.len() == 2), "{set:?}");

    // Texts are answered to everybody, and stay.
    let body = json!({ "values": ["one \"two\"", "three"] });
    ok(&house.ports, "PUT", "/dns/txt/note.core.qp.local", Some(body)).await?;
    let mut dig = Command::new("dig");
    dig.args(["+short", "@127.0.0.1", "-p", &house.ports.dns.to_string(), "note.core.qp.local", "TXT"]);
    let answer = run(&mut dig)?;
    ensure!(answer.contains(r#""one \"two\"""#) && answer.contains("\"three\""), "{answer}");
    for (name, body) in [
        ("qp.local.", json!({ "values": ["x"] })),
        ("example.com.", json!({ "values": ["x"] })),
        ("note", json!({ "values": [] })),
        ("note", json!({ "values": ["x".repeat(256)] })),
        ("note", json!({ "values": ["a\nb"] })),
        ("note", json!({ "value": "x" })),
    ] {
        let (status, answer) =
            crate::mesh::call(&house.ports, "PUT", &format!("/dns/txt/{name}"), Some(body.clone())).await?;
        ensure!(status == 422, "{name} {body}: {status} {answer}");
    }
    Ok(())
}
