//! The trusted root that the operator of this process chose: a file, a TUF mirror, or the one of this build.

use std::sync::Arc;

use image_trust::{ReasonCode, Refusal};
use image_verification::TrustMaterial;
use trust_root::{Mirror, PUBLIC_GOOD_MIRROR};

use crate::http::{Authorities, Http, Word};
use crate::options::{LoaderOptions, SetupError};
use crate::trust::{MirrorFetch, Mirrored, Trust, TrustSource};

/// What signatures are judged by under `options`, fetched where they name a mirror and do not forbid it; and why it is the
/// last good one, or that of this build, where the mirror could not be read.
///
/// # Errors
/// [`Refusal`], where there is none.
pub async fn trust_material(
    options: &LoaderOptions,
) -> Result<(Arc<TrustMaterial>, Option<String>), Refusal> {
    let unavailable = |cause: String| Refusal::new(ReasonCode::KeyUnavailable, cause);
    let source = trust_source(options).map_err(|cause| unavailable(cause.to_string()))?;
    let trust = source.current().await.map_err(unavailable)?;
    Ok((Arc::clone(&trust.material), source.failure()))
}

/// The trusted root that the operator chose; nothing is fetched yet.
///
/// # Errors
/// [`SetupError`] where a file is no root, or there can be no client for a mirror.
pub(crate) fn trust_source(options: &LoaderOptions) -> Result<TrustSource, SetupError> {
    if let Some(json) = &options.trusted_root {
        return Ok(TrustSource::Given(Arc::new(Trust::of(json)?)));
    }
    let Some(tuf) = &options.tuf else {
        return Ok(TrustSource::Given(Arc::new(Trust::public_good()?)));
    };
    let (mirror, embedded) = match &tuf.root {
        Some(root) => {
            let address = tuf.mirror.as_deref().unwrap_or(PUBLIC_GOOD_MIRROR);
            (Mirror::new(address, root, tuf.cache.clone())?, None)
        }
        None => {
            let mirror = Mirror::public_good(tuf.mirror.as_deref(), tuf.cache.clone())?;
            (mirror, Some(Trust::public_good()?))
        }
    };
    let added = options.added_authorities.join(&b'\n');
    let added = String::from_utf8_lossy(&added);
    let authorities = if added.is_empty() {
        Authorities::System
    } else {
        Authorities::And(&added)
    };
    let fetch = Arc::new(MirrorFetch(Http::new(Word::Operator, authorities)?));
    let mirrored = Mirrored::new(mirror, fetch, embedded, options.offline);
    Ok(TrustSource::Mirrored(Arc::new(mirrored)))
}
