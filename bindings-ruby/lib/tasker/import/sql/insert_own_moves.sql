-- Batch#write: what the import itself does to steps that cannot stay where the ancestor left them. These moves are of now.
insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, metadata)
select s.task_id, s.step_no, s.moves + 1, s.was, s.state, nullif(s.attempts, 0), t.imported_at,
       case s.state when 'error' then w.results
         else tasker.audit('import', 'tasker:import', case s.state
           when 'pending' then 'the process of tasker-engine 1.0 that ran this step is no more'
           else 'the task had ended in tasker-engine 1.0: it was ' || t.state end) end
from pg_temp.import_step s
join pg_temp.import_task t on t.old_task_id = s.old_task_id
join tasker.workflow_steps w on w.task_id = s.task_id and w.step_no = s.step_no
where s.state <> s.was
order by 1, 2
