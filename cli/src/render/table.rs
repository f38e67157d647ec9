//! Aligned columns without lines.

use super::Look;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement};

/// A table that is built row by row; cells may be coloured.
#[derive(Debug)]
pub(crate) struct Table {
    table: comfy_table::Table,
    rows: usize,
}

impl Table {
    /// A table with these headings; those that begin with `>` stand over numbers, which are flush right, and those that
    /// begin with `!` over what is never broken, however narrow the terminal is: ids, which one copies.
    pub(crate) fn new(look: &Look, headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        match look.width {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic);
                table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        table.set_header(
            headings
                .iter()
                .map(|text| Cell::new(look.dim(&text.trim_start_matches(['>', '!']).to_uppercase()))),
        );
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if headings.get(index).is_some_and(|text| text.starts_with('>')) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if headings.get(index).is_some_and(|text| text.starts_with('!')) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        Self { table, rows: 0 }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(cells.into_iter().map(Cell::new));
        self.rows += 1;
    }

    /// Whether there is a row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The text, without blanks at line ends.
    pub(crate) fn render(&self) -> String {
        self.table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_not_broken_where_the_terminal_is_narrow() {
        let look = Look {
            color: false,
            width: Some(30),
        };
        let mut table = Table::new(&look, &["!task", "failure"]);
        table.row([
            "0198c0de-0000-7000".to_owned(),
            "the gateway does not answer".to_owned(),
        ]);
        let text = table.render();
        assert!(
            text.contains("0198c0de-0000-7000") && text.lines().count() > 2,
            "{text}"
        );
    }
}
