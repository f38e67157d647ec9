-- Client::object_maps: what things of a dependent system are in others. The table is small, and a user's own: no index by its second half.
select to_jsonb(m)::text from tasker.dependent_system_object_maps m
where $1 in (m.dependent_system_one_id, m.dependent_system_two_id)
order by m.dependent_system_object_map_id desc limit $2
