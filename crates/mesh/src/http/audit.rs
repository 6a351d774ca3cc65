//! The area's part of the one audit log, in the documented shape.

use axum::{Json, extract::State};
use platform::{
    audit::{self, Query, Row},
    http::{body::QueryOf, error::Error},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::registry::CATEGORY;
use crate::{Mesh, text};

/// One entry.
#[derive(Serialize, ToSchema)]
#[schema(as = MeshAuditEntry)]
pub(super) struct Entry {
    timestamp: String,
    action: String,
    /// `success` or `failure`.
    status: &'static str,
    pub(super) message: String,
    /// The user of the operating system, or the account.
    user: String,
    details: Value,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let is_done = row.outcome == "ok";
        let details = row.details.filter(Value::is_object).unwrap_or_else(|| json!({}));
        Self {
            timestamp: text::seconds(row.ts),
            status: if is_done { "success" } else { "failure" },
            message: message(&row.action, row.target.as_deref().unwrap_or_default(), is_done, &details),
            user: row.actor.strip_prefix("local:").unwrap_or(&row.actor).to_owned(),
            action: row.action,
            details,
        }
    }
}

fn message(action: &str, name: &str, is_done: bool, details: &Value) -> String {
    let field = |key: &str| details.get(key).and_then(Value::as_str).unwrap_or_default();
    let why = || format!(": {}", field("error"));
    match (action, is_done) {
        ("service_register", true) => format!("Registered service: {name} ({}:{})", field("host"), field("port")),
        ("service_register", false) => format!("Service could not be registered: {name}{}", why()),
        ("service_deregister", true) => format!("Deregistered service: {name}"),
        ("service_deregister", false) => format!("Service could not be deregistered: {name}{}", why()),
        ("cert_rotate", true) => format!("Certificate rotated for service: {name}"),
        ("cert_rotate", false) => format!("Certificate could not be rotated: {name}{}", why()),
        ("cert_issue", _) => format!("Certificate issued by ACME: {name}"),
        ("cert_revoke", _) => format!("Certificate revoked: {name}"),
        ("acme_account_create", _) => format!("ACME account made: {name}"),
        ("acme_account_change", _) => format!("ACME account changed: {name}"),
        ("acme_account_deactivate", _) => format!("ACME account deactivated: {name}"),
        ("acme_key_change", _) => format!("ACME account has another key: {name}"),
        ("dns_txt_set", true) => format!("TXT records set: {name}"),
        ("dns_txt_set", false) => format!("TXT records could not be set: {name}{}", why()),
        ("dns_txt_remove", true) => format!("TXT records removed: {name}"),
        ("dns_txt_remove", false) => format!("TXT records could not be removed: {name}{}", why()),
        ("ca_rotate", true) => format!("Internal CA rotated, and {} certificates with it", details["certificates"]),
        ("ca_rotate", false) => format!("Internal CA could not be rotated{}", why()),
        ("dns_flush", true) => "DNS cache flushed".to_owned(),
        ("dns_flush", false) => format!("DNS cache could not be flushed{}", why()),
        ("caddy_reload", true) => "Caddy configuration reloaded".to_owned(),
        ("caddy_reload", false) => format!("Caddy configuration could not be reloaded{}", why()),
        ("ca_trust_install", true) => "Internal CA installed into system trust store".to_owned(),
        ("ca_trust_install", false) => format!("Internal CA trust install failed{}", why()),
        ("server_add", true) => format!("Added server: {name} ({})", field("host")),
        ("server_add", false) => format!("Server could not be added: {name}{}", why()),
        ("server_remove", _) => format!("Removed server: {name}"),
        ("server_key_changed", _) => format!("{name} shows another host key: {}", field("offered")),
        ("server_key_trust", true) => format!("Host key of {name} is now {}", field("fingerprint")),
        ("server_key_trust", false) => format!("Host key of {name} was not pinned: it shows another one"),
        ("health_change", _) => format!("{name} is {} (was {})", field("to"), field("from")),
        (other, _) => format!("{other} {name}"),
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Limit {
    /// How many entries, newest first: 1 to 500, 50 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<String>,
}

impl Limit {
    /// How many are asked for.
    ///
    /// # Errors
    /// When it is none of the documented numbers.
    pub(super) fn number(&self) -> Result<u32, Error> {
        match self.limit.as_deref().map(str::parse) {
            None => Ok(50),
            Some(Ok(limit)) if (1..=500).contains(&limit) => Ok(limit),
            Some(_) => Err(Error::unprocessable("mesh.invalid", "limit must be a number from 1 to 500")),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshAudit)]
pub(super) struct Entries {
    entries: Vec<Entry>,
    /// How many are in this answer.
    total: usize,
}

/// The newest entries of the area.
#[utoipa::path(get, path = "/mesh/api/audit", tag = "Mesh", operation_id = "mesh_list_audit", params(Limit),
    responses((status = 200, description = "Entries, newest first.", body = Entries),
        (status = 422, description = "`limit` is not between 1 and 500.")))]
pub(super) async fn list_audit(
    State(mesh): State<Mesh>,
    QueryOf(query): QueryOf<Limit>,
) -> Result<Json<Entries>, Error> {
    let query = Query { limit: Some(query.number()?), category: Some(CATEGORY.to_owned()), ..Query::default() };
    let entries: Vec<Entry> = audit::list(&mesh.db, &query).await?.into_iter().map(Entry::from).collect();
    let total = entries.len();
    Ok(Json(Entries { entries, total }))
}
