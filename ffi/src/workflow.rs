//! Workflows in code: a builder of the same template as YAML would say. Steps depend on steps that were added before, by
//! reference. Other keys of the workflow and of each step are put into documents:
//! `tasker_json_set_int64(tasker_workflow_step_keys(charge), tasker_text("/default_retry_limit"), 5, NULL)`.
//!
//! One thread at a time.

use crate::boundary::{free, guarded, quietly};
use crate::convert::{mutable, optional_text, reference, tasker_str, text};
use crate::error::tasker_error;
use crate::json::tasker_json;
use serde_json::{Map, Value, json};
use tasker_core::{Error, Result};

/// A workflow in code.
pub struct tasker_workflow {
    name: String,
    namespace_name: String,
    keys: tasker_json,
    /// Each in a place of its own that stays: the program holds pointers to them.
    steps: Vec<*mut tasker_workflow_step>,
}

/// A step of it. It belongs to its workflow.
pub struct tasker_workflow_step {
    name: String,
    workflow: *const tasker_workflow,
    parents: Vec<String>,
    keys: tasker_json,
}

impl Drop for tasker_workflow {
    fn drop(&mut self) {
        for step in self.steps.drain(..) {
            // SAFETY: made by a Box, and freed here only.
            drop(unsafe { Box::from_raw(step) });
        }
    }
}

impl tasker_workflow {
    fn steps(&self) -> impl Iterator<Item = &tasker_workflow_step> {
        // SAFETY: they live as long as the workflow, and one thread at a time uses it.
        self.steps.iter().map(|step| unsafe { &**step })
    }

    fn template(&self) -> Result<Value> {
        let mut template = members(&self.keys)?;
        let steps = self
            .steps()
            .map(tasker_workflow_step::template)
            .collect::<Result<Vec<_>>>()?;
        template.insert("step_templates".to_owned(), Value::Array(steps));
        Ok(Value::Object(template))
    }
}

impl tasker_workflow_step {
    fn template(&self) -> Result<Value> {
        let mut template = members(&self.keys)?;
        match self.parents.as_slice() {
            [] => {}
            [parent] => drop(template.insert("depends_on_step".to_owned(), json!(parent))),
            parents => drop(template.insert("depends_on_steps".to_owned(), json!(parents))),
        }
        Ok(Value::Object(template))
    }
}

fn members(keys: &tasker_json) -> Result<Map<String, Value>> {
    keys.checked_text()?;
    match keys.value()? {
        Value::Object(members) => Ok(members.clone()),
        _ => Err(Error::invalid_argument(
            "the keys of a workflow, or of a step, are no object any more: put them in by their names",
        )),
    }
}

/// Begins a workflow without steps. The namespace may be left out: `default`. The version is `MAJOR.MINOR.PATCH`. NULL with
/// `null_pointer`, `invalid_utf8`; what is wrong with a name is told when it is registered. Free it with `tasker_workflow_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_workflow_new(
    name: tasker_str,
    namespace_name: tasker_str,
    version: tasker_str,
    error: *mut *mut tasker_error,
) -> *mut tasker_workflow {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let (name, namespace_name, version) = unsafe {
            (
                text(name, "name")?,
                optional_text(namespace_name, "namespace_name")?.unwrap_or("default"),
                text(version, "version")?,
            )
        };
        let keys = json!({"name": name, "namespace_name": namespace_name, "version": version});
        Ok(Box::into_raw(Box::new(tasker_workflow {
            name: name.to_owned(),
            namespace_name: namespace_name.to_owned(),
            keys: tasker_json::of(keys),
            steps: Vec::new(),
        })))
    })
}

/// Adds a step. The name of its handler may be left out: `namespace.workflow.step`. The step is the workflow's, and valid until that
/// is freed. NULL with `null_pointer`, `invalid_utf8`, or `invalid_argument` where there is a step of that name already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_workflow_add_step(
    workflow: *mut tasker_workflow,
    name: tasker_str,
    handler: tasker_str,
    error: *mut *mut tasker_error,
) -> *mut tasker_workflow_step {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let found = unsafe { mutable(workflow, "workflow", "what tasker_workflow_new gave") }?;
        // SAFETY: as the caller says.
        let (name, handler) = unsafe { (text(name, "name")?, optional_text(handler, "handler")?) };
        if found.steps().any(|step| step.name == name) {
            return Err(Error::invalid_argument(format!(
                "{} has a step '{name}' already",
                found.name
            )));
        }
        let named = format!("{}.{}.{name}", found.namespace_name, found.name);
        let step = Box::into_raw(Box::new(tasker_workflow_step {
            name: name.to_owned(),
            workflow,
            parents: Vec::new(),
            keys: tasker_json::of(json!({"name": name, "handler": handler.unwrap_or(&named)})),
        }));
        found.steps.push(step);
        Ok(step)
    })
}

/// Lets a step wait until another one of the same workflow has ended well. False with `null_pointer`, or `invalid_argument` where
/// that is a step of another workflow.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_workflow_depends_on(
    step: *mut tasker_workflow_step,
    parent: *const tasker_workflow_step,
    error: *mut *mut tasker_error,
) -> bool {
    const MADE: &str = "what tasker_workflow_add_step gave";
    guarded(error, false, || {
        // SAFETY: as the caller says. What is needed of it is copied first: it may be the very same step.
        let (parent, workflow) = unsafe { reference(parent, "parent", MADE) }
            .map(|parent| (parent.name.clone(), parent.workflow))?;
        // SAFETY: as the caller says.
        let step = unsafe { mutable(step, "step", MADE) }?;
        if workflow != step.workflow {
            return Err(Error::invalid_argument(format!(
                "'{}' depends on '{parent}', which is a step of another workflow: add it to this one",
                step.name
            )));
        }
        if !step.parents.contains(&parent) {
            step.parents.push(parent);
        }
        Ok(true)
    })
}

/// The keys of the workflow besides its steps (`description`, `schema`, `environments` and so on), to be added to. They are the
/// workflow's. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_workflow_keys(workflow: *mut tasker_workflow) -> *mut tasker_json {
    quietly(std::ptr::null_mut(), || {
        // SAFETY: a workflow, or NULL.
        Some(&raw mut unsafe { workflow.as_mut() }?.keys)
    })
}

/// The keys of a step besides what it depends on (`default_retry_limit`, `timeout_seconds`, `retry`, `priority` and so on), to be added
/// to. They are the workflow's. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_workflow_step_keys(step: *mut tasker_workflow_step) -> *mut tasker_json {
    quietly(std::ptr::null_mut(), || {
        // SAFETY: a step, or NULL.
        Some(&raw mut unsafe { step.as_mut() }?.keys)
    })
}

/// The template, as YAML would say it: give it to `tasker_client_register_template`. NULL with `null_pointer`, or the first change
/// of a key that was refused. Free it with `tasker_json_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_workflow_template(
    workflow: *const tasker_workflow,
    error: *mut *mut tasker_error,
) -> *mut tasker_json {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let workflow = unsafe { reference(workflow, "workflow", "what tasker_workflow_new gave") }?;
        Ok(Box::into_raw(Box::new(tasker_json::of(workflow.template()?))))
    })
}

/// Frees it and its steps. NULL is fine, twice is not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_workflow_free(workflow: *mut tasker_workflow) {
    // SAFETY: as the caller says.
    unsafe { free(workflow) };
}
