//! Whether a chain of capsules is whole: places, links, hashes and, with a public key, signatures.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use super::{CONTENT, fingerprint, hash};

/// What is wrong with a chain, and with which of its capsules, counted from zero.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("capsule {at}: {why}")]
pub struct Broken {
    pub at: usize,
    pub why: &'static str,
}

/// Verifies a chain; with a public key also who signed it. What was cut off at its end cannot be seen.
///
/// # Errors
/// The first capsule that is not as it should be.
pub fn verify(chain: &[Value], public_key: Option<&[u8]>) -> Result<(), Broken> {
    let mut previous: Option<&str> = None;
    for (at, capsule) in chain.iter().enumerate() {
        let sound = |is_so: bool, why| if is_so { Ok(()) } else { Err(Broken { at, why }) };
        sound(CONTENT.iter().all(|part| capsule.get(part).is_some()), "a part of it is missing")?;
        sound(capsule["spec_version"] == "1.0", "it is of another version of the specification")?;
        sound(capsule["sequence"].as_u64() == Some(at as u64), "it is not in its place")?;
        sound(capsule["previous_hash"].as_str() == previous, "it does not follow the one before it")?;
        sound(previous.is_some() || capsule["previous_hash"].is_null(), "the first one follows nobody")?;
        let stated = capsule["hash"].as_str().unwrap_or_default();
        sound(stated == hash(capsule), "its content is not what was hashed")?;
        if let Some(key) = public_key {
            sound(capsule["signed_by"] == fingerprint(&hex::encode(key)), "somebody else signed it")?;
            let signature = hex::decode(capsule["signature"].as_str().unwrap_or_default()).unwrap_or_default();
            let checked = UnparsedPublicKey::new(&ED25519, key).verify(stated.as_bytes(), &signature);
            sound(checked.is_ok(), "its signature is wrong")?;
        }
        previous = Some(stated);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::super::{Signer, content};
    use super::*;
    use platform::audit::Row;

    fn row(id: i64) -> Row {
        Row {
            id,
            ts: Timestamp::from_second(1_775_304_000).unwrap(),
            actor: "local:operator".to_owned(),
            category: "mesh".to_owned(),
            action: "service_register".to_owned(),
            target: Some("core".to_owned()),
            details: Some(json!({ "port": "8000", "tls": true })),
            outcome: "ok".to_owned(),
            seq: Some(id),
            hash: Some("00".to_owned()),
        }
    }

    fn chain(signer: &Signer) -> Vec<Value> {
        let mut chain: Vec<Value> = Vec::new();
        for place in 0..3u32 {
            let previous = chain.last().and_then(|last| last["hash"].as_str()).map(str::to_owned);
            let content = content(&row(i64::from(place)), "Registered", u64::from(place), previous.as_deref());
            chain.push(signer.seal(content, Timestamp::UNIX_EPOCH));
        }
        chain
    }

    #[test]
    fn a_chain_is_sound_and_every_change_of_it_is_seen() {
        let signer = Signer::new(&[7; 32]).unwrap();
        let key = hex::decode(signer.public_key()).unwrap();
        let sound = chain(&signer);
        assert_eq!(sound[0]["trigger"]["timestamp"], "2026-04-04T12:00:00.000000+00:00");
        assert_eq!(verify(&sound, Some(&key)), Ok(()));
        let broken = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut chain = sound.clone();
            change(&mut chain);
            verify(&chain, Some(&key)).unwrap_err()
        };
        assert_eq!(broken(&|chain| chain[1]["outcome"]["summary"] = json!("x")).at, 1);
        assert_eq!(broken(&|chain| chain.swap(0, 1)).at, 0);
        assert_eq!(broken(&|chain| drop(chain.remove(1))).at, 1);
        assert_eq!(broken(&|chain| drop(chain.remove(0))).at, 0);
        assert_eq!(broken(&|chain| chain[2]["previous_hash"] = json!("00")).at, 2);
        assert_eq!(broken(&|chain| chain[2]["spec_version"] = json!("2.0")).at, 2);
        // Hashed anew, but not signed anew.
        let forged = broken(&|chain| {
            chain[2]["outcome"]["status"] = json!("failure");
            chain[2]["hash"] = json!(hash(&chain[2]));
        });
        assert_eq!((forged.at, forged.why), (2, "its signature is wrong"));
        let other = hex::decode(Signer::new(&[8; 32]).unwrap().public_key()).unwrap();
        assert!(verify(&sound, Some(&other)).is_err());
        assert_eq!(verify(&sound, None), Ok(()));
    }
}
