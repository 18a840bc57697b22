//! Who is told what: challenges, token servers, tenants.

use std::sync::Arc;

use crate::oci_registry::{
    Credential, CredentialSource, Deadline, ExplicitCredential, Identity, Keychain, Registry as _,
    RegistryError, RegistryErrorKind, Resource, Secret,
};
use crate::server::{Answer, Server, answer, manifest};
use crate::{MANIFEST, call, call_with, client, digest, password, repository};

const BASIC: &str = "Basic dTpodW50ZXIy";

fn challenge(status: u16, realm: &str) -> Answer {
    let bearer = format!("Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:x:pull,push\"");
    answer(
        status,
        &[("www-authenticate", &bearer)],
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#,
    )
}

/// A registry with its token server under one roof: `/token` answers tokens named for who asked.
async fn token_registry(life_seconds: u64) -> Server {
    Server::knowing_itself(move |host, asked, before| {
        if asked.path == "/token" {
            let who = match asked.authorization.as_deref() {
                None => "anonymous",
                Some(BASIC) => "u",
                Some(_) => "other",
            };
            return answer(
                200,
                &[],
                &format!(r#"{{"token":"{who}-{before}","expires_in":{life_seconds}}}"#),
            );
        }
        match asked.authorization.as_deref() {
            Some(header) if header.starts_with("Bearer ") => manifest(MANIFEST),
            _ => challenge(401, &format!("http://{host}/token")),
        }
    })
    .await
}

fn source(server: &Server, user: &str) -> Arc<dyn CredentialSource> {
    Arc::new(ExplicitCredential::new(&server.host, password(user)))
}

fn authorizations(server: &Server) -> Vec<Option<String>> {
    server
        .asked()
        .into_iter()
        .filter(|asked| asked.path != "/token")
        .map(|asked| asked.authorization)
        .collect()
}

#[tokio::test]
async fn a_token_is_fetched_once_and_used_again() {
    let server = token_registry(300).await;
    let (client, call) = (client(), call_with(&server.host, password("u")));
    for tag in ["1", "2", "3"] {
        client
            .resolve(&call, &repository(&server.host), tag)
            .await
            .unwrap();
    }
    let tokens: Vec<_> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.path == "/token")
        .collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(
        tokens[0].query,
        "service=registry&scope=repository%3Aacme%2Fapi%3Apull"
    );
    assert_eq!(tokens[0].authorization.as_deref(), Some(BASIC));
    assert_eq!(server.count(), 5, "refused, token, and three answers");
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_it_is_refused() {
    let server = token_registry(1).await;
    let (client, call) = (client(), call_with(&server.host, password("u")));
    client
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap();
    client
        .resolve(&call, &repository(&server.host), "2")
        .await
        .unwrap();
    let tokens = server
        .asked()
        .iter()
        .filter(|asked| asked.path == "/token")
        .count();
    assert_eq!((tokens, server.count()), (2, 5));
}

#[tokio::test]
async fn one_tenant_s_token_is_never_used_for_another() {
    let server = token_registry(300).await;
    let client = client();
    for who in [
        call_with(&server.host, password("u")),
        call(),
        call_with(&server.host, password("v")),
    ] {
        client
            .resolve(&who, &repository(&server.host), "1")
            .await
            .unwrap();
    }
    let used: Vec<_> = authorizations(&server).into_iter().flatten().collect();
    assert_eq!(used.len(), 3);
    assert!(used[0].starts_with("Bearer u-"), "{used:?}");
    assert!(used[1].starts_with("Bearer anonymous-"), "{used:?}");
    assert!(used[2].starts_with("Bearer other-"), "{used:?}");
}

#[tokio::test]
async fn a_token_is_for_its_repository_alone() {
    let server = token_registry(300).await;
    let (client, call) = (client(), call_with(&server.host, password("u")));
    let other = image_reference::RepositoryLocation::parse(&format!("{}/other/app", server.host)).unwrap();
    client
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap();
    client.resolve(&call, &other, "1").await.unwrap();
    let scopes: Vec<_> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.path == "/token")
        .map(|asked| asked.query)
        .collect();
    assert_eq!(scopes.len(), 2);
    assert!(scopes[1].ends_with("repository%3Aother%2Fapp%3Apull"));
}

#[tokio::test]
async fn an_identity_token_is_exchanged_and_not_shown_to_the_registry() {
    let server = token_registry(300).await;
    let call = call_with(&server.host, Credential::IdentityToken(Secret::new("refresh-me")));
    client()
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap();
    let asked = server.asked();
    let exchange = asked.iter().find(|asked| asked.path == "/token").unwrap();
    assert_eq!((exchange.method.as_str(), exchange.query.as_str()), ("POST", ""));
    assert!(
        exchange.body.contains("grant_type=refresh_token")
            && exchange.body.contains("refresh_token=refresh-me")
    );
    assert!(
        authorizations(&server)
            .iter()
            .flatten()
            .all(|header| !header.contains("refresh-me"))
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_no_more() {
    let server = Server::start(|asked, _| {
        if asked.path == "/token" {
            answer(200, &[], r#"{"token":"t","expires_in":300}"#)
        } else {
            answer(401, &[("www-authenticate", "Basic realm=\"x\"")], "")
        }
    })
    .await;
    let call = call_with(&server.host, password("u"));
    let error = client()
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), server.count()),
        (RegistryErrorKind::Unauthorized, 2)
    );
}

#[tokio::test]
async fn a_password_is_not_offered_before_it_is_asked_for() {
    let server = Server::start(|asked, _| match asked.authorization.as_deref() {
        Some(BASIC) => manifest(MANIFEST),
        _ => answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
    })
    .await;
    let call = call_with(&server.host, password("u"));
    client()
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap();
    assert_eq!(authorizations(&server), [None, Some(BASIC.to_owned())]);
}

#[tokio::test]
async fn forbidden_is_not_asked_twice() {
    let server =
        Server::start(|_, _| answer(403, &[], r#"{"errors":[{"code":"DENIED","message":"no"}]}"#)).await;
    let error = client()
        .resolve(&call(), &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!((error.kind(), server.count()), (RegistryErrorKind::Forbidden, 1));
}

/// A hostile registry names a token server of its own choosing to be handed the password.
#[tokio::test]
async fn a_hijacked_realm_is_never_asked_with_credentials() {
    let thief = Server::start(|_, _| answer(200, &[], r#"{"token":"t"}"#)).await;
    // The same machine under another name is another host.
    let realm = format!("http://{}/token", thief.host.replace("127.0.0.1", "localhost"));
    let server = Server::start(move |_, _| challenge(401, &realm)).await;
    let call = call_with(&server.host, password("u"));
    let error = client()
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!((error.kind(), thief.count()), (RegistryErrorKind::Blocked, 0));
    assert!(!error.to_string().contains("hunter2"));
}

/// oras GHSA, CVE-2020-15157: a redirect takes the Authorization header along.
#[tokio::test]
async fn a_redirect_to_another_host_goes_without_credentials() {
    let storage = Server::start(|_, _| answer(200, &[], "content")).await;
    let location = format!("http://{}/signed?token=x", storage.host);
    let server = Server::start(move |asked, _| match asked.authorization.as_deref() {
        Some(BASIC) => answer(307, &[("location", &location)], ""),
        _ => answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
    })
    .await;
    let call = call_with(&server.host, password("u"));
    let content = client()
        .blob(&call, &repository(&server.host), &digest("content"), 100)
        .await
        .unwrap();
    assert_eq!(content, "content");
    assert_eq!(authorizations(&storage), [None]);
}

#[tokio::test]
async fn a_redirect_on_the_same_host_keeps_them() {
    let server = Server::start(
        |asked, _| match (asked.authorization.as_deref(), asked.path.as_str()) {
            (Some(BASIC), "/moved") => answer(200, &[], "content"),
            (Some(BASIC), _) => answer(302, &[("location", "/moved")], ""),
            _ => answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
        },
    )
    .await;
    let call = call_with(&server.host, password("u"));
    assert!(
        client()
            .blob(&call, &repository(&server.host), &digest("content"), 100)
            .await
            .is_ok()
    );
}

/// A token server that knows nothing must not make an image, or its signatures, look absent.
#[tokio::test]
async fn a_token_server_s_not_found_is_not_the_registry_s() {
    let server = Server::knowing_itself(|host, asked, _| {
        if asked.path == "/token" {
            answer(404, &[], "")
        } else {
            challenge(401, &format!("http://{host}/token"))
        }
    })
    .await;
    let error = client()
        .resolve(&call(), &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unauthorized);
    assert!(
        error.to_string().contains("/token: unexpected status code 404"),
        "{error}"
    );
}

/// Two pull secrets for one registry, of which the second opens this repository: the kubelet tries one after the other.
#[tokio::test]
async fn a_credential_that_is_refused_gives_way_to_the_next() {
    for refused in [401, 403] {
        let server = Server::start(move |asked, _| match asked.authorization.as_deref() {
            None => answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
            Some(BASIC) => answer(refused, &[("www-authenticate", "Basic realm=\"x\"")], ""),
            Some(_) => manifest(MANIFEST),
        })
        .await;
        let source = |user| source(&server, user);
        let mut call = call();
        call.access.keychain = Keychain::new(vec![source("u"), source("v")]);
        let client = client();
        for tag in ["1", "2"] {
            client
                .resolve(&call, &repository(&server.host), tag)
                .await
                .unwrap();
        }
        assert_eq!(server.count(), 4, "who was let in is offered first from then on");
        call.access.keychain = Keychain::new(vec![source("u")]);
        let error = client
            .resolve(&call, &repository(&server.host), "1")
            .await
            .unwrap_err();
        assert!(matches!(
            error.kind(),
            RegistryErrorKind::Unauthorized | RegistryErrorKind::Forbidden
        ));
    }
}

/// The challenge is known, so the first credential is shown to the token server at once; that it is refused there and a
/// stranger sees nothing here says nothing of the second.
#[tokio::test]
async fn what_is_hidden_from_strangers_is_found_by_the_second_credential() {
    let server = Server::knowing_itself(|host, asked, _| {
        match (asked.path.as_str(), asked.authorization.as_deref()) {
            ("/token", None | Some(BASIC)) => answer(401, &[], ""),
            ("/token", _) => answer(200, &[], r#"{"token":"v","expires_in":300}"#),
            (_, Some("Bearer v")) => manifest(MANIFEST),
            (path, None) if path.starts_with("/v2/acme/") => challenge(401, &format!("http://{host}/token")),
            _ => answer(404, &[], ""),
        }
    })
    .await;
    let source = |user| source(&server, user);
    let mut call = call();
    call.access.keychain = Keychain::new(vec![source("u"), source("v")]);
    let client = client();
    let hidden = image_reference::RepositoryLocation::parse(&format!("{}/hidden/app", server.host)).unwrap();
    client
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap();
    client.resolve(&call, &hidden, "1").await.unwrap();
    call.access.keychain = Keychain::new(vec![source("u"), source("u")]);
    let error = client.resolve(&call, &hidden, "1").await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unauthorized, "{error}");
}

/// Some registries tell strangers that nothing is there. Who came as one because the token server refused their password
/// must not be told that what they seek is missing: missing evidence and unread evidence are two things.
#[tokio::test]
async fn what_is_hidden_from_strangers_is_not_called_missing_when_a_password_was_refused() {
    let server = Server::knowing_itself(|host, asked, _| {
        match (asked.path.as_str(), asked.authorization.as_deref()) {
            ("/token", _) => answer(401, &[], ""),
            (path, None) if path.ends_with("/manifests/first") => {
                challenge(401, &format!("http://{host}/token"))
            }
            _ => answer(404, &[], ""),
        }
    })
    .await;
    let (client, call) = (client(), call_with(&server.host, password("u")));
    for tag in ["first", "second"] {
        let error = client
            .resolve(&call, &repository(&server.host), tag)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), RegistryErrorKind::Unauthorized, "{tag}: {error}");
    }
}

/// A source that should have had something, and says why it had not.
#[derive(Debug)]
struct Locked;

impl CredentialSource for Locked {
    fn credential<'a>(
        &'a self,
        _: Resource<'a>,
        _: Deadline,
    ) -> futures_util::future::BoxFuture<'a, Result<Option<Credential>, RegistryError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn identity(&self) -> Identity {
        Identity::of([b"locked".as_slice()])
    }

    fn name(&self) -> String {
        "safe".to_owned()
    }

    fn complaint(&self, _: Resource<'_>) -> Option<String> {
        Some("the safe is locked".to_owned())
    }
}

#[tokio::test]
async fn a_registry_s_refusal_says_why_there_was_no_credential() {
    let server = Server::start(|_, _| answer(401, &[("www-authenticate", "Basic realm=\"x\"")], "")).await;
    let mut call = call();
    call.access.keychain = Keychain::new(vec![Arc::new(Locked)]);
    let error = client()
        .resolve(&call, &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unauthorized);
    assert!(error.to_string().contains("(the safe is locked)"), "{error}");
}
