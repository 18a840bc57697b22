//! `ClusterPolicy` and `Policy`.

use super::conditions::{LATER_BLOCKS, OPEN_CONDITIONS};
use super::context::CONTEXT;
use super::filters::{LATER_MATCH, MATCH};
use super::image_verification;
use super::match_resources::{FAILURE_POLICY, MATCH_CONDITIONS, NAMED_EXPRESSIONS};
use super::metadata::document;
use super::mutation::{GENERATE, MUTATE};
use super::shape::{
    Field, INT, Literal, Object, Shape, TEXT_MAP, Unknown, defaulted, field, required, true_by_default,
};
use super::validation::{ACTION_OVERRIDES, ACTIONS_IN_ANY_CASE, LATER_VALIDATE, VALIDATE};

static IMAGE_EXTRACTOR: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("path", Shape::Text),
        field("value", Shape::Text),
        field("name", Shape::Text),
        field("key", Shape::Text),
        field("jmesPath", Shape::Text),
    ],
};

const NAME: Field = required("name", Shape::Text);
const CEL_PRECONDITIONS: Field = field("celPreconditions", NAMED_EXPRESSIONS);
static IMAGE_EXTRACTOR_LIST: Shape = Shape::Objects(&IMAGE_EXTRACTOR);
const IMAGE_EXTRACTORS: Field = field("imageExtractors", Shape::Map(&IMAGE_EXTRACTOR_LIST));
const REPORT_PROPERTIES: Field = field("reportProperties", TEXT_MAP);
const SKIP_BACKGROUND_REQUESTS: Field = true_by_default("skipBackgroundRequests");
const MUTATE_FIELD: Field = field("mutate", Shape::Object(&MUTATE));
const GENERATE_FIELD: Field = field("generate", Shape::Object(&GENERATE));

static RULE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        NAME,
        required("match", MATCH),
        field("exclude", MATCH),
        CONTEXT,
        field("preconditions", OPEN_CONDITIONS),
        CEL_PRECONDITIONS,
        IMAGE_EXTRACTORS,
        REPORT_PROPERTIES,
        SKIP_BACKGROUND_REQUESTS,
        field("validate", Shape::Object(&VALIDATE)),
        MUTATE_FIELD,
        GENERATE_FIELD,
        field("verifyImages", Shape::Objects(&image_verification::ENTRY)),
    ],
};

static LATER_RULE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        NAME,
        required("match", LATER_MATCH),
        field("exclude", LATER_MATCH),
        CONTEXT,
        field("preconditions", Shape::Object(&LATER_BLOCKS)),
        CEL_PRECONDITIONS,
        IMAGE_EXTRACTORS,
        REPORT_PROPERTIES,
        SKIP_BACKGROUND_REQUESTS,
        field("validate", Shape::Object(&LATER_VALIDATE)),
        MUTATE_FIELD,
        GENERATE_FIELD,
        field("verifyImages", Shape::Objects(&image_verification::LATER_ENTRY)),
    ],
};

static WEBHOOK_CONFIGURATION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[FAILURE_POLICY, field("timeoutSeconds", INT), MATCH_CONDITIONS],
};

/// The fields of `spec` that both versions have.
macro_rules! spec_fields {
    ($rule:expr) => {
        &[
            field("rules", Shape::Objects($rule)),
            field("applyRules", Shape::Choice(&["All", "One"])),
            FAILURE_POLICY,
            defaulted(
                "validationFailureAction",
                Shape::Choice(ACTIONS_IN_ANY_CASE),
                Literal::Text("Audit"),
            ),
            field("validationFailureActionOverrides", ACTION_OVERRIDES),
            defaulted("emitWarning", Shape::Bool, Literal::Bool(false)),
            true_by_default("admission"),
            true_by_default("background"),
            field("schemaValidation", Shape::Bool),
            field("webhookTimeoutSeconds", INT),
            field("webhookConfiguration", Shape::Object(&WEBHOOK_CONFIGURATION)),
            field("mutateExistingOnPolicyUpdate", Shape::Bool),
            field("generateExisting", Shape::Bool),
            field("generateExistingOnPolicyUpdate", Shape::Bool),
            field("useServerSideApply", Shape::Bool),
        ]
    };
}

static SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: spec_fields!(&RULE),
};
static LATER_SPEC: Object = Object {
    unknown: Unknown::Refused,
    fields: spec_fields!(&LATER_RULE),
};

static POLICY: Object = document!(&SPEC);

static LATER_POLICY: Object = document!(&LATER_SPEC);

/// `kyverno.io/v1`.
pub(crate) const V1: Shape = Shape::Object(&POLICY);
/// `kyverno.io/v2beta1`.
pub(crate) const V2BETA1: Shape = Shape::Object(&LATER_POLICY);
