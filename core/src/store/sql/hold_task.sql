-- Client::update_task_if, Client::update_step_if: before they look. Locks: the task's steps in order FOR NO KEY UPDATE, then the task
-- FOR UPDATE. Loser of a race: waits its turn.
select tasker.hold_task($1)
