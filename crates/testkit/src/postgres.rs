//! A private PostgreSQL cluster in a temporary directory.
//!
//! It listens on loopback only, trusts everybody there, and never syncs: it is made to be thrown away. PostgreSQL
//! refuses to run as root, so root runs it as the `postgres` account that its package makes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::account::{self, Account};
use crate::{free_port, wait};

/// A running cluster; dropping it stops the server and removes its files.
#[derive(Debug)]
pub struct Postgres {
    server: Child,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
    // Last, so that the directory goes after the server.
    _directory: TempDir,
}

impl Postgres {
    /// Makes and starts a cluster, which takes about a second.
    pub fn start() -> Result<Self> {
        let programs = programs()?;
        let directory = tempfile::Builder::new().prefix("plenum-pg-").tempdir()?;
        let account = if Account::are_we_root() { Some(Account::named("postgres")?) } else { None };
        if let Some(account) = account {
            std::os::unix::fs::chown(directory.path(), Some(account.uid), Some(account.gid))?;
        }
        let data = directory.path().join("data");
        let output = as_account(account, &programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"])
            .stdin(Stdio::null())
            .output()
            .context("run initdb")?;
        ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));

        let log_path = directory.path().join("log");
        let log = File::create(&log_path)?;
        let port = free_port();
        let mut server = as_account(account, &programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")])
            .args(["-c", &format!("unix_socket_directories={}", directory.path().display())])
            .args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"])
            .args(["-c", "shared_buffers=32MB", "-c", "max_connections=60"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start postgres")?;

        // The eighth line of the pid file is the server's own word for "you may connect".
        let ready = || {
            let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            text.lines().nth(7).is_some_and(|line| line.trim() == "ready")
        };
        if let Err(error) = wait::until("PostgreSQL", Duration::from_secs(20), ready) {
            let _ = server.kill();
            let _ = server.wait();
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            bail!("{error}; its log says: {log}");
        }
        Ok(Self { server, programs, port, databases: AtomicU32::new(0), _directory: directory })
    }

    /// Makes a new, empty database and gives the URL to connect to it.
    pub async fn database(&self) -> Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let output = tokio::process::Command::new(self.programs.join("createdb"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-T", "template0", &name])
            .stdin(Stdio::null())
            .output()
            .await
            .context("run createdb")?;
        ensure!(output.status.success(), "createdb failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port))
    }

    /// The port that the cluster listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the server as a power cut would: connections break at once and nothing is said.
    pub fn crash(&mut self) -> Result<()> {
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT is the immediate shutdown: nothing here is worth a checkpoint.
        let pid = rustix::process::Pid::from_child(&self.server);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        let gone = wait::until("PostgreSQL to stop", Duration::from_secs(5), || {
            matches!(self.server.try_wait(), Ok(Some(_)) | Err(_))
        });
        if gone.is_err() {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }
}

fn as_account(account: Option<Account>, program: &Path) -> Command {
    match account {
        Some(account) => account.command(program),
        None => {
            let mut command = Command::new(program);
            account::clean(&mut command);
            command
        }
    }
}

/// The directory with the server's programs; distributions keep it off the PATH, one directory per version.
fn programs() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let version = entry.file_name().to_string_lossy().parse().unwrap_or(0);
        let programs = entry.path().join("bin");
        if programs.join("initdb").exists() {
            found.push((version, programs));
        }
    }
    found.sort();
    let newest = found.pop().context("PostgreSQL is not installed: run `scripts/install.sh test`")?;
    Ok(newest.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cluster_starts_gives_databases_and_goes_away() {
        let postgres = Postgres::start().unwrap();
        let one = postgres.database().await.unwrap();
        let two = postgres.database().await.unwrap();
        assert_ne!(one, two);
        let output =
            Command::new(postgres.programs.join("psql")).args(["-tA", &one, "-c", "select 40 + 2"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "42");
        let port = postgres.port();
        drop(postgres);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
