//! The Pod Security Standards as Kubernetes' pod-security-admission checks them.
