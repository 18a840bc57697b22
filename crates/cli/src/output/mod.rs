//! What commands print.

pub(crate) mod summary;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod explain;
pub(crate) mod yaml;
pub(crate) mod report;
pub(crate) mod junit;
pub(crate) mod sarif;
pub(crate) mod file;
pub(crate) mod progress;
