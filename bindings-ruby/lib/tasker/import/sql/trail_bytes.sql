-- Partitions#create: how large the ancestor's trail is.
select pg_relation_size('ancestor.tasker_workflow_step_transitions') + pg_relation_size('ancestor.tasker_task_transitions')
