//! The certificates that Caddy serves, each once, and the authorities that upstreams are checked against.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Certificate, Config};
use crate::Result;
use crate::names::invalid;

/// How many certificates Caddy keeps unless told otherwise; beyond that it forgets some at random.
const CACHE: usize = 10_000;

/// The certificates of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// DER in Base64, as Caddy takes them.
    certificates: Vec<String>,
}

impl Authority {
    /// Reads one or more certificates in PEM; anything else in the text is passed over.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let refuse = |reason| invalid("certificate authority", "PEM", reason);
        let mut certificates = Vec::new();
        let mut rest = pem;
        while let Some((_, after)) = rest.split_once("-----BEGIN CERTIFICATE-----") {
            let (body, after) =
                after.split_once("-----END CERTIFICATE-----").ok_or_else(|| refuse("a certificate does not end"))?;
            let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
            if base64.is_empty() || !base64.len().is_multiple_of(4) || !base64.chars().all(is_base64) {
                return Err(refuse("a certificate is not Base64"));
            }
            certificates.push(base64);
            rest = after;
        }
        if certificates.is_empty() {
            return Err(refuse("there is no certificate in it"));
        }
        Ok(Self { certificates })
    }

    pub(super) fn render(&self) -> Value {
        json!(self.certificates)
    }
}

/// Caddy's `tls` app.
pub(super) fn render(config: &Config) -> Value {
    // A wildcard serves many routes and is loaded once; sorted, so that the order of the routes does not show.
    let mut tags: BTreeMap<&Certificate, Vec<&str>> = BTreeMap::new();
    for route in &config.routes {
        if let Some(certificate) = &route.tls {
            tags.entry(certificate).or_default().push(route.id.as_str());
        }
    }
    let count = tags.len();
    let certificates: Vec<Value> = tags
        .into_iter()
        .map(|(certificate, mut ids)| {
            ids.sort_unstable();
            json!({ "certificate": certificate.chain_pem, "key": certificate.key_pem, "tags": ids })
        })
        .collect();
    let mut tls = json!({
        // Loading a certificate would wait for its responder, on the network, one after the other.
        "disable_ocsp_stapling": true,
    });
    if !certificates.is_empty() {
        tls["certificates"] = json!({ "load_pem": certificates });
    }
    if count > CACHE {
        tls["cache"] = json!({ "capacity": count });
    }
    if let Some(dynamic) = &config.dynamic {
        tls["automation"] = dynamic.automation();
    }
    tls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_one_or_more_certificates() {
        let one = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
        assert_eq!(Authority::from_pem(one).unwrap().certificates, ["AAAABBBB"]);
        assert_eq!(Authority::from_pem(&format!("# ours\r\n{one}{one}")).unwrap().certificates.len(), 2);
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for text in [
            "",
            key,
            "-----BEGIN CERTIFICATE-----\nAAAA\n",
            "-----BEGIN CERTIFICATE-----\n\"}\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        ] {
            assert!(Authority::from_pem(text).is_err(), "{text:?}");
        }
    }
}
