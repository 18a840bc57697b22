//! YAML and JSON as Kubernetes reads them, each value with the place it stands in its file.
