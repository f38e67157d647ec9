//! Directed graphs of steps: cycles, order, levels, the critical path, and pictures of them.
//!
//! Nodes are numbers from 0; an edge goes from a parent to its dependent. Nothing here recurses, so that a chain of
//! 100,000 steps is as good as any other graph.

mod analysis;
mod canvas;
mod cycle;
mod dag;
mod draw;
mod layering;
mod ordering;
mod placement;
mod runtime;
mod svg;
mod terminal;

pub use analysis::{CriticalPath, Shape};
pub use cycle::Cycle;
pub use dag::Graph;
pub use draw::{Direction, Drawing};
pub use runtime::analyze;
pub use terminal::{Span, TerminalOptions};
