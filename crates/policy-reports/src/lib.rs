//! Decisions as policy reports: rows, summaries, wgpolicyk8s.io and openreports.io.
