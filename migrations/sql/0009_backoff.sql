-- tasker.backoff_seconds(…): the one backoff rule (decisions.md 10 and 22), as the retry room of the core has it;
-- tests/vectors/backoff.json holds the two to each other.
-- p_attempt: the attempt that failed, from 1. p_policy: the step's own policy or null. p_settings: the `backoff` block, or
-- null for the defaults. p_random: 0 ≤ r < 1.
create function tasker.backoff_seconds(p_attempt int, p_policy jsonb, p_settings jsonb default null,
  p_retry_after double precision default null, p_random double precision default random())
returns double precision language plpgsql immutable parallel safe as $$
declare
  v_attempt int := greatest(p_attempt, 1);
  v_cap double precision := greatest(coalesce((p_settings ->> 'max_backoff_seconds')::double precision, 300), 0);
  v_list jsonb := coalesce(p_settings -> 'default_backoff_seconds', '[1, 2, 4, 8, 16, 32]');
  v_length int := jsonb_array_length(v_list);
  v_base double precision := coalesce((p_policy ->> 'base_seconds')::double precision, 1);
  v_factor double precision;
  v_jitter double precision := case when coalesce((p_settings ->> 'jitter_enabled')::boolean, true)
    then coalesce((p_settings ->> 'jitter_max_percentage')::double precision, 0.1) else 0 end;
  v_wait double precision;
  v_steps int;
begin
  if p_retry_after <> 'NaN' then
    return least(greatest(p_retry_after, 0), v_cap);
  end if;
  if p_policy is null then
    v_steps := greatest(v_attempt - v_length, 0);
    v_base := (v_list ->> (least(v_attempt, v_length) - 1))::double precision;
    v_factor := coalesce((p_settings ->> 'backoff_multiplier')::double precision, 2);
    v_wait := tasker.scaled(v_base, v_factor, v_steps);
  else
    v_factor := coalesce((p_policy ->> 'multiplier')::double precision, 2);
    v_wait := case p_policy ->> 'strategy'
      when 'linear' then v_base * v_attempt
      when 'exponential' then tasker.scaled(v_base, v_factor, v_attempt - 1)
      when 'schedule' then (p_policy -> 'schedule' ->> (least(v_attempt, jsonb_array_length(p_policy -> 'schedule')) - 1))::double precision
      else v_base end;
    v_cap := least(v_cap, coalesce((p_policy ->> 'max_seconds')::double precision, v_cap));
    v_jitter := coalesce((p_policy ->> 'jitter')::double precision, v_jitter);
  end if;
  return greatest(least(v_wait, v_cap) * (1 + v_jitter * (2 * p_random - 1)), 0);
end $$;

-- tasker.scaled(base, factor, n) = base × factorⁿ, at most 1e15 instead of an overflow.
create function tasker.scaled(p_base double precision, p_factor double precision, p_times int)
returns double precision language sql immutable parallel safe as $$
  select case when p_times <= 0 or p_base = 0 then p_base
              when p_factor = 0 then 0
              when ln(p_base::numeric) + p_times * ln(p_factor::numeric) > 34 then 1e15
              else p_base * power(p_factor, p_times) end
$$;
