//! From document to configuration.
//!
//! [`render`] is pure: the same document and the same [`Target`] give the same bytes. It is total: a document that it
//! accepts gives a configuration that the target's HAProxy reads, and whatever that version cannot do, or would read
//! differently than the document means it, is an issue with the path of the culprit. It never guesses, never drops a
//! setting that has an effect, and knows no path that the document or the target does not name.
//!
//! | module | writes |
//! |---|---|
//! | [`writer`], [`words`] | text: the only place that does, with one way to quote |
//! | [`global`], [`ssl`], [`quic`] | the `global` section |
//! | [`sections`] | resolvers, peers, mailers, rings, certificate stores, map files |
//! | [`defaults`], [`options`] | `defaults` and `http-errors` sections, user lists, error pages |
//! | [`frontend`], [`tcp`], [`bind`], [`headers`], [`stats`] | frontends |
//! | [`rules`], [`actions`], [`acl`], [`security`], [`auth`] | rules, conditions, and what profiles and providers add |
//! | [`backend`] | backends |
//! | [`keepalived`] | keepalived.conf |
//!
//! It does not check what only the machine can tell: whether files exist, names resolve, ports are free.

mod acl;
mod actions;
mod auth;
mod backend;
mod bind;
mod context;
mod defaults;
mod frontend;
mod global;
mod headers;
mod keepalived;
mod marker;
mod mask;
mod options;
mod quic;
mod rules;
mod sections;
mod security;
mod source;
mod ssl;
mod stats;
mod target;
mod tcp;
mod values;
mod words;
mod writer;

use std::collections::BTreeMap;

use shape::{Issue, Step};

pub use backend::numeric;
pub use mask::mask;
pub use sections::map_file;
pub use source::{Origin, SourceMap};
pub use target::{Sockets, Target, Vrrp};

use crate::state::Document;
use context::{Context, Needs};
use writer::Out;

/// Everything that a document renders to.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// haproxy.cfg.
    pub cfg: String,
    /// The files that haproxy.cfg refers to, by their paths beside it.
    pub files: BTreeMap<String, File>,
    /// keepalived.conf, when the document enables it.
    pub keepalived: Option<String>,
    /// The name of this configuration: `show info` gives it as the description, after `plenum:`.
    pub marker: String,
    /// Which line came from where.
    pub source: SourceMap,
    /// Every address that is listened on.
    pub listens: Vec<Listen>,
}

/// A file of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its contents.
    pub bytes: Vec<u8>,
    /// Whether it holds secrets.
    pub secret: bool,
}

/// An address that is listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address as HAProxy writes it.
    pub address: String,
    /// Where it stands in the document.
    pub path: Vec<Step>,
}

/// Renders a document for a target.
pub fn render(document: &Document, target: &Target) -> Result<Rendered, Vec<Issue>> {
    let cx = Context::new(document, target);
    let mut needs = Needs::default();
    let mut files = BTreeMap::new();
    let mut listens = Vec::new();

    // What comes first in the file may be needed by what comes later, so it is rendered later.
    let mut proxies = Out::with_capacity(4096 + document.haproxy.backends.len() * 160);
    frontend::render(&mut proxies, &cx, &mut needs, &mut listens);
    let mut defaults = Out::with_capacity(4096);
    defaults::http_errors(&mut defaults, &cx);
    defaults::userlists(&mut defaults, &cx, &needs);
    defaults::render(&mut defaults, &cx, &mut files);
    backend::render(&mut proxies, &cx, &mut needs);
    backend::tables(&mut proxies, &cx, &needs);
    let mut out = Out::with_capacity(4096 + document.haproxy.backends.len() * 160);
    global::render(&mut out, &cx, &needs, marker::BLANK);
    sections::render(&mut out, &cx, &needs, &mut listens);
    sections::maps(&mut out, &cx, &mut files);
    out.append(defaults);
    out.append(proxies);
    if needs.certificates {
        certificates(target, &mut files);
    }

    let (mut cfg, origins, volatile, mut issues) = out.finish();
    let keepalived = keepalived::render(document, target, &mut issues);
    if !issues.is_empty() {
        return Err(issues);
    }
    let marker = marker::seal(&mut cfg, &volatile, &files);
    let source = SourceMap::new(origins, document);
    Ok(Rendered { cfg, files, keepalived, marker, source, listens })
}

/// The list of the certificates that Plenum manages.
fn certificates(target: &Target, files: &mut BTreeMap<String, File>) {
    let mut list = String::new();
    for path in &target.certificates {
        list.push_str(path);
        list.push('\n');
    }
    files.insert(bind::CERTIFICATES.to_owned(), File { bytes: list.into_bytes(), secret: false });
}
