//! Who this process is at AWS.
//!
//! In order, as the SDKs look: keys in the environment, a web identity (service accounts of EKS), the profile of `~/.aws`
//! (its keys, or its web identity), a container's agent (EKS Pod Identity, ECS), the machine's role (by its metadata
//! service).

use oci_registry::Secret;
use serde_json::Value;

use super::amazon_profile::Profile;
use super::means::{self, Ask, FORM, Means, form, header, text};
use super::wallet::Timed;
use crate::files;
use crate::http::HttpCall;

/// Largest token or key file, in bytes.
const MOST_TOKEN_BYTES: usize = 64 * 1024;
/// How long the keys of a profile are taken for good, in seconds: whoever renews them writes the file anew.
const PROFILE_SECONDS: u64 = 300;
/// How long a session of the metadata service is asked for, in seconds.
const METADATA_SESSION_SECONDS: &str = "300";

/// Keys that requests are signed with.
#[derive(Debug, Clone)]
pub(crate) struct AwsCredentials {
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret,
    pub(crate) session: Option<Secret>,
}

/// Finds credentials.
pub(crate) async fn find(means: &Means, sts: &str) -> Result<Timed<AwsCredentials>, String> {
    let environment = means.environment();
    if let (Some(id), Some(secret)) = (
        environment.get("AWS_ACCESS_KEY_ID"),
        environment.get("AWS_SECRET_ACCESS_KEY"),
    ) {
        return Ok(Timed::long(AwsCredentials {
            access_key_id: id.to_owned(),
            secret: Secret::new(secret),
            session: environment.get("AWS_SESSION_TOKEN").map(Secret::new),
        }));
    }
    if let Some(file) = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") {
        let identity = WebIdentity {
            file,
            role: environment.demand("AWS_ROLE_ARN")?,
            session: environment.get("AWS_ROLE_SESSION_NAME"),
        };
        return of_web_identity(means, sts, identity).await;
    }
    if let Some(profile) = Profile::of(environment).await?
        && let Some(found) = of_profile(means, sts, &profile).await?
    {
        return Ok(found);
    }
    let relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let relative = relative.map(|path| format!("http://169.254.170.2{path}"));
    let full = environment
        .get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        .map(str::to_owned);
    if let Some(url) = relative.or(full) {
        return of_container(means, &url).await;
    }
    if environment
        .get("AWS_EC2_METADATA_DISABLED")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Err(
            "no AWS credentials: no keys and no web identity in the environment or in a profile".to_owned(),
        );
    }
    of_machine(means)
        .await
        .map_err(|cause| format!("no AWS credentials: no keys and no web identity in the environment or in a profile, and the machine's role can't be had: {cause}"))
}

/// A token of another issuer, and the role that it is exchanged for.
#[derive(Debug, Clone, Copy)]
struct WebIdentity<'i> {
    file: &'i str,
    role: &'i str,
    session: Option<&'i str>,
}

/// The credentials of a profile; none where it says nothing of any.
async fn of_profile(
    means: &Means,
    sts: &str,
    profile: &Profile,
) -> Result<Option<Timed<AwsCredentials>>, String> {
    if let Some(refusal) = profile.unsupported() {
        return Err(refusal);
    }
    if let Some(id) = profile.get("aws_access_key_id") {
        let credentials = AwsCredentials {
            access_key_id: id.to_owned(),
            secret: Secret::new(profile.demand("aws_secret_access_key")?),
            session: profile.get("aws_session_token").map(Secret::new),
        };
        return Ok(Some(Timed::seconds(credentials, PROFILE_SECONDS)));
    }
    if let Some(file) = profile.get("web_identity_token_file") {
        let identity = WebIdentity {
            file,
            role: profile.demand("role_arn")?,
            session: profile.get("role_session_name"),
        };
        return of_web_identity(means, sts, identity).await.map(Some);
    }
    Ok(None)
}

async fn of_web_identity(
    means: &Means,
    sts: &str,
    identity: WebIdentity<'_>,
) -> Result<Timed<AwsCredentials>, String> {
    let token = files::read_text(identity.file, MOST_TOKEN_BYTES).await?;
    let body = form(&[
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", identity.role),
        ("RoleSessionName", identity.session.unwrap_or("vouchsafe")),
        ("WebIdentityToken", &token),
    ]);
    let ask = Ask {
        url: sts,
        headers: &[],
        body: Some((FORM, &body)),
    };
    let answer = means::bytes(means.operator()?, ask).await?;
    let answer = String::from_utf8(answer).map_err(|_| format!("{sts}: the answer is no XML"))?;
    let element =
        |name: &str| element(&answer, name).ok_or_else(|| format!("{sts}: the answer holds no `{name}`"));
    let credentials = AwsCredentials {
        access_key_id: element("AccessKeyId")?.to_owned(),
        secret: Secret::new(element("SecretAccessKey")?),
        session: Some(Secret::new(element("SessionToken")?)),
    };
    Ok(timed(credentials, Some(element("Expiration")?)))
}

async fn of_container(means: &Means, url: &str) -> Result<Timed<AwsCredentials>, String> {
    let environment = means.environment();
    let token = match environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => Some(files::read_text(file, MOST_TOKEN_BYTES).await?),
        None => environment
            .get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
            .map(str::to_owned),
    };
    let headers: Vec<_> = token.iter().map(|token| header("authorization", token)).collect();
    of_document(&means.metadata_json(url, &headers).await?, url)
}

async fn of_machine(means: &Means) -> Result<Timed<AwsCredentials>, String> {
    let base = means.environment().get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    let base = base.unwrap_or("http://169.254.169.254").trim_end_matches('/');
    let url = format!("{base}/latest/api/token");
    let headers = [header(
        "x-aws-ec2-metadata-token-ttl-seconds",
        METADATA_SESSION_SECONDS,
    )];
    let call = HttpCall {
        method: "PUT",
        ..HttpCall::get(&url, &headers, MOST_TOKEN_BYTES)
    };
    let (status, session) = means.metadata()?.call(&call).await?;
    let session = String::from_utf8(session).unwrap_or_default();
    if status != 200 || session.is_empty() {
        return Err(format!("{url}: HTTP {status}"));
    }
    let headers = [header("x-aws-ec2-metadata-token", session.trim())];
    let roles = format!("{base}/latest/meta-data/iam/security-credentials/");
    let ask = Ask {
        url: &roles,
        headers: &headers,
        body: None,
    };
    let role = String::from_utf8(means::bytes(means.metadata()?, ask).await?).unwrap_or_default();
    let role = role.lines().next().unwrap_or_default().trim();
    let is_name = !role.is_empty() && !role.contains(['/', '?', '#']);
    if !is_name {
        return Err("the machine has no role".to_owned());
    }
    let url = format!("{roles}{role}");
    of_document(&means.metadata_json(&url, &headers).await?, &url)
}

fn of_document(answer: &Value, whose: &str) -> Result<Timed<AwsCredentials>, String> {
    let credentials = AwsCredentials {
        access_key_id: text(answer, "/AccessKeyId", whose)?.to_owned(),
        secret: Secret::new(text(answer, "/SecretAccessKey", whose)?),
        session: Some(Secret::new(text(answer, "/Token", whose)?)),
    };
    Ok(timed(
        credentials,
        answer.get("Expiration").and_then(Value::as_str),
    ))
}

fn timed(credentials: AwsCredentials, end: Option<&str>) -> Timed<AwsCredentials> {
    match end.and_then(|text| text.parse().ok()) {
        Some(end) => Timed::until(credentials, end),
        None => Timed::seconds(credentials, 300),
    }
}

/// The text of the only element of this name in the XML of STS, whose values need no escapes.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (value, rest) = rest.split_once(&format!("</{name}>"))?;
    let is_plain = !value.is_empty() && !value.contains(['<', '>', '&']);
    (is_plain && !rest.contains(&format!("<{name}>"))).then(|| value.trim())
}
