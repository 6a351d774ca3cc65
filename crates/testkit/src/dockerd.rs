//! A private Docker engine, with an image that needs no registry, made to be thrown away.
//!
//! It runs in network and mount namespaces of its own: its bridge, its firewall rules and its mounts are never the machine's,
//! and go when it goes. It is up in half a second. Only root can start it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::account::{self, Account};
use crate::{process, wait};

const ENGINE: &str = "/usr/sbin/dockerd";
const CLIENT: &str = "/usr/bin/docker";
/// The image that is there: a shell and `sleep`.
pub const IMAGE: &str = "plenum-test:1";

/// A running engine; dropping it ends it with its containers and removes its files.
#[derive(Debug)]
pub struct Dockerd {
    engine: Child,
    // Last, so that the directory goes after the engine.
    directory: TempDir,
}

impl Dockerd {
    /// Starts one and gives it [`IMAGE`].
    pub fn start() -> Result<Self> {
        for program in [ENGINE, CLIENT] {
            ensure!(Path::new(program).exists(), "{program} is missing: run `scripts/install.sh test`");
        }
        ensure!(Account::are_we_root(), "a Docker engine for tests needs root");
        // Short, because the engine puts sockets below it.
        let directory = tempfile::Builder::new().prefix("pldk-").tempdir_in("/tmp")?;
        let at = |name: &str| directory.path().join(name);
        let log = File::create(at("log"))?;
        let mut command = Command::new("unshare");
        account::clean(&mut command);
        let engine = command
            .args(["--net", "--mount", "--", "sh", "-c", r#"ip link set lo up && exec "$@""#, "sh", ENGINE])
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .arg("-H")
            .arg(format!("unix://{}", at("s").display()))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start dockerd")?;
        let docker = Self { engine, directory };
        let is_up = || docker.client(&["version"]).is_ok_and(|output| output.status.success());
        if wait::until("dockerd", Duration::from_secs(30), is_up).is_err() {
            bail!("dockerd did not start: {}", fs::read_to_string(docker.path("log")).unwrap_or_default());
        }
        docker.import()?;
        Ok(docker)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.path("s")
    }

    fn client(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(CLIENT);
        account::clean(&mut command);
        command.env("HOME", self.directory.path()).arg("-H").arg(format!("unix://{}", self.socket().display()));
        command.args(arguments).stdin(Stdio::null()).output().context("run docker")
    }

    /// Runs a command of docker(1) and gives what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.client(arguments)?;
        ensure!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The machine's own shell and `sleep` with the libraries that they are linked with.
    fn import(&self) -> Result<()> {
        let (root, tar) = (self.path("root"), self.path("image.tar"));
        for program in ["/bin/sh", "/bin/sleep"] {
            let linked = Command::new("ldd").arg(program).output().context("run ldd")?;
            let text = String::from_utf8_lossy(&linked.stdout).into_owned();
            let libraries = text.split_whitespace().filter(|word| word.starts_with('/'));
            for file in std::iter::once(program).chain(libraries) {
                let to = root.join(file.trim_start_matches('/'));
                fs::create_dir_all(to.parent().context("a file is in a directory")?)?;
                fs::copy(file, &to).with_context(|| format!("copy {file}"))?;
            }
        }
        let packed =
            Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").status().context("run tar")?;
        ensure!(packed.success(), "tar failed");
        self.run(&["import", &tar.display().to_string(), IMAGE]).map(drop)
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        let containers = self.run(&["ps", "-aq"]).unwrap_or_default();
        let mut remove = vec!["rm", "-f"];
        remove.extend(containers.lines());
        if remove.len() > 2 {
            let _ = self.run(&remove);
        }
        process::signal(self.engine.id(), Signal::TERM);
        let ended =
            wait::until("dockerd to end", Duration::from_secs(20), || !matches!(self.engine.try_wait(), Ok(None)));
        if ended.is_err() {
            let _ = (self.engine.kill(), self.engine.wait());
            for pid in process::users_of(self.directory.path()) {
                process::end(pid);
            }
        }
    }
}
