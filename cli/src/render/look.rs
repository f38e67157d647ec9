//! How output looks: colours, glyphs, width.

use anstyle::{AnsiColor, Style};
use tasker_core::model::State;

/// How output looks at one of the two standard streams.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// Whether to colour.
    pub(crate) color: bool,
    /// Columns of the terminal; none where lines may be of any length.
    pub(crate) width: Option<usize>,
}

impl Look {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// What matters most.
    pub(crate) fn bold(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// What may be overlooked.
    pub(crate) fn dim(&self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    /// What went wrong.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    /// What to mind.
    pub(crate) fn warn(&self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    /// What went well.
    pub(crate) fn good(&self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// What can be typed.
    pub(crate) fn command(&self, text: &str) -> String {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }

    /// Text in the colour of a state; `waiting` for a failed step that will be tried again.
    pub(crate) fn state(&self, state: State, waiting: bool, text: &str) -> String {
        let style = match state {
            State::Pending => Style::new().dimmed(),
            State::InProgress => AnsiColor::Blue.on_default(),
            State::Complete => AnsiColor::Green.on_default(),
            State::Error if waiting => AnsiColor::Yellow.on_default(),
            State::Error => AnsiColor::Red.on_default().bold(),
            State::Cancelled => AnsiColor::Magenta.on_default(),
            State::ResolvedManually => AnsiColor::Cyan.on_default(),
        };
        self.paint(style, text)
    }
}

/// One character for a state; `waiting` for a failed step that will be tried again.
pub(crate) const fn glyph(state: State, waiting: bool) -> &'static str {
    match state {
        State::Pending => "○",
        State::InProgress => "●",
        State::Complete => "✔",
        State::Error if waiting => "↻",
        State::Error => "✖",
        State::Cancelled => "⊘",
        State::ResolvedManually => "◆",
    }
}

/// What stands before the glyph of one of the steps of a level.
pub(super) const fn rail(place: usize, of: usize) -> &'static str {
    match (place, of) {
        (_, 1) => "",
        (place, of) if place + 1 == of => "└─",
        _ => "├─",
    }
}
