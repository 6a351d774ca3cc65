//! The table that `show proc` prints on the master socket.

use crate::{Error, Result};

/// The processes of one master-worker HAProxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processes {
    pub master: MasterProcess,
    /// The workers that take new connections; one, outside of a reload.
    pub workers: Vec<Worker>,
    /// Workers of earlier configurations that still finish their connections.
    pub old: Vec<Worker>,
}

/// The master's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterProcess {
    pub pid: u32,
    /// How many reloads it has tried, successful or not.
    pub reloads: u64,
    /// How many of the last reloads failed in a row; 0 after a success. Versions before 2.5 do not tell.
    pub failed: u64,
    pub uptime_s: u64,
    pub version: String,
}

/// A worker's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    pub pid: u32,
    /// How many reloads it has lived through.
    pub reloads: u64,
    pub uptime_s: u64,
    pub version: String,
}

impl Processes {
    /// Reads the answer to `show proc`.
    pub fn parse(answer: &str) -> Result<Self> {
        let garbled = |detail: String| Error::Garbled { command: "show proc".to_owned(), detail };
        let mut master = None;
        let (mut workers, mut old) = (Vec::new(), Vec::new());
        let mut in_old = false;
        let mut complete = false;
        for line in answer.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(heading) = line.strip_prefix('#') {
                in_old = heading.trim().starts_with("old");
                complete |= heading.trim() == "programs" || heading.trim() == "workers";
                continue;
            }
            let row = Row::parse(line).ok_or_else(|| garbled(shortened(line)))?;
            match row.kind {
                "master" => master = Some(row.master()),
                "worker" if in_old => old.push(row.worker()),
                "worker" => workers.push(row.worker()),
                // `program` sections; they are not ours.
                _ => {}
            }
        }
        let master = master.ok_or_else(|| garbled(format!("there is no master in {:?}", shortened(answer))))?;
        if !complete {
            return Err(garbled("the table of workers is missing".to_owned()));
        }
        // From 3.1 on, the worker that serves on after a failed reload stands among the old ones; it is the youngest of them.
        if workers.is_empty()
            && master.failed > 0
            && let Some(youngest) = (0..old.len()).min_by_key(|index| old[*index].reloads)
        {
            workers.push(old.remove(youngest));
        }
        Ok(Self { master, workers, old })
    }
}

struct Row<'a> {
    pid: u32,
    kind: &'a str,
    reloads: u64,
    failed: u64,
    uptime_s: u64,
    version: &'a str,
}

impl<'a> Row<'a> {
    // <PID> <type> <reloads>[ [failed: N]] <uptime> <version>; 2.4 and older have a <relative PID> after the type,
    // which is passed over by taking the uptime (the only word with `d` and `h` in it) as the anchor.
    fn parse(line: &'a str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let pid = words.first()?.parse().ok()?;
        let kind = *words.get(1)?;
        let uptime_at = words.iter().position(|word| uptime(word).is_some())?;
        let uptime_s = uptime(words.get(uptime_at)?)?;
        let before = words.get(2..uptime_at)?;
        let (reloads, failed) = match before {
            [.., reloads, "[failed:", failed] => (reloads.parse().ok()?, failed.trim_end_matches(']').parse().ok()?),
            [.., reloads] => (reloads.parse().ok()?, 0),
            [] => return None,
        };
        let version = words.get(uptime_at + 1).copied().unwrap_or_default();
        Some(Self { pid, kind, reloads, failed, uptime_s, version })
    }

    fn master(&self) -> MasterProcess {
        MasterProcess {
            pid: self.pid,
            reloads: self.reloads,
            failed: self.failed,
            uptime_s: self.uptime_s,
            version: self.version.to_owned(),
        }
    }

    fn worker(&self) -> Worker {
        Worker { pid: self.pid, reloads: self.reloads, uptime_s: self.uptime_s, version: self.version.to_owned() }
    }
}

/// `3d04h05m06s` in seconds.
fn uptime(word: &str) -> Option<u64> {
    let (days, rest) = word.split_once('d')?;
    let (hours, rest) = rest.split_once('h')?;
    let (minutes, rest) = rest.split_once('m')?;
    let seconds = rest.strip_suffix('s')?;
    let number = |text: &str| text.parse::<u64>().ok();
    let hours = number(days)?.checked_mul(24)?.checked_add(number(hours)?)?;
    let minutes = hours.checked_mul(60)?.checked_add(number(minutes)?)?;
    minutes.checked_mul(60)?.checked_add(number(seconds)?)
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAINING: &str = "\
#<PID>          <type>          <reloads>       <uptime>        <version>      
17378           master          2 [failed: 1]   1d02h03m04s     2.6.12-1+deb12u4
# workers
17392           worker          1               0d00h00m01s     2.6.12-1+deb12u4
# old workers
17381           worker          2               0d00h00m09s     2.6.12-1+deb12u4
# programs

";

    #[test]
    fn reads_master_workers_and_old_workers() {
        let processes = Processes::parse(DRAINING).unwrap();
        assert_eq!(
            (processes.master.pid, processes.master.reloads, processes.master.failed, processes.master.uptime_s),
            (17378, 2, 1, 93_784)
        );
        assert_eq!(processes.workers.iter().map(|w| (w.pid, w.reloads)).collect::<Vec<_>>(), [(17392, 1)]);
        assert_eq!(processes.old.iter().map(|w| w.pid).collect::<Vec<_>>(), [17381]);
        assert_eq!(processes.master.version, "2.6.12-1+deb12u4");
    }

    #[test]
    fn a_master_without_workers_is_complete() {
        let text = "#<PID> <type> <reloads> <uptime> <version>\n7 master 0 [failed: 0] 0d00h00m00s 3.0\n# workers\n# programs\n";
        let processes = Processes::parse(text).unwrap();
        assert!(processes.workers.is_empty());
    }

    #[test]
    fn the_worker_that_serves_on_after_a_failed_reload_is_not_an_old_one() {
        let text = "#<PID> <type> <reloads> <uptime> <version>\n7 master 3 [failed: 1] 0d00h00m02s 3.2\n# workers\n\
                    # old workers\n8 worker 2 0d00h00m09s 3.2\n9 worker 1 0d00h00m05s 3.2\n";
        let processes = Processes::parse(text).unwrap();
        assert_eq!(processes.workers.iter().map(|w| w.pid).collect::<Vec<_>>(), [9]);
        assert_eq!(processes.old.iter().map(|w| w.pid).collect::<Vec<_>>(), [8]);
    }

    #[test]
    fn f11_garbage_and_torn_tables_are_errors() {
        for text in [
            "",
            "\n",
            "HTTP/1.1 400 Bad request\r\n",
            "17378 master",
            "17378 master 2 [failed: x] 0d00h00m00s 2.6",
            "#<PID> <type>\n17378 master 2 [failed: 1] 1d02h03m04s 2.6.12\n",
            "9 worker 0 0d00h00m00s 2.6\n# workers\n",
        ] {
            assert!(Processes::parse(text).is_err(), "{text:?}");
        }
    }
}
