//! What commands print.

pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod explain;
pub(crate) mod report;
pub(crate) mod yaml;
