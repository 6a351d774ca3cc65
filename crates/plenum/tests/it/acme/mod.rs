//! The ACME server against real clients (Debian's certbot and Caddy), and against one that does what real ones never would.

mod caddy;
mod certbot;
mod client;
mod protocol;

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Daemon, free_port};

use crate::mesh::{Ports, ok, ports};

/// A daemon with TLS, and the port where names that lead elsewhere are asked for their challenges.
struct House {
    daemon: Daemon,
    ports: Ports,
    challenge: u16,
    directory: TempDir,
}

impl House {
    async fn start() -> Result<Self> {
        Self::with("").await
    }

    /// With more sections of the configuration.
    async fn with(more: &str) -> Result<Self> {
        let (ports, challenge) = (ports(), free_port());
        let config = format!(
            "mesh:\n  listen: 127.0.0.1:{}\n  dns: {{listen: '127.0.0.1:{}'}}\n  \
             caddy: {{httpPort: {}, httpsPort: {}}}\n  acme: {{httpPort: {challenge}}}\n",
            ports.api, ports.dns, ports.http, ports.https
        );
        let daemon = Daemon::builder().tls().config(&config).config(more).start().await?;
        Ok(Self { daemon, ports, challenge, directory: tempfile::tempdir()? })
    }

    /// Where clients begin.
    fn directory_url(&self) -> String {
        format!("https://localhost:{}/acme/directory", self.daemon.address().port())
    }

    /// A service whose name leads to the upstream itself.
    async fn direct(&self, name: &str, host: &str) -> Result<()> {
        let body = json!({ "name": name, "host": host, "no_tls": true, "direct": true });
        ok(&self.ports, "POST", "/services", Some(body)).await.map(drop)
    }

    /// The root that clients trust, as a file.
    async fn root(&self) -> Result<String> {
        let ca = ok(&self.ports, "GET", "/tls/ca", None).await?;
        let path = self.directory.path().join("root.pem");
        write(&path, ca["pem"].as_str().context("pem")?)?;
        Ok(path.display().to_string())
    }

    /// The newest entries of an action in the audit log.
    async fn entries(&self, action: &str) -> Result<Vec<Value>> {
        let audit = ok(&self.ports, "GET", "/audit?limit=200", None).await?;
        let entries = audit["entries"].as_array().context("entries")?;
        Ok(entries.iter().filter(|entry| entry["action"] == action).cloned().collect())
    }
}

/// Writes a file for a program.
#[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// Runs a program that must succeed; what it printed.
fn run(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = command.output().with_context(|| format!("run {command:?}"))?;
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    ensure!(status.success(), "{command:?} ended with {status}: {text}");
    Ok(text)
}

/// Waits for a blocking program without holding up the runtime.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}
