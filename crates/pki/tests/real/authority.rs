//! What an authority makes, and what it refuses.

use jiff::SignedDuration;
use plenum_pki::{Authority, Certificate, Error, Request, Status, Validity};

use crate::openssl::Openssl;
use crate::{authorities, days, leaf, now, request};

#[test]
fn certificates_say_what_was_asked_for() {
    let (root, intermediate) = authorities();
    let root = Certificate::parse_pem(&root.cert_pem()).unwrap();
    assert!(root.is_ca && root.subject == "CN = QP Root" && root.issuer == root.subject);

    let issued = intermediate.issue(&request(&["Core.qp.local", "*.apps.qp.local", "core.QP.local"])).unwrap();
    let read = Certificate::parse_pem(&issued.cert_pem).unwrap();
    assert_eq!((read.subject.as_str(), read.issuer.as_str()), ("CN = Core.qp.local", "CN = QP Issuing 1"));
    assert_eq!(read.dns_names, ["core.qp.local", "*.apps.qp.local"]);
    assert_eq!((read.not_before, read.not_after), (days(30).not_before, days(30).not_after));
    assert_eq!((&read.serial, &read.fingerprint_sha256), (&issued.serial, &issued.fingerprint));
    assert_eq!((read.key_algorithm.as_str(), read.signature_algorithm.as_str()), ("ECDSA P-256", "ecdsa-with-SHA256"));
    assert!(!read.is_ca && read.ip_addresses.is_empty());

    let chain = Certificate::parse_pem_all(&issued.chain_pem).unwrap();
    assert_eq!(chain, [read.clone(), intermediate.certificate().unwrap()]);
    assert_eq!(Certificate::parse_pem(&issued.chain_pem).unwrap(), read);

    let openssl = Openssl::new();
    openssl.write("leaf.pem", &issued.cert_pem);
    let told = openssl.run("x509 -in leaf.pem -noout -serial -fingerprint -sha256").to_lowercase().replace(':', "");
    assert!(told.contains(&format!("serial={}\n", issued.serial)), "{told}");
    assert!(told.contains(&format!("fingerprint={}\n", issued.fingerprint)), "{told}");
    openssl.write("key.pem", issued.key_pem.reveal());
    assert_eq!(openssl.run("pkey -in key.pem -pubout"), openssl.run("x509 -in leaf.pem -noout -pubkey"));
}

#[test]
fn status_follows_the_time() {
    let (_, intermediate) = authorities();
    let read = Certificate::parse_pem(&leaf(&intermediate, "a.qp.local").cert_pem).unwrap();
    let soon = SignedDuration::from_hours(24 * 10);
    let second = SignedDuration::from_secs(1);
    assert_eq!(read.status(now(), soon), Status::Valid);
    assert_eq!(read.status(read.not_after - soon - second, soon), Status::Valid);
    assert_eq!(read.status(read.not_after - soon, soon), Status::Expiring);
    assert_eq!(read.status(read.not_after, soon), Status::Expiring);
    assert_eq!(read.status(read.not_after + second, soon), Status::Expired);
}

#[test]
fn names_outside_of_the_domain_are_refused() {
    let (root, intermediate) = authorities();
    for name in ["example.com", "evilqp.local", "qp.local.example.com", "local", "*.local"] {
        let error = intermediate.issue(&request(&["core.qp.local", name])).unwrap_err();
        assert_eq!(error, Error::OutsideDomain { name: name.into(), domain: "qp.local".into() });
        assert_eq!(
            error.to_string(),
            format!("{name} is outside of the domain qp.local that this authority is limited to")
        );
    }
    for name in ["10.0.0.1", "::1", "a b.qp.local", "", "qp.local.", "a\n.qp.local", "a..qp.local", "*"] {
        let refused = intermediate.issue(&Request { common_name: String::new(), ..request(&[name]) });
        assert!(matches!(refused, Err(Error::Name { .. })), "{name:?}");
    }
    let outside = Request { common_name: "www.example.com".into(), ..request(&["core.qp.local"]) };
    assert!(matches!(intermediate.issue(&outside), Err(Error::OutsideDomain { .. })));
    let words = Request { common_name: "The core of it".into(), ..request(&["core.qp.local"]) };
    assert!(intermediate.issue(&words).is_ok());
    assert!(matches!(intermediate.issue(&request(&[])), Err(Error::NoNames)));
    let many: Vec<String> = (0..101).map(|i| format!("n{i}.qp.local")).collect();
    let many = Request { dns_names: many, ..request(&["core.qp.local"]) };
    assert!(matches!(intermediate.issue(&many), Err(Error::TooManyNames { count: 101, most: 100 })));
    assert!(matches!(root.intermediate("x", "example.com", days(10)), Err(Error::OutsideDomain { .. })));
    assert!(matches!(Authority::root("x", "10.0.0.0", days(10)), Err(Error::Name { .. })));
    assert_eq!(root.intermediate("x", "eu.QP.local", days(10)).unwrap().domain(), "eu.qp.local");
}

#[test]
fn common_names_that_cannot_be_read_are_refused() {
    let (root, intermediate) = authorities();
    for name in ["", "a\nb", " a", &"x".repeat(65)] {
        assert!(matches!(Authority::root(name, "qp.local", days(10)), Err(Error::CommonName { .. })), "{name:?}");
        assert!(matches!(root.intermediate(name, "qp.local", days(10)), Err(Error::CommonName { .. })), "{name:?}");
    }
    let nameless = Request { common_name: String::new(), ..request(&["core.qp.local"]) };
    let read = Certificate::parse_pem(&intermediate.issue(&nameless).unwrap().cert_pem).unwrap();
    assert_eq!((read.subject.as_str(), read.dns_names.len()), ("", 1));
}

#[test]
fn nothing_outlives_its_authority() {
    let (root, intermediate) = authorities();
    let long = Request { valid: days(731), ..request(&["core.qp.local"]) };
    assert!(matches!(intermediate.issue(&long), Err(Error::Outlives { .. })));
    assert!(matches!(root.intermediate("x", "qp.local", days(3651)), Err(Error::Outlives { .. })));
    let backwards = Validity { not_before: now(), not_after: now() };
    let backwards = Request { valid: backwards, ..request(&["core.qp.local"]) };
    assert!(matches!(intermediate.issue(&backwards), Err(Error::Validity { .. })));
}

#[test]
fn an_intermediate_makes_no_other_authority() {
    let (root, intermediate) = authorities();
    assert!(matches!(intermediate.intermediate("x", "qp.local", days(10)), Err(Error::PathLength { .. })));
    assert!(matches!(intermediate.cross_sign(&root, days(10)), Err(Error::PathLength { .. })));
}

#[test]
fn an_authority_survives_its_text() {
    let (_, intermediate) = authorities();
    let loaded = Authority::load(&intermediate.cert_pem(), intermediate.key_pem().reveal()).unwrap();
    assert_eq!((loaded.cert_pem(), loaded.domain()), (intermediate.cert_pem(), "qp.local"));
    assert_eq!(loaded.valid(), intermediate.valid());
    assert_eq!(loaded.key_pem().reveal(), intermediate.key_pem().reveal());
    let issued = leaf(&loaded, "core.qp.local");
    assert!(issued.chain_pem.ends_with(&intermediate.cert_pem()));
    assert_eq!(format!("{loaded:?}"), "Authority { subject: \"CN = QP Issuing 1\", .. }");
}

#[test]
fn what_is_no_authority_is_not_loaded() {
    let (root, intermediate) = authorities();
    let issued = leaf(&intermediate, "core.qp.local");
    let refused = Authority::load(&issued.cert_pem, issued.key_pem.reveal()).unwrap_err();
    assert!(matches!(refused, Error::NotAnAuthority { .. }), "{refused}");
    let refused = Authority::load(&root.cert_pem(), intermediate.key_pem().reveal()).unwrap_err();
    assert_eq!(refused, Error::KeyMismatch { subject: "CN = QP Root".into() });
    assert!(matches!(Authority::load("", ""), Err(Error::Pem { wanted: "certificate", .. })));
    assert!(matches!(Authority::load(&root.cert_pem(), "x"), Err(Error::Pem { wanted: "private key", .. })));

    let openssl = Openssl::new();
    openssl.run("req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=foreign -days 30");
    let refused = Authority::load(&openssl.read("c.pem"), &openssl.read("k.pem")).unwrap_err();
    assert_eq!(refused.to_string(), "CN = foreign cannot issue certificates: it is not limited to one domain");
    openssl.run(
        "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /DC=a/DC=b -days 30 \
         -addext nameConstraints=critical,permitted;DNS:qp.local",
    );
    let refused = Authority::load(&openssl.read("c.pem"), &openssl.read("k.pem")).unwrap_err();
    assert!(refused.to_string().ends_with("its name cannot be written as that of an issuer"), "{refused}");
}

#[test]
fn a_constrained_rsa_authority_of_openssl_issues() {
    let openssl = Openssl::new();
    openssl.run(
        "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /O=Acme/CN=theirs -days 3000 \
         -addext nameConstraints=critical,permitted;DNS:qp.local",
    );
    openssl.run("rsa -in k.pem -traditional -out old.pem");
    for key in ["k.pem", "old.pem"] {
        let theirs = Authority::load(&openssl.read("c.pem"), &openssl.read(key)).unwrap();
        let valid = theirs.valid();
        let issued = theirs.issue(&Request { valid, ..request(&["core.qp.local"]) }).unwrap();
        assert_eq!(issued.chain_pem, issued.cert_pem);
        openssl.write("leaf.pem", &issued.cert_pem);
        let verified = openssl.run("verify -CAfile c.pem -verify_hostname core.qp.local leaf.pem");
        assert!(verified.contains("leaf.pem: OK"), "{verified}");
        assert!(Authority::load(&theirs.cert_pem(), theirs.key_pem().reveal()).is_ok());
    }
}

#[test]
fn the_address_of_the_list_is_written_into_leaves() {
    let (_, intermediate) = authorities();
    for url in ["", "ftp://x/", "http://", "http://a b/", "http://a/\n"] {
        let (_, authority) = authorities();
        assert!(matches!(authority.with_crl_url(url), Err(Error::CrlUrl { .. })), "{url:?}");
    }
    let with_list = intermediate.with_crl_url("http://pki.qp.local/1.crl").unwrap();
    let text = plenum_pki::text::dump(&leaf(&with_list, "core.qp.local").cert_pem).unwrap();
    assert!(text.contains("Full Name:\n                  URI:http://pki.qp.local/1.crl\n"), "{text}");
}

#[test]
fn authorities_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Authority>();
    shared::<plenum_pki::Issued>();
}
