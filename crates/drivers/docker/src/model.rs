//! What the engine says, as far as it is used. Engines of ten years differ in what they leave out, and Podman differs more.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The id of a container: 12 to 64 digits of base 16.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(String);

impl Id {
    /// Reads one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_id = (12..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| Self(text.to_owned()))
    }

    /// All of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people see it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("an id is 12 to 64 digits of base 16"))
    }
}

/// A container, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub id: Id,
    /// The first of its names, without the slash before it; a container without one has none.
    pub name: Option<String>,
    pub image: String,
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    pub state: String,
    /// The same for people: `Up 3 minutes`.
    pub status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Listed {
    id: Id,
    names: Option<Vec<String>>,
    image: Option<String>,
    state: Option<String>,
    status: Option<String>,
}

impl From<Listed> for Container {
    fn from(listed: Listed) -> Self {
        // A name with more slashes is that of a link to another container.
        let own = |names: Vec<String>| {
            let stripped = |name: &String| name.strip_prefix('/').unwrap_or(name).to_owned();
            let mut names: Vec<String> = names.iter().map(stripped).filter(|name| !name.is_empty()).collect();
            names.sort_by_key(|name| name.contains('/'));
            names.into_iter().next()
        };
        Self {
            id: listed.id,
            name: listed.names.and_then(own),
            image: listed.image.unwrap_or_default(),
            state: listed.state.unwrap_or_default(),
            status: listed.status.unwrap_or_default(),
        }
    }
}

/// What a container takes, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Nanoseconds that its processes ran for.
    cpu: u64,
    /// Nanoseconds that all processors ran for.
    system: u64,
    processors: u32,
    /// Bytes, without what the kernel would give back at once.
    pub memory: u64,
    /// Bytes; none where the engine does not tell.
    pub memory_limit: Option<u64>,
    /// Bytes that came and went, over all its networks; none where it has none of its own.
    pub received: Option<u64>,
    pub sent: Option<u64>,
    pub processes: Option<u64>,
}

impl Usage {
    /// Per cent of one processor since `before`; none where the engine does not tell enough.
    #[must_use]
    pub fn cpu_percent(&self, before: &Self) -> Option<f64> {
        let (cpu, system) = (self.cpu.checked_sub(before.cpu)?, self.system.checked_sub(before.system)?);
        if system == 0 {
            return None;
        }
        let processors = f64::from(self.processors);
        let percent = (cpu as f64 / system as f64 * processors * 100.0).min(processors * 100.0);
        Some((percent * 100.0).round() / 100.0)
    }
}

#[derive(Deserialize)]
pub(crate) struct Stats {
    cpu_stats: Option<Cpu>,
    memory_stats: Option<Memory>,
    networks: Option<std::collections::BTreeMap<String, Network>>,
    pids_stats: Option<Pids>,
}

#[derive(Default, Deserialize)]
struct Cpu {
    cpu_usage: Option<CpuUsage>,
    system_cpu_usage: Option<u64>,
    online_cpus: Option<u32>,
}

#[derive(Deserialize)]
struct CpuUsage {
    total_usage: Option<u64>,
    percpu_usage: Option<Vec<u64>>,
}

#[derive(Default, Deserialize)]
struct Memory {
    usage: Option<u64>,
    limit: Option<u64>,
    stats: Option<MemoryStats>,
}

#[derive(Deserialize)]
struct MemoryStats {
    inactive_file: Option<u64>,
    total_inactive_file: Option<u64>,
}

#[derive(Deserialize)]
struct Network {
    rx_bytes: Option<u64>,
    tx_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct Pids {
    current: Option<u64>,
}

impl From<Stats> for Usage {
    fn from(stats: Stats) -> Self {
        let cpu = stats.cpu_stats.unwrap_or_default();
        let memory = stats.memory_stats.unwrap_or_default();
        let percpu = cpu.cpu_usage.as_ref().and_then(|usage| usage.percpu_usage.as_ref()).map_or(0, Vec::len);
        let processors = cpu.online_cpus.filter(|count| *count > 0).or(u32::try_from(percpu).ok()).unwrap_or(0);
        // Version 1 of control groups has the first name, version 2 the second.
        let cache = memory.stats.and_then(|stats| stats.total_inactive_file.or(stats.inactive_file)).unwrap_or(0);
        let networks = stats.networks.filter(|networks| !networks.is_empty());
        let sum = |of: fn(&Network) -> Option<u64>| {
            let bytes = networks.as_ref()?.values().filter_map(of);
            Some(bytes.fold(0u64, u64::saturating_add))
        };
        Self {
            cpu: cpu.cpu_usage.and_then(|usage| usage.total_usage).unwrap_or(0),
            system: cpu.system_cpu_usage.unwrap_or(0),
            processors: processors.max(1),
            memory: memory.usage.unwrap_or(0).saturating_sub(cache),
            memory_limit: memory.limit.filter(|limit| *limit > 0),
            received: sum(|network| network.rx_bytes),
            sent: sum(|network| network.tx_bytes),
            processes: stats.pids_stats.and_then(|pids| pids.current),
        }
    }
}
