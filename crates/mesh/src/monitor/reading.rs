//! What the kernel writes (proc(5)) as numbers.
//!
//! The text may come from a machine that somebody else holds. So numbers are numbers or the text is refused, nothing
//! overflows, parts are never more than the whole, and names cannot contain what moves a terminal or a browser.

use serde::Serialize;
use utoipa::ToSchema;

use crate::text;

/// GPUs of one machine that are read.
const GPUS: usize = 64;
const NAME_CHARS: usize = 100;
/// Nobody has waited for so many processes; a larger number is a joke at our expense.
const LOAD: f64 = 1e7;

/// How a machine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = MeshReading)]
pub struct Reading {
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

/// What is not in the form that a kernel writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not in the form that the kernel writes")]
pub struct Malformed(pub &'static str);

/// The texts of one machine.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'t> {
    /// `/proc/stat`, twice, with a moment in between.
    pub before: &'t str,
    pub after: &'t str,
    pub meminfo: &'t str,
    pub loadavg: &'t str,
    pub uptime: &'t str,
    /// Used and all bytes of the file system at `/`.
    pub disk: (u64, u64),
    /// What `nvidia-smi` was asked for with [`GPU_QUERY`].
    pub gpus: &'t str,
}

/// What `nvidia-smi` is asked for.
pub const GPU_QUERY: &str =
    "--query-gpu=index,name,temperature.gpu,utilization.gpu,memory.used,memory.total,power.draw,power.limit";

impl Reading {
    /// Makes numbers of the texts.
    ///
    /// # Errors
    /// When one of them is not in the form that a kernel writes.
    pub fn of(texts: &Texts<'_>) -> Result<Self, Malformed> {
        let (before, after) = (ticks(texts.before)?, ticks(texts.after)?);
        let (busy, all) = (after.busy.saturating_sub(before.busy), after.all.saturating_sub(before.all));
        let total = meminfo(texts.meminfo, "MemTotal:")?;
        let used = total.checked_sub(meminfo(texts.meminfo, "MemAvailable:")?).ok_or(Malformed("/proc/meminfo"))?;
        let (disk_used, disk_total) = texts.disk;
        if disk_used > disk_total {
            return Err(Malformed("the size of /"));
        }
        Ok(Self {
            cpu_percent: percent(busy.min(all), all),
            cpu_cores: after.processors,
            load: load(texts.loadavg)?,
            memory_used: used,
            memory_total: total,
            memory_percent: percent(used, total),
            disk_used,
            disk_total,
            disk_percent: percent(disk_used, disk_total),
            uptime: uptime(texts.uptime)?,
            gpus: gpus(texts.gpus),
        })
    }
}

/// One decimal.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 1000.0).round() / 10.0 }
}

struct Ticks {
    busy: u64,
    all: u64,
    processors: u32,
}

/// Busy and all ticks of all processors since the start, and how many processors there are (proc_stat(5)).
fn ticks(stat: &str) -> Result<Ticks, Malformed> {
    let malformed = Malformed("/proc/stat");
    let line = stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).ok_or(malformed)?;
    let numbers: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().map_err(|_| malformed)?;
    let [user, nice, system, idle, iowait, irq, softirq, steal, ..] = numbers[..] else { return Err(malformed) };
    let sum = |parts: &[u64]| parts.iter().try_fold(0u64, |sum, part| sum.checked_add(*part)).ok_or(malformed);
    let busy = sum(&[user, nice, system, irq, softirq, steal])?;
    let is_processor = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let processors = u32::try_from(stat.lines().filter(is_processor).count()).map_err(|_| malformed)?;
    Ok(Ticks { busy, all: sum(&[busy, idle, iowait])?, processors: processors.max(1) })
}

fn meminfo(text: &str, name: &str) -> Result<u64, Malformed> {
    let malformed = Malformed("/proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or(malformed)?;
    let kib: u64 = line.trim().strip_suffix(" kB").and_then(|kib| kib.trim().parse().ok()).ok_or(malformed)?;
    kib.checked_mul(1024).ok_or(malformed)
}

fn load(text: &str) -> Result<[f64; 3], Malformed> {
    let number = |word: &str| word.parse().ok().filter(|load: &f64| (0.0..LOAD).contains(load));
    let numbers: Option<Vec<f64>> = text.split_whitespace().take(3).map(number).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or(Malformed("/proc/loadavg"))
}

fn uptime(text: &str) -> Result<u64, Malformed> {
    let seconds = text.split('.').next().and_then(|word| word.trim().parse().ok());
    seconds.ok_or(Malformed("/proc/uptime"))
}

fn gpus(csv: &str) -> Vec<Gpu> {
    let gpu = |line: &str| {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        // What a card does not tell is `[N/A]` or `[Not Supported]`.
        let number =
            |at: usize| cells.get(at).and_then(|cell| cell.parse().ok()).filter(|number: &f64| number.is_finite());
        Some(Gpu {
            index: cells.first()?.parse().ok()?,
            name: text::clean(cells.get(1)?, NAME_CHARS),
            temperature: number(2),
            utilization: number(3),
            memory_used: number(4),
            memory_total: number(5),
            power_draw: number(6),
            power_limit: number(7),
        })
    };
    csv.lines().filter_map(gpu).take(GPUS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 50 0 50 400 0 0 0 0 0 0\ncpu1 50 0 50 400 0 0 0 0 0 0\nintr 1\ncpufreq 1\n";
    const LATER: &str = "cpu  150 0 100 850 0 0 0 0 0 0\ncpu0 0\ncpu1 0\n";
    const GOOD: Texts<'_> = Texts {
        before: STAT,
        after: LATER,
        meminfo: "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\n",
        loadavg: "0.50 1.25 2.00 1/100 4242\n",
        uptime: "93784.12 100.00\n",
        disk: (30, 120),
        gpus: "",
    };

    #[test]
    fn texts_of_the_kernel_are_numbers() {
        let reading = Reading::of(&GOOD).unwrap();
        assert_eq!((reading.cpu_percent, reading.cpu_cores, reading.load), (50.0, 2, [0.5, 1.25, 2.0]));
        assert_eq!((reading.memory_used, reading.memory_total, reading.memory_percent), (768_000, 1_024_000, 75.0));
        assert_eq!((reading.disk_percent, reading.uptime), (25.0, 93_784));
        // A clock that went backwards is not a busy machine.
        assert_eq!(Reading::of(&Texts { before: LATER, after: STAT, ..GOOD }).unwrap().cpu_percent, 0.0);
    }

    #[test]
    fn v25_what_is_no_number_is_refused_and_nothing_overflows() {
        let max = u64::MAX;
        for bad in [
            Texts { before: "", ..GOOD },
            Texts { after: "cpu  1 2 3\n", ..GOOD },
            Texts { after: "cpu  1 2 x 4 5 6 7 8\n", ..GOOD },
            Texts { after: &format!("cpu  {max} {max} 1 1 1 1 1 1\n"), ..GOOD },
            Texts { after: &format!("cpu  1 1 1 {max} 1 1 1 1\n"), ..GOOD },
            Texts { meminfo: "MemTotal: 1 kB\n", ..GOOD },
            Texts { meminfo: "MemTotal: 1 kB\nMemAvailable: 2 kB\n", ..GOOD },
            Texts { meminfo: "MemTotal: 1\nMemAvailable: 1\n", ..GOOD },
            Texts { meminfo: &format!("MemTotal: {max} kB\nMemAvailable: 1 kB\n"), ..GOOD },
            Texts { loadavg: "inf nan 1\n", ..GOOD },
            Texts { loadavg: "1 2\n", ..GOOD },
            Texts { loadavg: "-1 2 3\n", ..GOOD },
            Texts { loadavg: "1e300 2 3\n", ..GOOD },
            Texts { uptime: "-5.0\n", ..GOOD },
            Texts { uptime: "soon\n", ..GOOD },
            Texts { disk: (2, 1), ..GOOD },
        ] {
            assert!(Reading::of(&bad).is_err(), "{bad:?}");
        }
        let sane = Reading::of(&Texts { disk: (max, max), ..GOOD }).unwrap();
        assert_eq!(sane.disk_percent, 100.0);
    }

    #[test]
    fn gpus_are_read_with_what_they_do_not_tell() {
        let read =
            gpus("0, NVIDIA A100, 41, 7, 1024, 81920, 61.5, 400\n1, Tesla, [N/A], 0, 1, 2, [Not Supported], nan\n\n");
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].temperature, read[0].power_draw), (Some(41.0), Some(61.5)));
        assert_eq!((read[1].name.as_str(), read[1].temperature, read[1].memory_total), ("Tesla", None, Some(2.0)));
        assert_eq!((read[1].power_draw, read[1].power_limit), (None, None));
        let hostile = gpus("0, \u{1b}]52;c;aGk=\u{7}\u{202e}x, 1, 1, 1, 1, 1, 1\n");
        assert!(!hostile[0].name.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", hostile[0].name);
        assert_eq!(gpus(&"0, a, 1\n".repeat(1000)).len(), GPUS);
    }
}
