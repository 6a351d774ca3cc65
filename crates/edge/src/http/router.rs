//! The edge API as a table.

use axum::extract::FromRef;
use platform::{
    http::{
        error::Family,
        routes::{Access, Definitions, Routes},
    },
    permissions::Permission,
};
use serde_json::Value;
use utoipa_axum::routes;

use super::{haproxy, snapshots, state, watch};
use crate::{Edge, state::Document};

/// A document of ten thousand backends has five megabytes.
const DOCUMENT_BYTES: usize = 64 << 20;

/// The definitions of the document's JSON Schema, as the OpenAPI document refers to them.
fn document_schemas() -> Definitions {
    let mut schema = Document::json_schema();
    refer_to_components(&mut schema);
    match schema.get_mut("$defs").map(Value::take) {
        Some(Value::Object(definitions)) => definitions,
        _ => Definitions::new(),
    }
}

fn refer_to_components(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#/components/schemas/{name}");
            }
            members.values_mut().for_each(refer_to_components);
        }
        Value::Array(items) => items.iter_mut().for_each(refer_to_components),
        _ => {}
    }
}

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
        .define(document_schemas())
        // The document
        .add(read, routes!(state::get_state))
        .add(write, routes!(state::put_state))
        .add(write, routes!(state::patch_state))
        .add(write, routes!(state::plan_state))
        .add(read, routes!(state::get_state_schema))
        // Its history
        .add(Access::needs(Permission::EdgeSnapshotsRead), routes!(snapshots::list_snapshots))
        .add(Access::needs(Permission::EdgeSnapshotsRead), routes!(snapshots::get_snapshot))
        .add(Access::needs(Permission::EdgeSnapshotsRead), routes!(snapshots::diff_snapshots))
        .add(Access::needs(Permission::EdgeSnapshotsRestore), routes!(snapshots::plan_restore))
        .add(Access::needs(Permission::EdgeSnapshotsRestore), routes!(snapshots::restore_snapshot))
        // HAProxy and keepalived
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(haproxy::get_haproxy_cfg))
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(haproxy::get_control_strategy))
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(haproxy::get_keepalived_cfg))
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(watch::get_status))
        .add(Access::needs(Permission::EdgeHaproxyRead), routes!(watch::list_servers))
        .add(Access::needs(Permission::EdgeHaproxyProbe), routes!(watch::probe_haproxy))
        .add(control, routes!(haproxy::reload_haproxy))
        .add(control, routes!(haproxy::start_haproxy))
        .add(control, routes!(haproxy::stop_haproxy))
}
