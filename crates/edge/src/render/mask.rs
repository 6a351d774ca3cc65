//! The rendered configuration as those may see it who may not see secrets.

use std::collections::HashMap;

use super::words::quote;
use crate::state::Document;
use crate::state::auth::AuthProvider;

/// The configuration of a document with its secrets replaced by `***`.
pub fn mask(document: &Document, cfg: &str) -> String {
    let secrets = lines(document);
    let mut out = String::with_capacity(cfg.len());
    for line in cfg.split_inclusive('\n') {
        let text = line.trim_end_matches('\n');
        match secrets.get(text) {
            Some(masked) => {
                out.push_str(masked);
                out.push('\n');
            }
            None => out.push_str(line),
        }
    }
    out
}

/// The lines that hold a secret, each with what is shown instead.
fn lines(document: &Document) -> HashMap<String, String> {
    let mut lines = HashMap::new();
    let line = |before: &str, word: &str| {
        let mut line = before.to_owned();
        quote(&mut line, word);
        line
    };
    for user in document.haproxy.frontends.iter().flat_map(|frontend| &frontend.stats.auth) {
        let shown = |password: &str| line("    stats auth ", &format!("{}:{password}", user.username));
        lines.insert(shown(user.password.expose()), shown("***"));
    }
    for provider in &document.auth_providers {
        let AuthProvider::Basic(provider) = provider else { continue };
        for user in &provider.config.users {
            let shown = |hash: &str| line(&format!("{} password ", line("    user ", &user.username)), hash);
            lines.insert(shown(&user.password_hash_ref), shown("***"));
        }
    }
    lines
}
