//! What a run found, kept only as far as the view needs it.

use std::sync::Arc;

use policy_engine::Decision;
use policy_engine::decision::{DecisionTree, RuleResult};
use policy_engine::outcome::FailureAction;
use policy_reports::{ObjectReference, ReportFormat, ReportedResult, Row, Summary};

use super::Arguments;
use super::arguments::View;
use super::exceptions;
use super::mutated::{Destination, piped};
use crate::input::{Resource, StoredResource};
use crate::output::rows::Rows;
use crate::output::{explain, junit, report, sarif, summary, table};

/// Results so far.
pub(super) struct Collected<'a> {
    arguments: &'a Arguments,
    view: View,
    seconds: i64,
    /// Whether any rule spoke.
    pub(super) any_result: bool,
    /// How many of each result, refused policies not among them.
    pub(super) counts: Summary,
    /// Where mutated resources go.
    pub(super) mutated: Destination,
    rows: Rows,
    violations: String,
    trees: Vec<DecisionTree>,
}

impl<'a> Collected<'a> {
    /// Nothing yet; `seconds` is the time of judging since the Unix epoch.
    pub(super) fn new(arguments: &'a Arguments, seconds: i64) -> Self {
        Self {
            arguments,
            view: arguments.view(),
            seconds,
            any_result: false,
            counts: Summary::default(),
            mutated: Destination::of(arguments.output.as_deref()),
            rows: Rows::default(),
            violations: String::new(),
            trees: Vec::new(),
        }
    }

    /// Takes what was decided about `resource`, and gives what is to be printed at once.
    pub(super) fn take(&mut self, resource: &Resource, decisions: &[Decision]) -> String {
        let mut printed = String::new();
        for decision in decisions {
            self.any_result |= !decision.results.is_empty();
            let prints_mutated = matches!(self.view, View::Plain | View::Table);
            let mutated = if prints_mutated || self.mutated.is_written() {
                self.mutated.take(resource, decision)
            } else {
                String::new()
            };
            for result in &decision.results {
                self.counts.count(self.reported(result));
            }
            match self.view {
                View::Plain => {
                    printed.push_str(&mutated);
                    self.add_violations(resource, decision);
                }
                View::Pipe => self.add_violations(resource, decision),
                View::Explain => printed.push_str(&explain::decision(&DecisionTree::of(decision))),
                View::ExplainJson => self.trees.push(DecisionTree::of(decision)),
                View::Table => {
                    printed.push_str(&mutated);
                    self.add_rows(resource, decision);
                }
                View::Report | View::Junit | View::Sarif | View::Exceptions => {
                    self.add_rows(resource, decision)
                }
            }
        }
        if self.view == View::Pipe {
            printed.extend(piped(resource, decisions));
        }
        printed
    }

    /// The result as it counts: with `--audit-warn` failures of audit rules are warnings.
    fn reported(&self, result: &RuleResult) -> ReportedResult {
        let reported = ReportedResult::of(result.verdict.outcome, result.policy.is_scored);
        let audits = self.arguments.audit_warn && result.action == FailureAction::Audit;
        if audits && reported == ReportedResult::Fail {
            ReportedResult::Warn
        } else {
            reported
        }
    }

    fn add_rows(&mut self, resource: &Resource, decision: &Decision) {
        let reference = ObjectReference {
            uid: resource.text("/metadata/uid").to_owned(),
            ..ObjectReference::of(&resource.object)
        };
        let is_report = matches!(self.view, View::Report | View::Exceptions);
        for result in decision
            .results
            .iter()
            .filter(|result| !is_report || result.policy.is_reported)
        {
            let row = policy_reports::row(result, &reference, self.seconds);
            self.rows.push(Row {
                result: self.reported(result),
                ..row
            });
        }
    }

    /// Violations of each policy on the resource, policies in the order they spoke.
    fn add_violations(&mut self, resource: &Resource, decision: &Decision) {
        let results = decision
            .results
            .iter()
            .map(|result| (result, self.reported(result)));
        let told: Vec<(&RuleResult, ReportedResult)> = results
            .filter(|(result, reported)| summary::is_told(result, *reported))
            .collect();
        let mut rest = told.as_slice();
        let mut text = String::new();
        while let Some((first, _)) = rest.first() {
            let is_own =
                |(result, _): &&(&RuleResult, ReportedResult)| Arc::ptr_eq(&result.policy, &first.policy);
            let (own, others) = rest.split_at(rest.iter().take_while(is_own).count());
            text.push_str(&summary::violations(
                &first.policy.key.name,
                &resource.shown(),
                own,
            ));
            rest = others;
        }
        self.violations.push_str(&text);
    }

    /// Prints what stands at the end. `refused` policies count as errors; `resources` say which file each stands in.
    pub(super) fn conclude(
        &self,
        refused: usize,
        coloured: bool,
        resources: &[Arc<StoredResource>],
        print: &mut dyn FnMut(&str),
    ) {
        let counts = Summary {
            error: self.counts.error.saturating_add(refused),
            ..self.counts
        };
        let format = self.arguments.output_format;
        match self.view {
            View::Plain | View::Pipe => {
                print(&self.violations);
                print(&summary::counts(counts));
            }
            View::Explain => print(&summary::counts(counts)),
            View::ExplainJson => {
                print(&(serde_json::to_string_pretty(&self.trees).unwrap_or_default() + "\n"))
            }
            View::Table => {
                table::print_rows(&self.rows, self.arguments.detailed_results, coloured, print);
            }
            View::Report => {
                let api = if self.arguments.wgpolicy {
                    ReportFormat::PolicyReport
                } else {
                    ReportFormat::OpenReports
                };
                report::print_merged(&self.rows, api, format, print);
            }
            View::Junit => print(&junit::of_rows(&self.rows)),
            View::Sarif => print(&sarif::of_rows(&self.rows, resources)),
            View::Exceptions => {
                let life = self.arguments.generated_exception_ttl;
                print(&exceptions::written(&self.rows, life, format));
            }
        }
    }
}
