//! Images of custom resources (`imageExtractors`).
//!
//! In: the extractors configured for the object's kind. Out: every image found, duplicates of a key included: Kyverno
//! keeps the last alone and never checks the others. Spec: verify-images §2.3.

use std::collections::BTreeMap;
use std::sync::Arc;

use jmespath::{Environment, Expression, Limits};
use serde_json::Value;

use crate::compile_error::CompileError;
use crate::request::images::{ImageAt, MOST_IMAGES, image_at};

/// Extractors by kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImageExtractors(BTreeMap<String, Vec<Extractor>>);

#[derive(Debug, Clone)]
struct Extractor {
    path: Vec<String>,
    value: String,
    group: Arc<str>,
    key: Option<String>,
    transform: Option<(String, Expression)>,
}

impl ImageExtractors {
    /// Compiles `imageExtractors`.
    ///
    /// # Errors
    /// A JMESPath expression that does not parse.
    pub(crate) fn compile(extractors: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut by_kind = BTreeMap::new();
        for (kind, listed) in extractors.as_object().into_iter().flatten() {
            let mut compiled = Vec::new();
            for (index, extractor) in listed.as_array().into_iter().flatten().enumerate() {
                match Extractor::compile(extractor) {
                    Ok(extractor) => compiled.push(extractor),
                    Err(error) => errors.push(error.under(&format!("{kind}[{index}]"))),
                }
            }
            by_kind.insert(kind.clone(), compiled);
        }
        if errors.is_empty() {
            Ok(Self(by_kind))
        } else {
            Err(errors)
        }
    }

    /// The images that the extractors of `kind` find; `None` where there are none for this kind.
    ///
    /// # Errors
    /// An object that is not shaped as the extractor says, or an expression that gives no string.
    pub(crate) fn extract(
        &self,
        object: &Value,
        kind: &str,
        environment: &Environment<'_>,
    ) -> Option<Result<Vec<ImageAt>, String>> {
        let extractors = self.0.get(kind)?;
        let mut run = Extraction {
            environment,
            images: Vec::new(),
        };
        for extractor in extractors {
            if let Err(error) = extractor.walk(object, &extractor.path, "", &mut run) {
                return Some(Err(error));
            }
        }
        Some(Ok(run.images))
    }
}

/// One run over an object.
struct Extraction<'r> {
    environment: &'r Environment<'r>,
    images: Vec<ImageAt>,
}

impl Extractor {
    fn compile(extractor: &Value) -> Result<Self, CompileError> {
        let text = |field: &str| {
            extractor
                .get(field)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let mut path: Vec<String> = text("path")
            .unwrap_or_default()
            .split('/')
            .filter(|part| !part.is_empty())
            .map(ToOwned::to_owned)
            .collect();
        let value = match text("value") {
            Some(value) => value.to_owned(),
            None => path
                .pop()
                .ok_or_else(|| CompileError::new("path", "expected the path of the image's field"))?,
        };
        let transform = text("jmesPath").map(|written| {
            let compiled = Expression::compile(written);
            compiled
                .map(|expression| (written.to_owned(), expression))
                .map_err(|error| {
                    CompileError::new("jmesPath", format!("invalid jmespath {written}: {error}"))
                })
        });
        Ok(Self {
            path,
            value,
            group: text("name").unwrap_or("custom").into(),
            key: text("key").map(ToOwned::to_owned),
            transform: transform.transpose()?,
        })
    }

    /// Follows `path` from `at`; `*` stands for every element. Depth is that of the written path.
    fn walk(
        &self,
        at: &Value,
        path: &[String],
        pointer: &str,
        run: &mut Extraction<'_>,
    ) -> Result<(), String> {
        if run.images.len() > MOST_IMAGES {
            return Err(format!("more than {MOST_IMAGES} images"));
        }
        let Some((next, rest)) = path.split_first() else {
            return self.take(at, pointer, run);
        };
        match (next.as_str(), at) {
            ("*", Value::Array(items)) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| self.walk(item, rest, &format!("{pointer}/{index}"), run)),
            ("*", Value::Object(fields)) => fields.iter().try_for_each(|(key, item)| {
                self.walk(item, rest, &format!("{pointer}/{}", escaped(key)), run)
            }),
            ("*", Value::Null) | (_, Value::Null) => Ok(()),
            ("*", _) => Err("invalid type".to_owned()),
            (key, Value::Object(fields)) => match fields.get(key) {
                Some(item) => self.walk(item, rest, &format!("{pointer}/{}", escaped(key)), run),
                None => Ok(()),
            },
            (_, _) => Err("invalid image config".to_owned()),
        }
    }

    fn take(&self, at: &Value, pointer: &str, run: &mut Extraction<'_>) -> Result<(), String> {
        let fields = match at {
            Value::Null => return Ok(()),
            Value::Object(fields) => fields,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err("invalid image config".to_owned());
            }
        };
        let pointer = format!("{pointer}/{}", escaped(&self.value));
        let key = match &self.key {
            None => pointer.clone(),
            Some(key) => fields
                .get(key)
                .and_then(Value::as_str)
                .ok_or("invalid key")?
                .to_owned(),
        };
        let Some(value) = fields.get(&self.value).filter(|value| !value.is_null()) else {
            return Ok(());
        };
        let text = match &self.transform {
            None => value.as_str().ok_or("invalid value")?.to_owned(),
            Some((written, expression)) => transformed(written, expression, value, run.environment)?,
        };
        run.images.extend(image_at(
            &self.group,
            key,
            &text,
            pointer,
            run.environment.default_registry,
        ));
        Ok(())
    }
}

fn transformed(
    written: &str,
    expression: &Expression,
    value: &Value,
    environment: &Environment<'_>,
) -> Result<String, String> {
    let failed = |cause: String| format!("failed to apply jmespath {written}: {cause}");
    let found = expression
        .evaluate(value, environment, Limits::default())
        .map_err(|error| failed(error.to_string()))?;
    let found = found.to_json().map_err(|error| failed(error.to_string()))?;
    let text = found.as_str().map(ToOwned::to_owned);
    text.ok_or_else(|| format!("jmespath {written} must produce a string, but produced {found}"))
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn extract(extractors: &Value, object: &Value) -> Result<Vec<(String, String)>, String> {
        let found = ImageExtractors::compile(extractors).unwrap().extract(
            object,
            "Task",
            &Environment::at(jiff::Timestamp::UNIX_EPOCH, 0),
        );
        found
            .unwrap()
            .map(|images| images.into_iter().map(|image| (image.key, image.text)).collect())
    }

    #[test]
    fn a_path_with_stars_finds_every_image() {
        let found = extract(
            &json!({"Task": [{"path": "/spec/steps/*/image"}]}),
            &json!({"spec": {"steps": [{"image": "a"}, {"image": "b"}, {}]}}),
        );
        let expected = [("/spec/steps/0/image", "a"), ("/spec/steps/1/image", "b")];
        assert_eq!(
            found.unwrap(),
            expected.map(|(key, text)| (key.to_owned(), text.to_owned()))
        );
    }

    /// Kyverno keeps the last image of a key and never checks the others.
    #[test]
    fn images_that_share_a_key_are_all_checked() {
        let found = extract(
            &json!({"Task": [{"path": "/spec/steps/*", "value": "image", "key": "name"}]}),
            &json!({"spec": {"steps": [{"name": "x", "image": "evil"}, {"name": "x", "image": "good"}]}}),
        );
        assert_eq!(found.unwrap().len(), 2);
    }

    #[test]
    fn a_missing_key_is_an_error_and_not_an_absence() {
        let found = extract(
            &json!({"Task": [{"path": "/spec/steps/*", "value": "image", "key": "name"}]}),
            &json!({"spec": {"steps": [{"image": "a"}]}}),
        );
        assert_eq!(found.unwrap_err(), "invalid key");
    }
}
