//! The environment of a policy kind and the world that the recorded evaluations saw.

use serde_json::Value as Json;
use vouchsafe_policy_cel::{
    Answer, Environment, EnvironmentBuilder, Host, Payload, Program, Question, Scope, Type, Value,
};

pub(super) fn environment(kind: &str) -> EnvironmentBuilder {
    match kind {
        "ImageValidatingPolicy" => Environment::image_validating_policy(Scope::Cluster, Payload::Kubernetes),
        "NamespacedImageValidatingPolicy" => {
            Environment::image_validating_policy(Scope::Namespaced, Payload::Kubernetes)
        }
        "NamespacedValidatingPolicy" => Environment::validating_policy(Scope::Namespaced),
        _ => Environment::validating_policy(Scope::Cluster),
    }
}

/// The environment in which the variables before `until` are declared, and those variables' programs
pub(super) fn with_variables(case: &Json, until: Option<&str>) -> (Environment, Vec<(String, Program)>) {
    let base = environment(case["kind"].as_str().unwrap_or_default());
    let mut fields: Vec<(String, Type)> = Vec::new();
    let mut programs = Vec::new();
    let declare = |fields: &[(String, Type)]| {
        let fields = fields.iter().map(|(name, of)| (name.as_str(), of.clone()));
        base.clone().lazy_object("variables", fields).build()
    };
    for variable in case["variables"].as_array().into_iter().flatten() {
        let name = variable["name"].as_str().unwrap_or_default();
        if Some(name) == until {
            break;
        }
        let compiled = declare(&fields).compile(variable["expression"].as_str().unwrap_or_default());
        let of = compiled
            .as_ref()
            .map_or(Type::Dyn, |program| program.result_type().clone());
        programs.extend(compiled.map(|program| (name.to_owned(), program)));
        fields.push((name.to_owned(), of));
    }
    (declare(&fields), programs)
}

/// Every image is signed by one attestor and attested to have one SBOM
pub(super) struct Recorded;

impl<'v> Host<'v> for Recorded {
    fn answer(&self, question: &Question<'_>) -> Answer<'v> {
        let verifies = matches!(
            question,
            Question::VerifyImageSignatures { .. } | Question::VerifyAttestationSignatures { .. }
        );
        if verifies {
            return Answer::Ready(Value::Int(1));
        }
        if matches!(question, Question::ExtractPayload { .. }) {
            return Answer::Ready(Value::from(serde_json::json!({"bomFormat": "CycloneDX"})));
        }
        Answer::Failed("not recorded".into())
    }
}
