//! Certificates of the right authority and the wrong person.

use image_trust::{Identity, ReasonCode};
use rehearsal::authority::{AlternativeName, Credential, Identity as Named, Signer};

use crate::workshop::*;

fn judge(credential: &Credential, demanded: Identity) -> image_trust::SignerFinding {
    let layer = AUTHORITY
        .signature_layer(Signer::Certificate(credential), claim(&[]), signing_time())
        .expect("a layer");
    signed([layer_artifact(&layer)], keyless_demand(demanded), judging_time())
}

fn issue(named: &Named) -> Credential {
    AUTHORITY.credential(named, signing_time()).expect("a leaf")
}

/// Kyverno skips the subject where a certificate has none.
#[test]
fn a_certificate_without_a_name_never_meets_a_demanded_subject() {
    let nameless = nameless_credential();
    for subject in ["*", "", "dev@acme.example"] {
        let demanded = Identity {
            subject: Some(subject.into()),
            ..Identity::default()
        };
        assert_eq!(
            judge(&nameless, demanded).is_ok(),
            subject.is_empty(),
            "{subject:?}"
        );
    }
    let demanded = Identity {
        subject_regexp: Some(".*".into()),
        ..Identity::default()
    };
    assert_eq!(
        judge(&nameless, demanded).expect_err("nameless").code,
        ReasonCode::WrongIdentity
    );
    assert!(judge(&nameless, Identity::default()).is_ok());
}

/// Nor does a certificate without an issuer meet a demanded one.
#[test]
fn a_certificate_without_an_issuer_never_meets_a_demanded_issuer() {
    let unvouched = issue(&Named {
        names: vec![AlternativeName::Email(SUBJECT.to_owned())],
        issuer: None,
        claims: Vec::new(),
    });
    let demanded = Identity {
        issuer: Some("*".into()),
        ..Identity::default()
    };
    assert!(judge(&unvouched, demanded).is_err());
    let demanded = Identity {
        issuer_regexp: Some(".*".into()),
        ..Identity::default()
    };
    assert!(judge(&unvouched, demanded).is_err());
}

/// A subject is met by wildcard or regular expression, an issuer by wildcard and regular expression: as Kyverno reads it.
#[test]
fn wildcards_and_regular_expressions_join_as_in_kyverno() {
    let credential = credential();
    let identity = |subject: &str, subject_regexp: &str, issuer: &str, issuer_regexp: &str| Identity {
        subject: Some(subject.into()),
        subject_regexp: Some(subject_regexp.into()),
        issuer: Some(issuer.into()),
        issuer_regexp: Some(issuer_regexp.into()),
        ..Identity::default()
    };
    assert!(judge(&credential, identity("*@acme.example", "^nobody$", "", "")).is_ok());
    assert!(judge(&credential, identity("nobody", "acme", "", "")).is_ok());
    assert!(judge(&credential, identity("nobody", "^nobody$", "", "")).is_err());
    assert!(judge(&credential, identity("", "", "https://accounts.*", "acme")).is_ok());
    assert!(judge(&credential, identity("", "", "https://accounts.*", "^acme")).is_err());
    assert!(judge(&credential, identity("", "", "nobody", "acme")).is_err());
}

/// Another's identity in front of one's own: `dev@acme.example.evil.example` is not `dev@acme.example`.
#[test]
fn a_name_that_begins_or_ends_like_the_demanded_one_is_another() {
    for name in [
        "dev@acme.example.evil.example",
        "evil-dev@acme.example",
        "DEV@acme.example",
        "dev@acme.exampl",
    ] {
        let refusal = judge(&issue(&Named::email(name, ISSUER)), identity()).expect_err(name);
        assert_eq!(refusal.code, ReasonCode::WrongIdentity);
        assert_eq!(
            refusal.message,
            format!("subject mismatch: expected {SUBJECT}, received {name}")
        );
    }
    let refusal =
        judge(&issue(&Named::email(SUBJECT, "https://evil.example")), identity()).expect_err("issuer");
    assert_eq!(
        refusal.message,
        format!("issuer mismatch: expected {ISSUER}, received https://evil.example")
    );
}

/// Every name of a certificate is looked at, whatever its kind.
#[test]
fn any_kind_of_name_can_meet_a_subject() {
    let named = Named {
        names: vec![
            AlternativeName::Uri("https://ci.acme.example/job".to_owned()),
            AlternativeName::Dns("build.acme.example".to_owned()),
            AlternativeName::Email(SUBJECT.to_owned()),
        ],
        issuer: Some(ISSUER.to_owned()),
        claims: Vec::new(),
    };
    let credential = issue(&named);
    for subject in ["https://ci.acme.example/*", "build.acme.example", SUBJECT] {
        let demanded = Identity {
            subject: Some(subject.into()),
            ..Identity::default()
        };
        assert!(judge(&credential, demanded).is_ok(), "{subject}");
    }
}

/// Fulcio's extensions by name and by OID; a name that no extension has refuses.
#[test]
fn extensions_must_hold_what_is_demanded_of_them() {
    let credential = issue(
        &Named::email(SUBJECT, ISSUER)
            .claim(2, "push")
            .claim(12, "https://github.com/acme/app"),
    );
    let with = |name: &str, value: &str| Identity {
        extensions: pairs(&[(name, value)]),
        ..Identity::default()
    };
    for (name, value, is_met) in [
        ("githubWorkflowTrigger", "push", true),
        ("1.3.6.1.4.1.57264.1.2", "pu*", true),
        ("githubWorkflowTrigger", "pull_request", false),
        ("sourceRepositoryURI", "https://github.com/acme/*", true),
        ("1.3.6.1.4.1.57264.1.12", "https://github.com/acme/app", true),
        ("sourceRepositoryURI", "https://github.com/evil/*", false),
        ("runnerEnvironment", "*", false),
        ("noSuchExtension", "*", false),
    ] {
        assert_eq!(
            judge(&credential, with(name, value)).is_ok(),
            is_met,
            "{name}={value}"
        );
    }
}

/// Kyverno lets the identity be met by one signature and the annotations by another.
#[test]
fn identity_and_annotations_must_hold_for_the_same_signature() {
    let (right, wrong) = (credential(), issue(&Named::email("mallory@evil.example", ISSUER)));
    let layer = |credential: &Credential, annotations: &[(&str, &str)]| {
        let signer = Signer::Certificate(credential);
        layer_artifact(
            &AUTHORITY
                .signature_layer(signer, claim(annotations), signing_time())
                .expect("a layer"),
        )
    };
    let mut demand = keyless_demand(identity());
    demand.annotations = pairs(&[("env", "prod")]);
    let mixed = [layer(&right, &[]), layer(&wrong, &[("env", "prod")])];
    let refusal = signed(mixed, demand.clone(), judging_time()).expect_err("mixed");
    assert_eq!(refusal.code, ReasonCode::AnnotationMismatch);
    assert_eq!(refusal.message, "no signature matched the required annotations");
    assert!(
        signed(
            [layer(&right, &[("env", "prod"), ("more", "x")])],
            demand,
            judging_time()
        )
        .is_ok()
    );
}

/// Every extension that Fulcio writes, each by its name and by its number, held against what is in it and what is not.
#[test]
fn every_extension_of_fulcio_can_be_demanded_by_name_and_by_number() {
    let names = [
        (2, "githubWorkflowTrigger"),
        (3, "githubWorkflowSha"),
        (4, "githubWorkflowName"),
        (5, "githubWorkflowRepository"),
        (6, "githubWorkflowRef"),
        (9, "buildSignerURI"),
        (10, "buildSignerDigest"),
        (11, "runnerEnvironment"),
        (12, "sourceRepositoryURI"),
        (13, "sourceRepositoryDigest"),
        (14, "sourceRepositoryRef"),
        (15, "sourceRepositoryIdentifier"),
        (16, "sourceRepositoryOwnerURI"),
        (17, "sourceRepositoryOwnerIdentifier"),
        (18, "buildConfigURI"),
        (19, "buildConfigDigest"),
        (20, "buildTrigger"),
        (21, "runInvocationURI"),
        (22, "sourceRepositoryVisibilityAtSigning"),
        (23, "deploymentEnvironment"),
        (24, "tokenSubject"),
    ];
    let mut named = Named::email(SUBJECT, ISSUER);
    for (number, name) in names {
        named = named.claim(number, &format!("value of {name}"));
    }
    let credential = issue(&named);
    let judge = |name: &str, value: &str| {
        let demanded = Identity {
            extensions: pairs(&[(name, value)]),
            ..Identity::default()
        };
        judge(&credential, demanded).is_ok()
    };
    for (number, name) in names {
        for called in [name.to_owned(), format!("1.3.6.1.4.1.57264.1.{number}")] {
            assert!(judge(&called, &format!("value of {name}")), "{called}");
            assert!(!judge(&called, "value of another"), "{called}");
        }
    }
    for called in ["oidcIssuer", "oidcIssuerV2", "1.3.6.1.4.1.57264.1.8"] {
        assert!(
            judge(called, ISSUER) && !judge(called, "https://another.example"),
            "{called}"
        );
    }
}

/// A regular expression that would take for ever elsewhere is refused or matched in linear time here.
#[test]
fn a_regular_expression_can_neither_blow_up_nor_be_broken_open_cve_2023_7279() {
    let credential = credential();
    let judge = |regexp: &str| {
        judge(
            &credential,
            Identity {
                subject_regexp: Some(regexp.into()),
                ..Identity::default()
            },
        )
    };
    assert_eq!(judge("(").expect_err("broken").code, ReasonCode::PolicyError);
    assert_eq!(
        judge(&"a".repeat(5_000)).expect_err("long").code,
        ReasonCode::PolicyError
    );
    assert_eq!(
        judge("((a{1000}){1000}){1000}").expect_err("huge").code,
        ReasonCode::PolicyError
    );
    assert_eq!(
        judge("(a+)+$").expect_err("another name").code,
        ReasonCode::WrongIdentity
    );
}
