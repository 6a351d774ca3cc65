//! The command line of a dnsmasq of ours.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use super::Spec;
use crate::zone::TTL;

/// The hosts file, in the directory of the process.
pub(super) const HOSTS: &str = "hosts";
/// Whom to ask for names with texts, likewise.
pub(super) const SERVERS: &str = "servers";
/// The file that it writes its process id to, likewise.
pub(super) const PID_FILE: &str = "dnsmasq.pid";

/// The arguments that make a dnsmasq of this specification.
pub(super) fn arguments(spec: &Spec, domain: &str, account: Option<&str>) -> Vec<OsString> {
    let mut all: Vec<OsString> = [
        // No settings of the machine's own dnsmasq, no names of the machine's hosts file, no servers of its resolver.
        "--conf-file=/dev/null",
        "--keep-in-foreground",
        "--log-facility=-",
        "--no-hosts",
        "--no-resolv",
        "--no-poll",
        "--bind-interfaces",
        "--bogus-priv",
        "--edns-packet-max=1232",
    ]
    .map(OsString::from)
    .into();
    all.push(with("--pid-file=", &spec.directory.join(PID_FILE)));
    all.push(with("--addn-hosts=", &spec.directory.join(HOSTS)));
    all.push(with("--servers-file=", &spec.directory.join(SERVERS)));
    let mut plain = vec![
        format!("--port={}", spec.listen.port()),
        format!("--listen-address={}", spec.listen.ip()),
        // Names below the domain are never asked of others.
        format!("--local=/{domain}/"),
        format!("--local-ttl={TTL}"),
        format!("--cache-size={}", spec.remembered),
    ];
    if spec.upstreams.is_empty() {
        // No other names exist.
        plain.push("--address=/#/".to_owned());
    }
    plain.extend(spec.upstreams.iter().map(|upstream| format!("--server={}", server(*upstream))));
    if !spec.allow_private_answers {
        plain.push("--stop-dns-rebind".to_owned());
    }
    plain.extend(account.map(|account| format!("--user={account}")));
    all.extend(plain.into_iter().map(OsString::from));
    all
}

fn server(address: SocketAddr) -> String {
    format!("{}#{}", address.ip(), address.port())
}

fn with(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}
