//! From a line of the rendered configuration back to the part of the document that it came from.

use std::sync::Arc;

use shape::Step;

use super::writer::Origins;
use crate::state::acl::Acl;
use crate::state::document::{Document, Haproxy};

/// Which line came from where.
#[derive(Clone, Debug)]
pub struct SourceMap {
    origins: Origins,
    // Clones of these are lists of pointers.
    sections: Haproxy,
    acls: Vec<Arc<Acl>>,
}

/// The part of the document that a line came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `backend`, `server`, `frontend`, `bind`, `rule`, `acl`, `defaults`, `global`, …
    pub kind: &'static str,
    /// Its id; a server, which has none, has its backend's.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where exactly in the document.
    pub path: Vec<Step>,
}

impl SourceMap {
    pub(super) fn new(origins: Origins, document: &Document) -> Self {
        Self { origins, sections: document.haproxy.clone(), acls: document.acls.clone() }
    }

    /// Where a line (counted from 1) came from; nothing for lines that no part of the document asked for.
    pub fn at(&self, line: u32) -> Option<Origin> {
        let path = self.origins.path(usize::try_from(line).ok()?)?;
        let (kind, id, name) = self.entity(&path)?;
        Some(Origin { kind, id: id.to_owned(), name: name.to_owned(), path })
    }

    fn entity(&self, path: &[Step]) -> Option<(&'static str, &str, &str)> {
        let section = path.first()?.as_str()?;
        let index = |at: usize| match path.get(at) {
            Some(Step::Index(index)) => Some(*index),
            _ => None,
        };
        if section == "acls" {
            let acl = self.acls.get(index(1)?)?;
            return Some(("acl", &acl.id, &acl.name));
        }
        if section != "haproxy" {
            return Some((kind_of(section), "", kind_of(section)));
        }
        let list = path.get(1)?.as_str()?;
        macro_rules! named {
            ($field:ident, $kind:literal) => {{
                let entity = self.sections.$field.get(index(2)?)?;
                ($kind, entity.id.as_str(), entity.name.as_str())
            }};
        }
        Some(match list {
            "globalSettings" => ("global", "", "global"),
            "defaultsBlocks" => named!(defaults_blocks, "defaults"),
            "httpErrorsSections" => named!(http_errors_sections, "http-errors"),
            "resolvers" => named!(resolvers, "resolvers"),
            "peers" => named!(peers, "peers"),
            "mailers" => named!(mailers, "mailers"),
            "rings" => named!(rings, "ring"),
            "crtStores" => named!(crt_stores, "crt-store"),
            "maps" => named!(maps, "map"),
            "backends" => {
                let backend = self.sections.backends.get(index(2)?)?;
                match path.get(3).and_then(Step::as_str) {
                    Some("servers") => {
                        let server = backend.servers.get(index(4)?)?;
                        ("server", &backend.id, &server.name)
                    }
                    _ => ("backend", &backend.id, &backend.name),
                }
            }
            "frontends" => {
                let frontend = self.sections.frontends.get(index(2)?)?;
                match path.get(3).and_then(Step::as_str) {
                    Some("binds") if index(4).is_some() => {
                        let bind = frontend.binds.get(index(4)?)?;
                        ("bind", &bind.id, bind.label.as_deref().unwrap_or(&bind.address))
                    }
                    Some("rulePhases") if index(5).is_some() => {
                        let (id, name) = rule(frontend, path.get(4)?.as_str()?, index(5)?)?;
                        ("rule", id, name)
                    }
                    _ => ("frontend", &frontend.id, &frontend.name),
                }
            }
            _ => return None,
        })
    }
}

fn rule<'d>(frontend: &'d crate::state::frontend::Frontend, phase: &str, index: usize) -> Option<(&'d str, &'d str)> {
    let phases = &frontend.rule_phases;
    macro_rules! find {
        ($list:expr) => {{
            let rule = $list.get(index)?;
            Some((rule.id.as_str(), rule.name.as_deref().unwrap_or(&rule.id)))
        }};
    }
    match phase {
        "tcpRequestConnection" => find!(phases.tcp_request_connection),
        "tcpRequestSession" => find!(phases.tcp_request_session),
        "tcpRequestContent" => find!(phases.tcp_request_content),
        "httpRequest" => find!(phases.http_request),
        "httpResponse" => find!(phases.http_response),
        "httpAfterResponse" => find!(phases.http_after_response),
        "tcpResponseContent" => find!(phases.tcp_response_content),
        _ => None,
    }
}

fn kind_of(section: &str) -> &'static str {
    match section {
        "securityProfiles" => "security-profile",
        "authProviders" => "auth-provider",
        "keepalived" => "keepalived",
        "trustedCas" => "trusted-ca",
        "trustedCrls" => "trusted-crl",
        _ => "document",
    }
}
