//! Free directives, and commands that keepalived runs, need a permission of their own; this finds out whether a change
//! touches any.

use std::sync::Arc;

use crate::state::Document;

/// Whether two documents have the same free directives in the same places. Without a document before, there were none.
pub(super) fn same(before: Option<&Document>, after: &Document) -> bool {
    let Some(before) = before else { return all(after).next().is_none() };
    // Entities that both documents share cannot differ; that leaves little to compare.
    let backends = &after.haproxy.backends;
    if before.haproxy.backends.len() == backends.len()
        && before.haproxy.backends.iter().zip(backends).all(|(a, b)| Arc::ptr_eq(a, b))
    {
        return all_but_backends(before).eq(all_but_backends(after));
    }
    all(before).eq(all(after))
}

/// Every free directive with the place it stands in, and every command that keepalived runs as root.
fn all(document: &Document) -> impl Iterator<Item = (&str, &str, &str)> {
    let backends = document.haproxy.backends.iter().flat_map(|backend| {
        let id = backend.id.as_str();
        let servers = backend.servers.iter().flat_map(move |server| {
            server.advanced_directives.iter().map(move |line| (id, server.name.as_str(), line.as_str()))
        });
        backend.advanced_directives.iter().map(move |line| (id, "", line.as_str())).chain(servers)
    });
    all_but_backends(document).chain(backends)
}

fn all_but_backends(document: &Document) -> impl Iterator<Item = (&str, &str, &str)> {
    let global = document.haproxy.global_settings.advanced_directives.iter().map(|line| ("", "", line.as_str()));
    let defaults = document
        .haproxy
        .defaults_blocks
        .iter()
        .flat_map(|block| block.advanced_directives.iter().map(|line| (block.id.as_str(), "", line.as_str())));
    let scripts =
        document.keepalived.track_scripts.iter().map(|script| (script.id.as_str(), "script", script.script.as_str()));
    let notices = document.keepalived.sync_groups.iter().flat_map(|group| {
        let commands =
            [("master", &group.notify_master), ("backup", &group.notify_backup), ("fault", &group.notify_fault)];
        commands.into_iter().filter_map(|(when, command)| Some((group.id.as_str(), when, command.as_ref()?.as_str())))
    });
    global.chain(defaults).chain(scripts).chain(notices)
}
