//! The `openssl` program of the machine, in a directory of its own.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A directory in which the program runs.
pub(crate) struct Openssl {
    directory: tempfile::TempDir,
}

impl Openssl {
    pub(crate) fn new() -> Self {
        let openssl = Self { directory: tempfile::tempdir().unwrap() };
        let version = openssl.run("version");
        assert!(version.starts_with("OpenSSL 3."), "the texts compared here are those of OpenSSL 3, not of {version}");
        openssl
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        #[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs a command whose words are separated by spaces, and answers what it printed.
    pub(crate) fn run(&self, command: &str) -> String {
        let output = self.try_run(command);
        assert!(output.status.success(), "openssl {command}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn try_run(&self, command: &str) -> Output {
        Command::new("openssl")
            .args(command.split_whitespace())
            .current_dir(&self.directory)
            .output()
            .unwrap_or_else(|error| panic!("these tests need the program openssl: {error}"))
    }

    /// What `openssl verify` says of the certificate, as success or its complaint.
    pub(crate) fn verify(&self, command: &str) -> Result<(), String> {
        let at = super::now().as_second();
        let output = self.try_run(&format!("verify -attime {at} {command}"));
        let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() { Ok(()) } else { Err(all) }
    }
}
