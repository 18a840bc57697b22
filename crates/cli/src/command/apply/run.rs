//! What `apply` does, step by step.

use std::sync::Arc;

use fact_loading::Cluster;
use policy_engine::outcome::{FailureAction, RuleKind};
use policy_engine::request::{Operation, Origin, User};
use policy_engine::{Decision, Engine, EngineOptions, LoadedPolicies, PolicySet, Request};
use policy_reports::{ObjectReference, ReportFormat, ReportedResult, Row, Summary};

use super::Arguments;
use crate::arguments::{EXIT_AGAINST, EXIT_OK};
use crate::console::Console;
use crate::input::{self, FileCluster, InputError, ObjectStore, PolicyInput, Resource, ValuesInput};
use crate::judging::judge_all;
use crate::output::{explain, report, summary, table::Table, yaml};
use crate::runtime::now_ns;

/// Runs `apply`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match apply(arguments, console) {
        Ok(code) => code,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

/// Everything a run reads.
struct Inputs {
    policies: LoadedPolicies,
    refused_policies: usize,
    resources: Vec<Resource>,
    values: ValuesInput,
    user: Option<User>,
    cluster: Arc<dyn Cluster>,
}

fn apply(arguments: &Arguments, console: &mut Console) -> Result<u8, InputError> {
    let inputs = read(arguments, console)?;
    if inputs.policies.policies.is_empty() && inputs.refused_policies > 0 {
        console.note("no policy could be loaded");
        return Ok(EXIT_AGAINST);
    }
    let at_ns = now_ns();
    let requests: Vec<Request> = inputs
        .resources
        .iter()
        .map(|resource| request(resource, &inputs, at_ns))
        .collect();
    let engine = Engine::new(inputs.policies.to_set(), EngineOptions::default());
    if is_plain(arguments) {
        console.print(&header(&inputs, engine.policies()));
    }
    let decisions = judge_all(&engine, &requests, &arguments.registries, &inputs.cluster)?;
    let seconds = i64::try_from(at_ns / 1_000_000_000).unwrap_or(i64::MAX);
    let rows: Vec<Vec<Row>> = inputs
        .resources
        .iter()
        .zip(&decisions)
        .map(|(resource, decision)| rows(resource, decision, seconds, arguments.audit_warn))
        .collect();
    print(arguments, console, &inputs, &decisions, &rows);
    Ok(exit_code(
        arguments,
        console,
        &rows,
        inputs.refused_policies,
        decisions.iter().any(|d| !d.results.is_empty()),
    ))
}

fn read(arguments: &Arguments, console: &mut Console) -> Result<Inputs, InputError> {
    if arguments.resources.is_empty() {
        return Err(InputError::Malformed(
            "resource file(s) or cluster required: name them with `--resource`".to_owned(),
        ));
    }
    let paths: Vec<String> = arguments
        .policies
        .iter()
        .chain(&arguments.exceptions)
        .cloned()
        .collect();
    let mut paths = paths;
    if arguments.exceptions_within_resources {
        paths.extend(arguments.resources.iter().cloned());
    }
    let PolicyInput { loaded: policies, .. } = input::load_policies(&paths)?;
    for fault in policies.faults.iter().chain(&policies.warnings) {
        console.note(&fault.to_string());
    }
    let mut refused: Vec<&str> = policies.faults.iter().map(|fault| &*fault.source).collect();
    refused.dedup();
    for other in policies
        .others
        .iter()
        .filter(|_| !arguments.exceptions_within_resources)
    {
        console.note(&format!("{}: skipped: {}", other.document.source, other.reason()));
    }
    let resources = input::load_resources(&arguments.resources)?;
    let values = ValuesInput::load(arguments.values_file.as_deref(), &arguments.set)?;
    let user = arguments.userinfo.as_deref().map(input::load_user).transpose()?;
    let mut cluster = FileCluster {
        namespace_labels: values.namespace_labels(),
        ..FileCluster::default()
    };
    cluster.add_secrets(&input::load_resources(&arguments.secrets)?);
    cluster.add_secrets(&resources);
    cluster.objects = Some(ObjectStore::of(&resources));
    Ok(Inputs {
        refused_policies: refused.len(),
        policies,
        resources,
        values,
        user,
        cluster: Arc::new(cluster),
    })
}

fn request(resource: &Resource, inputs: &Inputs, at_ns: i128) -> Request {
    let mut request = Request::from_object(Arc::clone(&resource.object), Origin::CommandLine, at_ns);
    let name = resource.text("/metadata/name");
    request.given = Arc::new(inputs.values.for_resource(name));
    let operations = inputs
        .policies
        .policies
        .iter()
        .filter_map(|policy| inputs.values.operation_for(&policy.key.name, name));
    let operation = operations.filter_map(|written| Operation::parse(&written)).next();
    let request = match &inputs.user {
        Some(user) => request.by(user.clone()),
        None => request,
    };
    match operation {
        Some(operation @ (Operation::Update | Operation::Delete)) => request.under_operation(operation),
        Some(Operation::Create | Operation::Connect) | None => request,
    }
}

fn is_plain(arguments: &Arguments) -> bool {
    !arguments.policy_report && !arguments.table && !arguments.explain
}

fn header(inputs: &Inputs, set: &PolicySet) -> String {
    let (rules, resources) = (set.rule_count(), inputs.resources.len());
    let exceptions = match set.exceptions().len() {
        0 => String::new(),
        count => format!(" with {count} exception(s)"),
    };
    format!("\nApplying {rules} policy rule(s) to {resources} resource(s){exceptions}...\n")
}

/// The rows of one resource; with `--audit-warn` failures of audit rules are warnings.
fn rows(resource: &Resource, decision: &Decision, seconds: i64, audit_warn: bool) -> Vec<Row> {
    let mut rows = policy_reports::rows(decision, &ObjectReference::of(&resource.object), seconds);
    let reported = decision.results.iter().filter(|result| result.policy.is_reported);
    for (row, result) in rows.iter_mut().zip(reported) {
        if audit_warn && row.result == ReportedResult::Fail && result.action == FailureAction::Audit {
            row.result = ReportedResult::Warn;
        }
    }
    rows
}

fn print(
    arguments: &Arguments,
    console: &mut Console,
    inputs: &Inputs,
    decisions: &[Decision],
    rows: &[Vec<Row>],
) {
    let all = || rows.iter().flatten();
    if arguments.explain {
        for decision in decisions {
            console.print(&explain::decision(decision));
        }
    }
    if arguments.policy_report {
        let api = if arguments.wgpolicy {
            ReportFormat::PolicyReport
        } else {
            ReportFormat::OpenReports
        };
        let rows: Vec<Row> = all().cloned().collect();
        console.print(&report::merged(&rows, api, arguments.output_format));
        return;
    }
    if arguments.table {
        console.print(&table(arguments, rows));
    } else if !arguments.explain {
        print_mutations(console, inputs, decisions);
        for (resource, rows) in inputs.resources.iter().zip(rows) {
            for policy in &inputs.policies.policies {
                let key = policy.key.to_string();
                let own: Vec<&Row> = rows.iter().filter(|row| row.policy == key).collect();
                let warning =
                    arguments.audit_warn && own.iter().any(|row| row.result == ReportedResult::Warn);
                console.print(&summary::violations(
                    &policy.key.name,
                    &resource.shown(),
                    &own,
                    warning,
                ));
            }
        }
    }
    if decisions.iter().all(|decision| decision.results.is_empty()) {
        console.note("no rule speaks about any of these resources: check the kinds, namespaces and names that the policies match");
    }
    let mut counted = Summary::of(all());
    counted.error = counted.error.saturating_add(inputs.refused_policies);
    console.print(&summary::counts(counted));
}

/// Resources as mutate rules left them, printed as they would be stored.
fn print_mutations(console: &mut Console, inputs: &Inputs, decisions: &[Decision]) {
    for (resource, decision) in inputs.resources.iter().zip(decisions) {
        let mutated = decision.results.iter().find(|result| {
            result.kind == RuleKind::Mutation && result.verdict.outcome == policy_engine::RuleOutcome::Pass
        });
        if let (Some(result), Some(changed)) = (mutated, &decision.changed) {
            let name = resource.shown();
            console.print(&format!(
                "\npolicy {} applied to {name}:\n{}---\n",
                result.policy.key.name,
                yaml::to_yaml(changed)
            ));
            console.print("\nMutation:\nMutation has been applied successfully.\n");
        }
    }
}

fn table(arguments: &Arguments, rows: &[Vec<Row>]) -> String {
    let count = rows.iter().flatten().count();
    let id = if count > 10 {
        format!("ID ({count})")
    } else {
        "ID".to_owned()
    };
    let mut header = vec![id.as_str(), "POLICY", "RULE", "RESOURCE", "RESULT", "REASON"];
    if arguments.detailed_results {
        header.push("MESSAGE");
    }
    let mut table = Table::new(&header);
    for (index, row) in rows.iter().flatten().enumerate() {
        let resource = [&row.resource.namespace, &row.resource.kind, &row.resource.name];
        let resource: Vec<&str> = resource
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        let mut cells = vec![
            index.saturating_add(1).to_string(),
            row.policy.clone(),
            row.rule.clone(),
            resource.join("/"),
            capitalised(row.result),
            String::new(),
        ];
        if arguments.detailed_results {
            cells.push(row.message.replace('\n', " "));
        }
        table.row(cells);
    }
    table.draw()
}

fn capitalised(result: ReportedResult) -> String {
    match result {
        ReportedResult::Pass => "Pass",
        ReportedResult::Fail => "Fail",
        ReportedResult::Warn => "Warn",
        ReportedResult::Error => "Error",
        ReportedResult::Skip => "Skip",
    }
    .to_owned()
}

/// Kyverno's exit codes: failures, then errors, then warnings, then nothing passed.
fn exit_code(
    arguments: &Arguments,
    console: &mut Console,
    rows: &[Vec<Row>],
    refused: usize,
    any: bool,
) -> u8 {
    let counted = Summary::of(rows.iter().flatten());
    if counted.fail > 0 || counted.error > 0 || refused > 0 {
        return EXIT_AGAINST;
    }
    let code = arguments.warn_exit_code;
    if counted.warn > 0 && code != 0 {
        console.line(&format!("exit as warnExitCode is {code}"));
        return code;
    }
    if arguments.warn_no_pass && (counted.pass == 0 || !any) && code != 0 {
        console.line("exit as no objects satisfied policy");
        return code;
    }
    EXIT_OK
}
