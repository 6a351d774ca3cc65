//! Replacing leaves and authorities while the old ones are still in use.

use jiff::SignedDuration;
use plenum_pki::{Authority, Error, renew_at};

use crate::openssl::Openssl;
use crate::{authorities, days, leaf, now};

#[test]
fn a_leaf_is_replaced_while_the_old_one_is_valid() {
    let (root, intermediate) = authorities();
    let (old, new) = (leaf(&intermediate, "core.qp.local"), leaf(&intermediate, "core.qp.local"));
    assert!(old.serial != new.serial && old.key_pem.reveal() != new.key_pem.reveal());
    let renewal = renew_at(&days(30), 0.7);
    assert!(renewal > now() && renewal < old.not_after - SignedDuration::from_hours(24 * 9));
    let openssl = Openssl::new();
    openssl.write("root.pem", root.cert_pem());
    openssl.write("intermediate.pem", intermediate.cert_pem());
    for issued in [old, new] {
        openssl.write("leaf.pem", &issued.cert_pem);
        openssl.verify("-CAfile root.pem -untrusted intermediate.pem leaf.pem").unwrap();
    }
}

#[test]
fn an_authority_hands_over_to_its_successor() {
    let (old_root, old_intermediate) = authorities();
    let new_root = Authority::root("QP Root 2", "qp.local", days(7300)).unwrap();
    let new_intermediate = new_root.intermediate("QP Issuing 2", "qp.local", days(730)).unwrap();
    let (old_leaf, new_leaf) = (leaf(&old_intermediate, "core.qp.local"), leaf(&new_intermediate, "core.qp.local"));

    let openssl = Openssl::new();
    openssl.write("old.pem", old_root.cert_pem());
    openssl.write("both.pem", old_root.cert_pem() + &new_root.cert_pem());
    openssl.write("old-leaf.pem", &old_leaf.chain_pem);
    openssl.write("new-leaf.pem", &new_leaf.chain_pem);
    let cross = old_root.cross_sign(&new_root, days(365)).unwrap();
    openssl.write("new-chain.pem", format!("{}{cross}", new_leaf.chain_pem));

    // Who knows both roots trusts both.
    openssl.verify("-CAfile both.pem -untrusted old-leaf.pem old-leaf.pem").unwrap();
    openssl.verify("-CAfile both.pem -untrusted new-leaf.pem new-leaf.pem").unwrap();
    // Who knows only the old one trusts the new one by the certificate that the old one made for it.
    openssl.verify("-CAfile old.pem -untrusted new-leaf.pem new-leaf.pem").unwrap_err();
    openssl.verify("-x509_strict -CAfile old.pem -untrusted new-chain.pem new-leaf.pem").unwrap();

    let elsewhere = Authority::root("x", "example.com", days(10)).unwrap();
    assert!(matches!(old_root.cross_sign(&elsewhere, days(5)), Err(Error::OutsideDomain { .. })));
    assert!(matches!(old_root.cross_sign(&new_root, days(3651)), Err(Error::Outlives { .. })));
}
