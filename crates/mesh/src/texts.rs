//! Texts in the zone (TXT records): for DNS challenges, and whatever else a name is to say.

use platform::{
    audit::{self, Entry, Outcome},
    events,
};
use serde_json::json;

use crate::Mesh;
use crate::publish::{PublishError, What};
use crate::registry::{CATEGORY, Refusal};
use crate::service::Invalid;
use crate::store;

/// The most texts of one name.
const VALUES: usize = 20;
/// The most names with texts.
const NAMES: i64 = 1_000;

/// What becomes of the texts of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These and no others.
    Set(Vec<String>),
    /// This one too, unless it is there.
    Add(String),
    /// None any more.
    Remove,
}

/// The whole name below the domain that a text means: `_acme-challenge.core`, or the same with the domain.
///
/// # Errors
/// When it is none.
pub fn whole_name(text: &str, domain: &str) -> Result<String, Invalid> {
    let lower = text.to_ascii_lowercase();
    let whole = match lower.strip_suffix('.') {
        Some(whole) => whole.to_owned(),
        None if lower.ends_with(&format!(".{domain}")) => lower,
        None => format!("{lower}.{domain}"),
    };
    // The zone itself knows best which names it can have.
    let checked = dns::Zone::new(domain).and_then(|zone| zone.with_text(&format!("{whole}."), ""));
    checked.map(|_| whole).map_err(|error| Invalid(error.to_string()))
}

fn check(values: &[String]) -> Result<(), Invalid> {
    if values.is_empty() || values.len() > VALUES {
        return Err(Invalid(format!("values must be 1 to {VALUES} texts")));
    }
    let is_bad = |value: &String| value.len() > dns::TEXT_OCTETS || value.chars().any(char::is_control);
    if values.iter().any(is_bad) {
        return Err(Invalid("a text has at most 255 octets, and no control characters".to_owned()));
    }
    Ok(())
}

impl Mesh {
    /// Changes the texts of a whole name; when this returns, they are answered. Tells what they are.
    ///
    /// # Errors
    /// When it is not allowed, or the DNS server cannot be told; everything is as before then. [`Refusal::Unknown`] when
    /// there is nothing to remove.
    pub async fn change_texts(&self, actor: &str, name: &str, change: Change) -> Result<Vec<String>, Refusal> {
        let (actor, name) = (actor.to_owned(), name.to_owned());
        self.to_the_end(async move |mesh| mesh.change_texts_now(&actor, &name, change).await).await
    }

    async fn change_texts_now(&self, actor: &str, name: &str, change: Change) -> Result<Vec<String>, Refusal> {
        let ca = self.ca().await?;
        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        let before = store::texts_of(&mut tx, name).await?;
        let (action, after) = match change {
            Change::Set(values) => ("dns_txt_set", values),
            Change::Add(value) if before.contains(&value) => ("dns_txt_set", before.clone()),
            Change::Add(value) => ("dns_txt_set", before.iter().cloned().chain([value]).collect()),
            Change::Remove if before.is_empty() => return Err(Refusal::Unknown(name.to_owned())),
            Change::Remove => ("dns_txt_remove", Vec::new()),
        };
        if action == "dns_txt_set" {
            check(&after)?;
            if before.is_empty() && store::count_texts(&mut tx).await? >= NAMES {
                return Err(Invalid(format!("{NAMES} names have texts already")).into());
            }
        }
        store::set_texts(&mut tx, name, &after).await?;
        let entry = Entry::new(actor, CATEGORY, action).target(name);
        let audit = audit::open(&mut tx, entry.details(json!({ "name": name, "values": after }))).await?;
        tx.commit().await?;
        // DNS is told before Caddy, so whatever Caddy says, the texts are answered.
        let failure = match self.publisher.publish(&ca, What::Texts).await {
            Ok(()) | Err(PublishError::Caddy(_)) => None,
            Err(error) => Some(error),
        };
        let mut tx = self.db.begin().await?;
        match &failure {
            None => {
                audit::complete(&mut tx, audit, Outcome::Ok, json!({})).await?;
                events::append(&mut tx, "mesh.dns", &json!({ "name": name })).await?;
            }
            Some(error) => {
                store::set_texts(&mut tx, name, &before).await?;
                audit::complete(&mut tx, audit, Outcome::Error, json!({ "error": error.to_string() })).await?;
            }
        }
        tx.commit().await?;
        match failure {
            None => Ok(after),
            Some(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_below_the_domain_in_either_form() {
        let name = |text| whole_name(text, "qp.local").ok();
        for text in ["_acme-challenge.Core", "_acme-challenge.core.QP.local", "_acme-challenge.core.qp.local."] {
            assert_eq!(name(text).as_deref(), Some("_acme-challenge.core.qp.local"), "{text}");
        }
        for bad in ["", ".", "qp.local.", "example.com.", "a b", "a/b", "a\n", "*.core", "-a", "x..y"] {
            assert_eq!(name(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn texts_are_bounded() {
        assert!(check(&["x".repeat(255)]).is_ok());
        for bad in [vec![], vec!["x".repeat(256)], vec!["a\nb".to_owned()], vec!["x".to_owned(); 21]] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }
}
