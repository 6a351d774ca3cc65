//! What the sections share while they are rendered: the document, the target, lookups, and what sections need of
//! each other.

use std::collections::{BTreeMap, HashMap};

use super::target::Target;
use crate::state::Document;
use crate::state::backend::Backend;
use crate::state::common::Mode;
use crate::state::defaults::DefaultsBlock;

/// The first HAProxy version that has something.
pub(super) type Since = (u16, u16);

/// The document, the target, and lookups in both.
#[derive(Debug)]
pub(super) struct Context<'d> {
    pub(super) document: &'d Document,
    pub(super) target: &'d Target,
    backends: HashMap<&'d str, &'d Backend>,
    names: std::cell::OnceCell<HashMap<&'d str, &'d Backend>>,
    http_defaults: Option<&'d DefaultsBlock>,
    tcp_defaults: Option<&'d DefaultsBlock>,
}

impl<'d> Context<'d> {
    pub(super) fn new(document: &'d Document, target: &'d Target) -> Self {
        let backends = document.haproxy.backends.iter().map(|backend| (backend.id.as_str(), &**backend)).collect();
        let of = |mode| default_of(document, mode);
        Self {
            document,
            target,
            backends,
            names: std::cell::OnceCell::new(),
            http_defaults: of(Mode::Http),
            tcp_defaults: of(Mode::Tcp),
        }
    }

    /// The backend with an id.
    pub(super) fn backend(&self, id: &str) -> Option<&'d Backend> {
        self.backends.get(id).copied()
    }

    /// The backend with a name.
    pub(super) fn backend_named(&self, name: &str) -> Option<&'d Backend> {
        let by_name = || self.document.haproxy.backends.iter().map(|b| (b.name.as_str(), &**b)).collect();
        self.names.get_or_init(by_name).get(name).copied()
    }

    /// The defaults block with an id.
    pub(super) fn defaults(&self, id: &str) -> Option<&'d DefaultsBlock> {
        self.document.haproxy.defaults_blocks.iter().find(|block| block.id == *id).map(|block| &**block)
    }

    /// The defaults block of backends that name none: of the blocks with their mode (of all, if none has it) the one
    /// whose id comes first. So the order of blocks means nothing, as the order of entities never does.
    pub(super) fn defaults_for(&self, mode: Mode) -> Option<&'d DefaultsBlock> {
        match mode {
            Mode::Http => self.http_defaults,
            Mode::Tcp => self.tcp_defaults,
        }
    }

    /// The name of an `http-errors` section.
    pub(super) fn error_section(&self, id: &str) -> Option<&'d str> {
        self.document.haproxy.http_errors_sections.iter().find(|section| section.id == *id).map(|s| s.name.as_str())
    }

    /// Why something cannot be used, when the installed version is too old for it.
    pub(super) fn lacks(&self, since: Since, what: &str) -> Option<String> {
        (!self.target.since(since)).then(|| {
            format!("{what} needs HAProxy {}.{} or later; {} is installed", since.0, since.1, self.target.version)
        })
    }
}

fn default_of(document: &Document, mode: Mode) -> Option<&DefaultsBlock> {
    let blocks = || document.haproxy.defaults_blocks.iter().map(|block| &**block);
    let first = |a: &&DefaultsBlock, b: &&DefaultsBlock| a.id.cmp(&b.id);
    blocks().filter(|block| block.mode == mode).min_by(first).or_else(|| blocks().min_by(first))
}

/// What sections need of each other and of the `global` section, which is therefore rendered last.
#[derive(Debug, Default)]
pub(super) struct Needs<'d> {
    /// Something that HAProxy calls experimental is used.
    pub(super) experimental: bool,
    /// A QUIC listener exists.
    pub(super) quic: bool,
    /// How many sticky counters a connection needs.
    pub(super) counters: usize,
    /// Tunables of HTTP/2, each with the frontend that asked first.
    pub(super) h2: BTreeMap<&'static str, (String, &'d str)>,
    /// Indices of the auth providers whose Lua files are loaded.
    pub(super) lua: Vec<usize>,
    /// Ids of the rate-limit profiles that need a table, with their indices.
    pub(super) tables: BTreeMap<&'d str, usize>,
    /// Ids of the basic auth providers that need a user list, with their indices.
    pub(super) userlists: BTreeMap<&'d str, usize>,
    /// The resolvers of a container network are referred to.
    pub(super) docker: bool,
    /// The list of managed certificates is referred to.
    pub(super) certificates: bool,
}
