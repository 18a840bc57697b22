//! Which images a policy means (`matchImageReferences`).
//!
//! An image is meant when its text as it stands, or any name that its registry has for it, fits one of the patterns; one with a
//! digest, when its repository fits. Kyverno 1.19 compares the text alone, so that `nginx` escapes `docker.io/*` and
//! `app@sha256:…` escapes `app:*`.

use std::collections::HashMap;

use image_reference::ImageReference;
use policy_cel::{Budget, Environment, NoHost, Program, Value};
use policy_types::policies_kyverno_io::image_validating_policy::MatchImageReference;

use super::glob::Glob;
use crate::checks::images::{repository_of, spellings};
use crate::compile_error::CompileError;
use crate::expressions::{Dialect, Output, compile, halt};
use crate::facts::Halt;

/// How deep an expression on `ref` may nest, in levels of its syntax tree; one takes at most 2 KiB of the stack.
const DEEPEST_EXPRESSION: u16 = 100;

/// The name that expressions know an image by.
const REFERENCE: &str = "ref";

/// Which images a policy means; none written: all.
#[derive(Debug, Clone, Default)]
pub(super) struct ImageReferences(Vec<ImagePattern>);

#[derive(Debug, Clone)]
enum ImagePattern {
    Glob {
        whole: Glob,
        /// What of it speaks of the repository.
        repository: Option<Glob>,
    },
    Expression(Program),
}

/// Every name of one image.
#[derive(Debug)]
pub(super) struct ImageNames {
    texts: Vec<String>,
    /// Of an image with a digest.
    repositories: Vec<String>,
}

impl ImageNames {
    /// The names of the image that stands as `text` and means `reference`, if it means anything.
    pub(super) fn of(text: &str, reference: Option<&ImageReference>) -> Self {
        let mut names = Self {
            texts: vec![text.to_owned()],
            repositories: Vec::new(),
        };
        let Some(reference) = reference else { return names };
        for (canonical, repository) in spellings(reference) {
            if !names.texts.contains(&canonical) {
                names.texts.push(canonical);
            }
            if reference.digest().is_some() {
                names.repositories.push(repository);
            }
        }
        names
    }
}

impl ImageReferences {
    /// Compiles `matchImageReferences`.
    ///
    /// # Errors
    /// Every pattern and expression that is none.
    pub(super) fn compile(written: &[MatchImageReference]) -> Result<Self, Vec<CompileError>> {
        let environment = Dialect::ImageReference.environment();
        let mut errors = Vec::new();
        let mut patterns = Vec::new();
        for (index, reference) in written.iter().enumerate() {
            let place = format!("matchImageReferences[{index}]");
            match ImagePattern::compile(reference, &environment) {
                Ok(pattern) => patterns.push(pattern),
                Err(found) => errors.extend(found.into_iter().map(|error| error.under(&place))),
            }
        }
        if errors.is_empty() {
            Ok(Self(patterns))
        } else {
            Err(errors)
        }
    }

    /// What `globs` mean; none where none of them is a pattern, as no pattern at all would mean every image.
    pub(super) fn of_globs(globs: &[String]) -> Option<Self> {
        let compiled = globs.iter().filter_map(|glob| Glob::compile(glob).ok());
        let pattern = |whole| ImagePattern::Glob {
            whole,
            repository: None,
        };
        let patterns: Vec<ImagePattern> = compiled.map(pattern).collect();
        (!patterns.is_empty()).then_some(Self(patterns))
    }

    /// Whether any name of an image fits.
    ///
    /// # Errors
    /// An expression that fails.
    pub(super) fn mean(&self, names: &ImageNames, budget: &Budget) -> Result<bool, Halt> {
        for pattern in &self.0 {
            if pattern.fits(names, budget)? {
                return Ok(true);
            }
        }
        Ok(self.0.is_empty())
    }
}

impl ImagePattern {
    fn compile(
        reference: &MatchImageReference,
        environment: &Environment,
    ) -> Result<Self, Vec<CompileError>> {
        if reference.expression.is_empty() {
            let whole =
                Glob::compile(&reference.glob).map_err(|cause| vec![CompileError::new("glob", cause)])?;
            let repository = Glob::compile(repository_of(&reference.glob)).ok();
            return Ok(Self::Glob { whole, repository });
        }
        compile(environment, &reference.expression, Output::Bool)
            .and_then(shallow)
            .map(Self::Expression)
            .map_err(|errors| {
                errors
                    .into_iter()
                    .map(|error| error.under("expression"))
                    .collect()
            })
    }

    fn fits(&self, names: &ImageNames, budget: &Budget) -> Result<bool, Halt> {
        match self {
            Self::Glob { whole, repository } => {
                let of_repository = |name: &String| {
                    repository
                        .as_ref()
                        .is_some_and(|repository| repository.matches(name))
                };
                Ok(names.texts.iter().any(|name| whole.matches(name))
                    || names.repositories.iter().any(of_repository))
            }
            Self::Expression(program) => {
                for name in &names.texts {
                    let variables = HashMap::from([(REFERENCE.to_owned(), Value::string(name.clone()))]);
                    let value = program
                        .evaluate(&variables, &NoHost, budget)
                        .map_err(|error| halt(&error))?;
                    let no_bool = || Halt::Failed(format!("`{}` gave no bool", program.text()));
                    if value.as_bool().ok_or_else(no_bool)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// Calls that verify ask whether an image is meant: on the stack of an expression that has taken its part of it.
fn shallow(program: Program) -> Result<Program, Vec<CompileError>> {
    if program.depth() <= DEEPEST_EXPRESSION {
        return Ok(program);
    }
    let message = format!("the expression nests deeper than {DEEPEST_EXPRESSION} levels");
    Err(vec![CompileError::new("", message)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn references(written: Json) -> Result<ImageReferences, Vec<CompileError>> {
        let written: Vec<MatchImageReference> = serde_json::from_value(written).unwrap();
        ImageReferences::compile(&written)
    }

    fn mean(references: &ImageReferences, text: &str) -> bool {
        let reference = ImageReference::parse(text, &image_reference::DefaultRegistry::default()).ok();
        let names = ImageNames::of(text, reference.as_ref());
        references.mean(&names, &Budget::default()).unwrap()
    }

    #[test]
    fn any_pattern_that_fits_any_name_means_the_image() {
        let references = references(json!([{"glob": "docker.io/*"},
            {"expression": "parseImageReference(ref).registry() == 'ghcr.io'"}]))
        .unwrap();
        for (text, expected) in [
            ("nginx", true),
            ("index.docker.io/library/nginx", true),
            ("ghcr.io/a/b:1", true),
            ("quay.io/a/b", false),
        ] {
            assert_eq!(mean(&references, text), expected, "{text}");
        }
    }

    /// Attack: the requester names the digest, so that the tag in the pattern has nothing to fit.
    #[test]
    fn a_digest_does_not_escape_a_pattern_of_tags() {
        let references = references(json!([{"glob": "ghcr.io/acme/app:v*"}])).unwrap();
        let digest = "0".repeat(64);
        assert!(mean(&references, &format!("ghcr.io/acme/app@sha256:{digest}")));
        assert!(!mean(&references, &format!("ghcr.io/acme/other@sha256:{digest}")));
        assert!(!mean(&references, "ghcr.io/acme/app:w1"));
    }

    #[test]
    fn an_image_that_can_not_be_parsed_is_meant_by_its_text() {
        let references = references(json!([{"glob": "ghcr.io/*"}])).unwrap();
        assert!(mean(&references, "ghcr.io/Upper/case"));
    }

    /// Attack: the calls of an expression that is itself deep ask about images by one that is as deep.
    #[test]
    fn a_deep_expression_on_the_reference_is_refused_when_the_policy_is_loaded() {
        let deep = format!("ref == 'a'{}", " + 'a'".repeat(120));
        let errors = references(json!([{ "expression": deep }])).unwrap_err();
        assert!(errors[0].message.contains("nests deeper"), "{}", errors[0]);
    }

    #[test]
    fn an_expression_may_name_the_reference_alone() {
        for expression in ["image.registry == 'x'", "object.kind == 'Pod'", "1"] {
            assert!(
                references(json!([{ "expression": expression }])).is_err(),
                "{expression}"
            );
        }
    }
}
