//! A registry in the process, throw-away keys, certificates and logs: what the demo and the tests sign with.
