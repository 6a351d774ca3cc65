//! Machines and containers as the documented text: one block for each machine, a blank line between two.

use std::fmt::Write as _;

use super::containers::Containers;
use super::{LOCAL, Machine, Status};
use crate::text;

/// All machines.
#[must_use]
pub fn of_machines(machines: &[Machine]) -> String {
    machines.iter().map(machine).collect::<Vec<_>>().join("\n")
}

fn machine(machine: &Machine) -> String {
    let mut out = String::new();
    // Writing into a String does not fail.
    let _ = writeln!(out, "Host:   {}", host(machine));
    if machine.status != Status::Online {
        let _ = writeln!(
            out,
            "Status: {}: {}",
            machine.status.as_str(),
            machine.error.as_deref().unwrap_or("not read yet")
        );
        if let Some(offered) = &machine.offered_key {
            let _ = writeln!(out, "Shows:  {offered}");
        }
        let _ = writeln!(out, "Read:   {}", machine.read_at.as_deref().unwrap_or("never"));
        if machine.read_at.is_none() {
            return out;
        }
    }
    let reading = &machine.reading;
    let (days, hours, minutes) = (reading.uptime / 86_400, reading.uptime / 3600 % 24, reading.uptime / 60 % 60);
    let [one, five, fifteen] = reading.load;
    let percent = |part: f64| format!("{part:.0}%");
    let _ = write!(
        out,
        "Uptime: up {days} days, {hours:02}:{minutes:02}\n\n--- CPU ---\nCores: {}\nLoad:  {one} {five} {fifteen}\nUsed:  {}\n\n\
         --- Memory ---\nTotal: {}\nUsed:  {} ({})\n\n--- Disk ---\nTotal: {}\nUsed:  {} ({})\n",
        reading.cpu_cores,
        percent(reading.cpu_percent),
        text::size(reading.memory_total),
        text::size(reading.memory_used),
        percent(reading.memory_percent),
        text::size(reading.disk_total),
        text::size(reading.disk_used),
        percent(reading.disk_percent),
    );
    if !reading.gpus.is_empty() {
        out.push_str("\n--- GPU ---\n");
        for gpu in &reading.gpus {
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

fn host(machine: &Machine) -> String {
    if machine.id == LOCAL { machine.host.clone() } else { format!("{} ({})", machine.name, machine.host) }
}

const HEADINGS: [&str; 5] = ["NAME", "CPU%", "MEM USAGE/LIMIT", "NET I/O", "PIDS"];

/// The containers of each machine that has Docker, in the columns of `docker stats`.
#[must_use]
pub fn of_containers(all: &[Containers]) -> String {
    let block = |of: &Containers| {
        let mut out = if all.len() > 1 { format!("Host:   {}\n", of.server) } else { String::new() };
        match &of.found {
            Err(error) => {
                let _ = writeln!(out, "{error}");
            }
            Ok(found) => {
                let rows: Vec<[String; 5]> = found.iter().map(cells).collect();
                out.push_str(&columns(&rows));
            }
        }
        out
    };
    all.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn cells(container: &super::containers::Container) -> [String; 5] {
    let none = || "--".to_owned();
    let pair = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (None, None) => none(),
        (a, b) => [a, b].map(|bytes| bytes.map_or_else(none, text::size)).join(" / "),
    };
    [
        container.name.clone(),
        container.cpu_percent.map_or_else(none, |percent| format!("{percent:.2}%")),
        pair(container.memory_usage, container.memory_limit),
        pair(container.net_rx, container.net_tx),
        container.pids.map_or_else(none, |pids| pids.to_string()),
    ]
}

/// Each column is as wide as its widest cell, and three spaces stand between two.
fn columns(rows: &[[String; 5]]) -> String {
    let mut widths = HEADINGS.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let headings = HEADINGS.map(str::to_owned);
    for row in std::iter::once(&headings).chain(rows) {
        let line: String = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}   ")).collect();
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::containers::Container;
    use super::super::reading::{Gpu, Reading};
    use super::*;

    fn a_machine() -> Machine {
        Machine {
            id: LOCAL.to_owned(),
            name: "here".to_owned(),
            host: "here".to_owned(),
            status: Status::Online,
            error: None,
            user: None,
            port: None,
            host_key: None,
            offered_key: None,
            reading: Reading {
                cpu_percent: 12.5,
                cpu_cores: 8,
                load: [0.5, 0.25, 1.0],
                memory_used: 1 << 30,
                memory_total: 4 << 30,
                memory_percent: 25.0,
                disk_used: 10 << 30,
                disk_total: 100 << 30,
                disk_percent: 10.0,
                uptime: 93_784,
                gpus: Vec::new(),
            },
            last_check: "2026-04-04T12:00:00Z".to_owned(),
            read_at: Some("2026-04-04T12:00:00Z".to_owned()),
        }
    }

    #[test]
    fn machines_are_blocks_that_begin_with_their_host() {
        let local = a_machine();
        let mut gone =
            Machine { id: "gpu-1".to_owned(), name: "GPU-1".to_owned(), host: "10.0.0.9".to_owned(), ..a_machine() };
        gone.status = Status::Offline;
        gone.error = Some("no answer within 6s".to_owned());
        gone.reading.gpus.push(Gpu {
            index: 0,
            name: "A100".to_owned(),
            temperature: Some(41.0),
            utilization: Some(7.0),
            memory_used: None,
            memory_total: Some(81_920.0),
            power_draw: None,
            power_limit: None,
        });
        let mut never = Machine { read_at: None, ..gone.clone() };
        never.status = Status::ChangedKey;
        never.offered_key = Some("SHA256:x".to_owned());
        let text = of_machines(&[local, gone, never]);
        assert_eq!(
            text,
            "Host:   here\nUptime: up 1 days, 02:03\n\n--- CPU ---\nCores: 8\nLoad:  0.5 0.25 1\nUsed:  12%\n\n--- Memory ---\n\
             Total: 4.0GiB\nUsed:  1.0GiB (25%)\n\n--- Disk ---\nTotal: 100GiB\nUsed:  10.0GiB (10%)\n\n\
             Host:   GPU-1 (10.0.0.9)\nStatus: offline: no answer within 6s\nRead:   2026-04-04T12:00:00Z\n\
             Uptime: up 1 days, 02:03\n\n--- CPU ---\nCores: 8\nLoad:  0.5 0.25 1\nUsed:  12%\n\n--- Memory ---\n\
             Total: 4.0GiB\nUsed:  1.0GiB (25%)\n\n--- Disk ---\nTotal: 100GiB\nUsed:  10.0GiB (10%)\n\n\
             --- GPU ---\nA100, 41 C, 7 %, n/a / 81920 MiB\n\n\
             Host:   GPU-1 (10.0.0.9)\nStatus: changed_key: no answer within 6s\nShows:  SHA256:x\nRead:   never\n"
        );
    }

    #[test]
    fn containers_are_a_table_with_aligned_columns() {
        let running = Container {
            server: LOCAL.to_owned(),
            id: "0123456789ab".to_owned(),
            name: "a-rather-long-name".to_owned(),
            image: "web:1".to_owned(),
            state: "running".to_owned(),
            status: "Up 3 minutes".to_owned(),
            cpu_percent: Some(1.5),
            memory_usage: Some(12 << 20),
            memory_limit: Some(1 << 30),
            net_rx: Some(2048),
            net_tx: Some(0),
            pids: Some(3),
        };
        let stopped = Container {
            name: "b".to_owned(),
            cpu_percent: None,
            memory_usage: None,
            memory_limit: None,
            net_rx: None,
            net_tx: None,
            pids: None,
            ..running.clone()
        };
        let local = Containers { server: LOCAL.to_owned(), found: Ok(vec![running, stopped]) };
        let table = "NAME                 CPU%    MEM USAGE/LIMIT     NET I/O        PIDS\n\
                     a-rather-long-name   1.50%   12.0MiB / 1.0GiB   2.0KiB / 0B   3\n\
                     b                    --      --                 --            --\n";
        let table = table.replacen("LIMIT     NET I/O        PIDS", "LIMIT    NET I/O       PIDS", 1);
        assert_eq!(of_containers(std::slice::from_ref(&local)), table);
        let remote = Containers { server: "gpu-1".to_owned(), found: Err("no Docker there".to_owned()) };
        assert_eq!(
            of_containers(&[local, remote]),
            format!("Host:   local\n{table}\nHost:   gpu-1\nno Docker there\n")
        );
    }
}
