//! Which realms get what, and how long tokens live.

use super::*;

fn tokens() -> Tokens {
    let mut trusted = TrustedRealms::default();
    trusted.trust("registry.example", "login.partner.example");
    Tokens::new(Transport::new(&[], &Default::default()).unwrap(), trusted)
}

fn judged(realm: &str, registry: &str, has_credentials: bool) -> bool {
    tokens()
        .judged(realm, &Url::parse(registry).unwrap(), has_credentials)
        .is_ok()
}

/// A registry that is hostile, or stands behind a proxy that is, names somebody else's host as its token server to
/// be handed the password configured for it.
#[test]
fn a_hijacked_realm_gets_no_credentials() {
    assert!(judged(
        "https://auth.docker.io/token",
        "https://index.docker.io/",
        true
    ));
    assert!(judged("https://ghcr.io/token", "https://ghcr.io/", true));
    assert!(judged(
        "http://127.0.0.1:5001/token",
        "http://127.0.0.1:5000/",
        true
    ));
    assert!(judged(
        "https://login.partner.example/token",
        "https://registry.example/",
        true
    ));

    assert!(!judged("https://attacker.com/token", "https://ghcr.io/", true));
    assert!(!judged(
        "https://ghcr.io.attacker.com/token",
        "https://ghcr.io/",
        true
    ));
    assert!(!judged(
        "https://ghcr.io@attacker.com/token",
        "https://ghcr.io/",
        true
    ));
    assert!(!judged("http://ghcr.io/token", "https://ghcr.io/", true));
    assert!(!judged(
        "http://auth.docker.io/token",
        "http://index.docker.io/",
        true
    ));
    assert!(!judged(
        "https://login.partner.example/token",
        "https://ghcr.io/",
        true
    ));
}

#[test]
fn without_credentials_any_https_realm_may_be_asked_but_not_this_machine() {
    assert!(judged(
        "https://elsewhere.example/token",
        "https://registry.k8s.io/",
        false
    ));
    assert!(!judged(
        "http://elsewhere.example/token",
        "https://registry.k8s.io/",
        false
    ));
    assert!(!judged(
        "https://127.0.0.1/token",
        "https://registry.k8s.io/",
        false
    ));
    assert!(!judged(
        "https://169.254.169.254/latest/meta-data",
        "https://registry.k8s.io/",
        false
    ));
    assert!(!judged(
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:5000/",
        false
    ));
    assert!(!judged("file:///etc/passwd", "https://registry.k8s.io/", false));
}

fn life(body: &str, date: Option<&str>) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    if let Some(date) = date {
        headers.insert(DATE, date.parse().unwrap());
    }
    let token = read_token(body.as_bytes(), &headers).ok()?;
    Some(token.until.saturating_duration_since(Instant::now()))
}

#[test]
fn a_token_is_given_up_before_its_server_does() {
    let about = |body: &str, date: Option<&str>, seconds: u64| {
        let life = life(body, date).unwrap();
        life <= Duration::from_secs(seconds) && life > Duration::from_secs(seconds.saturating_sub(2))
    };
    assert!(about(r#"{"token":"t","expires_in":300}"#, None, 295));
    assert!(about(r#"{"access_token":"t"}"#, None, 55));
    assert!(about(r#"{"token":"t","expires_in":1e300}"#, None, 55));
    assert!(about(r#"{"token":"t","expires_in":86400}"#, None, 3595));
    assert_eq!(
        life(r#"{"token":"t","expires_in":-5}"#, None).map(|life| life.as_secs() > 50),
        Some(true)
    );
    let date = Some("Tue, 24 Nov 2026 05:01:40 GMT");
    assert!(about(
        r#"{"token":"t","expires_in":300,"issued_at":"2026-11-24T05:00:00Z"}"#,
        date,
        195
    ));
    let stale = r#"{"token":"t","expires_in":60,"issued_at":"2026-11-24T05:00:00Z"}"#;
    assert_eq!(life(stale, date), Some(Duration::ZERO));
}

#[test]
fn an_answer_without_a_token_is_an_error_that_repeats_nothing() {
    assert!(life("{}", None).is_none());
    assert!(life(r#"{"token":""}"#, None).is_none());
    let error = read_token(br#"{"token":["hunter2"]}"#, &HeaderMap::new()).unwrap_err();
    assert!(!error.to_string().contains("hunter2"));
    assert!(read_token(br#"{"token":"a\nb"}"#, &HeaderMap::new()).is_err());
}

#[test]
fn the_scope_asked_for_is_to_read_one_repository() {
    let realm = Url::parse("https://auth.example/token?account=me").unwrap();
    let question = Question {
        realm,
        is_registry_s_host: true,
        service: Some("reg & co"),
        repository: "a/b",
    };
    assert_eq!(
        question.url().as_str(),
        "https://auth.example/token?account=me&service=reg+%26+co&scope=repository%3Aa%2Fb%3Apull"
    );
    assert!(
        question
            .refresh_form("s=1")
            .starts_with("grant_type=refresh_token&client_id=vouchsafe&refresh_token=s%3D1")
    );
}
