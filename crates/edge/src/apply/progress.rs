//! How far a change is, told to whoever follows the event stream. Nothing is stored, and without listeners nothing is made.

use serde_json::json;

use super::{ApplyError, Change, Engine};

/// The name under which a client recognises its own change in the news: 1 to 64 letters, digits and dashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyId(String);

impl ApplyId {
    /// A name that a client has chosen.
    pub fn parse(text: &str) -> Option<ApplyId> {
        let fits =
            (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then(|| ApplyId(text.to_owned()))
    }

    /// The name of a change that nobody waits for by name.
    pub fn unnamed() -> ApplyId {
        ApplyId(String::new())
    }

    /// The text; empty for [`ApplyId::unnamed`].
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Engine {
    /// Tells that a change has reached a step.
    pub(super) fn reached(&self, change: &Change, step: &'static str) {
        self.settings
            .news
            .tell("state.progress", || json!({ "apply": change.id.as_str(), "actor": change.actor, "step": step }));
    }

    /// Tells that a change was refused.
    pub(super) fn refused(&self, change: &Change, error: &ApplyError) {
        self.settings.news.tell(
            "state.failed",
            || json!({ "apply": change.id.as_str(), "actor": change.actor, "message": error.to_string() }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::ApplyId;

    #[test]
    fn names_are_short_and_plain() {
        assert_eq!(ApplyId::parse("0191-aB").unwrap().as_str(), "0191-aB");
        for text in ["", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert!(ApplyId::parse(text).is_none(), "{text:?}");
        }
    }
}
