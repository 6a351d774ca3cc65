//! The text of a certificate, octet for octet that of OpenSSL 3.0.

use plenum_pki::text::dump;

use crate::openssl::Openssl;
use crate::{authorities, leaf, request};

/// Compares our text of a certificate with that of the program.
fn compare(openssl: &Openssl, pem: &str) {
    openssl.write("compared.pem", pem);
    // A carriage return is the one thing that we show otherwise.
    let theirs = openssl.run("x509 -in compared.pem -noout -text").replace('\r', ".");
    let ours = dump(pem).unwrap();
    if ours != theirs {
        let line = ours.lines().zip(theirs.lines()).position(|(ours, theirs)| ours != theirs);
        let at = line.unwrap_or(ours.lines().count().min(theirs.lines().count()));
        let shown = |text: &str| text.lines().skip(at.saturating_sub(2)).take(5).collect::<Vec<_>>().join("\n");
        panic!("line {at} differs\n--- ours\n{}\n--- theirs\n{}\n{pem}", shown(&ours), shown(&theirs));
    }
}

/// A new certificate, signed by itself.
fn certificate(openssl: &Openssl, arguments: &str) -> String {
    openssl.run(&format!("req -x509 -nodes -keyout k.pem -out c.pem -days 30 {arguments}"));
    openssl.read("c.pem")
}

#[test]
fn our_own_certificates_read_as_openssl_reads_them() {
    let openssl = Openssl::new();
    let (root, intermediate) = authorities();
    compare(&openssl, &root.cert_pem());
    compare(&openssl, &intermediate.cert_pem());
    compare(&openssl, &leaf(&intermediate, "core.qp.local").cert_pem);
    compare(&openssl, &root.cross_sign(&crate::authorities().0, crate::days(10)).unwrap());
    let with_list = intermediate.with_crl_url("http://pki.qp.local/1.crl").unwrap();
    let mut many = request(&["core.qp.local", "*.qp.local", "a.b.c.qp.local"]);
    compare(&openssl, &with_list.issue(&many).unwrap().cert_pem);
    many.common_name = "Näme, \"quoted\" + <more>".into();
    compare(&openssl, &with_list.issue(&many).unwrap().cert_pem);
    many.common_name = String::new();
    compare(&openssl, &with_list.issue(&many).unwrap().cert_pem);
}

#[test]
fn every_kind_of_key_reads_as_openssl_reads_it() {
    let openssl = Openssl::new();
    for key in [
        "rsa:2048",
        "rsa:3072",
        "rsa:1023",
        "rsa:2048 -pkeyopt rsa_keygen_pubexp:3",
        "rsa:2048 -pkeyopt rsa_keygen_pubexp:73786976294838206467",
        "rsa:2048 -sigopt rsa_padding_mode:pss",
        "rsa:2048 -sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20",
        "rsa:2048 -sha1",
        "rsa:2048 -sha384",
        "rsa-pss",
        "ed25519",
        "ed448",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384 -sha384",
        "ec -pkeyopt ec_paramgen_curve:P-521 -sha512",
        "ec -pkeyopt ec_paramgen_curve:secp224r1",
        "ec -pkeyopt ec_paramgen_curve:secp256k1",
        "ec -pkeyopt ec_paramgen_curve:brainpoolP384r1",
        "ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve",
    ] {
        compare(&openssl, &certificate(&openssl, &format!("-newkey {key} -subj /CN=key")));
    }
}

#[test]
fn every_serial_number_and_year_reads_as_openssl_reads_it() {
    let openssl = Openssl::new();
    for serial in [
        "0",
        "1",
        "127",
        "128",
        "-1",
        "-5",
        "-128",
        "0x7fffffffffffffff",
        "0x8000000000000000",
        "-0x123456789abcdef0123",
    ] {
        let pem = certificate(&openssl, &format!("-newkey ed25519 -subj /CN=s -set_serial {serial}"));
        compare(&openssl, &pem);
    }
    compare(&openssl, &certificate(&openssl, "-newkey ed25519 -subj /CN=s -days 30000"));
}

#[test]
fn every_name_reads_as_openssl_reads_it() {
    let openssl = Openssl::new();
    for (mask, name) in [
        ("utf8only", "C=ES\nST=Ávila\nL=a\\,b\nO=x+y\nOU=\\#a\nCN=a\\#\nemailAddress=a@b.c"),
        ("nombstr", "C=ES\nO=Ávila\nCN=plain"),
        ("default", "0.DC=local\n1.DC=qp\nUID=7\nserialNumber=12\nstreet=a\n0.1.3.6.1.4.1.99999.1=odd\nCN=Ж"),
        ("pkix", "O=Ж\nCN=\"ends with space \"\nOU=back\\\\slash\nL=\" a\""),
        ("MASK:0x800", "O=Ж\nCN=wide"),
        ("MASK:0x100", "O=Ж\nCN=wider"),
        ("utf8only", "CN=a\n+OU=b\n+O=c\nL=\"a;b<c>d\"\nST=\\\"quoted\\\""),
        ("utf8only", "businessCategory=Private\njurisdictionC=ES\norganizationIdentifier=VATES-1\nGN=A\nSN=B\ntitle=C"),
    ] {
        openssl.write(
            "names.cnf",
            format!("[req]\ndistinguished_name=dn\nprompt=no\nstring_mask={mask}\nutf8=yes\n[dn]\n{name}\n"),
        );
        compare(&openssl, &certificate(&openssl, "-newkey ed25519 -config names.cnf"));
    }
}

/// A certificate with every extension that OpenSSL can be told to make.
pub(crate) fn every_extension(openssl: &Openssl) -> String {
    openssl.write("all.cnf", include_str!("every_extension.cnf"));
    certificate(openssl, "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -config all.cnf")
}

#[test]
fn every_extension_reads_as_openssl_reads_it() {
    let openssl = Openssl::new();
    compare(&openssl, &every_extension(&openssl));
}

/// The table of names is that of OpenSSL; `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn every_object_is_called_as_openssl_calls_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/text/objects.tsv");
    let mut lines: Vec<String> = Openssl::new()
        .run("list -objects")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (short, rest) = line.split_once(" = ").unwrap();
            let (long, oid) = rest.rsplit_once(", ").unwrap_or((short, rest));
            // The program cuts off numbers that are too long for it: Ukrainian curves, which nobody will miss.
            (!oid.ends_with('.')).then(|| format!("{oid}\t{short}\t{long}\n"))
        })
        .collect();
    lines.sort();
    let theirs = lines.concat();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        #[expect(clippy::disallowed_methods, reason = "the expected text of a test")]
        std::fs::write(path, &theirs).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == theirs, "the names of objects changed");
}

#[test]
fn odd_and_broken_extensions_read_as_openssl_reads_them() {
    let openssl = Openssl::new();
    for extension in [
        "basicConstraints=CA:FALSE",
        "keyUsage=DER:03020700",
        "keyUsage=DER:0303070080",
        "extendedKeyUsage=DER:3000",
        "subjectAltName=DER:3000",
        "subjectAltName=DER:30058203610062",
        "subjectAltName=DER:300487021234",
        "subjectAltName=DER:30068204c3a9c3a9",
        "subjectAltName=DER:ffff",
        "nameConstraints=permitted;DNS:qp.local",
        "nameConstraints=excluded;IP:10.0.0.0/255.0.0.0,excluded;IP:fe80::/ffc0::",
        "nameConstraints=excluded;URI:.example.com,permitted;email:example.com",
        "crlDistributionPoints=URI:http://a/,URI:http://b/",
        "authorityInfoAccess=OCSP;URI:http://ocsp/",
        "certificatePolicies=anyPolicy,1.2.3.4",
        "policyConstraints=requireExplicitPolicy:0",
        "policyMappings=1.2.3:1.2.4,1.3.4:1.3.5",
        "tlsfeature=5,17,99",
        "noCheck=ignored",
        "nsCertType=objsign,sslCA",
        "1.3.6.1.5.5.7.1.3=DER:3000",
        "1.2.3.4=critical,DER:0a0d4120ff",
        "1.2.3.4=ASN1:NULL",
        "2.5.29.16=DER:3022800f32303236313132313038303030305a810f32303237313132313038303030305a",
    ] {
        openssl.write(
            "odd.cnf",
            format!("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=odd\n[ext]\n{extension}\n"),
        );
        compare(&openssl, &certificate(&openssl, "-newkey ed25519 -config odd.cnf"));
    }
}

#[test]
fn receipts_of_transparency_logs_read_as_openssl_reads_them() {
    let openssl = Openssl::new();
    // Two receipts: an ECDSA signature without extensions, an RSA one with some; and one of a later version.
    let receipt = |version: &str, extensions: &str, algorithm: &str, signature: &str| {
        let extensions_length = format!("{:04x}", extensions.len() / 2);
        let signature_length = format!("{:04x}", signature.len() / 2);
        let body = [
            version,
            &"a1".repeat(32),
            "0000019100a1b2c3",
            &extensions_length,
            extensions,
            algorithm,
            &signature_length,
            signature,
        ]
        .concat();
        format!("{:04x}{body}", body.len() / 2)
    };
    let receipts = [
        receipt("00", "", "0403", &"3045".repeat(35)),
        receipt("00", "0102030405", "0401", &"ff".repeat(16)),
        receipt("00", "", "0403", &"ab".repeat(17)),
    ]
    .concat();
    let list = format!("{:04x}{receipts}", receipts.len() / 2);
    let octets = list.len() / 2;
    let value = format!("0482{octets:04x}{list}");
    openssl.write(
        "sct.cnf",
        format!(
            "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=sct\n[ext]\n\
             1.3.6.1.4.1.11129.2.4.2=DER:{value}\n1.3.6.1.4.1.11129.2.4.3=critical,ASN1:NULL\n"
        ),
    );
    compare(&openssl, &certificate(&openssl, "-newkey ed25519 -config sct.cnf"));
}

/// Certificates from the world: Debian's package `ca-certificates`.
#[test]
fn the_roots_of_the_world_read_as_openssl_reads_them() {
    let openssl = Openssl::new();
    let all = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap();
    for pem in all.split_inclusive("-----END CERTIFICATE-----\n") {
        compare(&openssl, pem);
        plenum_pki::Certificate::parse_pem(pem).unwrap();
    }
}

#[test]
fn a_name_cannot_write_lines_of_its_own() {
    let openssl = Openssl::new();
    // DNS:a<newline>b
    openssl.write(
        "evil.cnf",
        "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=odd\n[ext]\nsubjectAltName=DER:30058203610a62\n",
    );
    let text = dump(&certificate(&openssl, "-newkey ed25519 -config evil.cnf")).unwrap();
    assert!(text.contains("                DNS:a.b\n"), "{text}");
}

#[test]
fn what_is_not_a_certificate_has_no_text() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(dump(pem).is_err());
    }
}
