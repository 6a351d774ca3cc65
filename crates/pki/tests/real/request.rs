//! Signing requests made by OpenSSL.

use plenum_pki::{Certificate, Error, SigningRequest};

use crate::openssl::Openssl;
use crate::{authorities, days};

fn der(openssl: &Openssl, new_key: &str) -> Vec<u8> {
    openssl.run(&format!(
        "req -new -newkey {new_key} -nodes -keyout k.pem -out csr.der -outform DER -subj /CN=www.example.com \
         -addext subjectAltName=DNS:example.com -addext basicConstraints=critical,CA:TRUE \
         -addext extendedKeyUsage=codeSigning"
    ));
    std::fs::read(openssl.path("csr.der")).unwrap()
}

#[test]
fn only_the_key_of_a_request_is_taken() {
    let openssl = Openssl::new();
    let (root, intermediate) = authorities();
    openssl.write("root.pem", root.cert_pem());
    openssl.write("intermediate.pem", intermediate.cert_pem());
    for (kind, name) in [
        ("ec -pkeyopt ec_paramgen_curve:P-256", "ECDSA P-256"),
        ("ec -pkeyopt ec_paramgen_curve:P-384", "ECDSA P-384"),
        ("ed25519", "Ed25519"),
        ("rsa:2048", "RSA 2048"),
    ] {
        let csr = der(&openssl, kind);
        let names = ["core.qp.local".into()];
        let signed = intermediate.sign_csr(&csr, &names, days(30)).unwrap();
        let again = intermediate.sign_csr(&csr, &names, days(30)).unwrap();
        assert_ne!(signed.serial, again.serial);
        let read = Certificate::parse_pem(&signed.cert_pem).unwrap();
        assert_eq!((read.subject.as_str(), read.key_algorithm.as_str()), ("CN = core.qp.local", name));
        assert!(!read.is_ca && read.dns_names == ["core.qp.local"]);
        openssl.write("leaf.pem", &signed.cert_pem);
        let verify = "-purpose sslserver -x509_strict -CAfile root.pem -untrusted intermediate.pem leaf.pem";
        openssl.verify(verify).unwrap();
        assert_eq!(openssl.run("pkey -in k.pem -pubout"), openssl.run("x509 -in leaf.pem -noout -pubkey"));
        assert!(matches!(
            intermediate.sign_csr(&csr, &["example.com".into()], days(30)),
            Err(Error::OutsideDomain { .. })
        ));
    }
}

#[test]
fn a_request_that_proves_nothing_is_refused() {
    let openssl = Openssl::new();
    let (_, intermediate) = authorities();
    let sign = |csr: &[u8]| intermediate.sign_csr(csr, &["core.qp.local".into()], days(30));
    let good = der(&openssl, "ec -pkeyopt ec_paramgen_curve:P-256");
    assert!(sign(&good).is_ok());
    // The envelope of the algorithm is the one part that is neither signed nor of any consequence.
    let envelope = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let envelope = good.windows(12).position(|window| window == envelope).unwrap();
    for at in (0..good.len()).filter(|at| !(envelope..envelope + 4).contains(at)) {
        let mut bad = good.clone();
        bad[at] ^= 0x04;
        assert!(matches!(sign(&bad), Err(Error::Csr { .. })), "octet {at}");
    }
    assert!(matches!(sign(&[]), Err(Error::Csr { .. })));
    assert!(matches!(sign(&[good.as_slice(), &[0]].concat()), Err(Error::Csr { .. })));
    let weak = sign(&der(&openssl, "rsa:1024")).unwrap_err();
    assert!(weak.to_string().contains("fewer than 2048 bits"), "{weak}");
    assert!(matches!(sign(&der(&openssl, "ec -pkeyopt ec_paramgen_curve:secp256k1")), Err(Error::Csr { .. })));
}

/// What is read from a request with these additions to the command.
fn read(openssl: &Openssl, more: &str) -> Result<SigningRequest, Error> {
    openssl.run(&format!(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out csr.der -outform DER {more}"
    ));
    SigningRequest::parse(&std::fs::read(openssl.path("csr.der")).unwrap())
}

#[test]
fn a_request_says_its_names_and_its_key() {
    let openssl = Openssl::new();
    let (_, intermediate) = authorities();
    let names = "-subj /CN=Core.qp.local -addext subjectAltName=DNS:core.QP.local,DNS:*.x.qp.local,DNS:core.qp.local";
    let usual = "-addext keyUsage=critical,digitalSignature,keyEncipherment -addext extendedKeyUsage=serverAuth,clientAuth \
                 -addext basicConstraints=critical,CA:FALSE -addext subjectKeyIdentifier=hash";
    for more in ["", usual] {
        let request = read(&openssl, &format!("{names} {more}")).unwrap();
        assert!(request.dns_names.iter().eq(["*.x.qp.local", "core.qp.local"]));
        let csr = std::fs::read(openssl.path("csr.der")).unwrap();
        let signed = intermediate.sign_csr(&csr, &["core.qp.local".into()], days(30)).unwrap();
        assert_eq!(Certificate::parse_pem(&signed.cert_pem).unwrap().public_key, request.public_key);
    }
}

#[test]
fn v19_a_request_for_anything_else_is_refused() {
    let openssl = Openssl::new();
    let san = "-addext subjectAltName=DNS:core.qp.local";
    for (more, reason) in [
        ("-subj /CN=core.qp.local".to_owned(), "a common name alone"),
        ("-subj / -addext keyUsage=digitalSignature".to_owned(), "a common name alone"),
        (format!("-subj /CN=other.qp.local {san}"), "common name is not among"),
        (format!("-subj /CN=core.qp.local/CN=other.qp.local {san}"), "common name is not among"),
        ("-subj / -addext subjectAltName=DNS:core.qp.local,IP:10.0.0.1".to_owned(), "not a DNS name"),
        ("-subj / -addext subjectAltName=DNS:core.qp.local,email:a@qp.local".to_owned(), "not a DNS name"),
        ("-subj / -addext subjectAltName=DNS:core.qp.local,URI:https://core.qp.local".to_owned(), "not a DNS name"),
        ("-subj / -addext subjectAltName=DNS:10.0.0.1".to_owned(), "not a DNS name"),
        ("-subj / -addext subjectAltName=DNS:a.*.qp.local".to_owned(), "not a DNS name"),
        (format!("-subj / {san} -addext basicConstraints=critical,CA:TRUE"), "not granted (2.5.29.19)"),
        (format!("-subj / {san} -addext keyUsage=keyCertSign"), "not granted (2.5.29.15)"),
        (format!("-subj / {san} -addext extendedKeyUsage=serverAuth,codeSigning"), "not one for TLS"),
        (format!("-subj / {san} -addext extendedKeyUsage=anyExtendedKeyUsage"), "not one for TLS"),
        (format!("-subj / {san} -addext nameConstraints=permitted;DNS:example.com"), "not granted (2.5.29.30)"),
        (format!("-subj / {san} -addext 1.2.3.4=critical,ASN1:UTF8String:x"), "not granted (1.2.3.4)"),
    ] {
        let error = read(&openssl, &more).unwrap_err().to_string();
        assert!(error.contains(reason), "{more}: {error}");
    }
    assert!(SigningRequest::parse(&[]).is_err());
}
