//! Signatures made with the key of a certificate that ended, dated back by whoever holds it.

use std::time::Duration;

use image_trust::ReasonCode;
use rehearsal::Algorithm;
use rehearsal::authority::TimestampAuthority;
use rehearsal::notary::{Claim, NotaryAuthority, NotarySigner, Stamp, Wrapping, countersigned, envelope};
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::workshop::signing_time;

/// Tests judge an hour after signing; the certificate ends ten minutes after it.
const REST: Duration = Duration::from_secs(600);

fn policy(notary: &Value) -> String {
    let text = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ImageValidatingPolicy", "metadata": { "name": "stamped" },
        "spec": {
            "matchConstraints": { "resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
            }]},
            "matchImageReferences": [{ "glob": "registry.example.com/*" }],
            "attestors": [{ "name": "a", "notary": notary }],
            "validations": [{
                "expression": "images.containers.all(image, verifyImageSignatures(image, [attestors.a]) > 0)",
                "message": "not signed in time",
            }],
        },
    });
    text.to_string()
}

/// Signs the image under `tag`, stamped so long after the time that the signer claims; or not stamped at all.
fn sign(
    stage: &Stage,
    signer: &NotarySigner,
    timestamps: &TimestampAuthority,
    tag: &str,
    after: Option<Duration>,
) {
    let image = stage.image(tag);
    let claim = Claim::about(&image, signing_time());
    let written = match after {
        None => envelope(signer, &claim, Wrapping::Jws),
        Some(after) => {
            let stamp = Stamp {
                authority: timestamps,
                at: signing_time() + after,
                instead: None,
            };
            countersigned(signer, &claim, Wrapping::Jws, stamp)
        }
    };
    stage
        .repository
        .refer_notary(&image, signer, Wrapping::Jws, written.unwrap())
        .unwrap();
}

/// The thief signs today and claims to have signed while the certificate was valid. What counts is when a timestamp
/// authority of the policy saw the signature; where the policy names none, the present.
#[tokio::test]
async fn a_signature_dated_back_into_its_certificate_s_life_is_refused_and_one_stamped_in_time_admitted() {
    let beginning = signing_time() - Duration::from_secs(86_400);
    let authority = NotaryAuthority::new(beginning).unwrap();
    let timestamps = TimestampAuthority::new(beginning).unwrap();
    let lifetime = Duration::from_secs(86_400) + REST;
    let signer = authority.signer_for("ci", Algorithm::P256, lifetime).unwrap();
    let stage = Stage::new().await;
    sign(&stage, &signer, &timestamps, "in-time", Some(Duration::ZERO));
    sign(&stage, &signer, &timestamps, "too-late", Some(REST * 2));
    sign(&stage, &signer, &timestamps, "unstamped", None);
    let certs = json!({ "value": authority.root().pem() });
    let tsa_certs = json!({ "value": timestamps.root().pem() });
    let stamped = [policy(&json!({ "certs": certs, "tsaCerts": tsa_certs }))];
    stage.run(&stamped, &["in-time"]).await.admitted();
    let refused = |tag: &'static str, code| {
        let (stage, stamped) = (&stage, &stamped);
        async move { stage.run(stamped, &[tag]).await.refused_for(code) }
    };
    refused("too-late", ReasonCode::Expired).await;
    refused("unstamped", ReasonCode::TimestampInvalid).await;
    let plain = [policy(&json!({ "certs": certs }))];
    stage
        .run(&plain, &["in-time"])
        .await
        .refused_for(ReasonCode::Expired);
}
