//! Changes to a part of a document: JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396).
//!
//! A patch sees the document as a reader of it does: nested layout, secrets as `***`. What it makes of it is read
//! like any document. When all operations lie within one backend (or another entity of a long list), only that
//! entity is read again and everything else is shared, so that a new weight costs the same in a document of ten
//! backends and in one of ten thousand.

use std::sync::Arc;

use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::Value;
use shape::{Issue, Reader, Secrets, Shape, to_value};

use super::access::{ReadError, read};
use super::document::Document;
use super::layout;
use super::references;

/// So many bytes may `copy` operations add, all together: each could double the document.
const MOST_COPIED: usize = 8 << 20;

/// More operations than anyone writes; each may have to shift a long list.
const MOST_OPERATIONS: usize = 10_000;

/// Which kind of patch a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// `application/json-patch+json`
    JsonPatch,
    /// `application/merge-patch+json`
    MergePatch,
}

/// Why a patch was not applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PatchError {
    /// The body is not a patch; the message says where.
    #[error("{0}")]
    Malformed(String),
    /// An operation names a place that is not there.
    #[error("operation {operation} at {path:?}: {message}")]
    Pointer {
        /// The index of the operation.
        operation: usize,
        /// Its path.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A `test` operation found another value: the document is not what the sender thought.
    #[error("operation {operation} at {path:?}: the value is not the one that was tested for")]
    TestFailed {
        /// The index of the operation.
        operation: usize,
        /// Its path.
        path: String,
    },
    /// The copies would make the document too large.
    #[error("operation {operation}: copies of more than {MOST_COPIED} bytes")]
    TooLarge {
        /// The index of the operation.
        operation: usize,
    },
    /// What the patch makes of the document is not valid.
    #[error("the patched document has {} issue(s)", .0.len())]
    Issues(Vec<Issue>),
}

impl From<ReadError> for PatchError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Issues(issues) => Self::Issues(issues),
            other => Self::Malformed(other.to_string()),
        }
    }
}

/// The document that a patch makes of another.
pub fn apply_patch(current: &Document, kind: PatchKind, body: &[u8]) -> Result<Document, PatchError> {
    let body = shape::parse(body).map_err(|error| PatchError::Malformed(error.to_string()))?;
    let body = Value::from(&body);
    match kind {
        PatchKind::MergePatch => {
            let mut document = to_value(current, Secrets::Masked);
            json_patch::merge(&mut document, &body);
            Ok(read(document.to_string().as_bytes(), Some(current))?)
        }
        PatchKind::JsonPatch => {
            let patch = operations(body)?;
            if let Some(entity) = Entity::of(&patch) {
                return patch_entity(current, &entity, &patch);
            }
            let mut document = to_value(current, Secrets::Masked);
            apply(&mut document, &patch, "")?;
            Ok(read(document.to_string().as_bytes(), Some(current))?)
        }
    }
}

fn operations(body: Value) -> Result<Vec<PatchOperation>, PatchError> {
    let Value::Array(operations) = body else {
        return Err(PatchError::Malformed("a JSON Patch is an array of operations".to_owned()));
    };
    if operations.len() > MOST_OPERATIONS {
        let message = format!("a JSON Patch of more than {MOST_OPERATIONS} operations; send the whole document");
        return Err(PatchError::Malformed(message));
    }
    let operation = |(index, value)| {
        serde_json::from_value(value).map_err(|error| PatchError::Malformed(format!("operation {index}: {error}")))
    };
    operations.into_iter().enumerate().map(operation).collect()
}

/// Applies all operations to a value that stands at `prefix`.
fn apply(value: &mut Value, patch: &[PatchOperation], prefix: &str) -> Result<(), PatchError> {
    let mut copied = 0;
    for (operation, step) in patch.iter().enumerate() {
        let step = relative(step, prefix);
        if let PatchOperation::Copy(copy) = &step {
            copied += value.pointer(copy.from.as_str()).map_or(0, |source| source.to_string().len());
            if copied > MOST_COPIED {
                return Err(PatchError::TooLarge { operation });
            }
        }
        json_patch::patch_unsafe(value, std::slice::from_ref(&step)).map_err(|error| {
            let path = format!("{prefix}{}", error.path);
            match error.kind {
                PatchErrorKind::TestFailed => PatchError::TestFailed { operation, path },
                kind => PatchError::Pointer { operation, message: explain(&kind, &path), path },
            }
        })?;
    }
    Ok(())
}

fn explain(kind: &PatchErrorKind, path: &str) -> String {
    match kind {
        PatchErrorKind::InvalidFromPointer => "there is nothing at `from`".to_owned(),
        PatchErrorKind::CannotMoveInsideItself => "a value cannot move into itself".to_owned(),
        _ => match path.split('/').nth(1) {
            Some(section) if layout::is_section(section) => {
                format!("there is nothing at this path; `{section}` lies under `/haproxy/{section}`")
            }
            _ => "there is nothing at this path".to_owned(),
        },
    }
}

/// An operation on the document as one on the value at `prefix`.
fn relative(operation: &PatchOperation, prefix: &str) -> PatchOperation {
    let mut operation = operation.clone();
    if prefix.is_empty() {
        return operation;
    }
    let shorten = |pointer: &mut json_patch::jsonptr::PointerBuf| {
        if let Some(Ok(rest)) = pointer.as_str().strip_prefix(prefix).map(str::parse) {
            *pointer = rest;
        }
    };
    match &mut operation {
        PatchOperation::Add(op) => shorten(&mut op.path),
        PatchOperation::Remove(op) => shorten(&mut op.path),
        PatchOperation::Replace(op) => shorten(&mut op.path),
        PatchOperation::Test(op) => shorten(&mut op.path),
        PatchOperation::Move(op) => {
            shorten(&mut op.from);
            shorten(&mut op.path);
        }
        PatchOperation::Copy(op) => {
            shorten(&mut op.from);
            shorten(&mut op.path);
        }
    }
    operation
}

/// The one entity that all operations of a patch lie in.
struct Entity {
    section: &'static str,
    index: usize,
    /// Its pointer.
    prefix: String,
}

impl Entity {
    fn of(patch: &[PatchOperation]) -> Option<Self> {
        let entity = Self::at(patch.first()?.path().as_str())?;
        let inside = |pointer: &str| {
            pointer.strip_prefix(entity.prefix.as_str()).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
        };
        let all_inside = patch.iter().all(|operation| {
            let from_inside = match operation {
                PatchOperation::Move(op) => inside(op.from.as_str()),
                PatchOperation::Copy(op) => inside(op.from.as_str()),
                _ => true,
            };
            from_inside && inside(operation.path().as_str())
        });
        all_inside.then_some(entity)
    }

    fn at(pointer: &str) -> Option<Self> {
        let rest = pointer.strip_prefix("/haproxy/")?;
        let mut tokens = rest.split('/');
        let (section, index) = (tokens.next()?, tokens.next()?);
        // Pointers write indices without signs and leading zeros.
        let number: usize = index.parse().ok().filter(|n: &usize| n.to_string() == index)?;
        let section = layout::shared_section(section)?;
        Some(Self { section, index: number, prefix: format!("/haproxy/{section}/{index}") })
    }
}

fn patch_entity(current: &Document, entity: &Entity, patch: &[PatchOperation]) -> Result<Document, PatchError> {
    let mut document = current.clone();
    let mut r = Reader::new();
    let (from, to) = (&current.haproxy, &mut document.haproxy);
    macro_rules! in_list {
        ($($section:literal: $list:ident),+) => {
            match entity.section {
                $($section => replace(&from.$list, &mut to.$list, entity, patch, &mut r)?,)+
                _ => false,
            }
        };
    }
    let whole = in_list! {
        "defaultsBlocks": defaults_blocks, "httpErrorsSections": http_errors_sections, "frontends": frontends,
        "backends": backends, "resolvers": resolvers, "peers": peers, "mailers": mailers, "rings": rings,
        "crtStores": crt_stores, "maps": maps
    };
    if whole {
        if keeps_its_names(current, &document, entity) {
            references::check_one_backend(&document, entity.index, &mut r);
        } else {
            references::check(&document, &mut r);
        }
    }
    if r.is_clean() { Ok(document) } else { Err(PatchError::Issues(r.into_issues())) }
}

/// Whether the entity is a backend that nobody else has to be looked at for.
fn keeps_its_names(before: &Document, after: &Document, entity: &Entity) -> bool {
    if entity.section != "backends" {
        return false;
    }
    match (before.haproxy.backends.get(entity.index), after.haproxy.backends.get(entity.index)) {
        (Some(before), Some(after)) => before.id == after.id && before.name == after.name,
        _ => false,
    }
}

/// Puts the patched entity in its place; says whether there is one.
fn replace<T: Shape + Clone>(
    from: &[Arc<T>],
    to: &mut [Arc<T>],
    entity: &Entity,
    patch: &[PatchOperation],
    r: &mut Reader,
) -> Result<bool, PatchError> {
    let (Some(before), Some(place)) = (from.get(entity.index), to.get_mut(entity.index)) else {
        let path = patch.first().map(|operation| operation.path().to_string()).unwrap_or_default();
        let message = format!("there is nothing at this path: `{}` has {} entries", entity.section, from.len());
        return Err(PatchError::Pointer { operation: 0, path, message });
    };
    let mut value = to_value(before.as_ref(), Secrets::Masked);
    apply(&mut value, patch, &entity.prefix)?;
    let text = value.to_string();
    let json = shape::parse(text.as_bytes()).map_err(|error| PatchError::Malformed(error.to_string()))?;
    r.enter("haproxy");
    r.enter(entity.section);
    r.enter(entity.index);
    let mut after = T::read(&json, r);
    if let Some(after) = &mut after {
        after.keep_secrets(Some(before), r);
    }
    r.leave();
    r.leave();
    r.leave();
    let whole = after.is_some();
    if let Some(after) = after {
        *place = Arc::new(after);
    }
    Ok(whole)
}
