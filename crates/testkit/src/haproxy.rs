//! Real HAProxies: which are at hand, and one running with a configuration of the test's.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{account, place, process, wait};

/// An HAProxy program on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// As the program writes it, such as `2.6.12-1+deb12u4`.
    pub version: String,
    pub path: PathBuf,
}

impl Installed {
    fn at(path: PathBuf) -> Result<Self> {
        let mut command = Command::new(&path);
        account::clean(&mut command);
        let output = command.arg("-v").output().with_context(|| format!("run {}", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().nth(2).with_context(|| format!("{} -v said {text:?}", path.display()))?;
        Ok(Self { version: version.to_owned(), path })
    }

    /// `2.6` of `2.6.12`.
    pub fn branch(&self) -> &str {
        let end = self.version.match_indices('.').nth(1).map_or(self.version.len(), |(at, _)| at);
        &self.version[..end]
    }
}

/// Every HAProxy at hand: the distribution's first, then those that `scripts/haproxy-versions.sh` fetched.
///
/// # Panics
/// When the distribution's or 2.8 is missing, which `make test` would have installed. 3.0 and 3.2 may be missing; the
/// script that fetches them says so.
pub fn versions() -> Vec<Installed> {
    all().unwrap_or_else(|error| panic!("{error:#}"))
}

/// The distribution's HAProxy.
///
/// # Panics
/// When there is none.
pub fn default() -> Installed {
    versions().swap_remove(0)
}

fn all() -> Result<Vec<Installed>> {
    let system = PathBuf::from("/usr/sbin/haproxy");
    ensure!(system.exists(), "HAProxy is not installed: run `scripts/install.sh test`");
    let fetched = place::target()?.join("haproxy");
    let mut found = vec![Installed::at(system)?];
    let two_eight = fetched.join("2.8/haproxy");
    ensure!(two_eight.exists(), "HAProxy 2.8 is not at hand: run `scripts/haproxy-versions.sh`");
    found.push(Installed::at(two_eight)?);
    for newer in ["3.0/haproxy", "3.2/haproxy"] {
        let path = fetched.join(newer);
        if path.exists() {
            found.push(Installed::at(path)?);
        }
    }
    Ok(found)
}

/// A master-worker HAProxy in a temporary directory; ends when dropped.
///
/// In the configuration, `{dir}` stands for that directory. A `stats socket` at `{dir}/admin.sock` is expected by
/// [`Running::admin_socket`].
#[derive(Debug)]
pub struct Running {
    child: Child,
    directory: TempDir,
}

impl Running {
    /// Starts one and waits until its master answers.
    pub fn start(program: &Installed, configuration: &str) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("plenum-ha-").tempdir()?;
        let path = directory.path();
        fs_write(&path.join("haproxy.cfg"), &expand(configuration, path))?;
        let log = File::create(path.join("stderr"))?;
        let mut command = Command::new(&program.path);
        account::clean(&mut command);
        let child = command
            .arg("-W")
            .arg("-S")
            .arg(format!("{},mode,600,level,admin", path.join("master.sock").display()))
            .arg("-f")
            .arg(path.join("haproxy.cfg"))
            .arg("-p")
            .arg(path.join("pid"))
            .current_dir(path)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", program.path.display()))?;
        let mut running = Self { child, directory };
        let ready = wait::until("HAProxy's sockets", Duration::from_secs(10), || {
            running.has_ended() || running.answers_with_a_worker()
        });
        if ready.is_err() || running.has_ended() {
            bail!("HAProxy {} did not start: {}", program.version, running.stderr());
        }
        Ok(running)
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Whether a worker has loaded the configuration. From 3.1 on the master answers before its first worker has.
    fn answers_with_a_worker(&self) -> bool {
        use std::io::{Read, Write};
        let Ok(mut socket) = std::os::unix::net::UnixStream::connect(self.master_socket()) else { return false };
        let mut answer = String::new();
        let _ = socket.set_read_timeout(Some(Duration::from_secs(2)));
        let asked = socket.write_all(b"@1 show info\n").and_then(|()| socket.shutdown(std::net::Shutdown::Write));
        asked.and_then(|()| socket.read_to_string(&mut answer)).is_ok() && answer.contains("Uptime_sec:")
    }

    /// The directory that `{dir}` stands for.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The master's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The master socket.
    pub fn master_socket(&self) -> PathBuf {
        self.directory().join("master.sock")
    }

    /// Where the configuration is expected to put the admin socket.
    pub fn admin_socket(&self) -> PathBuf {
        self.directory().join("admin.sock")
    }

    /// Writes another configuration, which the next reload takes.
    pub fn write_config(&self, configuration: &str) -> Result<()> {
        fs_write(&self.directory().join("haproxy.cfg"), &expand(configuration, self.directory()))
    }

    /// What it has printed so far.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.directory().join("stderr")).unwrap_or_default()
    }

    /// Kills the master as the kernel's memory killer would.
    pub fn kill_master(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = self.child.id();
        process::signal(pid, Signal::TERM);
        let gone = wait::until("HAProxy to stop", Duration::from_secs(3), || {
            matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
        });
        if gone.is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        // Workers of a master that was killed.
        for pid in process::users_of(self.directory.path()) {
            process::end(pid);
        }
    }
}

fn expand(configuration: &str, directory: &Path) -> String {
    configuration.replace("{dir}", &directory.display().to_string())
}

#[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
fn fs_write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_starts_and_ends() {
        let found = versions();
        assert!(found.len() >= 2, "{found:?}");
        for installed in found {
            let port = crate::free_port();
            let configuration = format!(
                "global\n  stats socket {{dir}}/admin.sock level admin\ndefaults\n  mode http\n  timeout client 1s\n  \
                 timeout server 1s\n  timeout connect 1s\nfrontend f\n  bind 127.0.0.1:{port}\n  http-request return status 204\n"
            );
            let running = Running::start(&installed, &configuration).unwrap();
            assert!(running.admin_socket().exists());
            let pid = running.pid();
            drop(running);
            assert!(!process::is_alive(pid));
            assert!(!installed.branch().is_empty() && installed.version.starts_with(installed.branch()));
        }
    }

    #[test]
    fn a_bad_configuration_is_told() {
        let error = Running::start(&default(), "nonsense\n").unwrap_err();
        assert!(error.to_string().contains("nonsense"), "{error}");
    }
}
