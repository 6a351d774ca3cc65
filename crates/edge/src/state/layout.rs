//! The two layouts of a document: HAProxy's sections under `haproxy`, or all at the root.
//!
//! The nested layout is the document's own. The flat one is what older tools send and, on request, receive.

use shape::{Issue, Json, Object, Reader, Secrets, Step, Writer};

/// The sections that lie under `haproxy`.
const SECTIONS: [&str; 11] = [
    "globalSettings",
    "defaultsBlocks",
    "httpErrorsSections",
    "frontends",
    "backends",
    "resolvers",
    "peers",
    "mailers",
    "rings",
    "crtStores",
    "maps",
];

/// The key that the nested layout has and the flat one has not.
const HAPROXY: &str = "haproxy";

/// Where HAProxy's sections stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Under `haproxy`.
    #[default]
    Nested,
    /// At the root.
    Flat,
}

/// Brings a document into the nested layout, and says which sections had to move.
///
/// A section in both places must be the same in both, otherwise one of them would be lost.
pub(super) fn nest<'a>(json: Json<'a>, r: &mut Reader) -> (Json<'a>, Vec<&'static str>) {
    let Json::Object(mut root) = json else {
        return (json, Vec::new());
    };
    let flat: Vec<(&'static str, Json<'a>)> =
        SECTIONS.into_iter().filter_map(|section| Some((section, root.remove(section)?))).collect();
    let mut moved = Vec::new();
    if flat.is_empty() {
        return (Json::Object(root), moved);
    }
    let nested = root.remove(HAPROXY).unwrap_or_else(|| Json::Object(Object::default()));
    let nested = match nested {
        Json::Object(mut nested) => {
            for (section, value) in flat {
                match nested.get(section) {
                    None => {
                        nested.insert(section.into(), value);
                        moved.push(section);
                    }
                    Some(same) if *same == value => {}
                    Some(_) => r.at(section, |r| {
                        r.custom(format!(
                            "`{section}` is given here and under `{HAPROXY}`, and the two differ; give one of them"
                        ));
                    }),
                }
            }
            Json::Object(nested)
        }
        // Whoever reads the document reports that this is no object.
        other => other,
    };
    root.insert(HAPROXY.into(), nested);
    (Json::Object(root), moved)
}

/// Issues with their paths as the sender knows them: without `haproxy` for the sections that were moved there.
pub(super) fn paths_as_sent(mut issues: Vec<Issue>, moved: &[&'static str]) -> Vec<Issue> {
    for issue in &mut issues {
        let is_moved = |section: &str| moved.contains(&section);
        if issue.path.first().and_then(Step::as_str) == Some(HAPROXY)
            && issue.path.get(1).and_then(Step::as_str).is_some_and(is_moved)
        {
            issue.path.remove(0);
        }
    }
    issues
}

/// A document in the nested layout, written in the flat one. What lies under `haproxy` and is no section (keys
/// that begin with `x-`) stays there.
pub(super) fn flatten(nested: &[u8]) -> Vec<u8> {
    let Ok(Json::Object(mut root)) = shape::parse(nested) else {
        return nested.to_vec();
    };
    if let Some(Json::Object(mut haproxy)) = root.remove(HAPROXY) {
        for section in SECTIONS {
            if let Some(value) = haproxy.remove(section) {
                root.insert(section.into(), value);
            }
        }
        if !haproxy.is_empty() {
            root.insert(HAPROXY.into(), Json::Object(haproxy));
        }
    }
    // Secrets are strings by now; how they are to be written was settled before.
    let mut w = Writer::new(Secrets::Masked);
    w.json(&Json::Object(root));
    w.into_bytes()
}

/// Whether a key names a section that lies under `haproxy`.
pub(super) fn is_section(key: &str) -> bool {
    SECTIONS.contains(&key)
}

/// The section of that key, if it is a list of shared entities.
pub(super) fn shared_section(key: &str) -> Option<&'static str> {
    SECTIONS.into_iter().filter(|&section| section != "globalSettings").find(|&section| section == key)
}
