-- Who may come in over HTTP: API keys. And from where an operator stepped in.

-- API keys. Only a hash of the secret is kept: 256 random bits need no slow one.
create table tasker.api_keys (
  key_id text primary key check (key_id ~ '^[0-9a-z]{12}$'),
  name text not null unique check (length(name) between 1 and 128),
  secret_hash bytea not null check (length(secret_hash) = 32),
  roles text[] not null default '{}',
  permissions text[] not null default '{}',
  created_at timestamptz not null,
  created_by text,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  check (roles <> '{}' or permissions <> '{}')
);

-- tasker.create_api_key(…): a key. Its name is told in the trail, and is taken once, whatever became of the key.
create function tasker.create_api_key(p_key_id text, p_name text, p_secret_hash bytea, p_roles text[], p_permissions text[],
  p_expires_at timestamptz default null, p_by text default null)
returns tasker.api_keys language plpgsql as $$
declare
  v_key tasker.api_keys;
begin
  if coalesce(trim(p_name), '') = '' or length(trim(p_name)) > 128 then
    raise exception using errcode = 'TK003', message = format('the name of a key has 1 to 128 characters, not %s', coalesce(length(trim(p_name)), 0));
  end if;
  if cardinality(p_roles) = 0 and cardinality(p_permissions) = 0 then
    raise exception using errcode = 'TK003', message = 'a key needs a role or a permission: without one it may do nothing';
  end if;
  if p_expires_at <= tasker.clock() then
    raise exception using errcode = 'TK003', message = format('the key would have expired at %s already', p_expires_at);
  end if;
  insert into tasker.api_keys as k (key_id, name, secret_hash, roles, permissions, created_at, created_by, expires_at)
  values (p_key_id, trim(p_name), p_secret_hash, p_roles, p_permissions, tasker.clock(), p_by, p_expires_at)
  on conflict (name) do nothing
  returning * into v_key;
  if not found then
    raise exception using errcode = 'TK004', message = format('there is a key named ''%s'' already', trim(p_name));
  end if;
  return v_key;
end $$;

-- tasker.revoke_api_key(…): lets nobody in with a key any more, by its id or its name. Again changes nothing. Locks: its row.
create function tasker.revoke_api_key(p_key text, p_by text default null) returns tasker.api_keys language plpgsql as $$
declare
  v_key tasker.api_keys;
begin
  update tasker.api_keys k set revoked_at = coalesce(k.revoked_at, tasker.clock()), revoked_by = case when k.revoked_at is null then p_by else k.revoked_by end
  where k.key_id = p_key or k.name = p_key
  returning * into v_key;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no key ''%s''', p_key);
  end if;
  return v_key;
end $$;

-- tasker.api_key_used(…): remembers that a key was used, to the minute. Locks: its row.
create function tasker.api_key_used(p_key_id text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update tasker.api_keys k set last_used_at = tasker.clock()
  where k.key_id = p_key_id and (k.last_used_at is null or k.last_used_at < tasker.clock() - interval '1 minute')
$$;

-- tasker.audit(…): the metadata of an operator's transition. `tasker.origin` is from where the operator steps in, where that is known; it is
-- set for the transaction alone.
create or replace function tasker.audit(p_verb text, p_by text, p_reason text) returns jsonb language sql stable as $$
  select jsonb_strip_nulls(jsonb_build_object('verb', p_verb, 'by', p_by, 'reason', p_reason,
    'from', nullif(current_setting('tasker' || '.origin', true), '')))
$$;
