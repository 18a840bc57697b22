//! What Kubernetes' own kinds look like: which there are, and which fields they have.
//!
//! In: a kind selector of a policy, a field name. Out: [`Kind`]s and [`Shape`]s. `types.txt` has one type a line: its name,
//! then its fields as `name`, `name:Type`, `name:[]Type` or `name:{}Type`; `*` is a type that is not looked into, and `!`
//! after a name says that the API server always gives the field. Never: custom resources; nothing is said about them.
//!
//! Source: `k8s.io/api` 0.36, `autoscaling/v2` among several versions of one kind.

mod kinds;
mod shape;

pub(crate) use kinds::{Kind, Named, Reach, kinds, named};
pub(crate) use shape::{Shape, Step};
