//! Revocation lists, read by OpenSSL.

use jiff::SignedDuration;
use plenum_pki::{Error, Reason, Revoked};

use crate::openssl::Openssl;
use crate::{authorities, leaf, now};

#[test]
fn openssl_reads_the_list_and_refuses_what_is_on_it() {
    let (root, intermediate) = authorities();
    let (good, bad) = (leaf(&intermediate, "good.qp.local"), leaf(&intermediate, "bad.qp.local"));
    let week = now() + SignedDuration::from_hours(24 * 7);
    let revoked = Revoked { serial: bad.serial.clone(), at: now(), reason: Reason::KeyCompromise };
    let other = Revoked { serial: "0102".parse().unwrap(), at: now(), reason: Reason::Unspecified };

    let openssl = Openssl::new();
    openssl.write("root.pem", root.cert_pem());
    openssl.write("intermediate.pem", intermediate.cert_pem());
    openssl.write("good.pem", &good.cert_pem);
    openssl.write("bad.pem", &bad.cert_pem);
    openssl.write("crl.pem", intermediate.crl(&[revoked, other], 7, now(), week).unwrap());

    let text = openssl.run("crl -in crl.pem -noout -text");
    for part in [
        "Version 2 (0x1)",
        "Signature Algorithm: ecdsa-with-SHA256",
        "Issuer: CN = QP Issuing 1",
        "Last Update: Nov 21 08:00:00 2026 GMT",
        "Next Update: Nov 28 08:00:00 2026 GMT",
        "X509v3 CRL Number: \n                7\n",
        &format!("Serial Number: {}\n", bad.serial.to_string().to_uppercase()),
        "Serial Number: 0102\n        Revocation Date: Nov 21 08:00:00 2026 GMT\n    Signature",
        "X509v3 CRL Reason Code: \n                Key Compromise\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let key_id =
        |text: &str| text.split("Key Identifier: \n").nth(1).unwrap().lines().next().unwrap().trim().to_owned();
    let intermediate_text = openssl.run("x509 -in intermediate.pem -noout -ext subjectKeyIdentifier");
    assert_eq!(key_id(&text), key_id(&intermediate_text));

    let verify = |name: &str| {
        openssl.verify(&format!("-crl_check -CRLfile crl.pem -CAfile root.pem -untrusted intermediate.pem {name}"))
    };
    verify("good.pem").unwrap();
    assert!(verify("bad.pem").unwrap_err().contains("certificate revoked"));

    // Nobody on it, and the first of all lists.
    openssl.write("crl.pem", intermediate.crl(&[], 0, now(), week).unwrap());
    let text = openssl.run("crl -in crl.pem -noout -text");
    assert!(text.contains("No Revoked Certificates.") && text.contains("CRL Number: \n                0\n"), "{text}");
    verify("bad.pem").unwrap();
}

#[test]
fn an_intermediate_is_revoked_by_its_root() {
    let (root, intermediate) = authorities();
    let issued = leaf(&intermediate, "core.qp.local");
    let serial = intermediate.certificate().unwrap().serial;
    let week = now() + SignedDuration::from_hours(24 * 7);
    let openssl = Openssl::new();
    let revoked = Revoked { serial, at: now(), reason: Reason::Superseded };
    let lists = [root.crl(&[revoked], 1, now(), week).unwrap(), intermediate.crl(&[], 1, now(), week).unwrap()];
    openssl.write("crl.pem", lists.concat());
    openssl.write("root.pem", root.cert_pem());
    openssl.write("intermediate.pem", intermediate.cert_pem());
    openssl.write("leaf.pem", &issued.cert_pem);
    let verify = "-crl_check_all -CRLfile crl.pem -CAfile root.pem -untrusted intermediate.pem leaf.pem";
    assert!(openssl.verify(verify).unwrap_err().contains("certificate revoked"));
}

#[test]
fn a_list_that_ends_before_it_begins_is_refused() {
    let (root, _) = authorities();
    assert!(matches!(root.crl(&[], 1, now(), now()), Err(Error::Validity { .. })));
}
