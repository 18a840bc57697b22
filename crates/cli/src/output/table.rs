//! Tables with box characters, as Kyverno draws them: columns as wide as their widest cell.

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
                format!(" {cell}{} ", " ".repeat(wide.saturating_sub(width(cell))))
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

fn width(cell: &str) -> usize {
    cell.chars().count()
}
