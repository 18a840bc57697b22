//! X.509 certificates and requests as Go's JSON of them.

use crate::call::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
