//! The certificate that the API server trusts, replaced under way.

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::test::{Test, tests};
use super::town::Town;
use super::{pod, shop};
use crate::failure::Outcome;

pub(super) const TESTS: &[Test] = tests![a_secret_that_is_deleted_costs_no_request];

fn a_secret_that_is_deleted_costs_no_request(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("rotated")?;
    let policy = SIGNED_EVERYWHERE.replace("NAMESPACE", "rotated");
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")?;
    kubectl.run(["delete", "secret/vouchsafe-tls", "--namespace=vouchsafe"])?;
    for number in 0..40 {
        let name = format!("pod-{number}");
        kubectl.accepts(&pod::of("rotated", &name, &shop::image("signed")))?;
        kubectl.rejects(
            &pod::of("rotated", "never", &shop::image("unsigned")),
            &["UNSIGNED"],
        )?;
    }
    Ok(())
}
