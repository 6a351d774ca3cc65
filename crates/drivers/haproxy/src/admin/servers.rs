//! `show servers state`, and what `set server … addr` answers.

use crate::{Error, Result};

/// One server of one backend, as it is at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    pub backend: String,
    pub server: String,
    /// An IP address, or a path for a Unix socket; `None` while a name is not resolved.
    pub address: Option<String>,
    pub port: Option<u16>,
    /// The name that the address is looked up from.
    pub name: Option<String>,
    /// The weight that counts now.
    pub weight: u32,
    /// The weight of the configuration.
    pub initial_weight: u32,
    /// 0 stopped, 1 starting, 2 running, 3 stopping.
    pub operational: u8,
    /// HAProxy's bits; see [`ServerRow::in_maintenance`] and [`ServerRow::draining`].
    pub administrative: u32,
}

/// Forced by an operator, inherited from a tracked server, by the configuration, by a failed name resolution, and by
/// a name that changed.
const MAINTENANCE: u32 = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
/// Forced by an operator, inherited from a tracked server.
const DRAIN: u32 = 0x08 | 0x10;

impl ServerRow {
    /// Whether it is out of service, for whatever reason but its health.
    pub fn in_maintenance(&self) -> bool {
        self.administrative & MAINTENANCE != 0
    }

    /// Whether an operator took it out of service.
    pub fn forced_maintenance(&self) -> bool {
        self.administrative & 0x01 != 0
    }

    /// Whether it takes no new connections.
    pub fn draining(&self) -> bool {
        self.administrative & DRAIN != 0
    }
}

/// Reads the answer to `show servers state`, of which the columns are found by their names.
pub fn parse(answer: &str) -> Result<Vec<ServerRow>> {
    let garbled = |detail: String| Error::Garbled { command: "show servers state".to_owned(), detail };
    let mut lines = answer.lines().map(str::trim_end).filter(|line| !line.is_empty());
    match lines.next() {
        Some("1") => {}
        other => {
            return Err(garbled(format!(
                "format version {:?}",
                other.unwrap_or_default().chars().take(40).collect::<String>()
            )));
        }
    }
    let header =
        lines.next().and_then(|line| line.strip_prefix("# ")).ok_or_else(|| garbled("no header".to_owned()))?;
    let names: Vec<&str> = header.split_whitespace().collect();
    let column = |name: &str| {
        names.iter().position(|candidate| *candidate == name).ok_or_else(|| garbled(format!("no column {name}")))
    };
    let (backend, server, address, port, fqdn) =
        (column("be_name")?, column("srv_name")?, column("srv_addr")?, column("srv_port")?, column("srv_fqdn")?);
    let (weight, initial, operational, administrative) =
        (column("srv_uweight")?, column("srv_iweight")?, column("srv_op_state")?, column("srv_admin_state")?);
    let last = backend.max(server).max(address).max(port).max(fqdn).max(weight).max(initial).max(operational);
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let bad = || garbled(line.chars().take(120).collect());
            if words.len() <= last.max(administrative) {
                return Err(bad());
            }
            let number = |at: usize| words[at].parse::<u32>().map_err(|_| bad());
            let text = |at: usize| Some(words[at]).filter(|word| *word != "-").map(str::to_owned);
            Ok(ServerRow {
                backend: words[backend].to_owned(),
                server: words[server].to_owned(),
                address: text(address),
                port: u16::try_from(number(port)?).ok().filter(|port| *port != 0),
                name: text(fqdn),
                weight: number(weight)?,
                initial_weight: number(initial)?,
                operational: u8::try_from(number(operational)?).map_err(|_| bad())?,
                administrative: number(administrative)?,
            })
        })
        .collect()
}

/// Whether the sentence after `set server … addr …` says that it was done, or had been so before.
pub(super) fn is_address_success(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    let text = text.split(" by '").next().unwrap_or(text);
    if text == "nothing changed" {
        return true;
    }
    let done = |part: &str| part.contains(" changed from '") || part.starts_with("no need to change the ");
    !text.is_empty() && text.split(", ").all(|part| done(part.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
3 b 1 s1 127.0.0.1 2 0 10 100 1 1 0 2 0 0 0 0 - 9 - 0 0 - - 0
3 b 2 s2 - 0 40 1 1 1 1 0 2 0 0 0 0 app.example 0 - 0 0 - - 0

";

    #[test]
    fn rows_are_read_by_column_name() {
        let rows = parse(SAMPLE).unwrap();
        assert_eq!(
            (rows[0].address.as_deref(), rows[0].port, rows[0].weight, rows[0].initial_weight),
            (Some("127.0.0.1"), Some(9), 10, 100)
        );
        assert!(!rows[0].in_maintenance() && !rows[0].draining());
        assert_eq!(
            (rows[1].address.as_deref(), rows[1].name.as_deref(), rows[1].port),
            (None, Some("app.example"), None)
        );
        assert!(rows[1].in_maintenance() && rows[1].draining() && !rows[1].forced_maintenance());
    }

    #[test]
    fn f11_other_formats_are_errors() {
        for text in ["", "2\n# be_id\n", "1\n", "1\n# be_id be_name\n", &SAMPLE.replace("3 b 1 s1 127.0.0.1 2", "3 b")]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn address_sentences() {
        for yes in [
            "no need to change the addr, port changed from '1' to '9' by 'stats socket command'",
            "IP changed from '127.0.0.1' to '127.0.0.2', port changed from '1' to '9' by 'stats socket command'",
            "no need to change the addr, no need to change the port",
            "nothing changed",
        ] {
            assert!(is_address_success(yes), "{yes}");
        }
        for no in [
            "Invalid addr format: 'x'",
            "",
            "provided port is not an integer",
            "no need to change the addr, can't update",
        ] {
            assert!(!is_address_success(no), "{no}");
        }
    }
}
