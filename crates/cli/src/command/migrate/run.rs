//! What `migrate` does, step by step.

use std::path::Path;
use std::sync::Arc;

use fact_loading::Cluster;
use policy_engine::request::Stage;
use policy_engine::{Decision, Engine, EngineOptions, LoadedPolicies, Request};
use policy_types::OtherGroup;

use super::Arguments;
use super::proof::Proof;
use super::requests::Asked;
use super::translated::{self, Translated};
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK, EXIT_USAGE};
use crate::host::now_ns;
use crate::input::{self, GivenImages, InputError};
use crate::judging::Judge;
use crate::output::file::{safe_name, write_whole};
use crate::output::yaml::to_yaml;

/// Runs `migrate`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    if let Some(fault) = arguments.fault() {
        console.note(&format!("Error: {fault}"));
        return EXIT_USAGE;
    }
    match migrate(arguments, console) {
        Ok(true) => EXIT_OK,
        Ok(false) => EXIT_AGAINST,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

/// Whether everything was said, and nothing differs.
fn migrate(arguments: &Arguments, console: &mut Console) -> Result<bool, InputError> {
    let given = input::load_policies(&arguments.policies)?;
    for fault in &given.loaded.faults {
        console.note(&fault.to_string());
    }
    let translated = translated::all(&given);
    write(arguments, &translated, console)?;
    let passed_over = passed_over(&given.loaded);
    for what in &passed_over {
        console.note(&format!("not translated: {what}"));
    }
    let (mut written, mut refused) = (0_usize, given.refused.len().saturating_add(passed_over.len()));
    for one in &translated {
        for refusal in &one.translation.refusals {
            console.note(&format!("policy `{}`: not translated: {refusal}", one.key));
        }
        for note in &one.translation.notes {
            console.note(&format!("policy `{}`: note: {note}", one.key));
        }
        written = written.saturating_add(one.translation.pairs.len());
        refused = refused.saturating_add(one.translation.refusals.len());
    }
    console.note(&format!("{written} rule(s) translated, {refused} not"));
    if written == 0 && refused == 0 {
        console.note("there is no policy to translate");
        return Ok(false);
    }
    let is_equal = !arguments.prove || prove(arguments, &given, &translated, console)?;
    Ok(refused == 0 && is_equal)
}

/// What has no translation and changes what policies say: policies of other kinds, and exceptions.
fn passed_over(loaded: &LoadedPolicies) -> Vec<String> {
    let others = loaded.others.iter();
    let policies = others.filter(|other| other.group != OtherGroup::NotAPolicy);
    let exceptions = loaded.exceptions.iter();
    policies
        .map(|other| format!("{}: {}", other.document.source, other.reason()))
        .chain(exceptions.map(|exception| {
            format!(
                "PolicyException {}: it excuses from what was written before",
                exception.key
            )
        }))
        .collect()
}

fn write(arguments: &Arguments, translated: &[Translated], console: &mut Console) -> Result<(), InputError> {
    let folder = arguments.output.as_deref().map(Path::new);
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|cause| InputError::Unreadable {
            path: folder.to_string_lossy().into_owned(),
            cause,
        })?;
    }
    for policy in translated.iter().flat_map(|one| &one.translation.policies) {
        let text = to_yaml(policy);
        match folder {
            None => console.print(&format!("---\n{text}")),
            Some(folder) => {
                let metadata = |field: &str| policy.pointer(&format!("/metadata/{field}"))?.as_str();
                let namespace = metadata("namespace").map_or_else(String::new, |name| format!("{name}."));
                let name = safe_name(&format!(
                    "{namespace}{}.yaml",
                    metadata("name").unwrap_or_default()
                ));
                write_whole(&folder.join(name), &text)?;
            }
        }
    }
    Ok(())
}

/// Whether both kinds say the same of every request.
fn prove(
    arguments: &Arguments,
    given: &input::PolicyInput,
    translated: &[Translated],
    console: &mut Console,
) -> Result<bool, InputError> {
    let asked = Asked::read(arguments, now_ns())?;
    let cluster: Arc<dyn Cluster> = Arc::new(asked.cluster);
    let images = GivenImages::default();
    let judge = Judge::new(&arguments.registries, &cluster, &images);
    let before = Engine::new(translated::given(given), EngineOptions::default());
    let after = Engine::new(translated::set(translated)?, EngineOptions::default());
    let before = judge.all(&before, &asked.requests)?;
    let pinning = pinned(&judge, &after, &asked.requests)?;
    let requests: Vec<Request> = pinning
        .iter()
        .zip(&asked.requests)
        .map(|(pinning, request)| match &pinning.changed {
            Some(object) => request.with_object(Arc::clone(object)),
            None => request.clone(),
        })
        .collect();
    let after = judge.all(&after, &requests)?;
    let mut proof = Proof::default();
    let after = pinning.iter().zip(&after);
    for ((before, (pinning, after)), shown) in before.iter().zip(after).zip(&asked.shown) {
        proof.compare(translated, before, &[pinning, after], shown);
    }
    for difference in &proof.differences {
        console.note(&format!("differs: {difference}"));
    }
    console.note(&format!(
        "{} verdict(s) compared over {} request(s), {} differ",
        proof.compared,
        asked.requests.len(),
        proof.differences.len()
    ));
    if proof.compared == 0 {
        console.note("nothing is proven: no rule speaks about what was given");
        return Ok(false);
    }
    Ok(proof.differences.is_empty())
}

/// The mutating call of each request: policies for images write digests there, classic ones as they verify.
fn pinned(judge: &Judge<'_>, engine: &Engine, requests: &[Request]) -> Result<Vec<Decision>, InputError> {
    let mutating: Vec<Request> = requests
        .iter()
        .map(|request| Request {
            stage: Stage::Mutate,
            ..request.clone()
        })
        .collect();
    judge.all(engine, &mutating)
}
