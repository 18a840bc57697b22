//! An `ImageValidatingPolicy`, compiled, but for what it matches.

use image_trust::RegistryAccess;
use policy_cel::{Key, Map, Payload, Scope, Value};
use policy_types::policies_kyverno_io::image_validating_policy as wire;
use serde::Deserialize;
use serde_json::Value as Json;

use super::attestations::Attestations;
use super::attestors::Attestors;
use super::extraction::Extractors;
use super::references::ImageReferences;
use crate::compile_error::{CompileError, collect};
use crate::expressions::{AuditAnnotations, Dialect, MatchConditions, Scene, Validations, Variables, World};

/// The parts of a policy.
#[derive(Debug, Clone)]
pub(super) struct CompiledImages {
    payload: Payload,
    /// `failurePolicy: Ignore`: conditions that can't be judged do not hold.
    pub(super) errors_are_passed_over: bool,
    pub(super) conditions: MatchConditions,
    pub(super) references: ImageReferences,
    pub(super) configurations: wire::ValidationConfigurations,
    pub(super) access: RegistryAccess,
    pub(super) extractors: Extractors,
    variables: Variables,
    pub(super) attestors: Attestors,
    pub(super) attestations: Attestations,
    pub(super) validations: Validations,
    pub(super) annotations: AuditAnnotations,
}

impl CompiledImages {
    /// Compiles `spec`.
    ///
    /// # Errors
    /// Every fault, with its path in `spec`.
    pub(super) fn compile(spec: &Json, scope: Scope) -> Result<Self, Vec<CompileError>> {
        let written = wire::ImagesSpec::deserialize(spec)
            .map_err(|error| vec![CompileError::new("", error.to_string())])?;
        let payload = match spec.pointer("/evaluation/mode").and_then(Json::as_str) {
            Some("JSON") => Payload::Json,
            Some(_) | None => Payload::Kubernetes,
        };
        let mut errors = Vec::new();
        let bare = Dialect::ImageValidatingPolicy(scope, payload).environment();
        let conditions = MatchConditions::compile(&bare, spec.get("matchConditions"));
        let conditions = collect(conditions, "matchConditions", &mut errors);
        let references = collect(
            ImageReferences::compile(&written.match_image_references),
            "",
            &mut errors,
        );
        let extractors = collect(Extractors::compile(&written.images, &bare), "", &mut errors);
        let variables = collect(
            Variables::compile(&bare, spec.get("variables")),
            "variables",
            &mut errors,
        );
        // Without its variables nothing else of the policy can be told right from wrong.
        let Some((variables, environment)) = variables else {
            return Err(errors);
        };
        let attestors = collect(
            Attestors::compile(&written.attestors, &environment),
            "",
            &mut errors,
        );
        let validations = Validations::compile(&environment, spec.get("validations"), "");
        let validations = collect(validations, "validations", &mut errors);
        let annotations = AuditAnnotations::compile(&environment, spec.get("auditAnnotations"));
        let annotations = collect(annotations, "auditAnnotations", &mut errors);
        let texts = (conditions, references, extractors);
        match (texts, attestors, validations, annotations) {
            (
                (Some(conditions), Some(references), Some(extractors)),
                Some(attestors),
                Some(validations),
                Some(annotations),
            ) if errors.is_empty() => Ok(Self {
                payload,
                errors_are_passed_over: spec.get("failurePolicy").and_then(Json::as_str) == Some("Ignore"),
                conditions,
                references,
                configurations: written.validation_configurations,
                access: access_of(written.credentials.as_ref()),
                extractors,
                variables,
                attestors,
                attestations: Attestations::new(&written.attestations),
                validations,
                annotations,
            }),
            _ => Err(errors),
        }
    }

    /// A scene of the policy's expressions, nothing bound in it.
    pub(super) fn scene<'v>(&'v self, world: World<'v>) -> Scene<'v> {
        let scene = Scene::new(world, &self.variables);
        match self.payload {
            Payload::Kubernetes => scene,
            Payload::Json => scene.of_object_alone(),
        }
    }

    /// A scene in which images can be spoken of: `images`, `attestors` and `attestations` are bound. An attestor is known by
    /// its name; whom it stands for is found out when it is asked about.
    pub(super) fn scene_of_images<'v>(&'v self, world: World<'v>, images: &Value<'v>) -> Scene<'v> {
        let mut scene = self.scene(world);
        let name = |name: &str| Key::String(name.to_owned().into());
        let attestor = |of: &std::sync::Arc<str>| {
            let fields = [(name("name"), Value::string(of.to_string()))];
            (name(of), Value::Map(fields.into_iter().collect::<Map<'v>>()))
        };
        let attestation = |of: &std::sync::Arc<str>| (name(of), Value::string(of.to_string()));
        scene.bind("images", images.clone());
        scene.bind(
            "attestors",
            Value::Map(self.attestors.names().map(attestor).collect::<Map<'v>>()),
        );
        scene.bind(
            "attestations",
            Value::Map(self.attestations.names().map(attestation).collect::<Map<'v>>()),
        );
        scene
    }
}

fn access_of(credentials: Option<&wire::Credentials>) -> RegistryAccess {
    let Some(credentials) = credentials else {
        return RegistryAccess::default();
    };
    RegistryAccess {
        allow_insecure: credentials.allow_insecure_registry,
        providers: credentials.providers.clone(),
        secrets: credentials.secrets.clone(),
        ..RegistryAccess::default()
    }
}
