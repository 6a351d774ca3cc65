//! What an audit entry is as a capsule.

use platform::audit::Row;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::time;
use crate::registry::CATEGORY;

/// The content of the capsule of an entry at this place of the chain. The same entry has the same id in every export.
#[must_use]
pub fn content(row: &Row, message: &str, sequence: u64, previous: Option<&str>) -> Value {
    let user = row.actor.strip_prefix("local:").unwrap_or(&row.actor);
    let is_system = row.actor == "system";
    let domain = if row.category == CATEGORY { "conduit" } else { row.category.as_str() };
    let is_done = row.outcome == "ok";
    let error = row.details.as_ref().and_then(|details| details.get("error")).and_then(Value::as_str);
    json!({
        "id": id(row),
        "type": "system",
        "domain": domain,
        "parent_id": null,
        "sequence": sequence,
        "previous_hash": previous,
        "spec_version": "1.0",
        "trigger": {
            "type": if is_system { "system" } else { "user_request" },
            "source": user,
            "timestamp": time(row.ts),
            "request": row.action,
            "correlation_id": null,
            "user_id": row.actor,
        },
        "context": { "agent_id": "plenum", "session_id": null, "environment": {} },
        "reasoning": {
            "analysis": "", "options": [], "options_considered": [], "selected_option": "", "reasoning": "",
            "confidence": 0.0, "model": null, "prompt_hash": null,
        },
        "authority": {
            "type": if is_system { "policy" } else { "human_approved" },
            "approver": if is_system { Value::Null } else { json!(user) },
            "policy_reference": null, "chain": [], "escalation_reason": null,
        },
        "execution": { "tool_calls": [], "duration_ms": 0, "resources_used": {} },
        "outcome": {
            "status": if is_done { "success" } else { "failure" },
            "result": row.details,
            "summary": message,
            "error": if is_done { None } else { Some(error.unwrap_or(&row.outcome)) },
            "side_effects": [],
            "metrics": {},
        },
    })
}

/// A UUID of version 8 (RFC 9562 section 5.8) from what the entry is.
fn id(row: &Row) -> String {
    let text = format!("{} {} {}", row.id, row.ts, row.hash.as_deref().unwrap_or_default());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(text)[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
