//! The admission controller of a cluster: what runs beside the requests.
//!
//! In: the API server's policies, exceptions, settings, bindings. Out: policies in force in the admission server, webhooks
//! that call about what they name, certificates, statuses, events. Never: an answer before all policies are loaded; a
//! Secret or ConfigMap watched or listed but by name; an object of Kyverno's own installation touched.
//!
//!     API server ⇄ copies ─▶ prepared ─▶ policy_store ─▶ admission-server
//!                                └─▶ webhook_demand ─▶ webhook_writer, policy_status
//!
//! Behaviour: Kyverno 1.19 `pkg/controllers/{policycache,webhook,certmanager}`; where we differ: docs/guide/cluster.md

// Floors, ground first: a module names only those above it in this list.
mod limits;
mod clock;
mod error;
mod identity;
mod label_selector;
mod settings;
mod roles;
mod facts;
mod events;
mod report_writer;
mod admitted_rows;
mod policy_object;
mod policy_id;
mod webhook_rules;
mod webhook_demand;
mod prepared;
mod policy_check;
mod gate;
mod policy_view;
mod scan_policies;
mod policy_store;
mod served_resources;
mod webhook_configuration;
mod webhook_refusals;
mod certificates;
mod owner;
mod webhook_writer;
mod lease;
mod proof_pod;
mod enforcement_proof;
mod doctor;
mod status_condition;
mod read_access;
mod expression_status;
mod policy_status;
mod scan_kinds;
mod scanned_object;
mod scan_share;
mod scan_memory;
mod background_scan;
mod run;

pub use certificates::CertificateSource;
pub use doctor::{DoctorOptions, Finding, Grade, examine};
pub use enforcement_proof::ProofOptions;
pub use error::ControllerError;
pub use identity::Identity;
pub use lease::LeaseDurations;
pub use run::{ControllerOptions, ReportOptions, run};
pub use settings::Settings;
pub use webhook_writer::remove_webhooks;
