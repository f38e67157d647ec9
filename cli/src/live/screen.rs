//! A block of lines at the end of a terminal that is drawn again and again in place.

use crossterm::cursor::{Hide, MoveToColumn, MoveUp, Show};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
};
use crossterm::{QueueableCommand, queue};
use std::io::Write;

/// Draws on a terminal, and leaves it as it was: the cursor comes back when this is dropped, whatever happens.
pub(crate) struct Screen<Out: Write> {
    out: Out,
    drawn: u16,
    hidden: bool,
}

impl<Out: Write> Screen<Out> {
    /// A screen below what is on the terminal already.
    pub(crate) fn new(out: Out) -> Self {
        Self {
            out,
            drawn: 0,
            hidden: false,
        }
    }

    /// Columns and lines of the terminal; 80 × 24 where nobody knows.
    pub(crate) fn size() -> (usize, usize) {
        match terminal::size() {
            Ok((columns, lines)) if columns > 0 && lines > 0 => (usize::from(columns), usize::from(lines)),
            _ => (80, 24),
        }
    }

    /// Puts these lines where the last ones were. They must fit the terminal, or the top would scroll away.
    pub(crate) fn draw(&mut self, lines: &[String]) -> std::io::Result<()> {
        if !self.hidden {
            self.out.queue(Hide)?;
            self.hidden = true;
        }
        // A line that is too long must not take two: the next picture would begin too low.
        queue!(self.out, BeginSynchronizedUpdate, DisableLineWrap)?;
        self.back()?;
        for line in lines {
            self.out.queue(Clear(ClearType::UntilNewLine))?;
            writeln!(self.out, "{line}")?;
        }
        self.out.queue(Clear(ClearType::FromCursorDown))?;
        queue!(self.out, EnableLineWrap, EndSynchronizedUpdate)?;
        self.drawn = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        self.out.flush()
    }

    /// Removes the block.
    pub(crate) fn clear(&mut self) -> std::io::Result<()> {
        self.back()?;
        self.out.queue(Clear(ClearType::FromCursorDown))?;
        self.drawn = 0;
        self.out.flush()
    }

    fn back(&mut self) -> std::io::Result<()> {
        if self.drawn > 0 {
            queue!(self.out, MoveUp(self.drawn))?;
        }
        queue!(self.out, MoveToColumn(0))
    }
}

impl<Out: Write> Drop for Screen<Out> {
    fn drop(&mut self) {
        if self.hidden {
            // The terminal may have gone; then there is no cursor to bring back.
            let _ = queue!(self.out, Show);
            let _ = self.out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn the_second_picture_covers_the_first_and_the_cursor_comes_back() {
        let mut written = Vec::new();
        {
            let mut screen = Screen::new(&mut written);
            screen.draw(&["one".to_owned(), "two".to_owned()]).unwrap();
            screen.draw(&["three".to_owned()]).unwrap();
        }
        let text = String::from_utf8(written).unwrap();
        let (first, second) = text.split_once("two").unwrap();
        assert!(
            first.starts_with("\x1b[?25l"),
            "hides the cursor first: {first:?}"
        );
        assert!(second.contains("\x1b[2A"), "moves up over both lines: {second:?}");
        assert!(
            second.contains("three\n\x1b[J"),
            "clears what was below: {second:?}"
        );
        assert_eq!(
            text.matches("\x1b[?7l").count(),
            text.matches("\x1b[?7h").count(),
            "lines wrap again"
        );
        assert!(text.ends_with("\x1b[?25h"), "shows the cursor last: {text:?}");
    }
}
