//! DNS-01 (RFC 8555 section 8.4): a text in the zone. The zone is ours, so it is looked at, not asked for.

use super::Problem;
use crate::Mesh;

/// Looks for the digest of the proof at the name.
pub(super) fn look(mesh: &Mesh, name: &str, digest: &str) -> Result<(), Problem> {
    let at = format!("_acme-challenge.{name}");
    let Some(zone) = mesh.publisher.dns.zone() else {
        return Err(Problem::validation("dns", "there is no zone yet"));
    };
    let texts = zone.texts(&at);
    if texts.contains(&digest) {
        return Ok(());
    }
    Err(if texts.is_empty() {
        Problem::validation("dns", format!("{at} has no TXT record; set it with PUT /mesh/api/dns/txt/{at}"))
    } else {
        Problem::validation(
            "incorrectResponse",
            format!("none of the {} TXT records of {at} is the proof", texts.len()),
        )
    })
}
