//! Very many report rows in few bytes: what rows have in common is held once.
//!
//! In: [`Row`]s, all of one object one after the other. Out: the same rows, in the order they came.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use policy_reports::{ObjectReference, ReportedResult, Row};

/// Rows, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Rows without object, result and message: as a rule one for each rule of each policy.
    heads: Vec<Arc<Row>>,
    /// The newest head of each rule, by policy and rule.
    newest: BTreeMap<String, BTreeMap<String, usize>>,
    messages: HashSet<Arc<str>>,
    last_object: Option<Arc<ObjectReference>>,
    rows: Vec<HeldRow>,
}

/// One row.
#[derive(Debug)]
pub(crate) struct HeldRow {
    head: Arc<Row>,
    /// What the row says.
    pub(crate) result: ReportedResult,
    /// Why.
    pub(crate) message: Arc<str>,
    /// Of which object.
    pub(crate) resource: Arc<ObjectReference>,
}

impl Rows {
    /// Takes a row.
    pub(crate) fn push(&mut self, mut row: Row) {
        let message = self.message(&row.message);
        let resource = self.object(&row.resource);
        let result = row.result;
        row.message = String::new();
        row.resource = ObjectReference::default();
        row.result = ReportedResult::Pass;
        let head = self.head(row);
        self.rows.push(HeldRow {
            head,
            result,
            message,
            resource,
        });
    }

    /// The rows, in the order they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &HeldRow> {
        self.rows.iter()
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn message(&mut self, text: &str) -> Arc<str> {
        if let Some(held) = self.messages.get(text) {
            return Arc::clone(held);
        }
        let message: Arc<str> = text.into();
        self.messages.insert(Arc::clone(&message));
        message
    }

    fn object(&mut self, reference: &ObjectReference) -> Arc<ObjectReference> {
        match &self.last_object {
            Some(last) if **last == *reference => Arc::clone(last),
            Some(_) | None => {
                let object = Arc::new(reference.clone());
                self.last_object = Some(Arc::clone(&object));
                object
            }
        }
    }

    fn head(&mut self, row: Row) -> Arc<Row> {
        let known = self
            .newest
            .get(&row.policy)
            .and_then(|rules| rules.get(&row.rule));
        if let Some(head) = known
            .and_then(|at| self.heads.get(*at))
            .filter(|head| ***head == row)
        {
            return Arc::clone(head);
        }
        let rules = self.newest.entry(row.policy.clone()).or_default();
        rules.insert(row.rule.clone(), self.heads.len());
        let head = Arc::new(row);
        self.heads.push(Arc::clone(&head));
        head
    }
}

impl FromIterator<Row> for Rows {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut held = Self::default();
        rows.into_iter().for_each(|row| held.push(row));
        held
    }
}

impl HeldRow {
    /// `name` or `namespace/name` of the policy.
    pub(crate) fn policy(&self) -> &str {
        &self.head.policy
    }

    /// Name of the rule.
    pub(crate) fn rule(&self) -> &str {
        &self.head.rule
    }

    /// What is the same in all rows of the rule: object, result and message are not in it.
    pub(crate) fn head(&self) -> &Row {
        &self.head
    }

    /// The whole row.
    pub(crate) fn to_row(&self) -> Row {
        Row {
            result: self.result,
            message: self.message.to_string(),
            resource: (*self.resource).clone(),
            ..(*self.head).clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rule: &str, message: &str, object: &str, property: &str) -> Row {
        Row {
            source: "kyverno",
            policy: "p".to_owned(),
            rule: rule.to_owned(),
            result: ReportedResult::Fail,
            message: message.to_owned(),
            scored: true,
            category: None,
            severity: None,
            seconds: 0,
            resource: ObjectReference {
                name: object.to_owned(),
                ..ObjectReference::default()
            },
            properties: [("of".to_owned(), property.to_owned())].into(),
            policy_namespace: None,
        }
    }

    #[test]
    fn rows_come_back_as_they_came() {
        let rows = [
            row("a", "no", "x", "1"),
            row("b", "no", "x", "1"),
            row("a", "no", "y", "1"),
            row("b", "never", "y", "2"),
            row("a", "no", "x", "1"),
            row("b", "no", "x", "1"),
        ];
        let held: Rows = rows.iter().cloned().collect();
        let back: Vec<Row> = held.iter().map(HeldRow::to_row).collect();
        assert_eq!(back, rows);
        assert_eq!((held.len(), held.heads.len(), held.messages.len()), (6, 4, 2));
    }
}
