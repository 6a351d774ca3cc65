//! Putting the internal root into the machine's own trust store, where we may; else saying what to run.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use platform::files;
use tokio::process::Command;

/// Where Debian keeps authorities that its administrator added (update-ca-certificates(8)).
const STORE: &str = "/usr/local/share/ca-certificates";
const FILE: &str = "plenum-internal-root.crt";
const UPDATE: &str = "/usr/sbin/update-ca-certificates";
const WITHIN: Duration = Duration::from_secs(60);

/// Installs the root; the text of success or failure is for people.
///
/// # Errors
/// When we lack the rights or the system lacks the store; the text says what to run.
pub async fn install(root_pem: &str) -> Result<String, String> {
    let by_hand = format!(
        "save what `plenum tls ca` prints as {STORE}/{FILE} and run update-ca-certificates as root; on other systems, add that file to the trusted authorities"
    );
    if !rustix::process::geteuid().is_root() {
        return Err(format!("Plenum does not run as root here: {by_hand}"));
    }
    if !Path::new(UPDATE).exists() {
        return Err(format!("this system has no {UPDATE} (package ca-certificates): {by_hand}"));
    }
    let (directory, text) = (Path::new(STORE).to_owned(), root_pem.to_owned());
    let written = tokio::task::spawn_blocking(move || {
        files::ensure_dir(&directory, 0o755)?;
        files::write_atomic(&directory.join(FILE), text.as_bytes(), 0o644)
    });
    match written.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(format!("{STORE}/{FILE} cannot be written: {error}")),
        Err(error) => return Err(error.to_string()),
    }
    let run =
        Command::new(UPDATE).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null()).output();
    match tokio::time::timeout(WITHIN, run).await {
        Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Ok(Err(error)) => Err(format!("{UPDATE} cannot be run: {error}")),
        Err(_) => Err(format!("{UPDATE} did not end within {WITHIN:?}")),
    }
}
