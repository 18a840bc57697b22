//! Answers the engine's questions: images, keys, services, the cluster.
