//! The pure policy engine: a request and facts in, a decision out, or the facts it still needs.
