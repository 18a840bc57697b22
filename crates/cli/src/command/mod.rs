//! One file or folder a command.

pub(crate) mod apply;
pub(crate) mod auth;
pub(crate) mod completion;
pub(crate) mod demo;
pub(crate) mod own_cluster;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod jp;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod serve;
pub(crate) mod controller;
pub(crate) mod test;
pub(crate) mod verify;
pub(crate) mod verify_bundle;
