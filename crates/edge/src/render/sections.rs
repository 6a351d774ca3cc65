//! The small sections: resolvers, peers, mailers, rings, certificate stores, and the files of maps.

use std::collections::BTreeMap;

use super::context::{Context, Needs};
use super::writer::Out;
use super::{File, Listen, values};
use crate::state::sections::{CrtStore, Mailers, MapFile, Peers, Resolvers, Ring, RingFormat};

pub(super) fn render(out: &mut Out, cx: &Context<'_>, needs: &Needs<'_>, listens: &mut Vec<Listen>) {
    out.enter("haproxy");
    let sections = &cx.document.haproxy;
    if needs.docker && !sections.resolvers.iter().any(|section| section.name == "docker") {
        // The name server that the engine of a container network offers in it.
        out.section("resolvers").key("docker");
        out.line("nameserver").key("dns").key("127.0.0.11:53");
    }
    macro_rules! each {
        ($field:ident, $key:literal, $render:expr) => {
            out.enter($key);
            for (index, section) in sections.$field.iter().enumerate() {
                out.at(index, |out| $render(out, section));
            }
            out.leave();
        };
    }
    each!(resolvers, "resolvers", resolvers);
    each!(peers, "peers", |out: &mut Out, section| peers(out, cx, section, listens));
    each!(mailers, "mailers", mailers);
    each!(rings, "rings", |out: &mut Out, section| ring(out, cx, section));
    each!(crt_stores, "crtStores", |out: &mut Out, section| crt_store(out, cx, section));
    out.leave();
}

fn resolvers(out: &mut Out, section: &Resolvers) {
    out.section("resolvers").arg(&section.name);
    for server in &section.nameservers {
        out.line("nameserver").arg(&server.name).arg(&server.address);
    }
    if let Some(size) = section.accepted_payload_size {
        out.line("accepted_payload_size").num(size.get());
    }
    for (keyword, duration) in [
        ("hold valid", &section.hold_valid),
        ("hold obsolete", &section.hold_obsolete),
        ("hold nx", &section.hold_nx),
        ("timeout resolve", &section.timeout_resolve),
        ("timeout retry", &section.timeout_retry),
    ] {
        if let Some(duration) = duration {
            out.line(keyword).duration(duration);
        }
    }
    if let Some(count) = section.resolve_retries {
        out.line("resolve_retries").num(count.get());
    }
}

fn peers(out: &mut Out, cx: &Context<'_>, section: &Peers, listens: &mut Vec<Listen>) {
    out.section("peers").arg(&section.name);
    for peer in &section.peers {
        out.line("peer").arg(&peer.name).arg(&peer.address);
        // The peer that bears this node's name is the one that listens here.
        if cx.target.node.as_deref() == Some(peer.name.as_str()) {
            listens.push(Listen { address: peer.address.to_string(), path: out.path() });
        }
    }
}

fn mailers(out: &mut Out, section: &Mailers) {
    out.section("mailers").arg(&section.name);
    if let Some(duration) = &section.timeout {
        out.line("timeout mail").duration(duration);
    }
    for mailer in &section.mailers {
        out.line("mailer").arg(&mailer.name).arg(&mailer.address);
    }
}

fn ring(out: &mut Out, cx: &Context<'_>, section: &Ring) {
    if section.size.is_some_and(|size| size.get() < 16_384) && !cx.target.since((3, 0)) {
        out.issue_at("size", format!("must be at least 16384 on HAProxy {}", cx.target.version));
    }
    out.section("ring").arg(&section.name);
    if let Some(description) = section.description.as_ref().filter(|text| !text.is_empty()) {
        out.line("description").arg(description);
    }
    if let Some(format) = section.format {
        out.line("format").key(match format {
            RingFormat::Raw => "raw",
            RingFormat::Rfc3164 => "rfc3164",
            RingFormat::Rfc5424 => "rfc5424",
            RingFormat::Short => "short",
            RingFormat::Priority => "priority",
            RingFormat::Timed => "timed",
            RingFormat::Iso => "iso",
        });
    }
    if let Some(length) = section.maxlen {
        out.line("maxlen").num(length.get());
    }
    if let Some(size) = section.size {
        out.line("size").num(size.get());
    }
    for (keyword, duration) in
        [("timeout connect", &section.timeout_connect), ("timeout server", &section.timeout_server)]
    {
        if let Some(duration) = duration {
            out.line(keyword).duration(duration);
        }
    }
    for server in &section.servers {
        out.line("server").arg(&server.name).arg(&server.address);
    }
}

fn crt_store(out: &mut Out, cx: &Context<'_>, section: &CrtStore) {
    if let Some(message) = cx.lacks((3, 0), "a \"crt-store\" section") {
        out.issue(message);
        return;
    }
    out.section("crt-store").arg(&section.name);
    if let Some(base) = &section.crt_base {
        out.line("crt-base").arg(base);
    }
    if let Some(base) = &section.key_base {
        out.line("key-base").arg(base);
    }
    out.enter("loadEntries");
    for (index, entry) in section.load_entries.iter().enumerate() {
        out.enter(index);
        // HAProxy would want an `acme` section with an account key of its own, which no generation may hold: it would be
        // another one after every apply.
        if entry.acme.is_some() {
            out.issue_at(
                "acme",
                "HAProxy's own ACME client is not used here: certificates are issued outside HAProxy; leave this out",
            );
        }
        out.line("load")
            .pair("crt", Some(&entry.crt))
            .pair("key", entry.key.as_deref())
            .pair("alias", entry.alias.as_deref());
        out.leave();
    }
    out.leave();
}

/// The file of a map, beside the configuration.
pub fn map_file(map: &MapFile) -> String {
    format!("maps/{}.map", map.name)
}

/// The files of all maps, whether rules use them or not.
pub(super) fn maps(out: &mut Out, cx: &Context<'_>, files: &mut BTreeMap<String, File>) {
    out.enter("haproxy");
    out.enter("maps");
    for (index, map) in cx.document.haproxy.maps.iter().enumerate() {
        out.enter(index);
        let mut text = String::new();
        out.enter("entries");
        for (index, entry) in map.entries.iter().enumerate() {
            let fault = if entry.key.contains(char::is_whitespace) {
                Some(("key", "must not hold white space: HAProxy ends the key there"))
            } else if entry.key.starts_with('#') {
                Some(("key", "must not begin with #: HAProxy takes the line for a comment"))
            } else if entry.value.trim() != entry.value.as_str() {
                Some(("value", "must not begin or end with white space: HAProxy drops it"))
            } else {
                None
            };
            if let Some((key, message)) = fault {
                out.at(index, |out| out.issue_at(key, message));
            }
            text.push_str(&entry.key);
            text.push(' ');
            text.push_str(&entry.value);
            text.push('\n');
        }
        out.leave();
        out.leave();
        files.insert(map_file(map), File { bytes: text.into_bytes(), secret: false });
    }
    out.leave();
    out.leave();
}

/// Whether all keys of a map are addresses or networks, so that `map_ip` can load it.
pub(super) fn is_network_map(map: &MapFile) -> bool {
    map.entries.iter().all(|entry| values::is_network(&entry.key))
}
