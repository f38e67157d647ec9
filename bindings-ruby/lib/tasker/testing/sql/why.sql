-- Client::why: the task first where no step is named, then its steps by number.
select to_jsonb(w)::text from tasker.why($1, $2) w
