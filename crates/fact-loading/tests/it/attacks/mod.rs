//! One file for each class of attack. In each test all is genuine but for one thing.

mod replay;
mod backdated;
mod revocation;
mod moved_tag;
mod lying_registry;
mod endless_body;
mod stall;
pub(crate) mod stolen_credentials;
mod unparsable_image;
mod forged_annotation;
mod mistaken_artifact;
mod splice;
mod certificate;
mod flood;
mod weakest_link;
mod tenant;
mod unlogged;
