//! What could run side by side.

use super::{View, percentage};
use crate::model::analysis::{LevelParallelism, Parallelism, Rating, StepSnapshot};

/// What the levels of the graph say.
pub(super) fn parallelism(view: &View<'_>) -> Parallelism {
    let mut levels: Vec<Vec<&StepSnapshot>> = vec![Vec::new(); view.shape.depth()];
    for (step, level) in view.steps().iter().zip(&view.shape.levels) {
        levels[*level].push(step);
    }
    let levels: Vec<LevelParallelism> = levels
        .iter()
        .enumerate()
        .map(|(level, steps)| describe(level, steps))
        .collect();
    let side_by_side = levels.iter().filter(|level| level.ready_steps > 1).count();
    Parallelism {
        total_steps: view.steps().len(),
        total_levels: levels.len(),
        max_parallel_steps: view.shape.width,
        current_parallel_opportunities: levels.iter().map(|level| level.ready_steps).sum(),
        blocked_parallel_opportunities: levels.iter().map(|level| level.blocked_steps).sum(),
        overall_completion: view.snapshot.completion_percentage,
        parallelism_efficiency: percentage(side_by_side, levels.len()),
        levels,
    }
}

fn describe(level: usize, steps: &[&StepSnapshot]) -> LevelParallelism {
    let how_many = |is: fn(&StepSnapshot) -> bool| steps.iter().filter(|step| is(step)).count();
    let ready = how_many(|step| step.ready_for_execution);
    let blocked = how_many(StepSnapshot::blocked);
    LevelParallelism {
        level,
        total_steps: steps.len(),
        ready_steps: ready,
        blocked_steps: blocked,
        error_steps: how_many(StepSnapshot::failed),
        completed_steps: how_many(StepSnapshot::done),
        step_names: steps.iter().map(|step| step.name.clone()).collect(),
        parallelism_potential: match ready {
            0 => Rating::Low,
            1 => Rating::Medium,
            _ => Rating::High,
        },
        bottleneck_risk: if blocked * 2 > steps.len() {
            Rating::High
        } else {
            Rating::Low
        },
    }
}
