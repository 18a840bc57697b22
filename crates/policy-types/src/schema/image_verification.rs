//! `verifyImages`.

use super::attestors::ATTESTORS;
use super::conditions::BLOCKS;
use super::context::REGISTRY_CREDENTIALS;
use super::shape::{Field, Object, Shape, TEXT_MAP, TEXTS, Unknown, field, true_by_default};
use super::validation::{ACTIONS, DENY};

static ATTESTATION: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        field("name", Shape::Text),
        field("type", Shape::Text),
        field("predicateType", Shape::Text),
        ATTESTORS,
        field("conditions", Shape::Objects(&BLOCKS)),
    ],
};

static VALIDATE: Object = Object {
    unknown: Unknown::Refused,
    fields: &[field("message", Shape::Text), DENY],
};

const TYPE: Field = field("type", Shape::Choice(&["Cosign", "SigstoreBundle", "Notary"]));
const ATTESTATIONS: Field = field("attestations", Shape::Objects(&ATTESTATION));
const FAILURE_ACTION: Field = field("failureAction", Shape::Choice(ACTIONS));
const VALIDATE_FIELD: Field = field("validate", Shape::Object(&VALIDATE));
const IMAGE_REFERENCES: Field = field("imageReferences", TEXTS);
const SKIP_IMAGE_REFERENCES: Field = field("skipImageReferences", TEXTS);
const REPOSITORY: Field = field("repository", Shape::Text);
const MUTATE_DIGEST: Field = true_by_default("mutateDigest");
const VERIFY_DIGEST: Field = true_by_default("verifyDigest");
const REQUIRED: Field = true_by_default("required");
const USE_CACHE: Field = true_by_default("useCache");

/// An entry of version v1.
pub(crate) static ENTRY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        TYPE,
        IMAGE_REFERENCES,
        SKIP_IMAGE_REFERENCES,
        ATTESTORS,
        ATTESTATIONS,
        REPOSITORY,
        MUTATE_DIGEST,
        VERIFY_DIGEST,
        REQUIRED,
        USE_CACHE,
        FAILURE_ACTION,
        REGISTRY_CREDENTIALS,
        VALIDATE_FIELD,
        field("cosignOCI11", Shape::Bool),
        field("image", Shape::Text),
        field("key", Shape::Text),
        field("issuer", Shape::Text),
        field("subject", Shape::Text),
        field("roots", Shape::Text),
        field("annotations", TEXT_MAP),
        field("additionalExtensions", TEXT_MAP),
    ],
};

/// An entry of version v2beta1.
pub(crate) static LATER_ENTRY: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        TYPE,
        IMAGE_REFERENCES,
        SKIP_IMAGE_REFERENCES,
        ATTESTORS,
        ATTESTATIONS,
        REPOSITORY,
        MUTATE_DIGEST,
        VERIFY_DIGEST,
        REQUIRED,
        USE_CACHE,
        FAILURE_ACTION,
        REGISTRY_CREDENTIALS,
        VALIDATE_FIELD,
    ],
};
