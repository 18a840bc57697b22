//! Attacks, one file for each class. In every test the evidence is genuine but for the one thing that is attacked, and
//! a control in the same test shows that without the attack it is accepted.

mod splice;
mod replay;
mod substitution;
mod time;
mod identity;
mod ignored_field;
mod malformed;
mod exhaustion;
