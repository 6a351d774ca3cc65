//! Accounts of the operating system, for the programs that refuse to run as root.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The user and group number of an account in `/etc/passwd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// Looks an account up by its name.
    pub fn named(name: &str) -> Result<Self> {
        let table = std::fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
        let fields =
            table.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields.first() == Some(&name));
        let Some(fields) = fields else {
            bail!("there is no account `{name}` on this machine: run `scripts/install.sh test`");
        };
        let number = |at: usize| -> Result<u32> {
            fields.get(at).context("a short line in /etc/passwd")?.parse().context("a bad number in /etc/passwd")
        };
        Ok(Self { uid: number(2)?, gid: number(3)? })
    }

    /// Whether this process is root.
    pub fn are_we_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    /// A command that runs `program` as this account, with nothing of our environment.
    pub fn command(self, program: &Path) -> Command {
        // `setpriv` also drops the supplementary groups, which `CommandExt::uid` alone would keep.
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", self.uid))
            .arg(format!("--regid={}", self.gid))
            .arg("--clear-groups")
            .arg("--")
            .arg(program);
        clean(&mut command);
        command
    }
}

/// Empties a command's environment but for a path and a locale.
pub fn clean(command: &mut Command) {
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
}
