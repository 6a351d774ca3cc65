//! This machine: read from the kernel (proc(5), statvfs(3)), and from `nvidia-smi` where there are GPUs.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::reading::{GPU_QUERY, Malformed, Reading, Texts};

/// How long `nvidia-smi` may take.
const GPUS: Duration = Duration::from_secs(10);
/// Between the two looks at the processors.
const SAMPLE: Duration = Duration::from_millis(200);

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("{0} cannot be read: {1}")]
    Read(&'static str, #[source] std::io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

fn text(path: &'static str) -> Result<String, LocalError> {
    std::fs::read_to_string(path).map_err(|error| LocalError::Read(path, error))
}

/// What the kernel calls this machine.
///
/// # Errors
/// When the kernel does not tell.
pub fn hostname() -> Result<String, LocalError> {
    Ok(text("/proc/sys/kernel/hostname")?.trim().to_owned())
}

/// How this machine is now.
///
/// # Errors
/// When the kernel's files cannot be read.
pub async fn read() -> Result<Reading, LocalError> {
    let before = text("/proc/stat")?;
    let (gpus, ()) = tokio::join!(gpus(), tokio::time::sleep(SAMPLE));
    let disk = rustix::fs::statvfs("/").map_err(|error| LocalError::Read("/", error.into()))?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Ok(Reading::of(&Texts {
        before: &before,
        after: &text("/proc/stat")?,
        meminfo: &text("/proc/meminfo")?,
        loadavg: &text("/proc/loadavg")?,
        uptime: &text("/proc/uptime")?,
        disk: (bytes(disk.f_blocks.saturating_sub(disk.f_bfree)), bytes(disk.f_blocks)),
        gpus: &gpus,
    })?)
}

/// No program, no GPUs. One that fails or hangs is in the log, and the rest is told without them.
async fn gpus() -> String {
    let run = Command::new("nvidia-smi")
        .args([GPU_QUERY, "--format=csv,noheader,nounits"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(GPUS, run).await {
        Ok(Ok(output)) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        failed => {
            tracing::warn!(?failed, "nvidia-smi did not tell how the GPUs are");
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_machine_tells_how_it_is() {
        let reading = read().await.unwrap();
        assert!(reading.cpu_cores > 0 && reading.uptime > 0);
        assert!(reading.memory_used > 0 && reading.memory_used < reading.memory_total);
        assert!(reading.disk_used > 0 && reading.disk_used <= reading.disk_total);
        assert!((0.0..=100.0).contains(&reading.cpu_percent), "{}", reading.cpu_percent);
        assert!(!hostname().unwrap().is_empty());
    }
}
