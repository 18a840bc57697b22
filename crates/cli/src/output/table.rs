//! Tables with box characters, as Kyverno draws them: columns as wide as their widest cell.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};
use policy_reports::{ObjectReference, ReportedResult};

use super::rows::{HeldRow, Rows};

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
        let mut text = String::new();
        let rows = || {
            self.rows
                .iter()
                .map(|row| row.iter().map(|cell| Cow::Borrowed(cell.as_str())))
        };
        let columns = Columns::of(&self.header, rows(), |_| None);
        if !self.rows.is_empty() {
            columns.draw(rows(), &mut |part| text.push_str(part));
        }
        text
    }
}

/// Columns as wide as their widest cell.
struct Columns<'h, S> {
    header: &'h [String],
    widths: Vec<usize>,
    style: S,
}

impl<'h, S: Fn(&str) -> Option<Style>> Columns<'h, S> {
    /// Columns for `rows` under a header, cells in the style that `style` has for their text.
    fn of<'c, R: Iterator<Item = Cow<'c, str>>>(
        header: &'h [String],
        rows: impl Iterator<Item = R>,
        style: S,
    ) -> Self {
        let mut widths: Vec<usize> = header.iter().map(|cell| width(cell)).collect();
        for row in rows {
            for (wide, cell) in widths.iter_mut().zip(row) {
                *wide = width(&cell).max(*wide);
            }
        }
        Self {
            header,
            widths,
            style,
        }
    }

    /// Prints header and rows line by line.
    fn draw<'c, R: Iterator<Item = Cow<'c, str>>>(
        &self,
        rows: impl Iterator<Item = R>,
        print: &mut dyn FnMut(&str),
    ) {
        print(&self.rule("┌", "┬", "┐"));
        print(&self.line(self.header.iter().map(|cell| Cow::Borrowed(cell.as_str()))));
        print(&self.rule("├", "┼", "┤"));
        for row in rows {
            print(&self.line(row));
        }
        print(&self.rule("└", "┴", "┘"));
    }

    fn rule(&self, left: &str, middle: &str, right: &str) -> String {
        let bars: Vec<String> = self
            .widths
            .iter()
            .map(|width| "─".repeat(width.saturating_add(2)))
            .collect();
        format!("{left}{}{right}\n", bars.join(middle))
    }

    fn line<'c>(&self, cells: impl Iterator<Item = Cow<'c, str>>) -> String {
        let padded = self.widths.iter().zip(cells.chain(std::iter::repeat("".into())));
        let padded = padded.map(|(wide, cell)| {
            let style = (self.style)(&cell).unwrap_or_default();
            let pad = " ".repeat(wide.saturating_sub(width(&cell)));
            format!(" {style}{cell}{style:#}{pad} ")
        });
        format!("│{}│\n", padded.collect::<Vec<_>>().join("│"))
    }
}

/// Prints results of rules as a table: `ID`, `POLICY`, `RULE`, `RESOURCE`, `RESULT`, `REASON`, and with `detailed` the
/// `MESSAGE`; nothing where there are none.
pub(crate) fn print_rows(rows: &Rows, detailed: bool, coloured: bool, print: &mut dyn FnMut(&str)) {
    if rows.len() == 0 {
        return;
    }
    let id = if rows.len() > 10 {
        format!("ID ({})", rows.len())
    } else {
        "ID".to_owned()
    };
    let mut header = [id.as_str(), "POLICY", "RULE", "RESOURCE", "RESULT", "REASON"]
        .map(ToOwned::to_owned)
        .to_vec();
    header.extend(detailed.then(|| "MESSAGE".to_owned()));
    let lines = || {
        rows.iter()
            .enumerate()
            .map(|(index, row)| cells(index, row, detailed))
    };
    let style = |cell: &str| if coloured { colour(cell) } else { None };
    let columns = Columns::of(&header, lines(), |cell| {
        style(cell).map(|colour| colour.on_default())
    });
    columns.draw(lines(), print);
}

fn cells(index: usize, row: &HeldRow, detailed: bool) -> impl Iterator<Item = Cow<'_, str>> {
    let fixed = [
        index.saturating_add(1).to_string().into(),
        row.policy().into(),
        row.rule().into(),
        shown(&row.resource).into(),
        capitalised(row.result).into(),
        "".into(),
    ];
    let message = detailed.then(|| row.message.replace('\n', " ").into());
    fixed.into_iter().chain(message)
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
