//! What differs between two stored documents, and between what they render to.

use similar::TextDiff;

use super::{ApplyError, Engine, blocking};
use crate::{
    render,
    state::{Document, diff},
};

/// Two documents side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is added, changed, removed or moved, by name.
    pub changes: Vec<diff::Change>,
    /// The unified diff of what they render to, where the HAProxy that is installed can run both.
    pub diff: Option<String>,
}

impl Engine {
    /// Compares two documents as this machine would render them. The texts show secrets only to whom they may be shown.
    pub async fn compare(
        &self,
        before: Document,
        after: Document,
        names: (String, String),
        secrets: bool,
    ) -> Result<Comparison, ApplyError> {
        // An old document may need more than the present HAProxy has; what is in it can be told all the same.
        let target = match self.target().await {
            Ok(target) => Some(target),
            Err(error) => {
                tracing::debug!(%error, "documents are compared without rendering them");
                None
            }
        };
        blocking(move || {
            let text = |document: &Document| {
                let rendered = render::render(document, target.as_ref()?).ok()?;
                Some(if secrets { rendered.cfg } else { render::mask(document, &rendered.cfg) })
            };
            let diff = text(&before).zip(text(&after)).map(|(before, after)| {
                TextDiff::from_lines(&before, &after).unified_diff().header(&names.0, &names.1).to_string()
            });
            Comparison { changes: diff::diff(&before, &after), diff }
        })
        .await
    }
}
