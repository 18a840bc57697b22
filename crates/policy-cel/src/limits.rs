//! Every limit of the language in one place.
//!
//! A policy author is not trusted with the process: each number below ends a class of hostile expression in a typed error.
//! Sources: cel-go `parser/options.go`, Kubernetes `apiserver/pkg/apis/cel/config.go`, Kyverno 1.19.

/// Longest source text, in code points (cel-go: `expressionSizeCodePointLimit`)
pub const MAX_SOURCE_CODE_POINTS: usize = 100_000;

/// Deepest syntax tree, in nodes from root to leaf (cel-go: `maxRecursionDepth`).
///
/// Parser, checker, planner and evaluator recurse on the tree and on nothing else, so this bounds every stack.
pub const MAX_DEPTH: u16 = 250;

/// Most nodes in one expression, macros expanded
pub const MAX_NODES: usize = 50_000;

/// Cost one expression may run up (Kubernetes: `PerCallLimit`; Kyverno 1.19 keeps it)
pub const DEFAULT_COST_PER_EXPRESSION: u64 = 1_000_000;

/// Cost all expressions of one request may run up together (Kubernetes: `RuntimeCELCostBudget`)
pub const DEFAULT_COST_PER_REQUEST: u64 = 10_000_000;

/// What a failure that is absorbed takes from the allowance of the request: its words are written all the same
pub const FAILURE_SURCHARGE: u64 = 10;

/// What a turn of a loop and an operator whose operands are worked out take beyond their cost
pub const STEP_SURCHARGE: u64 = 2;

/// What reading a field takes beyond its cost, and finding a key in a map or list
pub const LOOKUP_SURCHARGE: u64 = 4;

/// What making a list, a map, an optional or a loop takes beyond its cost
pub const AGGREGATE_SURCHARGE: u64 = 12;

/// Bytes one evaluation may allocate for strings, lists and maps, freed ones included
pub const DEFAULT_MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// How many evaluations' worth of bytes all expressions of one request may make together: what variables hold stays until the end
pub const MEMORY_SHARES: usize = 3;

/// Deepest nesting of a value that is compared, printed or converted, in levels
pub const MAX_VALUE_DEPTH: usize = 128;

/// Largest compiled regular expression, in bytes
pub const MAX_REGEX_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of states that searches with one regular expression keep, in each of two directions; what needs more is searched without
pub const MAX_AUTOMATON_BYTES: usize = 256 * 1024;

/// Most states of a regular expression's automaton, by estimate; also of all literal ones of an expression together
pub const MAX_REGEX_STATES: u64 = 60_000;

/// Literal regular expressions that are compiled with their expression; further ones are compiled while it runs
pub const MAX_LITERAL_PATTERNS: usize = 64;

/// Work of reading the literal regular expressions of one expression, about a microsecond each
pub const MAX_PATTERN_READING: u64 = 20_000;

/// What a regular expression that is compiled or made ready while evaluating takes beyond the cost, beside its states
pub const REGEX_SURCHARGE: u64 = 500;

/// What a state of a regular expression that is compiled while evaluating takes beyond the cost
pub const REGEX_STATE_SURCHARGE: u64 = 5;

/// Most states of a literal regular expression whose searches keep what they learn as long as the program lives
pub const FEW_REGEX_STATES: u64 = 16;

/// Distinct regular expressions one evaluation keeps compiled
pub const MAX_CACHED_REGEXES: usize = 16;

/// Most bytes `gzip.decompress` gives (Kyverno has no bound)
pub const MAX_DECOMPRESSED_BYTES: usize = 8 * 1024 * 1024;

/// Most characters `random` makes of an open repetition such as `a*`
pub const MAX_RANDOM_REPEAT: u32 = 10;

/// Errors reported for one expression; further ones are counted (cel-go: `maxErrorsToReport`)
pub const MAX_REPORTED_ERRORS: usize = 100;

/// Source lines longer than this, in bytes, are not quoted in errors (cel-go: `maxSnippetLength`)
pub const MAX_SNIPPET_BYTES: usize = 16_384;

/// Nodes of the largest type the checker carries on; a larger one becomes `dyn`
pub const MAX_TYPE_NODES: u32 = 1_000;

/// Deepest nesting of types the checker unifies
pub const MAX_TYPE_DEPTH: u16 = 300;

/// Steps of unification for one expression
pub const MAX_TYPE_WORK: u32 = 500_000;
