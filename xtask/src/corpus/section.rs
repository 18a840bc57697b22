//! What is held against what.

/// One run of the corpus tool.
#[derive(Debug)]
pub(super) struct Section {
    /// Its name on the command line and in the ledger.
    pub(super) name: &'static str,
    /// The tool's mode.
    pub(super) mode: &'static str,
    /// The folder below the shared one.
    pub(super) folder: &'static str,
    /// The tool's `--class`, or none.
    pub(super) class: Option<&'static str>,
    /// Whether the folder's images are served meanwhile, and how.
    pub(super) images: Images,
    /// Policies of our own, below the workspace, that stand in for the folder's of the same names.
    pub(super) policies: Option<&'static str>,
}

/// How the fixtures' images are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Images {
    /// Not at all.
    None,
    /// By a registry with the referrers API.
    WithReferrers,
    /// By a registry without it: the tag fallback must do.
    WithoutReferrers,
}

/// All sections.
pub(super) const SECTIONS: [Section; 14] = [
    section("jmespath", "answers", "corpus/jmespath", None, Images::None),
    section(
        "suites-policies",
        "suites",
        "corpus/kyverno-policies",
        Some("classic"),
        Images::None,
    ),
    section(
        "suites-cli",
        "suites",
        "corpus/kyverno-cli",
        Some("classic"),
        Images::None,
    ),
    section(
        "cel-suites-policies",
        "suites",
        "corpus/kyverno-policies",
        Some("cel"),
        Images::None,
    ),
    section(
        "cel-suites-cli",
        "suites",
        "corpus/kyverno-cli",
        Some("cel"),
        Images::None,
    ),
    section(
        "bundles",
        "bundles",
        "corpus/sigstore-conformance",
        None,
        Images::None,
    ),
    section(
        "decisions",
        "decisions",
        "corpus/decisions",
        Some("classic"),
        Images::None,
    ),
    section(
        "cel-decisions",
        "decisions",
        "corpus/decisions",
        Some("cel"),
        Images::None,
    ),
    section(
        "verdicts-keys",
        "verdicts",
        "fixtures/acme",
        Some("keys"),
        Images::WithReferrers,
    ),
    section(
        "verdicts-keys-by-tag",
        "verdicts",
        "fixtures/acme",
        Some("keys"),
        Images::WithoutReferrers,
    ),
    section(
        "verdicts-other",
        "verdicts",
        "fixtures/acme",
        Some("other"),
        Images::WithReferrers,
    ),
    section(
        "verdicts-other-by-tag",
        "verdicts",
        "fixtures/acme",
        Some("other"),
        Images::WithoutReferrers,
    ),
    Section {
        policies: Some(ACME_IN_CEL),
        ..section(
            "cel-verdicts",
            "verdicts",
            "fixtures/acme",
            None,
            Images::WithReferrers,
        )
    },
    Section {
        policies: Some(ACME_IN_CEL),
        ..section(
            "cel-verdicts-by-tag",
            "verdicts",
            "fixtures/acme",
            None,
            Images::WithoutReferrers,
        )
    },
];

/// The image policies of `fixtures/acme` said as `ImageValidatingPolicy`, but for what that kind can't say: two that name
/// bundles alone, and one that skips an image.
const ACME_IN_CEL: &str = "tests/corpus/acme-cel";

const fn section(
    name: &'static str,
    mode: &'static str,
    folder: &'static str,
    class: Option<&'static str>,
    images: Images,
) -> Section {
    Section {
        name,
        mode,
        folder,
        class,
        images,
        policies: None,
    }
}
