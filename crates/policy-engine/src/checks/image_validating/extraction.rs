//! Which images a request holds, and which of them a policy means.
//!
//! In: the object, custom extractors, `matchImageReferences`. Out: the images of each category, as expressions see them in
//! `images.<category>`. Images of volumes are a category of their own (`volumes`), which Kyverno 1.19 does not look at.
//! Spec: cel-policies §1.6(5).

use std::sync::Arc;

use image_reference::{DefaultRegistry, ImageReference};
use policy_cel::{Budget, Environment, Key, List, Map, Program, Type, Value};
use policy_types::policies_kyverno_io::image_validating_policy as wire;

use super::references::{ImageNames, ImageReferences};
use crate::compile_error::CompileError;
use crate::expressions::{Output, Scene, compile};
use crate::facts::Halt;
use crate::request::Request;
use crate::request::images::{self, MOST_IMAGES};

/// Categories that every object with a Pod specification has, if only as empty ones.
const POD_CATEGORIES: [&str; 4] = [
    "containers",
    "initContainers",
    "ephemeralContainers",
    images::VOLUMES,
];

/// Further places where images stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Extractors(Vec<(Arc<str>, Program)>);

/// One image that the policy means.
#[derive(Debug, Clone)]
pub(super) struct MeantImage {
    /// As it stands in the object.
    pub(super) text: String,
    /// What it means, or why it means nothing.
    pub(super) reference: Result<ImageReference, String>,
    /// Where it stands; none for custom extractors, which do not say.
    pub(super) pointer: Option<String>,
}

/// The images that the policy means, by category.
#[derive(Debug, Default)]
pub(super) struct MeantImages(Vec<(Arc<str>, Vec<MeantImage>)>);

impl Extractors {
    /// Compiles `images`.
    ///
    /// # Errors
    /// Every expression that gives no list.
    pub(super) fn compile(
        written: &[wire::ImageExtractor],
        environment: &Environment,
    ) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut extractors = Vec::new();
        for (index, extractor) in written.iter().enumerate() {
            let place = format!("images[{index}].expression");
            match list_program(&extractor.expression, environment) {
                Ok(program) => extractors.push((Arc::from(extractor.name.as_str()), program)),
                Err(found) => errors.extend(found.into_iter().map(|error| error.under(&place))),
            }
        }
        if errors.is_empty() {
            Ok(Self(extractors))
        } else {
            Err(errors)
        }
    }
}

fn list_program(expression: &str, environment: &Environment) -> Result<Program, Vec<CompileError>> {
    let program = compile(environment, expression, Output::Any)?;
    let found = program.result_type();
    let is_list = *found == Type::Dyn || [Type::String, Type::Dyn].map(Type::list).contains(found);
    if is_list {
        return Ok(program);
    }
    let message = format!("output is expected to be of type list, found {found}");
    Err(vec![CompileError::new("", message)])
}

/// What an extraction looks at.
pub(super) struct Extraction<'x> {
    pub(super) extractors: &'x Extractors,
    pub(super) references: &'x ImageReferences,
    /// Images that exceptions take out.
    pub(super) excused: Option<&'x ImageReferences>,
    pub(super) registry: &'x DefaultRegistry,
    pub(super) budget: &'x Budget,
}

impl Extraction<'_> {
    /// The images that stand in the known places of `request`'s object.
    ///
    /// # Errors
    /// More images than any Pod has, or an expression of `matchImageReferences` that fails.
    pub(super) fn of_pods(&self, request: &Request) -> Result<MeantImages, Halt> {
        let mut meant = MeantImages::default();
        if let Some(object) = request.subject() {
            let kind = &request.kind.kind;
            let found = images::of_pod_kinds(object, kind, self.registry);
            if images::pod_spec_path(kind).is_some() {
                meant.0 = POD_CATEGORIES.map(|name| (Arc::from(name), Vec::new())).to_vec();
            }
            for image in found {
                let reference = image.reference.map_err(|error| error.to_string());
                self.add(
                    &mut meant,
                    &image.group,
                    image.text,
                    reference,
                    Some(image.pointer),
                )?;
            }
        }
        Ok(meant)
    }

    /// The same, and what custom extractors find; one named like a known category takes its place, as in Kyverno.
    ///
    /// # Errors
    /// As [`Self::of_pods`]; also an extractor that fails or gives something else than texts.
    pub(super) fn all(&self, request: &Request, scene: &Scene<'_>) -> Result<MeantImages, Halt> {
        let mut meant = self.of_pods(request)?;
        for (name, program) in &self.extractors.0 {
            let found = scene.evaluate(program)?;
            let no_list = || Halt::Failed(format!("`{}` gave no list of texts", program.text()));
            let Value::List(list) = &found else {
                return Err(no_list());
            };
            meant.0.retain(|(category, _)| category != name);
            meant.0.push((Arc::clone(name), Vec::new()));
            for value in list.iter() {
                let text = value.as_str().ok_or_else(no_list)?.to_owned();
                let reference =
                    ImageReference::parse(&text, self.registry).map_err(|error| error.to_string());
                self.add(&mut meant, name, text, reference, None)?;
            }
        }
        Ok(meant)
    }

    fn add(
        &self,
        meant: &mut MeantImages,
        category: &Arc<str>,
        text: String,
        reference: Result<ImageReference, String>,
        pointer: Option<String>,
    ) -> Result<(), Halt> {
        let names = ImageNames::of(&text, reference.as_ref().ok());
        if !self.references.mean(&names, self.budget)? {
            return Ok(());
        }
        if let Some(excused) = self.excused
            && excused.mean(&names, self.budget)?
        {
            return Ok(());
        }
        if meant.iter().count() >= MOST_IMAGES {
            return Err(Halt::Failed(format!("more than {MOST_IMAGES} images")));
        }
        let image = MeantImage {
            text,
            reference,
            pointer,
        };
        match meant.0.iter_mut().find(|(name, _)| name == category) {
            Some((_, images)) => images.push(image),
            None => meant.0.push((Arc::clone(category), vec![image])),
        }
        Ok(())
    }
}

impl MeantImages {
    /// Every image, category by category.
    pub(super) fn iter(&self) -> impl Iterator<Item = &MeantImage> {
        self.0.iter().flat_map(|(_, images)| images)
    }

    /// The variable `images`.
    pub(super) fn variable<'v>(&self) -> Value<'v> {
        let category = |(name, images): &(Arc<str>, Vec<MeantImage>)| {
            let texts = images.iter().map(|image| Value::string(image.text.clone()));
            let texts = List::from(texts.collect::<Vec<_>>());
            (Key::String(name.to_string().into()), Value::List(texts))
        };
        Value::Map(self.0.iter().map(category).collect::<Map<'v>>())
    }
}
