//! The daemon itself, as an operator runs it: the built `plenum` program with a data directory and ports of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::haproxy::Installed;
use crate::{Api, account, free_port, place, process, wait};

/// How long a start may take: the machine may be busy with other tests.
const START: Duration = Duration::from_secs(30);
/// The password of every user that is made here.
pub const PASSWORD: &str = "correct horse battery staple";

/// How a daemon is to be started.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    haproxy: Option<PathBuf>,
    data: Option<PathBuf>,
    config: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    tls: bool,
}

/// A running daemon. Dropping it ends it and the HAProxy that it manages, and removes its files.
#[derive(Debug)]
pub struct Daemon {
    builder: Builder,
    program: PathBuf,
    home: TempDir,
    data: PathBuf,
    listen: SocketAddr,
    child: Option<Child>,
    owner: Option<String>,
}

impl Builder {
    /// Manages this HAProxy instead of the distribution's.
    #[must_use]
    pub fn haproxy(mut self, installed: &Installed) -> Self {
        self.haproxy = Some(installed.path.clone());
        self
    }

    /// Manages this program as if it were HAProxy.
    #[must_use]
    pub fn haproxy_program(mut self, path: &Path) -> Self {
        self.haproxy = Some(path.to_owned());
        self
    }

    /// Keeps its data in this directory (on a [`crate::Disk`], say) instead of a temporary one.
    #[must_use]
    pub fn data(mut self, directory: &Path) -> Self {
        self.data = Some(directory.to_owned());
        self
    }

    /// Adds top-level sections to its `config.yaml`; `haproxy:`, `rateLimit:` and `mesh:` are there already, unless given here.
    #[must_use]
    pub fn config(mut self, yaml: &str) -> Self {
        self.config.push_str(yaml);
        if !yaml.ends_with('\n') {
            self.config.push('\n');
        }
        self
    }

    /// Encrypts its main listener with its self-signed certificate, [`Daemon::certificate`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Adds an argument of `plenum serve`.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Sets an environment variable, such as `PLENUM_FAILPOINT`.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    pub async fn start(self) -> Result<Daemon> {
        let program = place::program("plenum")?;
        let home = tempfile::Builder::new().prefix("plenum-d-").tempdir()?;
        let data = self.data.clone().unwrap_or_else(|| home.path().join("data"));
        let listen = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut daemon = Daemon { builder: self, program, home, data, listen, child: None, owner: None };
        daemon.write_config()?;
        daemon.start_again().await?;
        Ok(daemon)
    }
}

impl Daemon {
    /// How a daemon is to be started, to be completed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts one with the distribution's HAProxy.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    fn write_config(&self) -> Result<()> {
        let mut text = String::new();
        if !self.builder.config.lines().any(|line| line.starts_with("haproxy:")) {
            let bin = self.builder.haproxy.clone().unwrap_or_else(|| "/usr/sbin/haproxy".into());
            text.push_str(&format!("haproxy:\n  mode: managed\n  bin: {}\n", bin.display()));
        }
        if !self.builder.config.lines().any(|line| line.starts_with("rateLimit:")) {
            // Tests ask more in a minute than a person does in a day; tests of the limits set their own.
            text.push_str("rateLimit:\n  authMax: 100000\n  writeMax: 1000000\n  readMax: 10000000\n");
        }
        if !self.builder.config.lines().any(|line| line.starts_with("mesh:")) {
            // Its usual ports are there once for a machine, and tests run side by side.
            text.push_str("mesh:\n  listen: off\n  dns: {listen: off}\n");
        }
        text.push_str(&self.builder.config);
        let mut file = File::create(self.config_path())?;
        file.write_all(text.as_bytes()).context("write config.yaml")
    }

    /// Its `config.yaml`.
    pub fn config_path(&self) -> PathBuf {
        self.home.path().join("config.yaml")
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where its main listener is.
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// The base address of its API.
    pub fn base(&self) -> String {
        format!("{}://{}", if self.builder.tls { "https" } else { "http" }, self.listen)
    }

    /// The certificate of its main listener, where that is encrypted.
    pub fn certificate(&self) -> PathBuf {
        self.data.join("tls/cert.pem")
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it has printed so far, over all its lives.
    pub fn output(&self) -> String {
        fs::read_to_string(self.home.path().join("output")).unwrap_or_default()
    }

    /// A command of the `plenum` program for this daemon's data, to be completed.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        account::clean(&mut command);
        command.args(arguments).arg("--data-dir").arg(&self.data).stdin(Stdio::null());
        command
    }

    /// Runs a command of the `plenum` program for this daemon's data, with `input` on its standard input.
    pub fn cli(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("run plenum {arguments:?}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read its input is no failure of ours.
            let _ = stdin.write_all(input.as_bytes());
        }
        child.wait_with_output().context("wait for plenum")
    }

    fn cli_ok(&self, arguments: &[&str], input: &str) -> Result<String> {
        let output = self.cli(arguments, input)?;
        ensure!(
            output.status.success(),
            "plenum {arguments:?} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Makes a user with [`PASSWORD`] and a token of theirs, and gives the token's wire form.
    pub fn user(&self, username: &str, role: &str) -> Result<String> {
        let password = format!("{PASSWORD}\n");
        self.cli_ok(&["user", "add", "--username", username, "--role", role, "--password-stdin"], &password)?;
        self.cli_ok(&["token", "create", "--user", username, "--name", &format!("test of {username}")], "")
    }

    /// A client that acts as the owner, who is made at the first call.
    pub fn api(&mut self) -> Result<Api> {
        let token = match &self.owner {
            Some(token) => token.clone(),
            None => self.owner.insert(self.user("owner", "owner")?).clone(),
        };
        Ok(Api::new(&self.base(), Some(&token)))
    }

    /// A client that acts as a new user with this role.
    pub fn api_as(&self, username: &str, role: &str) -> Result<Api> {
        Ok(Api::new(&self.base(), Some(&self.user(username, role)?)))
    }

    /// A client without credentials.
    pub fn anonymous(&self) -> Api {
        Api::new(&self.base(), None)
    }

    /// Ends the daemon as a power cut would; the HAProxy that it manages runs on.
    pub fn kill9(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Ends the daemon as an operator would, and gives its exit status.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        let Some(mut child) = self.child.take() else { bail!("the daemon does not run") };
        process::signal(child.id(), Signal::TERM);
        if wait::until("the daemon to end", Duration::from_secs(20), || !matches!(child.try_wait(), Ok(None))).is_err()
        {
            child.kill()?;
            child.wait()?;
            bail!("the daemon did not end within 20 s of SIGTERM: {}", self.output());
        }
        Ok(child.wait()?)
    }

    /// Waits until the daemon has ended by itself (at a fail point, say).
    pub fn wait_exit(&mut self, within: Duration) -> Result<ExitStatus> {
        let Some(child) = self.child.as_mut() else { bail!("the daemon does not run") };
        wait::until("the daemon to end by itself", within, || !matches!(child.try_wait(), Ok(None)))?;
        let status = child.wait()?;
        self.child = None;
        Ok(status)
    }

    /// Sets an environment variable for the next start.
    pub fn set_environment(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.builder.environment.insert(name.to_owned(), value.to_owned()),
            None => self.builder.environment.remove(name),
        };
    }

    /// Ends the daemon and starts it again on the same data.
    pub async fn restart(&mut self) -> Result<()> {
        if self.child.is_some() {
            self.terminate()?;
        }
        self.start_again().await
    }

    /// Starts a daemon that has ended, and waits until it is ready.
    pub async fn start_again(&mut self) -> Result<()> {
        self.spawn()?;
        let client = self.anonymous();
        let begin = std::time::Instant::now();
        loop {
            if let Some(child) = self.child.as_mut()
                && let Some(status) = child.try_wait()?
            {
                self.child = None;
                bail!("the daemon ended with {status} while starting: {}", self.output());
            }
            if let Ok(answer) = client.get("/health").send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if begin.elapsed() > START {
                bail!("the daemon was not ready within {START:?}: {}", self.output());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts the program without waiting for anything.
    pub fn spawn(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.home.path().join("output"))?;
        let mut command = Command::new(&self.program);
        account::clean(&mut command);
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(self.config_path())
            .arg("--data-dir")
            .arg(&self.data)
            .args(["--listen", &self.listen.to_string(), "--tls", if self.builder.tls { "self-signed" } else { "off" }])
            .args(&self.builder.arguments)
            .envs(&self.builder.environment)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", self.program.display()))?;
        self.child = Some(child);
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.kill9();
        // The managed HAProxy outlives the daemon by design; only it has our directories in its command line.
        for directory in [self.home.path(), &self.data] {
            for pid in process::users_of(directory) {
                process::end(pid);
            }
        }
    }
}
