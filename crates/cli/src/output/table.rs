//! Tables with box characters, as Kyverno draws them: columns as wide as their widest cell.

use anstyle::{AnsiColor, Style};
use policy_reports::{ObjectReference, ReportedResult, Row};

/// A table of text.
#[derive(Debug, Default)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a header.
    pub(crate) fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Draws it; nothing for a table without rows.
    pub(crate) fn draw(&self) -> String {
        self.draw_styled(|_| None)
    }

    /// Draws it, cells in the style that `style` has for their text.
    fn draw_styled(&self, style: impl Fn(&str) -> Option<Style>) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let lines: Vec<&Vec<String>> = std::iter::once(&self.header).chain(&self.rows).collect();
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                lines
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let rule = |left: &str, middle: &str, right: &str| {
            let bars: Vec<String> = widths
                .iter()
                .map(|width| "─".repeat(width.saturating_add(2)))
                .collect();
            format!("{left}{}{right}\n", bars.join(middle))
        };
        let mut text = rule("┌", "┬", "┐");
        for (index, row) in lines.iter().enumerate() {
            let cells = widths.iter().enumerate().map(|(column, wide)| {
                let cell = row.get(column).map(String::as_str).unwrap_or_default();
                let style = style(cell).unwrap_or_default();
                format!(
                    " {style}{cell}{style:#}{} ",
                    " ".repeat(wide.saturating_sub(width(cell)))
                )
            });
            text.push_str(&format!("│{}│\n", cells.collect::<Vec<_>>().join("│")));
            if index == 0 {
                text.push_str(&rule("├", "┼", "┤"));
            }
        }
        text.push_str(&rule("└", "┴", "┘"));
        text
    }
}

/// Results of rules as a table: `ID`, `POLICY`, `RULE`, `RESOURCE`, `RESULT`, `REASON`, and with `detailed` the `MESSAGE`.
pub(crate) fn of_rows(rows: &[Row], detailed: bool, coloured: bool) -> String {
    let id = if rows.len() > 10 {
        format!("ID ({})", rows.len())
    } else {
        "ID".to_owned()
    };
    let mut header = vec![id.as_str(), "POLICY", "RULE", "RESOURCE", "RESULT", "REASON"];
    if detailed {
        header.push("MESSAGE");
    }
    let mut table = Table::new(&header);
    for (index, row) in rows.iter().enumerate() {
        let mut cells = vec![
            index.saturating_add(1).to_string(),
            row.policy.clone(),
            row.rule.clone(),
            shown(&row.resource),
            capitalised(row.result).to_owned(),
            String::new(),
        ];
        if detailed {
            cells.push(row.message.replace('\n', " "));
        }
        table.row(cells);
    }
    table.draw_styled(|cell| {
        if coloured {
            colour(cell).map(|colour| colour.on_default())
        } else {
            None
        }
    })
}

/// `namespace/Kind/name`, as tables name a resource.
pub(crate) fn shown(resource: &ObjectReference) -> String {
    let parts = [&resource.namespace, &resource.kind, &resource.name]
        .into_iter()
        .map(String::as_str);
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/")
}

fn capitalised(result: ReportedResult) -> &'static str {
    match result {
        ReportedResult::Pass => "Pass",
        ReportedResult::Fail => "Fail",
        ReportedResult::Warn => "Warn",
        ReportedResult::Error => "Error",
        ReportedResult::Skip => "Skip",
    }
}

fn colour(cell: &str) -> Option<AnsiColor> {
    match cell {
        "Pass" => Some(AnsiColor::Green),
        "Fail" | "Error" => Some(AnsiColor::Red),
        "Warn" => Some(AnsiColor::Yellow),
        "Skip" => Some(AnsiColor::Blue),
        _ => None,
    }
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}
