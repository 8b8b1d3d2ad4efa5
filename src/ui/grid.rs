//! Aligned columns and wrapped paragraphs, measured in the columns of a terminal.

use console::{measure_text_width, truncate_str};

/// Spaces between two columns.
const GAP: &str = "  ";

/// A name is never cut shorter, and on a terminal it is never longer.
const NAME_COLUMNS: (usize, usize) = (12, 40);

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows under heads; cells may be coloured.
#[derive(Debug)]
pub(crate) struct Grid {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub(crate) fn new<S: Into<String>>(heads: impl IntoIterator<Item = (S, Side)>) -> Self {
        let (head, sides) = heads.into_iter().map(|(head, side)| (head.into(), side)).unzip();
        Self { sides, rows: vec![head] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// One line per row, without blanks at the end. Where that is too wide, the first column
    /// gives way: it holds names, and a name is known by its start.
    pub(crate) fn lines(&self, indent: usize, room: Option<usize>) -> Vec<String> {
        let mut widths: Vec<usize> =
            (0..self.sides.len()).map(|column| self.width(column)).collect();
        let all = indent + widths.iter().sum::<usize>() + GAP.len() * (widths.len() - 1);
        let excess = all.saturating_sub(room.unwrap_or(usize::MAX));
        widths[0] = widths[0].saturating_sub(excess).max(NAME_COLUMNS.0.min(widths[0]));
        self.rows.iter().map(|row| self.line(row, &widths, indent)).collect()
    }

    fn line(&self, row: &[String], widths: &[usize], indent: usize) -> String {
        let mut line = " ".repeat(indent);
        for ((cell, wide), side) in row.iter().zip(widths).zip(&self.sides) {
            let cell = cut(cell, *wide);
            let blank = " ".repeat(wide - measure_text_width(&cell));
            match side {
                Side::Left => line.extend([cell.as_str(), &blank, GAP]),
                Side::Right => line.extend([blank.as_str(), &cell, GAP]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }

    fn width(&self, column: usize) -> usize {
        self.rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0)
    }
}

/// A name as it fits a column on a terminal; whole where there is no width.
pub(crate) fn name_for(width: Option<usize>, name: &str) -> String {
    if width.is_some() { cut(name, NAME_COLUMNS.1) } else { name.to_owned() }
}

/// At most that many columns, with `…` where something was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    truncate_str(text, columns, if columns == 0 { "" } else { "…" }).into_owned()
}

/// A paragraph after a label; its further lines stand below its first word.
pub(crate) fn labelled(label: &str, text: &str, width: Option<usize>) -> Vec<String> {
    hanging(label, text, measure_text_width(label) + 1, width)
}

/// A paragraph after a label; its further lines start with `indent` blanks. Broken between words
/// where there is a width. Line breaks in the text are kept, for a server's DETAIL and HINT.
pub(crate) fn hanging(label: &str, text: &str, indent: usize, width: Option<usize>) -> Vec<String> {
    let room = width.unwrap_or(usize::MAX);
    let mut lines: Vec<String> = Vec::new();
    let mut line = label.to_owned();
    let mut columns = measure_text_width(label);
    let mut gap = 1;
    for (at, paragraph) in text.lines().enumerate() {
        let mut fresh = at > 0;
        for word in paragraph.split_whitespace() {
            let wide = measure_text_width(word);
            if fresh || (columns > indent && columns + gap + wide > room) {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
                (columns, gap, fresh) = (indent, 0, false);
            }
            line.push_str(&" ".repeat(gap));
            line.push_str(word);
            columns += gap + wide;
            gap = 1;
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::{Grid, Side, labelled, name_for};
    use crate::ui::paper::{Ink, Tone};

    #[test]
    fn columns_stand_below_each_other_whatever_their_colour_and_script() {
        let mut grid = Grid::new([("table", Side::Left), ("rows", Side::Right)]);
        grid.row(vec!["orders".to_owned(), Ink::Coloured.paint(Tone::Good, "12,345")]);
        grid.row(vec!["注文".to_owned(), "7".to_owned()]);
        let lines = grid.lines(0, None).join("\n").replace('\u{1b}', "^");
        insta::assert_snapshot!(lines, @r"
        table     rows
        orders  ^[32m12,345^[0m
        注文         7
        ");
    }

    #[test]
    fn on_a_narrow_terminal_the_names_give_way() {
        let mut grid = Grid::new([("table", Side::Left), ("rows", Side::Right)]);
        grid.row(vec!["a_table_with_a_long_name".to_owned(), "12,345".to_owned()]);
        grid.row(vec!["b".to_owned(), "7".to_owned()]);
        insta::assert_snapshot!(grid.lines(2, Some(26)).join("\n"), @r"
        table               rows
        a_table_with_a_…  12,345
        b                      7
        ");
        assert_eq!(grid.lines(2, Some(3))[2], "  b                  7");
    }

    #[test]
    fn a_paragraph_hangs_below_its_first_word() {
        let text = "one two three four five six seven\nDETAIL: eight";
        insta::assert_snapshot!(labelled("hint:", text, Some(26)).join("\n"), @r"
        hint: one two three four
              five six seven
              DETAIL: eight
        ");
        assert_eq!(labelled("hint:", text, None).len(), 2);
        assert_eq!(labelled("hint:", "", None), ["hint:"]);
    }

    #[test]
    fn a_long_name_is_cut_only_on_a_terminal() {
        let name = "a_very_long_name_of_a_table_that_somebody_had_to_have_in_the_end";
        assert_eq!(name_for(None, name), name);
        assert_eq!(name_for(Some(80), name), "a_very_long_name_of_a_table_that_somebo…");
    }
}
