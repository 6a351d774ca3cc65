//! A private OpenSSH server on loopback, with keys of its own, made to be thrown away.
//!
//! It lets in the account that runs the tests, by the key in [`Sshd::client_key`]. Root can have it know a password as well:
//! then it runs in a mount namespace where root has that password and the rest of the machine does not.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::account::{self, Account};
use crate::{free_port, process, wait};

const PROGRAM: &str = "/usr/sbin/sshd";

/// A running server; dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Sshd {
    server: Option<Child>,
    port: u16,
    password: Option<String>,
    more: String,
    // Last, so that the directory goes after the server.
    directory: TempDir,
}

impl Sshd {
    /// Starts one.
    pub fn start() -> Result<Self> {
        Self::with("", None)
    }

    /// Starts one with more lines of sshd_config(5), which win, and with a password for root.
    pub fn with(more: &str, password: Option<&str>) -> Result<Self> {
        ensure!(Path::new(PROGRAM).exists(), "{PROGRAM} is missing: run `scripts/install.sh test`");
        let directory = tempfile::Builder::new().prefix("plenum-sshd-").tempdir()?;
        let mut sshd = Self {
            server: None,
            port: free_port(),
            password: password.map(str::to_owned),
            more: more.to_owned(),
            directory,
        };
        make_key(&sshd.path("client"), "ed25519", &[])?;
        sshd.authorize(&fs::read_to_string(sshd.path("client.pub"))?)?;
        sshd.new_host_key("ed25519")?;
        sshd.start_again()?;
        Ok(sshd)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Lets in whoever has the private half of this line.
    pub fn authorize(&self, public_key: &str) -> Result<()> {
        let mut keys = fs::read_to_string(self.path("authorized")).unwrap_or_default();
        keys.push_str(public_key.trim());
        keys.push('\n');
        put(&self.path("authorized"), &keys, 0o600)
    }

    /// Gives it another host key, which it shows from its next start on.
    pub fn new_host_key(&self, kind: &str) -> Result<()> {
        for name in ["host", "host.pub"] {
            let _ = fs::remove_file(self.path(name));
        }
        make_key(&self.path("host"), kind, &[])
    }

    /// A private key of a kind, authorized; `arguments` are more of ssh-keygen(1).
    pub fn key(&self, kind: &str, arguments: &[&str]) -> Result<String> {
        let path = self.path(&format!("client-{kind}"));
        make_key(&path, kind, arguments)?;
        self.authorize(&fs::read_to_string(path.with_extension("pub"))?)?;
        Ok(fs::read_to_string(path)?)
    }

    /// Other lines of sshd_config(5) than before, from its next start on.
    pub fn configure(&mut self, more: &str) {
        more.clone_into(&mut self.more);
    }

    /// Ends it, if it runs, and starts it again on the same port.
    pub fn start_again(&mut self) -> Result<()> {
        self.stop();
        put(&self.path("config"), &self.config(), 0o600)?;
        if Account::are_we_root() {
            // Where it drops its privileges; packages leave that to systemd.
            fs::create_dir_all("/run/sshd")?;
        }
        let mut command = match &self.password {
            None => Command::new(PROGRAM),
            Some(password) => self.with_password(password)?,
        };
        account::clean(&mut command);
        let log = File::options().create(true).append(true).open(self.path("output"))?;
        let mut server = command
            .args(["-D", "-f"])
            .arg(self.path("config"))
            .arg("-E")
            .arg(self.path("log"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start sshd")?;
        let port = self.port;
        let is_up = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        if wait::until("sshd", Duration::from_secs(20), is_up).is_err() || !matches!(server.try_wait(), Ok(None)) {
            let _ = (server.kill(), server.wait());
            bail!("sshd did not start: {}{}", self.log(), fs::read_to_string(self.path("output")).unwrap_or_default());
        }
        self.server = Some(server);
        Ok(())
    }

    fn config(&self) -> String {
        format!(
            "{}\nListenAddress 127.0.0.1:{}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PermitRootLogin yes\nPasswordAuthentication {}\nKbdInteractiveAuthentication no\nLogLevel VERBOSE\n\
             MaxStartups 100:30:200\nMaxSessions 100\nPrintMotd no\n",
            self.more,
            self.port,
            self.path("host").display(),
            self.path("authorized").display(),
            if self.password.is_some() { "yes" } else { "no" },
        )
    }

    fn with_password(&self, password: &str) -> Result<Command> {
        ensure!(Account::are_we_root(), "only root can give an account a password for a test");
        let hashed = Command::new("openssl").args(["passwd", "-6", password]).output().context("run openssl")?;
        ensure!(hashed.status.success(), "openssl passwd: {}", String::from_utf8_lossy(&hashed.stderr));
        let hash = String::from_utf8(hashed.stdout)?;
        let shadow = fs::read_to_string("/etc/shadow").context("read /etc/shadow")?;
        let line = |line: &str| match line.strip_prefix("root:").and_then(|rest| rest.split_once(':')) {
            Some((_, rest)) => format!("root:{}:{rest}\n", hash.trim()),
            None => format!("{line}\n"),
        };
        let path = self.path("shadow");
        put(&path, &shadow.lines().map(line).collect::<String>(), 0o600)?;
        let mut command = Command::new("unshare");
        let script = r#"mount --bind "$1" /etc/shadow && shift && exec "$@""#;
        command.args(["--mount", "--", "sh", "-c", script, "sh"]).arg(&path).arg(PROGRAM);
        Ok(command)
    }

    /// Ends it with everybody who is connected, or does nothing.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            process::signal(server.id(), Signal::TERM);
            let _ = wait::until("sshd to end", Duration::from_secs(5), || !matches!(server.try_wait(), Ok(None)));
            let _ = (server.kill(), server.wait());
        }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The account that it lets in: the one that runs the tests.
    pub fn user(&self) -> Result<String> {
        let uid = rustix::process::geteuid().as_raw().to_string();
        let table = fs::read_to_string("/etc/passwd")?;
        let name = table.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields.get(2) == Some(&uid.as_str())).then(|| fields[0].to_owned())
        });
        name.context("the account of the tests has no name")
    }

    /// The private key that it lets in.
    pub fn client_key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path("client"))?)
    }

    /// The fingerprint of its host key, as ssh-keygen(1) shows it.
    pub fn fingerprint(&self) -> Result<String> {
        let output = Command::new("ssh-keygen").arg("-lf").arg(self.path("host.pub")).output().context("ssh-keygen")?;
        let text = String::from_utf8(output.stdout)?;
        Ok(text.split_whitespace().nth(1).context("a fingerprint")?.to_owned())
    }

    /// What it has written so far; it says who tried to log in with what.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn make_key(path: &Path, kind: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", "", "-C", "test", "-f"])
        .arg(path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("run ssh-keygen")?;
    ensure!(output.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "files of a throw-away server need not survive a power cut")]
fn put(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(())
}
