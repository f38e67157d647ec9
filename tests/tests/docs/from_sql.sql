-- The statements of docs/guides/from-sql.md and README.md, in the order in which from_sql.rs runs them.
select * from tasker.create_task('default', 'greet', context => '{"user": "Ada"}');

begin;
insert into public.orders (order_id, customer) values (7, 'ada');
select * from tasker.create_task('default', 'greet', context => '{"user": "Ada"}', idempotency_key => 'order 7');
commit;

select * from tasker.create_tasks('[
  {"name": "greet", "context": {"user": "Ada"}, "priority": 0},
  {"name": "greet", "context": {"user": "Grace"}, "tags": ["vip"]}
]');

select tasker.register_worker('greeter', 'example', 1, 'sql', null,
                              array['default.greet.find_name', 'default.greet.write_greeting'], 1, 30);

select task_id, step_no, claim_no, attempt, context, dependencies
from tasker.claim_steps(1, p_room => 1, p_task_ids => array['0198c0de-0000-7000-8000-000000000000'::uuid])
where status = 'claimed';

select tasker.complete_step('0198c0de-0000-7000-8000-000000000000', 1, 1, '{"name": "Ada"}');

select tasker.heartbeat(1);

select name, current_state, ready_for_execution, attempts, retry_limit, next_retry_at
from tasker.get_step_readiness_status('0198c0de-0000-7000-8000-000000000000');

select status, execution_status, recommended_action, completion_percentage, health_status
from tasker.get_task_execution_context('0198c0de-0000-7000-8000-000000000000');

select sort_key, from_state, to_state, created_at, metadata
from tasker.workflow_step_transition_log
where task_id = '0198c0de-0000-7000-8000-000000000000' and workflow_step_id = 1
order by sort_key;

select * from tasker.get_system_health_counts_v01();
select * from tasker.get_analytics_metrics_v01(now() - interval '1 day');
select * from tasker.get_slowest_steps_v01(limit_count => 5, namespace_filter => 'default');
select * from tasker.get_slowest_tasks_v01(limit_count => 5);
select * from tasker.calculate_dependency_levels('0198c0de-0000-7000-8000-000000000000');

select tasker.pause(p_handler => 'default.greet.write_greeting', p_by => 'anna', p_reason => 'typo');
select tasker.resume(p_handler => 'default.greet.write_greeting', p_by => 'anna');
select tasker.cancel_task('0198c0de-0000-7000-8000-000000000000', 'anna', 'withdrawn');

select tasker.stop_worker(1);
