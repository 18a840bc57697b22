//! The whole stack under attack: policy text, engine, loader, a registry on loopback that holds what attackers put
//! there, a decision. Every refusal is asserted by its reason code, as a refusal for the wrong reason is a bug that waits.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a panic is the failure"
)]

mod policies;
mod town;
mod canary;
mod office;
mod workshop;
mod stage;
mod attacks;
mod key_services;
mod trust;
mod platforms;
mod pull_secrets;
mod image_validating;
mod cost;
mod rounds;
mod fuzzing;

use fuzzing::oracles::tuf::repository as tuf;
