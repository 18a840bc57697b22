//! The kinds that we read and write, under the names and in the versions that Kyverno 1.19 serves them.
//!
//! Names, scopes, stored versions and columns are facts of Kyverno's API that must agree: either can then be installed
//! over the other, and scripts that read columns go on.

use super::schema::Schema;

/// One kind.
pub(super) struct Kind {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) short: Option<&'static str>,
    pub(super) is_namespaced: bool,
    pub(super) versions: &'static [Version],
    pub(super) columns: &'static [Column],
    pub(super) schema: Schema,
}

/// A version in which it is served.
pub(super) struct Version {
    pub(super) name: &'static str,
    pub(super) is_stored: bool,
    pub(super) is_deprecated: bool,
}

/// A column of `kubectl get`.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) of: &'static str,
    pub(super) path: &'static str,
    /// Shown by `-o wide` alone.
    pub(super) is_wide: bool,
}

const fn stored(name: &'static str) -> Version {
    Version {
        name,
        is_stored: true,
        is_deprecated: false,
    }
}

const fn served(name: &'static str) -> Version {
    Version {
        name,
        is_stored: false,
        is_deprecated: false,
    }
}

const fn deprecated(name: &'static str) -> Version {
    Version {
        name,
        is_stored: false,
        is_deprecated: true,
    }
}

const fn column(name: &'static str, of: &'static str, path: &'static str) -> Column {
    Column {
        name,
        of,
        path,
        is_wide: false,
    }
}

const fn wide(name: &'static str, of: &'static str, path: &'static str) -> Column {
    Column {
        name,
        of,
        path,
        is_wide: true,
    }
}

const POLICY_COLUMNS: &[Column] = &[
    column("ADMISSION", "boolean", ".spec.admission"),
    column("BACKGROUND", "boolean", ".spec.background"),
    column(
        "READY",
        "string",
        r#".status.conditions[?(@.type == "Ready")].status"#,
    ),
    column("AGE", "date", ".metadata.creationTimestamp"),
    wide("FAILURE POLICY", "string", ".spec.failurePolicy"),
    wide("VALIDATE", "integer", ".status.rulecount.validate"),
    wide("MUTATE", "integer", ".status.rulecount.mutate"),
    wide("GENERATE", "integer", ".status.rulecount.generate"),
    wide("VERIFY IMAGES", "integer", ".status.rulecount.verifyimages"),
    wide(
        "PROVEN",
        "string",
        r#".status.conditions[?(@.type == "EnforcementProven")].status"#,
    ),
    column(
        "MESSAGE",
        "string",
        r#".status.conditions[?(@.type == "Ready")].message"#,
    ),
];

const CEL_COLUMNS: &[Column] = &[
    column("AGE", "date", ".metadata.creationTimestamp"),
    column("READY", "string", ".status.conditionStatus.ready"),
];

const ENTRY_COLUMNS: &[Column] = &[
    column("AGE", "date", ".metadata.creationTimestamp"),
    column("REFRESH INTERVAL", "string", ".spec.apiCall.refreshInterval"),
    column("LAST REFRESH", "date", ".status.lastRefreshTime"),
];

const REPORT_COLUMNS: &[Column] = &[
    column("Kind", "string", ".scope.kind"),
    column("Name", "string", ".scope.name"),
    column("Pass", "integer", ".summary.pass"),
    column("Fail", "integer", ".summary.fail"),
    column("Warn", "integer", ".summary.warn"),
    column("Error", "integer", ".summary.error"),
    column("Skip", "integer", ".summary.skip"),
    column("Age", "date", ".metadata.creationTimestamp"),
];

const POLICY_VERSIONS: &[Version] = &[stored("v1"), served("v2beta1")];
const CEL_VERSIONS: &[Version] = &[served("v1"), deprecated("v1alpha1"), stored("v1beta1")];
const NAMESPACED_CEL_VERSIONS: &[Version] = &[served("v1"), stored("v1beta1")];

const POLICY_REPORT_VERSIONS: &[Version] = &[stored("v1alpha2")];
const OPEN_REPORT_VERSIONS: &[Version] = &[stored("v1alpha1")];

const fn policy(kind: &'static str, plural: &'static str, short: &'static str, is_namespaced: bool) -> Kind {
    Kind {
        group: "kyverno.io",
        kind,
        plural,
        short: Some(short),
        is_namespaced,
        versions: POLICY_VERSIONS,
        columns: POLICY_COLUMNS,
        schema: Schema::Policy,
    }
}

const fn cel(kind: &'static str, plural: &'static str, short: &'static str, is_namespaced: bool) -> Kind {
    Kind {
        group: "policies.kyverno.io",
        kind,
        plural,
        short: Some(short),
        is_namespaced,
        versions: if is_namespaced {
            NAMESPACED_CEL_VERSIONS
        } else {
            CEL_VERSIONS
        },
        columns: CEL_COLUMNS,
        schema: Schema::CelPolicy,
    }
}

const fn report(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static str,
    is_namespaced: bool,
    schema: Schema,
) -> Kind {
    Kind {
        group,
        kind,
        plural,
        short: Some(short),
        is_namespaced,
        versions: if matches!(schema, Schema::OpenReport) {
            OPEN_REPORT_VERSIONS
        } else {
            POLICY_REPORT_VERSIONS
        },
        columns: REPORT_COLUMNS,
        schema,
    }
}

/// All of them.
pub(super) const KINDS: &[Kind] = &[
    policy("ClusterPolicy", "clusterpolicies", "cpol", false),
    policy("Policy", "policies", "pol", true),
    Kind {
        group: "kyverno.io",
        kind: "PolicyException",
        plural: "policyexceptions",
        short: Some("polex"),
        is_namespaced: true,
        versions: &[stored("v2"), deprecated("v2beta1")],
        columns: &[],
        schema: Schema::Exception,
    },
    Kind {
        group: "kyverno.io",
        kind: "GlobalContextEntry",
        plural: "globalcontextentries",
        short: Some("gctxentry"),
        is_namespaced: false,
        versions: &[served("v2"), deprecated("v2alpha1"), stored("v2beta1")],
        columns: ENTRY_COLUMNS,
        schema: Schema::GlobalContextEntry,
    },
    cel("ValidatingPolicy", "validatingpolicies", "vpol", false),
    cel(
        "NamespacedValidatingPolicy",
        "namespacedvalidatingpolicies",
        "nvpol",
        true,
    ),
    cel("ImageValidatingPolicy", "imagevalidatingpolicies", "ivpol", false),
    cel(
        "NamespacedImageValidatingPolicy",
        "namespacedimagevalidatingpolicies",
        "nivpol",
        true,
    ),
    Kind {
        group: "policies.kyverno.io",
        kind: "PolicyException",
        plural: "policyexceptions",
        short: None,
        is_namespaced: true,
        versions: CEL_VERSIONS,
        columns: &[],
        schema: Schema::Exception,
    },
    report(
        "wgpolicyk8s.io",
        "PolicyReport",
        "policyreports",
        "polr",
        true,
        Schema::PolicyReport,
    ),
    report(
        "wgpolicyk8s.io",
        "ClusterPolicyReport",
        "clusterpolicyreports",
        "cpolr",
        false,
        Schema::PolicyReport,
    ),
    report(
        "openreports.io",
        "Report",
        "reports",
        "reps",
        true,
        Schema::OpenReport,
    ),
    report(
        "openreports.io",
        "ClusterReport",
        "clusterreports",
        "creps",
        false,
        Schema::OpenReport,
    ),
];
