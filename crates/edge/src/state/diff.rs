//! What changed between two documents, in words of the document: this server of that backend, this field of it.
//!
//! Entities are matched by their keys, never by their index, so an insertion at the front is one addition and not
//! a change of everything behind it. Entities that both documents share are told equal by their address. Secrets
//! are compared but never shown. `meta` is no part of it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use platform::http::openapi::PathStep;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use shape::{Extra, Secrets, Shape, Step, to_value};

use super::document::Document;

/// What happened to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is the same entity with other fields.
    Changed,
    /// It is gone.
    Removed,
    /// It is at another place among its neighbours.
    Moved,
}

/// One entity (or one section without entities) that differs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = EntityChange)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The section it belongs to, such as `backends` or `tls.certs`.
    pub section: &'static str,
    /// What tells the entity from its neighbours; sections without entities have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is, in the new document, or in the old one when it is gone.
    #[schema(value_type = Vec<PathStep>)]
    pub path: Vec<Step>,
    /// The fields that differ, when it changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// One field of an entity that differs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldChange {
    /// Where it is, from the entity on.
    #[schema(value_type = Vec<PathStep>)]
    pub path: Vec<Step>,
    /// What it was; absent when it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Everything that differs between two documents, section by section.
pub fn diff(before: &Document, after: &Document) -> Vec<Change> {
    let mut changes = Changes::default();
    let (b, a) = (&before.haproxy, &after.haproxy);
    changes.single("globalSettings", &["haproxy", "globalSettings"], &b.global_settings, &a.global_settings, &[]);
    macro_rules! shared {
        ($($section:literal: $list:ident),+) => {
            $(changes.list($section, &["haproxy", $section], &b.$list, &a.$list, same);)+
        };
    }
    shared! {
        "defaultsBlocks": defaults_blocks, "httpErrorsSections": http_errors_sections, "frontends": frontends,
        "backends": backends, "resolvers": resolvers, "peers": peers, "mailers": mailers, "rings": rings,
        "crtStores": crt_stores, "maps": maps
    }
    changes.extra(&["haproxy"], &b.extra, &a.extra);

    let (b, a) = (before, after);
    macro_rules! lists {
        ($($section:literal, $path:expr, $($list:ident).+;)+) => {
            $(changes.list($section, &$path, &b.$($list).+, &a.$($list).+, PartialEq::eq);)+
        };
    }
    changes.list("acls", &["acls"], &b.acls, &a.acls, same);
    lists! {
        "tls.providers", ["tls", "providers"], tls.providers;
        "tls.certs", ["tls", "certs"], tls.certs;
        "acmeAccounts", ["acmeAccounts"], acme_accounts;
        "trustedCas", ["trustedCas"], trusted_cas;
        "trustedCrls", ["trustedCrls"], trusted_crls;
        "securityProfiles", ["securityProfiles"], security_profiles;
        "authProviders", ["authProviders"], auth_providers;
        "notifications.channels", ["notifications", "channels"], notifications.channels;
        "keepalived.trackScripts", ["keepalived", "trackScripts"], keepalived.track_scripts;
        "keepalived.instances", ["keepalived", "instances"], keepalived.instances;
        "keepalived.syncGroups", ["keepalived", "syncGroups"], keepalived.sync_groups;
    }
    changes.single("tls", &["tls"], &b.tls, &a.tls, &["providers", "certs"]);
    changes.single("letsencrypt", &["letsencrypt"], &b.letsencrypt, &a.letsencrypt, &[]);
    changes.single("notifications", &["notifications"], &b.notifications, &a.notifications, &["channels"]);
    changes.single("geoip", &["geoip"], &b.geoip, &a.geoip, &[]);
    let lists = ["trackScripts", "instances", "syncGroups"];
    changes.single("keepalived", &["keepalived"], &b.keepalived, &a.keepalived, &lists);
    changes.single("ui", &["ui"], &b.ui, &a.ui, &[]);
    changes.extra(&[], &b.extra, &a.extra);
    changes.found
}

/// Whether two entities are equal; one address is enough of a proof.
fn same<T: PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
    Arc::ptr_eq(a, b) || **a == **b
}

#[derive(Default)]
struct Changes {
    found: Vec<Change>,
}

impl Changes {
    fn list<T: Shape>(
        &mut self,
        section: &'static str,
        prefix: &[&'static str],
        before: &[T],
        after: &[T],
        same: impl Fn(&T, &T) -> bool,
    ) {
        let at =
            |index: usize| prefix.iter().map(|&key| Step::Field(key)).chain([Step::Index(index)]).collect::<Vec<_>>();
        let change = |kind, entity: &T, index, fields| Change {
            kind,
            section,
            id: entity.key().map(str::to_owned),
            name: name_of(entity),
            path: at(index),
            fields,
        };
        // Mostly everything is where it was, and then there is no need to look for it.
        let in_place = |(b, a): (&T, &T)| same(b, a) || (b.key().is_some() && b.key() == a.key());
        if before.len() == after.len() && before.iter().zip(after).all(in_place) {
            for (index, (was, entity)) in before.iter().zip(after).enumerate() {
                if !same(was, entity) {
                    self.found.push(change(ChangeKind::Changed, entity, index, fields(was, entity, &[])));
                }
            }
            return;
        }
        let old: HashMap<&str, usize> = keys(before);
        let new: HashMap<&str, usize> = keys(after);
        for (index, entity) in before.iter().enumerate() {
            if entity.key().is_none_or(|key| !new.contains_key(key)) {
                self.found.push(change(ChangeKind::Removed, entity, index, Vec::new()));
            }
        }
        let counterpart = |entity: &T| entity.key().and_then(|key| old.get(key).copied());
        let kept: Vec<usize> = after.iter().filter_map(counterpart).collect();
        let in_order = longest_rise(&kept);
        for (index, entity) in after.iter().enumerate() {
            let Some(was_at) = counterpart(entity) else {
                self.found.push(change(ChangeKind::Added, entity, index, Vec::new()));
                continue;
            };
            if !in_order.contains(&was_at) {
                self.found.push(change(ChangeKind::Moved, entity, index, Vec::new()));
            }
            let was = &before[was_at];
            if !same(was, entity) {
                let fields = fields(was, entity, &[]);
                self.found.push(change(ChangeKind::Changed, entity, index, fields));
            }
        }
    }

    /// A section that is one object. `lists` are keys of it that are sections of their own.
    fn single<T: Shape + PartialEq>(
        &mut self,
        section: &'static str,
        path: &[&'static str],
        before: &T,
        after: &T,
        lists: &[&str],
    ) {
        if before != after {
            self.changed(section, path, fields(before, after, lists));
        }
    }

    fn extra(&mut self, path: &[&'static str], before: &Extra, after: &Extra) {
        if before != after {
            let tree = |extra: &Extra| -> Value {
                extra.iter().map(|(key, value)| (key.to_owned(), value.to_value())).collect::<Map<_, _>>().into()
            };
            let (before, after) = (tree(before), tree(after));
            let mut found = Vec::new();
            let pair = Pair { clear: &before, masked: &before };
            walk(pair, Pair { clear: &after, masked: &after }, &mut Vec::new(), &mut found);
            self.changed("extra", path, found);
        }
    }

    fn changed(&mut self, section: &'static str, path: &[&'static str], fields: Vec<FieldChange>) {
        if !fields.is_empty() {
            let path = path.iter().map(|&key| Step::Field(key)).collect();
            self.found.push(Change { kind: ChangeKind::Changed, section, id: None, name: None, path, fields });
        }
    }
}

fn keys<T: Shape>(list: &[T]) -> HashMap<&str, usize> {
    list.iter().enumerate().filter_map(|(index, entity)| Some((entity.key()?, index))).collect()
}

/// What people call an entity.
fn name_of<T: Shape>(entity: &T) -> Option<String> {
    let tree = to_value(entity, Secrets::Masked);
    let name = ["name", "certName", "label"].iter().find_map(|key| tree.get(key)?.as_str());
    name.map(str::to_owned)
}

/// One value twice: as it is, to compare, and with secrets masked, to show.
#[derive(Clone, Copy)]
struct Pair<'v> {
    clear: &'v Value,
    masked: &'v Value,
}

impl<'v> Pair<'v> {
    fn get(self, key: &str) -> Option<Self> {
        Some(Self { clear: self.clear.get(key)?, masked: self.masked.get(key)? })
    }

    fn item(self, index: usize) -> Option<Self> {
        Some(Self { clear: self.clear.get(index)?, masked: self.masked.get(index)? })
    }
}

fn fields<T: Shape>(before: &T, after: &T, without: &[&str]) -> Vec<FieldChange> {
    let trees = |value: &T| {
        let mut trees = [to_value(value, Secrets::Clear), to_value(value, Secrets::Masked)];
        for map in trees.iter_mut().filter_map(Value::as_object_mut) {
            map.retain(|key, _| !without.contains(&key.as_str()));
        }
        trees
    };
    let ([before, before_masked], [after, after_masked]) = (trees(before), trees(after));
    let mut found = Vec::new();
    let before = Pair { clear: &before, masked: &before_masked };
    let after = Pair { clear: &after, masked: &after_masked };
    walk(before, after, &mut Vec::new(), &mut found);
    found
}

fn walk(before: Pair<'_>, after: Pair<'_>, path: &mut Vec<Step>, found: &mut Vec<FieldChange>) {
    if before.clear == after.clear {
        return;
    }
    match (before.clear, after.clear) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                path.push(Step::from(key.clone()));
                step(before.get(key), after.get(key), path, found);
                path.pop();
            }
        }
        (Value::Array(old), Value::Array(new)) => match (item_keys(old), item_keys(new)) {
            (Some(old), Some(new)) => walk_items(before, &old, after, &new, path, found),
            _ if old.len() == new.len() && old.iter().chain(new).all(Value::is_object) => {
                for index in 0..old.len() {
                    path.push(Step::Index(index));
                    step(before.item(index), after.item(index), path, found);
                    path.pop();
                }
            }
            _ => step_whole(Some(before), Some(after), path, found),
        },
        _ => step_whole(Some(before), Some(after), path, found),
    }
}

fn step(before: Option<Pair<'_>>, after: Option<Pair<'_>>, path: &mut Vec<Step>, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (Some(before), Some(after)) => walk(before, after, path, found),
        (None, None) => {}
        _ => step_whole(before, after, path, found),
    }
}

fn step_whole(before: Option<Pair<'_>>, after: Option<Pair<'_>>, path: &[Step], found: &mut Vec<FieldChange>) {
    found.push(FieldChange {
        path: path.to_vec(),
        before: before.map(|pair| pair.masked.clone()),
        after: after.map(|pair| pair.masked.clone()),
    });
}

/// The keys of the items of a list, when each has one of its own.
fn item_keys(items: &[Value]) -> Option<Vec<&str>> {
    let keys: Vec<&str> = items
        .iter()
        .map(|item| ["id", "name", "username"].iter().find_map(|key| item.get(key)?.as_str()))
        .collect::<Option<_>>()?;
    let different: HashSet<&str> = keys.iter().copied().collect();
    (different.len() == keys.len()).then_some(keys)
}

fn walk_items(
    before: Pair<'_>,
    old: &[&str],
    after: Pair<'_>,
    new: &[&str],
    path: &mut Vec<Step>,
    found: &mut Vec<FieldChange>,
) {
    let was_at: HashMap<&str, usize> = old.iter().enumerate().map(|(index, &key)| (key, index)).collect();
    let is_at: HashSet<&str> = new.iter().copied().collect();
    for (index, _) in old.iter().enumerate().filter(|(_, key)| !is_at.contains(*key)) {
        path.push(Step::Index(index));
        step(before.item(index), None, path, found);
        path.pop();
    }
    for (index, key) in new.iter().enumerate() {
        path.push(Step::Index(index));
        step(was_at.get(key).and_then(|&index| before.item(index)), after.item(index), path, found);
        path.pop();
    }
    let kept = |keys: &[&str], other: &dyn Fn(&str) -> bool| -> Vec<String> {
        keys.iter().filter(|key| other(key)).map(|&key| key.to_owned()).collect()
    };
    let old_order = kept(old, &|key| is_at.contains(key));
    let new_order = kept(new, &|key| was_at.contains_key(key));
    if old_order != new_order {
        found.push(FieldChange { path: path.clone(), before: Some(old_order.into()), after: Some(new_order.into()) });
    }
}

/// The values of a longest rising subsequence: what is not in it has moved, and no smaller set could have.
fn longest_rise(values: &[usize]) -> HashSet<usize> {
    // For each length, the position of the smallest value that ends a rise of that length.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(values.len());
    for (position, &value) in values.iter().enumerate() {
        let length = ends.partition_point(|&end| values[end] < value);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(position);
        } else {
            ends[length] = position;
        }
    }
    let mut rise = HashSet::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(position) = at {
        rise.insert(values[position]);
        at = before[position];
    }
    rise
}
