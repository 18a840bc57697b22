//! What `apply` does, step by step.

use super::Arguments;
use super::arguments::View;
use super::collected::Collected;
use super::inputs::Inputs;
use super::world::World;
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK, EXIT_USAGE};
use crate::host::now_ns;
use crate::input::InputError;
use crate::judging::{Judge, Panel, unpacked};
use crate::output::progress::Progress;
use crate::output::summary;

/// Resources judged before what they gave is printed and forgotten.
const BATCH: usize = 256;

/// Runs `apply`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    if let Some(fault) = arguments.fault() {
        console.note(&format!("Error: {fault}"));
        return EXIT_USAGE;
    }
    match apply(arguments, console) {
        Ok(code) => code,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

fn apply(arguments: &Arguments, console: &mut Console) -> Result<u8, InputError> {
    let inputs = Inputs::read(arguments)?;
    for note in &inputs.notes {
        console.note(note);
    }
    let view = arguments.view();
    if view.is_for_people() {
        console.print(&header(&inputs));
    }
    let at_ns = now_ns();
    for exception in inputs.set.exceptions() {
        if exception.has_expired(at_ns) {
            console.note(&format!(
                "PolicyException {} has expired: it excuses nothing",
                exception.key
            ));
        }
    }
    let seconds = i64::try_from(at_ns / 1_000_000_000).unwrap_or(i64::MAX);
    let mut collected = Collected::new(arguments, seconds);
    judge(arguments, &inputs, at_ns, &mut collected, console)?;
    collected.mutated.write()?;
    let skipped = summary::skipped(&inputs.refused);
    if view.is_for_people() {
        console.print(&skipped);
    } else if !skipped.is_empty() {
        console.note(skipped.trim_end());
    }
    let coloured = console.is_terminal() && !arguments.remove_color;
    collected.conclude(
        inputs.refused.len(),
        coloured,
        &inputs.world.resources,
        &mut |text| {
            if view == View::Pipe {
                console.note(text.trim_end());
            } else {
                console.print(text);
            }
        },
    );
    if !collected.any_result {
        console.note(silence(&inputs));
    }
    if is_without_policies(&inputs) {
        return Ok(EXIT_AGAINST);
    }
    Ok(exit_code(arguments, &collected, inputs.refused.len(), console))
}

/// Whether nobody would be stopped by anything: a folder was named that is empty, or another one than was meant.
fn is_without_policies(inputs: &Inputs) -> bool {
    inputs.set.policies().is_empty() && inputs.refused.is_empty()
}

/// Why there is no result.
fn silence(inputs: &Inputs) -> &'static str {
    if is_without_policies(inputs) {
        "nothing was judged: there is no policy in the files and folders named"
    } else if inputs.set.policies().is_empty() {
        "nothing was judged: every policy was refused, for the reasons given"
    } else if inputs.world.resources.is_empty() {
        "nothing was judged: there are no resources"
    } else {
        "no rule speaks about any of these resources: check the kinds, namespaces and names that the policies match"
    }
}

/// Judges all resources, batch by batch, so that what was decided need not be kept for all of them.
fn judge(
    arguments: &Arguments,
    inputs: &Inputs,
    at_ns: i128,
    collected: &mut Collected<'_>,
    console: &mut Console,
) -> Result<(), InputError> {
    let World { cluster, images, .. } = &inputs.world;
    let judge = Judge::new(&arguments.registries, cluster, images);
    let panel = Panel {
        policies: &inputs.set,
        values: &inputs.values,
        user: inputs.user.as_ref(),
        targets: inputs.targets.clone(),
        at_ns,
    };
    let progress = Progress::of(inputs.world.resources.len(), console.is_terminal());
    for batch in inputs.world.resources.chunks(BATCH) {
        let resources = unpacked(batch);
        let decided = panel.judge(&resources, None, &judge)?;
        for (resource, decisions) in resources.iter().zip(&decided) {
            let text = collected.take(resource, decisions);
            if !text.is_empty() {
                progress.aside(|| console.print(&text));
            }
        }
        progress.advance(batch.len());
    }
    if let Some(staleness) = judge.staleness() {
        console.note(&staleness);
    }
    Ok(())
}

fn header(inputs: &Inputs) -> String {
    let (rules, resources) = (inputs.set.rule_count(), inputs.world.resources.len());
    let exceptions = match inputs.set.exceptions().len() {
        0 => String::new(),
        count => format!(" with {count} exception(s)"),
    };
    format!("\nApplying {rules} policy rule(s) to {resources} resource(s){exceptions}...\n")
}

/// Kyverno's exit codes: failures, then errors, then warnings, then nothing passed.
fn exit_code(arguments: &Arguments, collected: &Collected<'_>, refused: usize, console: &mut Console) -> u8 {
    let counts = collected.counts;
    if counts.fail > 0 || counts.error > 0 || refused > 0 {
        return EXIT_AGAINST;
    }
    let mut say = |text: &str| {
        if arguments.view().is_for_people() {
            console.line(text);
        } else {
            console.note(text);
        }
    };
    let code = arguments.warn_exit_code;
    if counts.warn > 0 && code != 0 {
        say(&format!("exit as warnExitCode is {code}"));
        return code;
    }
    if counts.pass == 0 && arguments.warn_no_pass {
        say("exit as no objects satisfied policy");
        return code;
    }
    EXIT_OK
}
