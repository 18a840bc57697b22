//! Whether the own certificate is there and in time.

use cluster::{Client, ClusterError};

use super::{DoctorOptions, Finding};
use crate::certificates::{Held, validity};
use crate::clock;
use crate::identity::{CERTIFICATES_SECRET, core_kind};

/// What is wrong with the Secret of certificates.
pub(super) async fn findings(client: &Client, options: &DoctorOptions) -> Vec<Finding> {
    let path = core_kind("Secret", "secrets").object_path(&options.namespace, CERTIFICATES_SECRET);
    let shown = format!("Secret `{}/{CERTIFICATES_SECRET}`", options.namespace);
    let secret = match client.get(&path).await {
        Ok(secret) => secret,
        Err(ClusterError::NotFound { .. }) => {
            let what = format!("{shown} is not there");
            let fix = "start a replica, which makes it; with `--tls-cert` none is needed";
            return vec![Finding::doubtful(what, fix)];
        }
        Err(cause) => {
            let what = format!("{shown} can't be read: {cause}");
            return vec![Finding::doubtful(what, "ask with a kubeconfig that may read it")];
        }
    };
    let leaf = Held::read(&secret).and_then(|held| held.leaf().ok());
    let Some(leaf) = leaf else {
        let what = format!("{shown} does not hold what it should");
        return vec![Finding::bad(what, "delete it: a replica writes it anew")];
    };
    let (begin, end) = validity(&leaf);
    let now = clock::now().as_second();
    let days = end.saturating_sub(now) / (24 * 3_600);
    if end <= now || begin > now {
        let what = "the certificate of the webhook is not valid now".to_owned();
        let fix = "check the clock and the log of a replica: it renews the certificate by itself";
        return vec![Finding::bad(what, fix)];
    }
    vec![Finding::good(format!(
        "the certificate of the webhook is valid for {days} more days"
    ))]
}
