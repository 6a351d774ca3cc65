//! The access log, read from its end: the newest requests are the ones that people ask for.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use crate::names::Host;

/// What is read at a time.
const BLOCK: u64 = 256 * 1024;
/// A line that is longer is no line of Caddy's, which bounds headers to less.
const LONGEST: usize = 4 * 1024 * 1024;

/// One line of the log. The texts are the client's: nothing bounds them, and they may hold any character.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Line")]
pub struct Request {
    /// When it was answered, as in RFC 3339.
    pub at: String,
    /// The address it came from.
    pub remote: String,
    /// Such as `HTTP/2.0`.
    pub protocol: String,
    pub method: String,
    /// The host that was asked for, with a port if there was one.
    pub host: String,
    /// What was asked for. What followed a `?` is left out: it is where people put secrets.
    pub path: String,
    pub status: u16,
    /// Microseconds.
    pub took: u64,
    /// Bytes of the answer's body.
    pub size: u64,
}

#[derive(Deserialize)]
struct Line {
    ts: String,
    request: Asked,
    status: u16,
    /// Seconds.
    duration: f64,
    size: u64,
}

#[derive(Deserialize)]
struct Asked {
    remote_ip: String,
    proto: String,
    method: String,
    host: String,
    uri: String,
}

impl From<Line> for Request {
    fn from(line: Line) -> Self {
        let Asked { remote_ip, proto, method, host, mut uri } = line.request;
        uri.truncate(uri.find('?').unwrap_or(uri.len()));
        let took = (line.duration * 1e6).round() as u64;
        let (at, status, size) = (line.ts, line.status, line.size);
        Self { at, remote: remote_ip, protocol: proto, method, host, path: uri, status, took, size }
    }
}

impl Request {
    fn is_for(&self, host: &Host) -> bool {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        name.eq_ignore_ascii_case(host.as_str())
    }
}

/// The newest requests for a host, newest first, at most so many. What is no line of an access log is passed over, such
/// as one that Caddy is in the middle of. Blocks, and looks through the whole file when there are fewer.
///
/// # Errors
/// When the file is there and cannot be read. Without a file nobody has asked for anything yet.
pub fn newest(log: &Path, host: &Host, most: usize) -> io::Result<Vec<Request>> {
    let mut file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    let mut start = file.seek(SeekFrom::End(0))?;
    // The end of a line whose beginning is in an earlier block.
    let mut rest = Vec::new();
    while start > 0 && found.len() < most {
        let length = start.min(BLOCK);
        start -= length;
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        (&mut file).take(length).read_to_end(&mut block)?;
        block.append(&mut rest);
        let whole = match block.iter().position(|byte| *byte == b'\n') {
            _ if start == 0 => 0,
            Some(end) => end + 1,
            None => block.len(),
        };
        let lines = block[whole..].rsplit(|byte| *byte == b'\n');
        let requests = lines.filter_map(|line| serde_json::from_slice::<Request>(line).ok());
        found.extend(requests.filter(|request| request.is_for(host)).take(most - found.len()));
        block.truncate(whole);
        if block.len() <= LONGEST {
            rest = block;
        }
    }
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests write what Caddy writes")]
mod tests {
    use std::fs;

    use super::*;

    fn line(host: &str, uri: &str) -> String {
        format!(
            r#"{{"level":"info","ts":"2026-11-21T10:00:00.123456789Z","logger":"http.log.access.routes.dynamic.names","msg":"handled request","request":{{"remote_ip":"10.0.0.1","remote_port":"4711","proto":"HTTP/2.0","method":"GET","host":"{host}","uri":"{uri}","headers":{{"User-Agent":["curl"]}}}},"user_id":"","duration":0.0015,"size":12,"status":200,"resp_headers":{{}}}}"#
        )
    }

    fn paths(log: &Path, host: &str, most: usize) -> Vec<String> {
        let host = Host::new(host).unwrap();
        newest(log, &host, most).unwrap().into_iter().map(|request| request.path).collect()
    }

    #[test]
    fn the_newest_of_one_host_come_first_without_what_follows_a_question_mark() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("access.log");
        assert_eq!(paths(&log, "core.qp.local", 5), Vec::<String>::new(), "nobody has asked for anything");
        let lines = [
            line("core.qp.local:8443", "/first?token=secret"),
            line("other.qp.local", "/theirs"),
            "no line at all".to_owned(),
            line("CORE.qp.local", "/second"),
            line("core.qp.local.evil.example", "/theirs"),
        ];
        fs::write(&log, lines.join("\n") + "\n" + &line("core.qp.local", "/half")[..80]).unwrap();
        assert_eq!(paths(&log, "core.qp.local", 5), ["/second", "/first"]);
        assert_eq!(paths(&log, "core.qp.local", 1), ["/second"]);
        let request = newest(&log, &Host::new("core.qp.local").unwrap(), 1).unwrap().remove(0);
        assert_eq!((request.status, request.took, request.size), (200, 1500, 12));
        assert_eq!((request.remote.as_str(), request.protocol.as_str()), ("10.0.0.1", "HTTP/2.0"));
    }

    #[test]
    fn lines_across_blocks_are_found_whole_and_once() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("access.log");
        let long = "x".repeat(300 * 1024);
        let all: Vec<String> = (0..3000).map(|i| if i == 7 { format!("/{long}") } else { format!("/{i}") }).collect();
        let text: String = all.iter().map(|path| line("core.qp.local", path) + "\n").collect();
        fs::write(&log, text).unwrap();
        let newest_first: Vec<_> = all.into_iter().rev().collect();
        assert_eq!(paths(&log, "core.qp.local", usize::MAX), newest_first);
    }
}
