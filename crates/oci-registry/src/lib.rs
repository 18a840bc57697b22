//! A registry client for the OCI distribution API: narrow, bounded, and careful with credentials.
