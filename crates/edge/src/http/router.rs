//! The edge API as a table.

use axum::extract::FromRef;
use platform::{
    http::{
        error::Family,
        routes::{Access, Routes},
    },
    permissions::Permission,
};
use utoipa_axum::routes;

use super::{haproxy, snapshots, state};
use crate::Edge;

/// A document of ten thousand backends has five megabytes.
const DOCUMENT_BYTES: usize = 64 << 20;

/// All routes of the area.
pub fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Edge: FromRef<S>,
{
    let read = Access::needs(Permission::EdgeStateRead);
    let write = Access::needs(Permission::EdgeStateWrite).body_limit(DOCUMENT_BYTES);
    let control = Access::needs(Permission::EdgeHaproxyControl);
    Routes::new(Family::Edge)
        // The document
        .add(read, routes!(state::get_state))
        .add(write, routes!(state::put_state))
        .add(write, routes!(state::patch_state))
        .add(write, routes!(state::plan_state))
        .add(read, routes!(state::get_state_schema))
        // Its history
        .add(Access::needs(Permission::EdgeSnapshotsRead), routes!(snapshots::list_snapshots))
        .add(Access::needs(Permission::EdgeSnapshotsRead), routes!(snapshots::get_snapshot))
        .add(Access::needs(Permission::EdgeSnapshotsRestore), routes!(snapshots::restore_snapshot))
        // HAProxy and keepalived
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(haproxy::get_haproxy_cfg))
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(haproxy::get_control_strategy))
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(haproxy::get_keepalived_cfg))
        .add(control, routes!(haproxy::reload_haproxy))
        .add(control, routes!(haproxy::start_haproxy))
        .add(control, routes!(haproxy::stop_haproxy))
}
