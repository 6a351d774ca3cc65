//! Lets a new document use the entities of the old one where they are equal.
//!
//! After a PUT of a large document nearly everything is as before. Sharing frees the new copies, and from then
//! on a comparison of the two documents is a comparison of pointers.

use std::collections::HashMap;
use std::sync::Arc;

use shape::Shape;

use super::document::Document;

/// Replaces every entity of `new` that equals its counterpart in `old` by that counterpart.
pub(super) fn share(new: &mut Document, old: &Document) {
    let (to, from) = (&mut new.haproxy, &old.haproxy);
    list(&mut to.defaults_blocks, &from.defaults_blocks);
    list(&mut to.http_errors_sections, &from.http_errors_sections);
    list(&mut to.frontends, &from.frontends);
    list(&mut to.backends, &from.backends);
    list(&mut to.resolvers, &from.resolvers);
    list(&mut to.peers, &from.peers);
    list(&mut to.mailers, &from.mailers);
    list(&mut to.rings, &from.rings);
    list(&mut to.crt_stores, &from.crt_stores);
    list(&mut to.maps, &from.maps);
    list(&mut new.acls, &old.acls);
}

fn list<T: Shape + PartialEq>(new: &mut [Arc<T>], old: &[Arc<T>]) {
    // Filled at the first entity that is not where it was.
    let mut by_key: Option<HashMap<&str, &Arc<T>>> = None;
    for (index, entity) in new.iter_mut().enumerate() {
        let in_place = old.get(index).filter(|before| before.key() == entity.key());
        let before = match in_place {
            Some(before) => Some(before),
            None => {
                let by_key = by_key.get_or_insert_with(|| old.iter().filter_map(|e| Some((e.key()?, e))).collect());
                entity.key().and_then(|key| by_key.get(key).copied())
            }
        };
        if let Some(before) = before
            && **before == **entity
        {
            *entity = Arc::clone(before);
        }
    }
}
