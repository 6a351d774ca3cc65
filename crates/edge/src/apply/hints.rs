//! Hints: HAProxy's messages, each led back to what in the document caused it.
//!
//! Two ways lead back. The renderer remembers which entity every line came from, so a message with a line number always
//! resolves. A message without one ("Proxy 'web': unable to find required default_backend") names its subject, which is
//! looked up in the document.

use haproxy::messages::{self, Kind, Message};
use serde::Serialize;
use shape::Step;

use crate::{
    render::{Listen, SourceMap},
    state::Document,
};

/// One message of the engine, in terms of the document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hint {
    /// `alert`, `warning` or `notice`.
    pub severity: String,
    /// The line of the rendered configuration, where the message has one.
    pub line: Option<u32>,
    /// What is wrong, in the engine's words.
    pub message: String,
    /// Which entity of the document it is about.
    pub entity: Option<Entity>,
    /// The same, by id, as the web app links to it.
    #[serde(rename = "ref")]
    pub reference: Option<Reference>,
    /// Where in the document.
    pub path: Vec<Step>,
    /// The engine's line as it came.
    pub raw: String,
}

/// An entity as people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// `frontend`, `backend`, `server`, `acl`, …
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// An entity as the document identifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// As [`Entity::kind`].
    pub kind: String,
    /// Its id; for a server, which has none, its backend's.
    pub id: String,
    /// What to show.
    pub label: String,
}

/// The hints in `output`; the longest-lasting first is HAProxy's own order and is kept.
pub fn from_output(output: &str, document: &Document, source: &SourceMap) -> Vec<Hint> {
    messages::parse(output)
        .into_iter()
        .filter(|message| !message.is_summary())
        .map(|message| resolve(message, document, source))
        .collect()
}

/// The hint for an address that cannot be bound: the one thing `haproxy -c` does not see.
pub fn cannot_bind(listen: &Listen, why: &str, document: &Document) -> Hint {
    let place = place_at(document, &listen.path);
    let message = format!("cannot bind {}: {why}", listen.address);
    Hint {
        severity: "alert".to_owned(),
        line: None,
        raw: message.clone(),
        message,
        entity: place.as_ref().map(Reference::entity),
        reference: place,
        path: listen.path.clone(),
    }
}

impl Reference {
    fn entity(&self) -> Entity {
        Entity { kind: self.kind.clone(), name: self.label.clone() }
    }
}

/// What the document calls it.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Server => "server",
        Kind::Acl => "acl",
        Kind::Proxy => "proxy",
        Kind::Frontend => "frontend",
        Kind::Backend => "backend",
        Kind::Listen => "listen",
        Kind::Defaults => "defaults",
        Kind::Resolvers => "resolvers",
        Kind::Peers => "peers",
        Kind::Mailers => "mailers",
        Kind::Userlist => "userlist",
        Kind::Cache => "cache",
        Kind::Ring => "ring",
        Kind::HttpErrors => "http-errors",
        Kind::Section => "section",
        Kind::Keyword => "keyword",
        Kind::Address => "address",
        Kind::File => "file",
    }
}

fn resolve(message: Message, document: &Document, source: &SourceMap) -> Hint {
    let by_line = message.line.and_then(|line| source.at(line));
    let by_name = || message.subjects.iter().find_map(|(kind, name)| by_name(document, *kind, name, &message.subjects));
    let (reference, path) = match by_line {
        Some(origin) => (
            Some(Reference { kind: origin.kind.to_owned(), id: origin.id.clone(), label: origin.name.clone() }),
            origin.path.clone(),
        ),
        None => by_name().map_or((None, Vec::new()), |(reference, path)| (Some(reference), path)),
    };
    let named =
        message.subjects.first().map(|(kind, name)| Entity { kind: kind_name(*kind).to_owned(), name: name.clone() });
    Hint {
        severity: message.severity.as_str().to_owned(),
        line: message.line,
        entity: reference.as_ref().map(Reference::entity).or(named),
        reference,
        path,
        raw: message.raw,
        message: message.text,
    }
}

/// Looks an engine's subject up in the document. HAProxy's "proxy" is a frontend or a backend; a server counts within its backend.
fn by_name(document: &Document, kind: Kind, name: &str, subjects: &[(Kind, String)]) -> Option<(Reference, Vec<Step>)> {
    let sections = &document.haproxy;
    let found = |section: &'static str, kind: &str, index: usize, id: &str| {
        let path = vec![Step::from("haproxy"), Step::from(section), Step::from(index)];
        Some((Reference { kind: kind.to_owned(), id: id.to_owned(), label: name.to_owned() }, path))
    };
    let backend = |name: &str| sections.backends.iter().position(|backend| backend.name.as_str() == name);
    let frontend = |name: &str| sections.frontends.iter().position(|frontend| frontend.name.as_str() == name);
    match kind {
        Kind::Frontend => {
            frontend(name).and_then(|at| found("frontends", "frontend", at, sections.frontends[at].id.as_str()))
        }
        Kind::Backend => {
            backend(name).and_then(|at| found("backends", "backend", at, sections.backends[at].id.as_str()))
        }
        Kind::Proxy => by_name(document, Kind::Frontend, name, subjects)
            .or_else(|| by_name(document, Kind::Backend, name, subjects)),
        Kind::Acl => document.acls.iter().position(|acl| acl.name.as_str() == name).map(|at| {
            let id = document.acls[at].id.as_str().to_owned();
            (Reference { kind: "acl".to_owned(), id, label: name.to_owned() }, vec![Step::from("acls"), Step::from(at)])
        }),
        Kind::Server => {
            let within = subjects
                .iter()
                .find(|(kind, _)| matches!(kind, Kind::Backend | Kind::Proxy))
                .and_then(|(_, backend_name)| backend(backend_name));
            let holds = |at: &usize| sections.backends[*at].servers.iter().any(|server| server.name.as_str() == name);
            let at = within.filter(holds).or_else(|| (0..sections.backends.len()).find(holds))?;
            let index = sections.backends[at].servers.iter().position(|server| server.name.as_str() == name)?;
            let (mut reference, mut path) = found("backends", "server", at, sections.backends[at].id.as_str())?;
            reference.label = name.to_owned();
            path.extend([Step::from("servers"), Step::from(index)]);
            Some((reference, path))
        }
        _ => None,
    }
}

/// The frontend that a path of the document lies in.
fn place_at(document: &Document, path: &[Step]) -> Option<Reference> {
    let index = match path {
        [_, section, Step::Index(index), ..] if *section == Step::from("frontends") => *index,
        _ => return None,
    };
    let frontend = document.haproxy.frontends.get(index)?;
    Some(Reference {
        kind: "frontend".to_owned(),
        id: frontend.id.as_str().to_owned(),
        label: frontend.name.as_str().to_owned(),
    })
}
