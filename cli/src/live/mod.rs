//! Views that change while one looks: a screen that is redrawn in place, and watching a task on it.

mod interrupt;
mod screen;
mod watch;

pub(crate) use interrupt::{interrupted, or_interrupted};
pub(crate) use screen::Screen;
pub(crate) use watch::{ENDED, watch};
