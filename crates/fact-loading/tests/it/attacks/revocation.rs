//! Revocation servers: silent, broken, too talkative, or where nobody may call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_trust::ReasonCode;
use rehearsal::Algorithm;
use rehearsal::notary::{NotaryAuthority, NotarySigner, SignerOptions, Wrapping};
use rehearsal::registry::Options;
use rehearsal::revocation::{Period, RevocationPlaces, Scope, Status};
use rehearsal::service::{Answer, Service, Serving};
use serde_json::{Value, json};
use vouchsafe_fact_loading::{Loader, LoaderOptions, RevocationCheck};

use crate::policies::{IMAGES, images_policy, namespaced_policy, pod};
use crate::stage::{AMPLE, Review, Stage, engine};
use crate::town::Town;
use crate::workshop::{NAME, signing_time};

/// What the servers do.
#[derive(Clone, Copy)]
enum Mood {
    /// They answer honestly, and say this of the signer.
    Says(Status),
    /// They answer with a status that is no answer.
    Broken,
    /// They send a list of 9 MiB, and as much instead of a response.
    Talkative,
}

/// A list at `/ca.crl` and a responder everywhere else.
struct Servers {
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    answers: Mutex<Option<Answers>>,
}

/// Both answers for each status, as the authority lives elsewhere.
struct Answers {
    good: (Vec<u8>, Vec<u8>),
    revoked: (Vec<u8>, Vec<u8>),
}

impl Service for Servers {
    fn answer(&self, _method: &str, path: &str, _body: &[u8]) -> Answer {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answers = self.answers.lock().unwrap();
        let answers = answers.as_ref().unwrap();
        let bytes = match *self.mood.lock().unwrap() {
            Mood::Broken => return Answer::of(503, "text/plain", "come back later"),
            Mood::Talkative => vec![0; 9 * 1024 * 1024],
            Mood::Says(status) => {
                let (list, response) = if status == Status::Good {
                    &answers.good
                } else {
                    &answers.revoked
                };
                if path == "/ca.crl" { list } else { response }.clone()
            }
        };
        Answer::of(200, "application/octet-stream", bytes)
    }
}

/// A stage with an image `app` that a signer signed whose certificate names the servers.
struct Scene {
    stage: Stage,
    authority: NotaryAuthority,
    signer: NotarySigner,
    servers: Arc<Servers>,
    _serving: Serving,
}

impl Scene {
    async fn new(allow_loopback: bool) -> Self {
        let stage = Stage::with(Options::default(), Town::default(), allow_loopback).await;
        let servers = Arc::new(Servers {
            mood: Mutex::new(Mood::Says(Status::Good)),
            asked: AtomicUsize::new(0),
            answers: Mutex::new(None),
        });
        let free = "127.0.0.1:0".parse().unwrap();
        let serving = Serving::start(free, Arc::clone(&servers) as Arc<_>)
            .await
            .unwrap();
        let authority = NotaryAuthority::new(signing_time() - Duration::from_secs(86_400)).unwrap();
        let options = SignerOptions {
            revocation: RevocationPlaces {
                lists: vec![format!("{}/ca.crl", serving.url())],
                responders: vec![serving.url()],
            },
            ..SignerOptions::default()
        };
        let signer = authority.signer_with("ci", Algorithm::P256, &options).unwrap();
        let scene = Self {
            stage,
            authority,
            signer,
            servers,
            _serving: serving,
        };
        let (good, revoked) = (scene.says(Status::Good), scene.says(Status::Revoked));
        *scene.servers.answers.lock().unwrap() = Some(Answers { good, revoked });
        scene.sign("app");
        scene
    }

    fn says(&self, status: Status) -> (Vec<u8>, Vec<u8>) {
        let period = Period {
            from: signing_time(),
            until: Some(signing_time() + Duration::from_secs(86_400)),
        };
        let (revoker, leaf) = (self.authority.revoker(), &self.signer.chain[0]);
        let list = revoker
            .list(&[(leaf, status)], period, Scope::Everything)
            .unwrap();
        (list, revoker.response(leaf, status, period).unwrap())
    }

    fn sign(&self, tag: &str) {
        let image = self.stage.image(tag);
        self.stage
            .repository
            .notarize(&image, &self.signer, Wrapping::Cose)
            .unwrap();
    }

    fn set(&self, mood: Mood) {
        *self.servers.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> usize {
        self.servers.asked.load(Ordering::Relaxed)
    }

    fn entry(&self) -> Value {
        let certificates = json!({ "cert": self.authority.root().pem() });
        json!({
            "type": "Notary", "imageReferences": [IMAGES],
            "attestors": [{ "entries": [{ "certificates": certificates }] }],
        })
    }

    fn policy(&self) -> String {
        images_policy("notary", &[self.entry()])
    }
}

#[tokio::test]
async fn a_notary_signer_is_admitted_while_its_certificate_stands_and_refused_once_it_was_taken_back() {
    let scene = Scene::new(true).await;
    let admitted = scene.stage.run(&[scene.policy()], &["app"]).await;
    assert!(admitted.is_admitted(), "{:#?}", admitted.words());
    let scene = Scene::new(true).await;
    scene.set(Mood::Says(Status::Revoked));
    let refused = scene.stage.run(&[scene.policy()], &["app"]).await;
    refused.refused_for(ReasonCode::Revoked);
}

/// CVE-2024-51491: trouble with revocation lists ended the verification for good. Here it refuses once, is not kept, and
/// nothing is written anywhere.
#[tokio::test]
async fn a_revocation_server_that_breaks_refuses_and_is_asked_again_cve_2024_51491() {
    let scene = Scene::new(true).await;
    for mood in [Mood::Broken, Mood::Talkative] {
        scene.set(mood);
        let refused = scene.stage.run(&[scene.policy()], &["app"]).await;
        refused.refused_for(ReasonCode::RevocationUnknown);
    }
    scene.set(Mood::Says(Status::Good));
    let admitted = scene.stage.run(&[scene.policy()], &["app"]).await;
    assert!(admitted.is_admitted(), "{:#?}", admitted.words());
}

#[tokio::test]
async fn revocation_servers_are_asked_once_for_all_images_of_a_signer() {
    let scene = Scene::new(true).await;
    scene.sign("other");
    let admitted = scene.stage.run(&[scene.policy()], &["app", "other"]).await;
    assert!(admitted.is_admitted(), "{:#?}", admitted.words());
    // One list, one responder.
    assert_eq!(scene.asked(), 2);
}

/// CVE-2026-4789: a policy's certificates make the webhook call its own neighbours.
#[tokio::test]
async fn revocation_servers_on_loopback_are_not_called_cve_2026_4789() {
    let scene = Scene::new(false).await;
    let refused = scene.stage.run(&[scene.policy()], &["app"]).await;
    refused.refused_for(ReasonCode::RevocationUnknown);
    assert_eq!(scene.asked(), 0);
}

/// A tenant makes an authority whose certificates name any address, and signs with it.
#[tokio::test]
async fn a_namespaced_policy_has_no_revocation_server_called() {
    let scene = Scene::new(true).await;
    let rule = json!({ "name": "images", "verifyImages": [scene.entry()] });
    let mut object = pod(&[&format!("{NAME}:app")]);
    object["metadata"]["namespace"] = "tenant".into();
    let policies = [namespaced_policy("tenant", &rule)];
    let refused = scene
        .stage
        .judge(&engine(&policies), &Review::create(&object), AMPLE)
        .await;
    refused.refused_for(ReasonCode::RevocationUnknown);
    assert_eq!(scene.asked(), 0);
}

/// The operator may let pass what policies enforce; then it is told, or nobody is asked. No policy can.
#[tokio::test]
async fn an_operator_may_have_revocation_logged_or_skipped() {
    for (check, asked) in [(RevocationCheck::Log, 2), (RevocationCheck::Skip, 0)] {
        let mut scene = Scene::new(true).await;
        scene.set(Mood::Says(Status::Revoked));
        let options = LoaderOptions {
            mirrors: vec![format!("registry.example.com={}", scene.stage.registry.url())],
            allow_loopback: true,
            notary_revocation: check,
            ..LoaderOptions::default()
        };
        scene.stage.loader = Loader::new(options).unwrap();
        let admitted = scene.stage.run(&[scene.policy()], &["app"]).await;
        assert!(admitted.is_admitted(), "{check:?}: {:#?}", admitted.words());
        assert_eq!(scene.asked(), asked, "{check:?}");
    }
}

/// A stranger's certificate names the servers; who verifies does not call for strangers.
#[tokio::test]
async fn a_stranger_s_certificate_makes_nobody_call_anything() {
    let scene = Scene::new(true).await;
    let other = NotaryAuthority::new(signing_time() - Duration::from_secs(86_400)).unwrap();
    let mut entry = scene.entry();
    entry["attestors"][0]["entries"][0]["certificates"]["cert"] = other.root().pem().into();
    let refused = scene
        .stage
        .run(&[images_policy("notary", &[entry])], &["app"])
        .await;
    refused.refused_for(ReasonCode::UntrustedCertificate);
    assert_eq!(scene.asked(), 0);
}
