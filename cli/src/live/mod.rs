//! What goes on between the command and a person: a screen that is redrawn in place, watching a task on it, a question,
//! an interrupt.

mod ask;
mod interrupt;
mod screen;
mod watch;

pub(crate) use ask::ask;
pub(crate) use interrupt::{interrupted, or_interrupted};
pub(crate) use screen::Screen;
pub(crate) use watch::{ENDED, watch};
