//! The fuzzing oracles on every commit: the same functions that `cargo xtask fuzz` drives at length, here by proptest.

use proptest::prelude::*;

#[path = "../../../../fuzz/oracles/mod.rs"]
pub(crate) mod oracles;

/// Pieces that mean something to one of the languages.
fn pieces(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
        1 => "\\PC{0,3}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"a\"",
    "\"b\"",
    "1",
    "-0.5",
    "1e3",
    "true",
    "null",
    "\"\\u00e9\"",
    "\"\\n\"",
    " ",
    "\n",
    "\"yes\"",
    "\"\\ud83d\\ude00\"",
    "# c\n",
    "- ",
    "a: ",
    "---\n",
    "&a ",
    "*a",
    "\"\\/\"",
    "12345678901234567890",
];
const PATTERN: &[&str] = &[
    "a", "b", "*", "?", "|", "&", "!", ">", ">=", "<", "<=", "10", "1Gi", "1h", "-", "10-20", "!-", " ",
    "\0", "é", "0.5", "null", "true",
];
const EXPRESSION: &[&str] = &[
    "request.object",
    ".",
    "spec",
    "containers",
    "[]",
    "[*]",
    "[0]",
    "[?",
    "]",
    "{",
    "}",
    "(",
    ")",
    "|",
    "||",
    "&&",
    "!",
    "==",
    "<",
    "@",
    "&",
    "a",
    "b",
    "c",
    "'x'",
    "`1`",
    "`[1,2]`",
    ",",
    ":",
    "length(",
    "join('',",
    "to_string(",
    "sort_by(",
    "merge(",
    "regex_match('^a', ",
    "time_since('',",
    "\"\"",
    "map(&",
    "split(",
    "[::2]",
    "-1",
    "base64_decode(",
    "items(@,'k','v')",
];
const REFERENCE: &[&str] = &[
    "docker.io",
    "registry.example.com",
    "localhost",
    ":5000",
    ":",
    "/",
    "@",
    "sha256:",
    "app",
    "a",
    "A",
    ".",
    "..",
    "_",
    "-",
    "latest",
    "[::1]",
    "dead07b4d8ed7e29e98de0f4504d87e8880d4347859d839686a31da35a3b532f",
    "library/",
    "+",
];
const REVIEW: &[&str] = &[
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{",
    "\"uid\":\"1\",",
    "\"operation\":\"CREATE\",",
    "\"object\":{}",
    "\"object\":null,",
    "\"oldObject\":{\"a\":1}",
    ",",
    "}}",
    "\"namespace\":\"x\",",
    "\"namespace\":7,",
    "\"kind\":{\"kind\":\"Pod\"},",
    "}",
    "{",
    "\"userInfo\":[],",
    "\"subResource\":\"status\",",
    "\"object\":[1],",
    "\"uid\":\"2\",",
];
const EVIDENCE: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"critical\"",
    "\"image\"",
    "\"docker-manifest-digest\"",
    "\"payload\"",
    "\"payloadType\"",
    "\"application/vnd.in-toto+json\"",
    "\"signatures\"",
    "\"sig\"",
    "\"\"",
    "\"AAAA\"",
    "\"mediaType\"",
    "\"application/vnd.dev.sigstore.bundle.v0.3+json\"",
    "\"verificationMaterial\"",
    "\"dsseEnvelope\"",
    "\"tlogEntries\"",
    "\"publicKey\"",
    "\"hint\"",
    "\"messageSignature\"",
    "1",
    "null",
    "eyJhIjoxfQ",
    ".",
    "-----BEGIN CERTIFICATE-----\n",
];

const DOCUMENT: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"schemaVersion\":2",
    "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"",
    "\"mediaType\":\"application/vnd.oci.image.index.v1+json\"",
    "\"config\":{}",
    "\"layers\":[]",
    "\"manifests\":[]",
    "\"subject\":null",
    "\"digest\":\"sha256:dead07b4d8ed7e29e98de0f4504d87e8880d4347859d839686a31da35a3b532f\"",
    "\"size\":-1",
    "\"size\":18446744073709551616",
    "\"annotations\":{\"a\":1}",
];

const SUBSTITUTION: &[&str] = &[
    "{{",
    "}}",
    "{{ ",
    " }}",
    "\\{{",
    "$(",
    ")",
    "request.object.metadata.annotations.a",
    "request.object.metadata.annotations.b",
    "request.object",
    "own.text",
    "own",
    "@",
    "-",
    " ",
    "'",
    "`",
    "to_string(",
    "join('',",
    "|",
    ".",
    "./../x",
    "\0",
    "a",
    "{",
    "}",
];
const PATCHES: &[&str] = &[
    "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]",
    "[{\"op\":\"remove\",\"path\":\"/a/-\"}]",
    "{\"a\":[1,2,{\"name\":\"x\"}]}",
    "{\"a\":[{\"name\":\"x\",\"b\":null}]}",
    "{\"+(a)\":1,\"(b)\":\"*\"}",
    "{\"$patch\":\"delete\"}",
    "{\"~1\":{\"/\":[]}}",
    "{",
    "}",
    "[",
    "]",
    "\"a\":",
    ",",
    "null",
    "1",
    "\0",
    "\0",
];
const VALIDATION: &[&str] = &[
    "object",
    ".spec",
    ".containers",
    ".all(c, ",
    ".exists(c, ",
    ".map(c, ",
    "has(",
    ")",
    "(",
    "c.image",
    " == ",
    " && ",
    " || ",
    "!",
    "?",
    ":",
    " + ",
    "1",
    "1.5",
    "1u",
    "'x'",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".size()",
    ".matches('^a')",
    ".orValue(",
    ".?spec",
    "[?0]",
    "lists.range(1000)",
    "string(",
    "quantity('1Mi')",
    "dyn(",
    ".flatten()",
    "cel.bind(x, ",
    "b'\\xff'",
    "-",
    "null",
    "`a-b`",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn json_means_what_json_says(bytes in pieces(JSON)) {
        oracles::documents::json_means_what_json_says(&bytes);
    }

    #[test]
    fn wildcards_mean_their_definition(bytes in pieces(PATTERN)) {
        oracles::patterns::wildcards_mean_their_definition(&bytes);
    }

    #[test]
    fn scalar_patterns_mean_their_parts(bytes in pieces(PATTERN)) {
        oracles::patterns::alternatives_mean_their_parts(&bytes);
    }

    #[test]
    fn expressions_are_bounded_and_repeatable(bytes in pieces(EXPRESSION)) {
        oracles::expressions::evaluation_is_bounded_and_repeatable(&bytes);
    }

    #[test]
    fn references_read_back_as_printed(bytes in pieces(REFERENCE)) {
        oracles::references::what_is_printed_reads_back_the_same(&bytes);
    }

    #[test]
    fn reviews_hold_what_was_sent(bytes in pieces(REVIEW)) {
        oracles::reviews::a_review_holds_what_was_sent(&bytes);
    }

    #[test]
    fn no_bytes_are_evidence(bytes in pieces(EVIDENCE)) {
        oracles::evidence::no_bytes_are_evidence(&bytes);
    }

    #[test]
    fn no_mutation_of_genuine_evidence_verifies(
        which: u8, field: u8, place: u16, gone in 0_u8..8, new in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let [high, low] = place.to_be_bytes();
        let bytes: Vec<u8> = [which, field, high, low, gone].into_iter().chain(new).collect();
        oracles::evidence::no_mutation_of_genuine_evidence_verifies(&bytes);
    }

    #[test]
    fn registry_documents_are_one_thing(bytes in pieces(DOCUMENT)) {
        oracles::manifests::a_document_is_one_thing(&bytes);
    }

    #[test]
    fn no_bytes_are_a_notary_signature_or_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        oracles::notary::no_bytes_are_a_notary_signature_or_an_answer(&bytes);
    }

    #[test]
    fn no_mutation_of_a_notary_signature_verifies(
        which: u8, place: u16, gone in 0_u8..8, new in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let [high, low] = place.to_be_bytes();
        let bytes: Vec<u8> = [which, high, low, gone].into_iter().chain(new).collect();
        oracles::notary::no_mutation_of_a_notary_signature_verifies(&bytes);
    }

    #[test]
    fn no_bytes_and_no_mutation_are_a_certificate(
        place: u16, gone in 0_u8..8, new in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let [high, low] = place.to_be_bytes();
        let bytes: Vec<u8> = [high, low, gone].into_iter().chain(new).collect();
        oracles::certificates::no_bytes_and_no_mutation_are_a_certificate(&bytes);
    }

    #[test]
    fn no_mutation_of_tuf_metadata_is_trusted(
        which: u8, place: u16, gone in 0_u8..8, new in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let [high, low] = place.to_be_bytes();
        let bytes: Vec<u8> = [which, high, low, gone].into_iter().chain(new).collect();
        oracles::tuf::no_mutation_of_tuf_metadata_is_trusted(&bytes);
    }

    #[test]
    fn substitution_ends_and_is_repeatable(bytes in pieces(SUBSTITUTION)) {
        oracles::substitution::substitution_ends_and_is_repeatable(&bytes);
    }

    #[test]
    fn patches_lead_where_they_say(bytes in pieces(PATCHES)) {
        oracles::patches::patches_lead_where_they_say(&bytes);
    }

    #[test]
    fn validations_are_bounded_and_repeatable(bytes in pieces(VALIDATION)) {
        oracles::validations::expressions_are_bounded_and_repeatable(&bytes);
    }
}
