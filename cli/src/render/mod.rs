//! From model values to text: pure functions, so that whole outputs are tested without a database.
//!
//! `look` knows colours and width, `time` words for durations, `flow` draws the steps of a task, `table` aligns;
//! the others are one answer each.

mod boxes;
mod bulk;
mod config;
mod doctor;
mod failure;
mod flow;
mod keys;
mod lists;
mod look;
mod migration;
mod progress;
mod prune;
mod table;
mod task;
mod template;
mod template_diff;
mod time;
mod trail;
mod why;
mod worker;

pub(crate) use boxes::{Boxes, boxes};
pub(crate) use bulk::{What, bulk_done, bulk_forecast, bulk_progress, bulk_question};
pub(crate) use config::{Candidate, config};
pub(crate) use doctor::doctor;
pub(crate) use failure::failure;
pub(crate) use flow::{Flow, flow};
pub(crate) use keys::keys;
pub(crate) use lists::{annotations, found_steps, handlers, namespaces, step_list};
pub(crate) use look::{Look, glyph};
pub(crate) use migration::{migration, roles};
pub(crate) use progress::{bar, changes, status_line};
pub(crate) use prune::{Pruned, prunable, pruned};
pub(crate) use table::Table;
pub(crate) use task::{created, step, task, task_list};
pub(crate) use template::{
    full_name, named_tasks, registered, template, template_picture, template_text, validated,
};
pub(crate) use template_diff::template_diff;
pub(crate) use time::duration;
pub(crate) use trail::{Trail, with_trail};
pub(crate) use why::why;
pub(crate) use worker::{top, worker, worker_list};

#[cfg(test)]
mod doctor_tests;
#[cfg(test)]
mod operating_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod template_tests;
#[cfg(test)]
mod tests;
