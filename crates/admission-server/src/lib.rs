//! The admission webhook over HTTPS: reviews in, answers out.
