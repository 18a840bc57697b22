//! The engine through its public face: policy texts in, decisions out, facts inserted by hand. No registry, no cluster,
//! no clock: what holds here holds wherever the facts come from.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the failure"
)]

mod pods;
mod judging;
mod scenarios;
mod exceptions;
mod totality;
mod order;
mod expansion;
mod expressions;
