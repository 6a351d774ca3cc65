//! Signing requests made by OpenSSL.

use plenum_pki::{Certificate, Error};

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
