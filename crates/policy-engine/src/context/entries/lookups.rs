//! `configMap`, `imageRegistry`, `globalReference`: one thing looked up by its name.

use image_trust::RegistryAccess;

use super::{Loaded, Projection, ask, confinement, text_of};
use crate::context::Template;
use crate::context::scope::View;
use crate::facts::{FactRequest, Halt};

#[derive(Debug, Clone)]
pub(super) struct ConfigMap {
    pub(super) name: Template,
    pub(super) namespace: Template,
    pub(super) written_name: String,
    pub(super) written_namespace: String,
}

impl ConfigMap {
    pub(super) fn load(&self, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        self.found(entry, view).map_err(|halt| {
            halt.within(&format!(
                "failed to retrieve config map for context entry {entry}"
            ))
        })
    }

    fn found(&self, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        let what = |field: &str, written: &str| {
            format!("failed to substitute variables in context {entry} configMap.{field} {written}")
        };
        let name = text_of(&self.name, "", view, &what("name", &self.written_name));
        let namespace = text_of(
            &self.namespace,
            "",
            view,
            &what("namespace", &self.written_namespace),
        );
        let (name, mut namespace) = (name?, namespace?);
        let asker = &view.ground().asker;
        if namespace.is_empty() {
            namespace = asker
                .policy_namespace
                .clone()
                .unwrap_or_else(|| "default".to_owned());
        }
        confinement::config_map(entry, asker, &namespace).map_err(Halt::Failed)?;
        let wanted = FactRequest::ConfigMap {
            asker: asker.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
        };
        let answer = ask(&wanted, view)
            .map_err(|halt| halt.within(&format!("failed to get configmap {namespace}/{name} ")))?;
        Ok(answer.map_or(Loaded::Absent, Loaded::Shared))
    }
}

#[derive(Debug, Clone)]
pub(super) struct ImageRegistry {
    pub(super) reference: Template,
    pub(super) written_reference: String,
    pub(super) projection: Option<Projection>,
    pub(super) written_path: String,
    pub(super) access: RegistryAccess,
}

impl ImageRegistry {
    pub(super) fn load(&self, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        let what =
            |written: &str| format!("failed to substitute variables in context entry {entry} {written}");
        let reference = text_of(&self.reference, "", view, &what(&self.written_reference));
        let query = self
            .projection
            .as_ref()
            .map(|path| path.query(view, || what(&self.written_path)))
            .transpose();
        let (reference, query) = (reference?, query?);
        let wanted = FactRequest::ImageMetadata {
            asker: view.ground().asker.clone(),
            reference: reference.clone(),
            access: self.access.clone(),
        };
        let answer = ask(&wanted, view)
            .map_err(|halt| halt.within(&format!("failed to fetch image descriptor: {reference}, error")))?;
        match (answer, query) {
            (None, _) => Ok(Loaded::Absent),
            (Some(data), None) => Ok(Loaded::Shared(data)),
            (Some(data), Some(query)) => query.search_in(&data, view).map(Loaded::Value).map_err(|halt| {
                halt.within(&format!(
                    "failed to apply JMESPath ({}) results to context entry {entry}, error",
                    self.written_path
                ))
            }),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct GlobalReference {
    pub(super) name: Template,
    pub(super) projection: Option<Projection>,
    pub(super) written_path: String,
}

impl GlobalReference {
    pub(super) fn load(&self, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        self.found(entry, view).map_err(|halt| {
            halt.within(&format!(
                "failed to marshal APICall data for context entry {entry}"
            ))
        })
    }

    fn found(&self, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        let what = || format!("failed to substitute variables in context entry {entry}");
        let name = text_of(&self.name, "/name", view, &what());
        let query = self
            .projection
            .as_ref()
            .map(|path| path.query(view, what))
            .transpose();
        let (name, query) = (name?, query?);
        confinement::service(&view.ground().asker, &name).map_err(Halt::Failed)?;
        let answer = ask(&FactRequest::GlobalContext { name }, view)?;
        match (answer, query) {
            (None, _) => Ok(Loaded::Absent),
            (Some(data), None) => Ok(Loaded::Shared(data)),
            (Some(data), Some(query)) => query.search_in(&data, view).map(Loaded::Value).map_err(|halt| {
                halt.within(&format!(
                    "failed to apply JMESPath {} for context entry {entry}",
                    self.written_path
                ))
            }),
        }
    }
}
