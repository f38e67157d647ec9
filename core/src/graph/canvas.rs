//! A sheet of character cells on which boxes and lines are drawn before they become text.
//!
//! A cell remembers which net of lines runs through it upright and which across. Lines of one net join; where two nets
//! meet, the upright one passes over the other, which is interrupted: `─│─`.

use unicode_width::UnicodeWidthChar;

const UP: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 4;
const LEFT: u8 = 8;

/// A piece of a line of text, and the node that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// The node whose box this is; none for lines and space.
    pub node: Option<usize>,
}

/// What the parts of a picture look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyphs {
    /// Lines by the directions in which they leave a cell: the sum of up 1, right 2, down 4, left 8.
    lines: [char; 16],
    /// The corners of a box: top left, top right, bottom left, bottom right.
    corners: [char; 4],
    upright: char,
    across: char,
    /// In the lower edge of a box from which a line leaves.
    leaves: char,
    arrow: char,
}

pub(super) const UNICODE: Glyphs = Glyphs {
    lines: [
        ' ', '│', '─', '└', '│', '│', '┌', '├', '─', '┘', '─', '┴', '┐', '┤', '┬', '┼',
    ],
    corners: ['╭', '╮', '╰', '╯'],
    upright: '│',
    across: '─',
    leaves: '┬',
    arrow: '▼',
};

pub(super) const ASCII: Glyphs = Glyphs {
    lines: [
        ' ', '|', '-', '+', '|', '|', '+', '+', '-', '+', '-', '+', '+', '+', '+', '+',
    ],
    corners: ['+', '+', '+', '+'],
    upright: '|',
    across: '-',
    leaves: '+',
    arrow: 'v',
};

#[derive(Debug, Clone, Copy, Default)]
struct Line {
    upright: Option<(usize, u8)>,
    across: Option<(usize, u8)>,
}

#[derive(Debug, Clone, Copy)]
enum Cell {
    Line(Line),
    /// A part of the box of a node.
    Box(char, usize),
    /// The second column of a wide character, or nothing: the cell before it covers it.
    Covered,
    Arrow,
}

/// Cells by row and column.
pub(super) struct Canvas {
    glyphs: Glyphs,
    rows: Vec<Vec<Cell>>,
    /// Characters without a width of their own, after the cell at (row, column).
    marks: Vec<(usize, usize, char)>,
}

impl Canvas {
    pub(super) fn new(rows: usize, columns: usize, glyphs: Glyphs) -> Self {
        Self {
            glyphs,
            rows: vec![vec![Cell::Line(Line::default()); columns]; rows],
            marks: Vec::new(),
        }
    }

    /// A box of three rows with a name in it; `leaves` says whether a line leaves its lower edge in the middle.
    pub(super) fn boxed(
        &mut self,
        row: usize,
        columns: (usize, usize),
        name: &str,
        node: usize,
        leaves: bool,
    ) {
        let (left, right) = columns;
        let glyphs = self.glyphs;
        for (row, ends) in [(row, [0, 1]), (row + 2, [2, 3])] {
            for column in left + 1..right {
                self.put(row, column, Cell::Box(glyphs.across, node));
            }
            self.put(row, left, Cell::Box(glyphs.corners[ends[0]], node));
            self.put(row, right, Cell::Box(glyphs.corners[ends[1]], node));
        }
        if leaves {
            self.put(row + 2, (left + right) / 2, Cell::Box(glyphs.leaves, node));
        }
        for column in left + 1..right {
            self.put(row + 1, column, Cell::Box(' ', node));
        }
        self.put(row + 1, left, Cell::Box(glyphs.upright, node));
        self.put(row + 1, right, Cell::Box(glyphs.upright, node));
        self.write(row + 1, left + 1, right, name, node);
    }

    /// Writes a name into the middle of the columns between.
    fn write(&mut self, row: usize, left: usize, right: usize, name: &str, node: usize) {
        let wide: usize = name.chars().filter_map(UnicodeWidthChar::width).sum();
        let mut column = left + (right - left).saturating_sub(wide) / 2;
        for character in name.chars() {
            let width = character.width().unwrap_or(0);
            if width == 0 {
                self.marks.push((row, column.saturating_sub(1), character));
                continue;
            }
            self.put(row, column, Cell::Box(character, node));
            for covered in 1..width {
                self.put(row, column + covered, Cell::Covered);
            }
            column += width;
        }
    }

    /// An upright line over the rows from `top` to `bottom`.
    pub(super) fn upright(
        &mut self,
        net: usize,
        column: usize,
        top: usize,
        bottom: usize,
        open: (bool, bool),
    ) {
        for row in top..=bottom {
            let mut ways = 0;
            if row > top || open.0 {
                ways |= UP;
            }
            if row < bottom || open.1 {
                ways |= DOWN;
            }
            if let Some(Cell::Line(line)) = self.cell(row, column) {
                line.upright = Some((net, line.upright.map_or(0, |(_, was)| was) | ways));
            }
        }
    }

    /// A line across, over the columns from `left` to `right`.
    pub(super) fn across(&mut self, net: usize, row: usize, left: usize, right: usize) {
        for column in left..=right {
            let mut ways = 0;
            if column > left {
                ways |= LEFT;
            }
            if column < right {
                ways |= RIGHT;
            }
            if let Some(Cell::Line(line)) = self.cell(row, column) {
                line.across = Some((net, line.across.map_or(0, |(_, was)| was) | ways));
            }
        }
    }

    /// The end of a line over the box that it leads to.
    pub(super) fn arrow(&mut self, row: usize, column: usize) {
        self.put(row, column, Cell::Arrow);
    }

    /// The rows as text, without space at their ends.
    pub(super) fn lines(&self) -> Vec<Vec<Span>> {
        (0..self.rows.len()).map(|row| self.line(row)).collect()
    }

    fn line(&self, row: usize) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (column, cell) in self.rows[row].iter().enumerate() {
            let (character, node) = match cell {
                Cell::Covered => continue,
                Cell::Arrow => (self.glyphs.arrow, None),
                Cell::Box(character, node) => (*character, Some(*node)),
                Cell::Line(line) => (self.glyphs.lines[usize::from(ways(line))], None),
            };
            let marks = self
                .marks
                .iter()
                .filter(|mark| (mark.0, mark.1) == (row, column))
                .map(|mark| mark.2);
            match spans.last_mut() {
                Some(last) if last.node == node => last.text.push(character),
                _ => spans.push(Span {
                    text: character.to_string(),
                    node,
                }),
            }
            if let Some(last) = spans.last_mut() {
                last.text.extend(marks);
            }
        }
        if let Some(last) = spans.last_mut().filter(|last| last.node.is_none()) {
            last.text.truncate(last.text.trim_end().len());
        }
        spans.retain(|span| !span.text.is_empty());
        spans
    }

    fn cell(&mut self, row: usize, column: usize) -> Option<&mut Cell> {
        self.rows.get_mut(row)?.get_mut(column)
    }

    fn put(&mut self, row: usize, column: usize, cell: Cell) {
        if let Some(place) = self.cell(row, column) {
            *place = cell;
        }
    }
}

/// In which directions lines leave a cell: of two nets only the upright one is seen.
fn ways(line: &Line) -> u8 {
    match (line.upright, line.across) {
        (None, None) => 0,
        (Some((_, ways)), None) | (None, Some((_, ways))) => ways,
        (Some((above, upright)), Some((net, across))) if above == net => upright | across,
        (Some((_, upright)), Some(_)) => upright,
    }
}
