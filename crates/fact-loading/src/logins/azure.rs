//! ACR: a token of Azure is exchanged at the registry for its refresh token.

use oci_registry::{Credential, Secret};

use crate::cloud::{Ask, Clouds, FORM, NationalCloud, Timed, form};

/// How long a refresh token is used; it is good for three hours.
const LIFE_SECONDS: u64 = 3_600;

/// A login at the registry `host`, which answers at `origin`.
pub(super) async fn log_in(clouds: &Clouds, host: &str, origin: &str) -> Result<Timed<Credential>, String> {
    let cloud = NationalCloud::of_host(host);
    let audience = match cloud {
        NationalCloud::Public => "https://containerregistry.azure.net",
        NationalCloud::UsGovernment => "https://management.usgovcloudapi.net",
        NationalCloud::China => "https://management.chinacloudapi.cn",
    };
    let token = clouds.azure.token(audience, cloud).await?;
    let url = format!("{origin}/oauth2/exchange");
    let mut fields = vec![
        ("grant_type", "access_token"),
        ("service", host),
        ("access_token", token.expose()),
    ];
    if let Some(tenant) = clouds.means.environment().get("AZURE_TENANT_ID") {
        fields.push(("tenant", tenant));
    }
    let body = form(&fields);
    let ask = Ask {
        url: &url,
        headers: &[],
        body: Some((FORM, &body)),
    };
    let answer = clouds.means.json(ask).await?;
    let token = answer.get("refresh_token").and_then(serde_json::Value::as_str);
    let token = token.ok_or_else(|| format!("{url}: the answer holds no token"))?;
    Ok(Timed::seconds(
        Credential::IdentityToken(Secret::new(token)),
        LIFE_SECONDS,
    ))
}
