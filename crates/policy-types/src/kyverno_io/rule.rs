//! A rule: whom it concerns, what data it takes, what it does.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::conditions::Conditions;
use super::context::ContextEntry;
use super::filters::MatchResources;
use super::image_verification::ImageVerification;
use super::mutation::Mutation;
use super::validation::Validation;

/// One rule of a policy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    /// Name, one of its kind in the policy, at most 63 bytes.
    pub name: String,
    /// Which requests it concerns.
    #[serde(rename = "match")]
    pub matches: MatchResources,
    /// Which of these it leaves out.
    pub exclude: Option<MatchResources>,
    /// Further data.
    pub context: Vec<ContextEntry>,
    /// Under which conditions it applies.
    pub preconditions: Option<Conditions>,
    /// The same for rules in Common Expression Language.
    pub cel_preconditions: Option<Vec<MatchCondition>>,
    /// Where images stand in custom resources, by kind.
    pub image_extractors: Option<BTreeMap<String, Vec<ImageExtractor>>>,
    /// Further properties for reports.
    pub report_properties: BTreeMap<String, String>,
    /// Whether requests of the background controller are passed over; loading sets `true` if absent.
    pub skip_background_requests: Option<bool>,
    /// A check.
    pub validate: Option<Validation>,
    /// A change.
    pub mutate: Option<Mutation>,
    /// Objects to make; not evaluated, kept as it stands.
    pub generate: Option<Value>,
    /// Image verification.
    pub verify_images: Vec<ImageVerification>,
}

/// A named condition in Common Expression Language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MatchCondition {
    /// Name.
    pub name: String,
    /// Expression that gives a boolean.
    pub expression: String,
}

/// Where an image stands in a custom resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageExtractor {
    /// Path with slashes; `*` stands for every element.
    pub path: String,
    /// Field that holds the image; empty means the path's last step.
    pub value: String,
    /// Group of the images found; empty means `custom`.
    pub name: String,
    /// Field that names the image within its group; empty means its JSON pointer.
    pub key: String,
    /// Expression applied to the value.
    pub jmes_path: String,
}

/// What a rule does, named as a policy author would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleAction {
    /// `validate.pattern`
    Pattern,
    /// `validate.anyPattern`
    AnyPattern,
    /// `validate.deny`
    Deny,
    /// `validate.foreach`
    ForEach,
    /// `validate.podSecurity`
    PodSecurity,
    /// `validate.cel`
    Cel,
    /// `validate.manifests`
    Manifests,
    /// `validate.assert`, or `validate` with no check at all
    Assert,
    /// `mutate` of the object in the request
    Mutate,
    /// `mutate.targets`: objects that exist already
    MutateExisting,
    /// `generate`
    Generate,
    /// `verifyImages`
    VerifyImages,
}

impl RuleAction {
    /// The field that makes it, such as `validate.cel`.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Pattern => "validate.pattern",
            Self::AnyPattern => "validate.anyPattern",
            Self::Deny => "validate.deny",
            Self::ForEach => "validate.foreach",
            Self::PodSecurity => "validate.podSecurity",
            Self::Cel => "validate.cel",
            Self::Manifests => "validate.manifests",
            Self::Assert => "validate.assert",
            Self::Mutate => "mutate",
            Self::MutateExisting => "mutate.targets",
            Self::Generate => "generate",
            Self::VerifyImages => "verifyImages",
        }
    }
}

impl Rule {
    /// What the rule does; `None` if it does nothing. The first of several, which loading refuses.
    #[must_use]
    pub fn action(&self) -> Option<RuleAction> {
        if let Some(validation) = &self.validate {
            return Some(validation.action());
        }
        if let Some(mutation) = &self.mutate {
            let existing = mutation.targets.is_some();
            return Some(if existing {
                RuleAction::MutateExisting
            } else {
                RuleAction::Mutate
            });
        }
        if self.generate.is_some() {
            return Some(RuleAction::Generate);
        }
        (!self.verify_images.is_empty()).then_some(RuleAction::VerifyImages)
    }
}

impl Validation {
    /// The check, in the order in which Kyverno looks for one.
    #[must_use]
    pub fn action(&self) -> RuleAction {
        let has_manifests = self
            .manifests
            .as_ref()
            .is_some_and(|manifests| !manifests.attestors.is_empty());
        let checks = [
            (has_manifests, RuleAction::Manifests),
            (self.pod_security.is_some(), RuleAction::PodSecurity),
            (self.cel.is_some(), RuleAction::Cel),
            (self.deny.is_some(), RuleAction::Deny),
            (!self.pattern.is_null(), RuleAction::Pattern),
            (!self.any_pattern.is_null(), RuleAction::AnyPattern),
            (!self.foreach.is_empty(), RuleAction::ForEach),
        ];
        checks
            .into_iter()
            .find_map(|(is_there, action)| is_there.then_some(action))
            .unwrap_or(RuleAction::Assert)
    }
}
