//! Another machine, over SSH: one command that writes what the kernel wrote, and nothing that was given by anybody in it.

use std::net::SocketAddr;
use std::time::Duration;

use ssh::{Credential, Fingerprint, Limit, Session, User};

use super::reading::{Malformed, Reading, Texts};
use crate::text;

/// How long it may take to be connected and logged in.
pub const CONNECT: Duration = Duration::from_secs(6);
/// How long the command may take. `nvidia-smi` is given five seconds of it.
const COMMAND_TIME: Duration = Duration::from_secs(8);
/// `/proc/stat` of a machine with hundreds of processors and thousands of interrupts has some 100 kB.
const BYTES: usize = 4 * 1024 * 1024;

/// Every text begins with a line of its own. The shell is named because an account's own may be any, and for the same
/// reason all of it is one line; no part of it is made at run time. A machine without GPUs, or with a driver that does not answer, is read without them.
const COMMAND: &str = "exec /bin/sh -c '\
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; LC_ALL=C; export PATH LC_ALL; \
    echo @before; cat /proc/stat; \
    sleep 0.2 2>/dev/null || sleep 1; \
    echo @after; cat /proc/stat; \
    echo @meminfo; cat /proc/meminfo; \
    echo @loadavg; cat /proc/loadavg; \
    echo @uptime; cat /proc/uptime; \
    echo @disk; df -P -k /; \
    echo @gpus; \
    if command -v nvidia-smi >/dev/null 2>&1; then timeout 5 nvidia-smi --query-gpu=\
index,name,temperature.gpu,utilization.gpu,memory.used,memory.total,power.draw,power.limit \
    --format=csv,noheader,nounits 2>/dev/null; fi; \
    echo @end'";

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error(transparent)]
    Ssh(#[from] ssh::Error),
    #[error("{0}")]
    Malformed(#[from] Malformed),
    #[error("it cannot be read; is it a Linux machine? {0}")]
    Command(String),
}

/// Logs in.
///
/// # Errors
/// When that cannot be done; see [`ssh::Session::connect`].
pub async fn connect(
    addresses: &[SocketAddr],
    user: &User,
    credential: &Credential,
    pinned: Option<&Fingerprint>,
) -> Result<Session, ssh::Error> {
    Session::connect(addresses, user, credential, pinned, CONNECT).await
}

/// How the machine is now.
///
/// # Errors
/// When it does not answer, or not with what a Linux machine answers.
pub async fn read(session: &Session) -> Result<Reading, RemoteError> {
    let output = session.run(COMMAND, Limit { time: COMMAND_TIME, bytes: BYTES }).await?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    parse(&stdout).map_err(|malformed| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let said = text::clean(stderr.lines().next().unwrap_or_default(), 200);
        if output.exit == Some(0) || said.is_empty() { malformed.into() } else { RemoteError::Command(said) }
    })
}

fn parse(stdout: &str) -> Result<Reading, Malformed> {
    // What an account's start-up files write comes before.
    let part = |from: &str, to: &str| {
        let (_, rest) = stdout.split_once(&format!("@{from}\n"))?;
        rest.split_once(&format!("@{to}\n")).map(|(part, _)| part)
    };
    let lacks = Malformed("the answer");
    Reading::of(&Texts {
        before: part("before", "after").ok_or(lacks)?,
        after: part("after", "meminfo").ok_or(lacks)?,
        meminfo: part("meminfo", "loadavg").ok_or(lacks)?,
        loadavg: part("loadavg", "uptime").ok_or(lacks)?,
        uptime: part("uptime", "disk").ok_or(lacks)?,
        disk: disk(part("disk", "gpus").ok_or(lacks)?)?,
        gpus: part("gpus", "end").ok_or(lacks)?,
    })
}

/// Used and all bytes, of the second line that POSIX has df write: name, blocks, used, available, capacity, where.
fn disk(df: &str) -> Result<(u64, u64), Malformed> {
    let malformed = Malformed("the size of /");
    let line = df.lines().nth(1).ok_or(malformed)?;
    // The name may have spaces; what follows has not.
    let words: Vec<&str> = line.split_whitespace().rev().collect();
    let [_, _, _, used, all, ..] = words[..] else { return Err(malformed) };
    let bytes = |word: &str| word.parse().ok().and_then(|kib: u64| kib.checked_mul(1024)).ok_or(malformed);
    Ok((bytes(used)?, bytes(all)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_is_read_as_posix_has_it() {
        let head = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
        let read = |line: &str| disk(&format!("{head}{line}\n"));
        assert_eq!(read("/dev/sda1 1000 250 750 25% /"), Ok((256_000, 1_024_000)));
        assert_eq!(read("a name with spaces 1000 250 750 25% /"), Ok((256_000, 1_024_000)));
        for bad in ["", "x", "/dev/sda1 a b c d /", "/dev/sda1 18446744073709551615 1 1 1% /"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(disk("").is_err());
    }

    #[test]
    fn an_answer_is_read_whatever_the_account_says_before_it() {
        let answer = "Welcome!\n@before\ncpu  1 1 1 1 1 1 1 1\ncpu0 1\n@after\ncpu  2 2 2 2 2 2 2 2\ncpu0 1\n@meminfo\n\
             MemTotal: 9 kB\nMemAvailable: 3 kB\n@loadavg\n0 0 0 1/1 1\n@uptime\n5.0\n@disk\nFilesystem\n\
             /dev/x 10 5 5 50% /\n@gpus\n@end\n";
        let reading = parse(answer).unwrap();
        assert_eq!((reading.memory_total, reading.disk_used, reading.uptime), (9 * 1024, 5 * 1024, 5));
        for lacking in
            ["@before\n", "@after\n", "@meminfo\n", "@loadavg\n", "@uptime\n", "@disk\n", "@gpus\n", "@end\n"]
        {
            assert!(parse(&answer.replace(lacking, "")).is_err(), "{lacking}");
        }
    }

    #[test]
    fn the_command_asks_for_what_is_parsed() {
        assert!(COMMAND.contains(super::super::reading::GPU_QUERY) && !COMMAND.contains('\n'));
    }
}
