//! How this machine is: read from the kernel (proc(5), statvfs(3)), and from `nvidia-smi` where there are GPUs.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use tokio::process::Command;
use utoipa::ToSchema;

use crate::text;

/// How long `nvidia-smi` may take.
const GPUS: Duration = Duration::from_secs(10);
/// Between the two looks at the processors.
const SAMPLE: Duration = Duration::from_millis(200);

/// One machine.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Machine {
    pub id: String,
    pub name: String,
    pub host: String,
    /// `online`: this machine answers, or nobody would.
    pub status: &'static str,
    /// Per cent of all processors together, over a fifth of a second.
    pub cpu_percent: f64,
    pub cpu_cores: u32,
    pub load: [f64; 3],
    /// Bytes.
    pub memory_used: u64,
    pub memory_total: u64,
    pub memory_percent: f64,
    /// Of the file system at `/`, in bytes.
    pub disk_used: u64,
    pub disk_total: u64,
    pub disk_percent: f64,
    /// Seconds.
    pub uptime: u64,
    pub gpus: Vec<Gpu>,
    pub last_check: String,
}

/// One GPU, as `nvidia-smi` tells.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Gpu {
    pub index: u32,
    pub name: String,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Per cent.
    pub utilization: Option<f64>,
    /// MiB.
    pub memory_used: Option<f64>,
    pub memory_total: Option<f64>,
    /// Watts.
    pub power_draw: Option<f64>,
    pub power_limit: Option<f64>,
}

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    #[error("{0} cannot be read")]
    Read(&'static str, #[source] std::io::Error),
    #[error("{0} is not in the form that the kernel writes")]
    Form(&'static str),
}

fn read(path: &'static str) -> Result<String, MonitorError> {
    std::fs::read_to_string(path).map_err(|error| MonitorError::Read(path, error))
}

/// This machine, now.
///
/// # Errors
/// When the kernel's files cannot be read.
pub async fn local(now: jiff::Timestamp) -> Result<Machine, MonitorError> {
    let before = ticks()?;
    let (gpus, ()) = tokio::join!(gpus(), tokio::time::sleep(SAMPLE));
    let after = ticks()?;
    let (busy, all) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    let memory = read("/proc/meminfo")?;
    let (total, available) = (meminfo(&memory, "MemTotal:")?, meminfo(&memory, "MemAvailable:")?);
    let disk = rustix::fs::statvfs("/").map_err(|error| MonitorError::Read("/", error.into()))?;
    let (disk_total, disk_free) = (disk.f_blocks * disk.f_frsize, disk.f_bfree * disk.f_frsize);
    let host = read("/proc/sys/kernel/hostname")?.trim().to_owned();
    let memory_used = total.saturating_sub(available);
    Ok(Machine {
        id: "local".to_owned(),
        name: host.clone(),
        host,
        status: "online",
        cpu_percent: percent(busy, all),
        cpu_cores: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
        load: load(&read("/proc/loadavg")?)?,
        memory_used,
        memory_total: total,
        memory_percent: percent(memory_used, total),
        disk_used: disk_total.saturating_sub(disk_free),
        disk_total,
        disk_percent: percent(disk_total.saturating_sub(disk_free), disk_total),
        uptime: uptime(&read("/proc/uptime")?)?,
        gpus,
        last_check: text::seconds(now),
    })
}

/// One decimal.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 1000.0).round() / 10.0 }
}

/// Busy and all ticks of all processors since the start (proc_stat(5)).
fn ticks() -> Result<(u64, u64), MonitorError> {
    let stat = read("/proc/stat")?;
    let line =
        stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).ok_or(MonitorError::Form("/proc/stat"))?;
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [user, nice, system, idle, iowait, irq, softirq, steal, ..] = numbers[..] else {
        return Err(MonitorError::Form("/proc/stat"));
    };
    let busy = user + nice + system + irq + softirq + steal;
    Ok((busy, busy + idle + iowait))
}

fn meminfo(text: &str, name: &str) -> Result<u64, MonitorError> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or(MonitorError::Form("/proc/meminfo"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().map_err(|_| MonitorError::Form("/proc/meminfo"))?;
    Ok(kib * 1024)
}

fn load(text: &str) -> Result<[f64; 3], MonitorError> {
    let numbers: Vec<f64> = text.split_whitespace().take(3).filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().map_err(|_| MonitorError::Form("/proc/loadavg"))
}

fn uptime(text: &str) -> Result<u64, MonitorError> {
    let seconds = text.split('.').next().and_then(|word| word.trim().parse().ok());
    seconds.ok_or(MonitorError::Form("/proc/uptime"))
}

/// No program, no GPUs. One that fails or hangs is in the log, and the rest is told without them.
async fn gpus() -> Vec<Gpu> {
    let query =
        "--query-gpu=index,name,temperature.gpu,utilization.gpu,memory.used,memory.total,power.draw,power.limit";
    let run = Command::new("nvidia-smi")
        .args([query, "--format=csv,noheader,nounits"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(GPUS, run).await {
        Ok(Ok(output)) if output.status.success() => parse_gpus(&String::from_utf8_lossy(&output.stdout)),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        failed => {
            tracing::warn!(?failed, "nvidia-smi did not tell how the GPUs are");
            Vec::new()
        }
    }
}

fn parse_gpus(csv: &str) -> Vec<Gpu> {
    let gpu = |line: &str| {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        // What a card does not tell is `[N/A]` or `[Not Supported]`.
        let number = |at: usize| cells.get(at).and_then(|cell| cell.parse().ok());
        Some(Gpu {
            index: cells.first()?.parse().ok()?,
            name: (*cells.get(1)?).to_owned(),
            temperature: number(2),
            utilization: number(3),
            memory_used: number(4),
            memory_total: number(5),
            power_draw: number(6),
            power_limit: number(7),
        })
    };
    csv.lines().filter_map(gpu).collect()
}

/// The machine as the documented text.
#[must_use]
pub fn to_text(machine: &Machine) -> String {
    let mut out = String::new();
    let (days, hours, minutes) = (machine.uptime / 86_400, machine.uptime / 3600 % 24, machine.uptime / 60 % 60);
    let [one, five, fifteen] = machine.load;
    let percent = |part: f64| format!("{part:.0}%");
    // Writing into a String does not fail.
    let _ = write!(
        out,
        "Host:   {}\nUptime: up {days} days, {hours:02}:{minutes:02}\n\n--- CPU ---\nCores: {}\nLoad:  {one} {five} {fifteen}\nUsed:  {}\n\n\
         --- Memory ---\nTotal: {}\nUsed:  {} ({})\n\n--- Disk ---\nTotal: {}\nUsed:  {} ({})\n",
        machine.host,
        machine.cpu_cores,
        percent(machine.cpu_percent),
        text::size(machine.memory_total),
        text::size(machine.memory_used),
        percent(machine.memory_percent),
        text::size(machine.disk_total),
        text::size(machine.disk_used),
        percent(machine.disk_percent),
    );
    if !machine.gpus.is_empty() {
        out.push_str("\n--- GPU ---\n");
        for gpu in &machine.gpus {
            let number = |value: Option<f64>| value.map_or("n/a".to_owned(), |value| format!("{value:.0}"));
            let _ = writeln!(
                out,
                "{}, {} C, {} %, {} / {} MiB",
                gpu.name,
                number(gpu.temperature),
                number(gpu.utilization),
                number(gpu.memory_used),
                number(gpu.memory_total)
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_machine_tells_how_it_is() {
        let machine = local(jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(machine.cpu_cores > 0 && machine.uptime > 0);
        assert!(machine.memory_used > 0 && machine.memory_used < machine.memory_total);
        assert!(machine.disk_used > 0 && machine.disk_used <= machine.disk_total);
        assert!((0.0..=100.0).contains(&machine.cpu_percent), "{}", machine.cpu_percent);
        let text = to_text(&machine);
        assert!(text.starts_with("Host: ") && text.contains("--- CPU ---\nCores: "), "{text}");
    }

    #[test]
    fn gpus_are_read_with_what_they_do_not_tell() {
        let gpus = parse_gpus(
            "0, NVIDIA A100, 41, 7, 1024, 81920, 61.5, 400\n1, Tesla, [N/A], 0, 1, 2, [Not Supported], [N/A]\n\n",
        );
        assert_eq!(gpus.len(), 2);
        assert_eq!((gpus[0].temperature, gpus[0].power_draw), (Some(41.0), Some(61.5)));
        assert_eq!((gpus[1].name.as_str(), gpus[1].temperature, gpus[1].memory_total), ("Tesla", None, Some(2.0)));
    }
}
