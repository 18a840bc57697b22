//! CEL as Kubernetes and Kyverno speak it: parsed, type checked, bounded, and evaluated without I/O.
