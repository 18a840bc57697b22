//! `vouchsafe migrate POLICY…`: a policy in its other kind, proven by running both.
//!
//! In: files of policies; with `--prove` resources and recorded reviews. Out: the policies as YAML; every rule that can't be
//! said and every verdict that differs, as notes. Exit code 0 only where everything was said, and nothing differs.
//!
//!     policies ─▶ policy-migration ─▶ YAML
//!         └────────────┴─▶ both judged over the same requests ─▶ differing verdicts

mod arguments;
mod requests;
mod translated;
mod proof;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
