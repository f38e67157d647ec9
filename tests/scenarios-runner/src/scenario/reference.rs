//! `charge` and `t.charge`: how a scenario names steps.

use std::collections::{BTreeMap, BTreeSet};

/// A step, of one task or of all tasks together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReference {
    /// The task's name in the scenario; none for all tasks together.
    pub alias: Option<String>,
    /// The step's name.
    pub step: String,
}

/// The names that a scenario knows.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Names of steps, in all templates.
    pub steps: BTreeSet<String>,
    /// Template → its steps, in order; the first of each name.
    pub by_template: BTreeMap<String, BTreeSet<String>>,
    /// Task name → the template that it is created from.
    pub aliases: BTreeMap<String, String>,
}

impl Names {
    /// Reads `step` or `alias.step`; a step whose own name has a dot in it is found first.
    ///
    /// # Errors
    /// A sentence that names what is unknown and what comes near to it.
    pub fn reference(&self, text: &str) -> Result<StepReference, String> {
        if self.steps.contains(text) {
            return Ok(StepReference {
                alias: None,
                step: text.to_owned(),
            });
        }
        match text.split_once('.') {
            Some(_) => self.of_task(text),
            None => Err(unknown("step", text, self.steps.iter())),
        }
    }

    /// Reads `alias.step`.
    ///
    /// # Errors
    /// As [`Names::reference`].
    pub fn of_task(&self, text: &str) -> Result<StepReference, String> {
        let Some((alias, step)) = text.split_once('.') else {
            return Err(format!("'{text}' names no step; write TASK.STEP"));
        };
        self.alias(alias)?;
        self.step_of(alias, step)?;
        Ok(StepReference {
            alias: Some(alias.to_owned()),
            step: step.to_owned(),
        })
    }

    /// Checks that a task of that name is created.
    ///
    /// # Errors
    /// As [`Names::reference`].
    pub fn alias(&self, alias: &str) -> Result<(), String> {
        if self.aliases.contains_key(alias) {
            return Ok(());
        }
        Err(unknown("task", alias, self.aliases.keys()))
    }

    /// Checks that the task `alias` has `step`, by name or by number.
    ///
    /// # Errors
    /// As [`Names::reference`].
    pub fn step_of(&self, alias: &str, step: &str) -> Result<(), String> {
        let template = self.aliases.get(alias);
        let steps = template
            .and_then(|template| self.by_template.get(template))
            .unwrap_or(&self.steps);
        let numbered = step
            .parse::<usize>()
            .is_ok_and(|number| (1..=steps.len()).contains(&number));
        if steps.contains(step) || numbered {
            return Ok(());
        }
        let of = template.map_or_else(String::new, |template| format!(" of {template}"));
        Err(unknown(&format!("step{of}"), step, steps.iter()))
    }
}

/// `no step 'chrage'; the nearest is 'charge'`.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let mut ranked: Vec<(f64, &String)> = known
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .collect();
    ranked.sort_by(|left, right| right.0.total_cmp(&left.0));
    match ranked.first() {
        Some((likeness, near)) if *likeness > 0.8 => {
            format!("there is no {what} '{name}'; did you mean '{near}'?")
        }
        Some(_) => {
            let all: Vec<&str> = ranked.iter().take(12).map(|(_, other)| other.as_str()).collect();
            format!("there is no {what} '{name}'; there are: {}", all.join(", "))
        }
        None => format!("there is no {what} '{name}', and none at all"),
    }
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn names() -> Names {
        let steps = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<String>>()
        };
        Names {
            steps: steps(&["charge", "ship", "t.ship"]),
            by_template: [("shop".to_owned(), steps(&["charge", "t.ship"]))].into(),
            aliases: [("t".to_owned(), "shop".to_owned())].into(),
        }
    }

    #[test]
    fn a_bare_step_is_all_tasks_together_and_a_dotted_one_is_one_task() {
        assert_eq!(names().reference("charge").unwrap().alias, None);
        assert_eq!(names().reference("t.charge").unwrap().alias.as_deref(), Some("t"));
    }

    #[test]
    fn a_step_with_a_dot_in_its_name_is_found_first() {
        assert_eq!(names().reference("t.ship").unwrap().alias, None);
        assert_eq!(names().of_task("t.t.ship").unwrap().step, "t.ship");
    }

    #[test]
    fn what_is_unknown_is_named_with_what_comes_near() {
        assert_eq!(
            names().reference("chrage").unwrap_err(),
            "there is no step 'chrage'; did you mean 'charge'?"
        );
        assert_eq!(
            names().reference("u.charge").unwrap_err(),
            "there is no task 'u'; there are: t"
        );
        assert!(
            names()
                .of_task("t.ship")
                .unwrap_err()
                .starts_with("there is no step of shop 'ship'")
        );
        assert!(names().of_task("charge").unwrap_err().contains("write TASK.STEP"));
        assert!(names().of_task("t.2").is_ok() && names().of_task("t.3").is_err());
    }
}
