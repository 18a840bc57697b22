//! `validate`.

use super::attestors::ATTESTORS;
use super::conditions::{BLOCKS_WITH_MORE, LATER_BLOCKS, OPEN_CONDITIONS};
use super::context::CONTEXT;
use super::filters::LABEL_SELECTOR;
use super::match_resources::{AUDIT_ANNOTATIONS, PARAM_KIND, VALIDATION_LIST, VARIABLES};
use super::shape::{
    Field, Literal, Object, Shape, TEXTS, Unknown, defaulted, field, required, true_by_default,
};

/// `Audit` and `Enforce` in either case, as the schema allows for deprecated fields.
pub(crate) static ACTIONS_IN_ANY_CASE: &[&str] = &["audit", "enforce", "Audit", "Enforce"];
/// `Audit` and `Enforce`.
pub(crate) static ACTIONS: &[&str] = &["Audit", "Enforce"];

static ACTION_OVERRIDE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("action", Shape::Choice(ACTIONS_IN_ANY_CASE)),
        field("namespaces", TEXTS),
        field("namespaceSelector", LABEL_SELECTOR),
    ],
};

/// What a failure does in some namespaces.
pub(crate) const ACTION_OVERRIDES: Shape = Shape::Objects(&ACTION_OVERRIDE);

static DENY_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("conditions", OPEN_CONDITIONS)],
};
static LATER_DENY_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("conditions", Shape::Object(&LATER_BLOCKS))],
};

/// `deny` of version v1.
pub(crate) const DENY: Field = field("deny", Shape::Object(&DENY_OBJECT));
const LATER_DENY: Field = field("deny", Shape::Object(&LATER_DENY_OBJECT));

static FOREACH_OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("list", Shape::Text),
        field("elementScope", Shape::Bool),
        CONTEXT,
        field("preconditions", Shape::Object(&BLOCKS_WITH_MORE)),
        field("pattern", Shape::Any),
        field("anyPattern", Shape::Any),
        DENY,
        field("foreach", Shape::Objects(&FOREACH_OBJECT)),
    ],
};

static POD_SECURITY_CONTROLS: &[&str] = &[
    "HostProcess",
    "Host Namespaces",
    "Privileged Containers",
    "Capabilities",
    "HostPath Volumes",
    "Host Ports",
    "AppArmor",
    "SELinux",
    "/proc Mount Type",
    "Seccomp",
    "Sysctls",
    "Volume Types",
    "Privilege Escalation",
    "Running as Non-root",
    "Running as Non-root user",
];

static POD_SECURITY_VERSIONS: &[&str] = &[
    "v1.19", "v1.20", "v1.21", "v1.22", "v1.23", "v1.24", "v1.25", "v1.26", "v1.27", "v1.28", "v1.29",
    "v1.30", "v1.31", "v1.32", "latest",
];

static POD_SECURITY_STANDARD: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("controlName", Shape::Choice(POD_SECURITY_CONTROLS)),
        field("images", TEXTS),
        field("restrictedField", Shape::Text),
        field("values", TEXTS),
    ],
};

/// Controls that are waived.
pub(crate) const POD_SECURITY_STANDARDS: Shape = Shape::Objects(&POD_SECURITY_STANDARD);

static POD_SECURITY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("level", Shape::Choice(&["privileged", "baseline", "restricted"])),
        field("version", Shape::Choice(POD_SECURITY_VERSIONS)),
        field("exclude", POD_SECURITY_STANDARDS),
    ],
};

static PARAM_REF: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("namespace", Shape::Text),
        field("selector", LABEL_SELECTOR),
        field("parameterNotFoundAction", Shape::Text),
    ],
};

static CEL: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        defaulted("generate", Shape::Bool, Literal::Bool(false)),
        field("expressions", VALIDATION_LIST),
        VARIABLES,
        PARAM_KIND,
        field("paramRef", Shape::Object(&PARAM_REF)),
        AUDIT_ANNOTATIONS,
    ],
};

static OBJECT_REFERENCE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("group", Shape::Text),
        field("version", Shape::Text),
        field("kind", Shape::Text),
        field("namespace", Shape::Text),
        field("name", Shape::Text),
    ],
};

static IGNORED_FIELDS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("fields", TEXTS),
        field("objects", Shape::Objects(&OBJECT_REFERENCE)),
    ],
};

static DRY_RUN: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("enable", Shape::Bool), field("namespace", Shape::Text)],
};

static MANIFESTS: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        ATTESTORS,
        field("annotationDomain", Shape::Text),
        field("ignoreFields", Shape::Objects(&IGNORED_FIELDS)),
        field("dryRun", Shape::Object(&DRY_RUN)),
        field("repository", Shape::Text),
    ],
};

/// `validate` of version v1.
pub(crate) static VALIDATE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("message", Shape::Text),
        field("failureAction", Shape::Choice(ACTIONS)),
        field("failureActionOverrides", ACTION_OVERRIDES),
        true_by_default("allowExistingViolations"),
        field("pattern", Shape::Any),
        field("anyPattern", Shape::Any),
        DENY,
        field("foreach", Shape::Objects(&FOREACH_OBJECT)),
        field("podSecurity", Shape::Object(&POD_SECURITY)),
        field("cel", Shape::Object(&CEL)),
        field("manifests", Shape::Object(&MANIFESTS)),
        field("assert", Shape::Any),
    ],
};

/// `validate` of version v2beta1.
pub(crate) static LATER_VALIDATE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("message", Shape::Text),
        field("failureAction", Shape::Choice(ACTIONS)),
        field("failureActionOverrides", ACTION_OVERRIDES),
        field("pattern", Shape::Any),
        field("anyPattern", Shape::Any),
        LATER_DENY,
        field("foreach", Shape::Objects(&FOREACH_OBJECT)),
        field("podSecurity", Shape::Object(&POD_SECURITY)),
        field("cel", Shape::Object(&CEL)),
        field("manifests", Shape::Object(&MANIFESTS)),
        field("assert", Shape::Any),
    ],
};
