-- Batch#write: puts the tasks that have not ended into the state that their steps call for, by the engine's own rule and with moves of
-- its own: one in error goes on where a step will be tried again; one that only waits for what failed for good is in error.
select tasker.settle_tasks(array_agg(t.task_id order by t.task_id), min(t.imported_at),
                           tasker.audit('import', 'tasker:import', 'imported from tasker-engine 1.0'))
from pg_temp.import_task t where t.live having count(*) > 0
