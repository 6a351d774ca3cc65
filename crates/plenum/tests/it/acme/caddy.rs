//! Debian's Caddy as a client that renews by itself: it gets its certificate from us and serves it.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::free_port;

use super::{House, run, write};

/// Ends it by its own id.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_gets_its_certificate_and_serves_it() -> Result<()> {
    let house = House::start().await?;
    house.direct("site", "127.0.0.4:9").await?;
    let (home, https) = (house.directory.path().join("caddy"), free_port());
    fs::create_dir(&home)?;
    let config = json!({
        "admin": { "disabled": true },
        "storage": { "module": "file_system", "root": home },
        "apps": {
            "http": {
                "http_port": house.challenge,
                "https_port": https,
                "servers": { "site": {
                    "listen": [format!("127.0.0.4:{https}")],
                    "routes": [{
                        "match": [{ "host": ["site.qp.local"] }],
                        "handle": [{ "handler": "static_response", "body": "by itself" }],
                    }],
                } },
            },
            "tls": { "automation": { "policies": [{
                "subjects": ["site.qp.local"],
                "issuers": [{
                    "module": "acme",
                    "ca": house.directory_url(),
                    "trusted_roots_pem_files": [house.daemon.certificate()],
                }],
            }] } },
        },
    });
    let (path, log) = (home.join("config.json"), home.join("log"));
    write(&path, &config.to_string())?;
    let output = fs::File::create(&log)?;
    let child = Command::new("/usr/bin/caddy")
        .args(["run", "--config"])
        .arg(&path)
        .env("HOME", &home)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("is the package caddy installed?")?;
    let _running = Running(child);
    let root = house.root().await?;
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "5", "--cacert", &root]);
        curl.args(["--resolve", &format!("site.qp.local:{https}:127.0.0.4")]);
        match run(curl.arg(format!("https://site.qp.local:{https}/"))) {
            Ok(text) if text == "by itself" => break,
            other => ensure!(Instant::now() < end, "{other:?}: {}", fs::read_to_string(&log)?),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let issued = house.entries("cert_issue").await?;
    ensure!(issued.len() == 1 && issued[0]["details"]["names"] == json!(["site.qp.local"]), "{issued:?}");
    Ok(())
}
