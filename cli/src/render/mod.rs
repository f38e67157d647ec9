//! From model values to text: pure functions, so that whole outputs are tested without a database.
//!
//! `look` knows colours and width, `time` words for durations, `flow` draws the steps of a task, `table` aligns;
//! the others are one answer each.

mod failure;
mod flow;
mod look;
mod migration;
mod progress;
mod prune;
mod table;
mod task;
mod template;
mod time;
mod trail;

pub(crate) use failure::failure;
pub(crate) use flow::{Flow, flow};
pub(crate) use look::{Look, glyph};
pub(crate) use migration::migration;
pub(crate) use progress::{bar, changes, status_line};
pub(crate) use prune::{Pruned, prunable, pruned};
pub(crate) use table::Table;
pub(crate) use task::{created, step, task, task_list};
pub(crate) use template::{full_name, named_tasks, registered, template_text, validated};
pub(crate) use time::duration;
pub(crate) use trail::trail;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
