//! Whether others trust what we issue, and only where they should.

use std::sync::Arc;
use std::time::Duration;

use plenum_pki::Issued;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::openssl::Openssl;
use crate::{authorities, leaf, now, request};

/// What the verifier of rustls says of a chain.
fn webpki(root_pem: &str, chain_pem: &str, name: &str) -> Result<(), rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain_pem.as_bytes()).map(Result::unwrap).collect();
    let (leaf, intermediates) = chain.split_first().unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(now().as_second() as u64));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier.verify_server_cert(leaf, intermediates, &name, &[], at).map(|_| ())
}

/// A leaf that the authority would never issue, made with its key and without its checks.
fn forged(authority: &plenum_pki::Authority, names: &[&str]) -> String {
    let key = KeyPair::from_pem(authority.key_pem().reveal()).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&authority.cert_pem(), key).unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let forged = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    format!("{}{}", forged.pem(), authority.cert_pem())
}

#[test]
fn openssl_trusts_the_chain_inside_of_the_domain_only() {
    let (root, intermediate) = authorities();
    let openssl = Openssl::new();
    openssl.write("root.pem", root.cert_pem());
    openssl.write("intermediate.pem", intermediate.cert_pem());
    let verify = |chain: &str, more: &str| {
        openssl.write("leaf.pem", chain);
        openssl.verify(&format!(
            "-x509_strict -purpose sslserver -CAfile root.pem -untrusted intermediate.pem {more} leaf.pem"
        ))
    };

    let issued = intermediate.issue(&request(&["core.qp.local", "*.apps.qp.local"])).unwrap();
    verify(&issued.chain_pem, "-verify_hostname core.qp.local").unwrap();
    verify(&issued.chain_pem, "-verify_hostname x.apps.qp.local").unwrap();
    verify(&leaf(&root, "direct.qp.local").chain_pem, "").unwrap();
    verify(&intermediate.cert_pem(), "-purpose any").unwrap();
    assert!(verify(&issued.chain_pem, "-verify_hostname db.qp.local").unwrap_err().contains("hostname mismatch"));
    assert!(verify(&issued.chain_pem, "-purpose sslclient").unwrap_err().contains("unsuitable certificate purpose"));

    verify(&forged(&intermediate, &["core.qp.local"]), "-verify_hostname core.qp.local").unwrap();
    for names in [&["example.com"][..], &["core.qp.local", "example.com"], &["evilqp.local"]] {
        let complaint = verify(&forged(&intermediate, names), "").unwrap_err();
        assert!(complaint.contains("permitted subtree violation"), "{complaint}");
    }
    for address in ["10.0.0.1", "::1"] {
        let complaint = verify(&forged(&intermediate, &[address]), "").unwrap_err();
        assert!(complaint.contains("excluded subtree violation"), "{complaint}");
    }
}

#[test]
fn rustls_trusts_the_chain_inside_of_the_domain_only() {
    let (root, intermediate) = authorities();
    let root = root.cert_pem();
    let Issued { chain_pem, .. } = intermediate.issue(&request(&["core.qp.local", "*.apps.qp.local"])).unwrap();
    webpki(&root, &chain_pem, "core.qp.local").unwrap();
    webpki(&root, &chain_pem, "x.apps.qp.local").unwrap();
    assert!(webpki(&root, &chain_pem, "db.qp.local").is_err());
    assert!(webpki(&authorities().0.cert_pem(), &chain_pem, "core.qp.local").is_err());
    webpki(&root, &forged(&intermediate, &["core.qp.local"]), "core.qp.local").unwrap();
    assert!(webpki(&root, &forged(&intermediate, &["example.com"]), "example.com").is_err());
    assert!(webpki(&root, &forged(&intermediate, &["10.0.0.1"]), "10.0.0.1").is_err());
}

#[test]
fn rustls_serves_with_what_is_issued() {
    let (_, intermediate) = authorities();
    let issued = leaf(&intermediate, "core.qp.local");
    let chain: Vec<_> = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes()).map(Result::unwrap).collect();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(issued.key_pem.reveal().as_bytes()).unwrap();
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
}
