//! The codes: they stay, so that pipelines may name them.

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Verdicts are right; the text will not work for ever, or waives something on purpose.
    Note,
    /// The policy does something else than its author is likely to think.
    Warning,
}

impl Level {
    /// `note` or `warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
        }
    }
}

/// One line of the table below: variant, `VLnnn`, name, level, title.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $name:literal $level:ident $title:literal;)+) => {
        /// What kind of finding. Codes stay; a code that is retired is not used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LintCode { $(#[doc = $title] $variant,)+ }

        impl LintCode {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code, such as `VL101`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The name, such as `tag-pattern`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How much it weighs.
            #[must_use]
            pub const fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level),+ }
            }

            /// What it is about, on one line.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    PatternPath "VL001" "pattern-path" Warning "A pattern asks for a field that a matched kind does not have";
    NeverMatches "VL002" "never-matches" Warning "Nothing is left of what the rule matches";
    UnknownKind "VL003" "unknown-kind" Warning "A kind that no cluster serves under this name";
    NoGeneratedRules "VL004" "no-generated-rules" Warning "A rule about Pods that is not extended to what makes Pods";
    GeneratedFor "VL005" "generated-for" Warning "The list of controllers to write rules for holds names that mean nothing";
    NoImages "VL006" "no-images" Warning "Image verification for a kind in which no images are found";
    FieldWithoutEffect "VL007" "field-without-effect" Warning "A field that nothing reads";
    TagPattern "VL101" "tag-pattern" Warning "An image pattern with a tag, which Kyverno does not match against digests";
    OpenEndedPattern "VL102" "open-ended-pattern" Warning "An image pattern whose registry or owner goes on after what is written";
    PatternWithoutRegistry "VL103" "pattern-without-registry" Warning "An image pattern without registry, which no image matches";
    EverythingSkipped "VL104" "everything-skipped" Warning "Every image that the entry means is skipped";
    WrittenForm "VL105" "written-form" Warning "An image pattern for one of the forms in which an image may be written";
    NoAttestor "VL201" "no-attestor" Warning "An attestation that anybody may have made";
    OpenIdentity "VL202" "open-identity" Warning "A keyless identity without issuer or without subject";
    UnanchoredRegex "VL203" "unanchored-regex" Warning "A regular expression that matches inside longer names";
    WideIdentity "VL204" "wide-identity" Warning "An identity whose wildcard stands for other people's names";
    WholeAuthority "VL205" "whole-authority" Warning "Every certificate of an authority is accepted";
    CountMetByOne "VL206" "count-met-by-one" Warning "One signature can meet several of the entries that are counted";
    AllMustSign "VL207" "all-must-sign" Warning "Several keys or entries without count: all of them must have signed";
    LogWaived "VL208" "log-waived" Note "Signatures or certificates are accepted that no log has recorded";
    LiteralWildcard "VL209" "literal-wildcard" Warning "A wildcard where names are compared exactly";
    SignerFromRequest "VL210" "signer-from-request" Warning "Whoever is to be held to a signature chooses whose it must be";
    UnusedSigner "VL211" "unused-signer" Warning "An attestor that nobody asks for";
    StaleStatements "VL301" "stale-statements" Warning "Old statements beside new ones refuse the image";
    UnusedAttestation "VL302" "unused-attestation" Warning "An attestation that nobody asks for";
    UnverifiedPayload "VL303" "unverified-payload" Warning "What was attested is read, and nothing verifies it";
    TagsRefused "VL401" "tags-refused" Warning "Images named by tag are refused, because nothing writes their digest";
    TagsNotPinned "VL402" "tags-not-pinned" Warning "What was verified need not be what runs";
    NothingDemanded "VL403" "nothing-demanded" Warning "Verification is required and no attestor is named";
    ErrorsAdmit "VL404" "errors-admit" Warning "Image verification that errors switch off";
    ShortTimeout "VL405" "short-timeout" Warning "Too little time for the signatures that are asked for";
    MatchConditions "VL406" "match-conditions" Warning "Match conditions beside image verification";
    AlwaysTrue "VL407" "always-true" Warning "A validation that holds whatever is found";
    ProofNotRequired "VL408" "proof-not-required" Note "Images may pass that nobody has verified";
    DeprecatedField "VL501" "deprecated-field" Note "A field that has a successor";
    DeprecatedValue "VL502" "deprecated-value" Note "A value that has a successor";
    DeprecatedOperator "VL503" "deprecated-operator" Note "An operator that has a successor";
    MissingDefault "VL601" "missing-default" Warning "A field that may be absent, without a default";
    AbsentObject "VL602" "absent-object" Warning "An object is read that there is not on some operation";
}

impl LintCode {
    /// The code of that name: `VL101` in any case, or `tag-pattern`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.code().eq_ignore_ascii_case(text) || code.name() == text)
    }

    /// Where the documentation of the code stands, from the root of the repository.
    #[must_use]
    pub fn documentation(self) -> String {
        format!(
            "docs/guide/lint.md#{}-{}",
            self.code().to_ascii_lowercase(),
            self.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_and_every_name_is_there_once() {
        let codes: BTreeSet<_> = LintCode::ALL.iter().map(|code| code.code()).collect();
        let names: BTreeSet<_> = LintCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(
            (codes.len(), names.len()),
            (LintCode::ALL.len(), LintCode::ALL.len())
        );
    }

    #[test]
    fn a_code_is_found_by_code_and_by_name() {
        assert_eq!(LintCode::parse("vl101"), Some(LintCode::TagPattern));
        assert_eq!(LintCode::parse("tag-pattern"), Some(LintCode::TagPattern));
        assert_eq!(LintCode::parse("VL999"), None);
    }

    #[test]
    fn every_code_is_documented() {
        let guide = include_str!("../../../docs/guide/lint.md");
        for code in LintCode::ALL {
            assert!(
                guide.contains(&format!("## {} {}\n", code.code(), code.name())),
                "{}",
                code.code()
            );
        }
    }
}
