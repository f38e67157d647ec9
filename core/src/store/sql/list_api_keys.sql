-- Client::list_api_keys: oldest first. Locks: none.
select jsonb_build_object('key_id', k.key_id, 'name', k.name, 'roles', to_jsonb(k.roles), 'permissions', to_jsonb(k.permissions),
  'created_at', k.created_at, 'created_by', k.created_by, 'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
  'revoked_at', k.revoked_at, 'revoked_by', k.revoked_by)::text
from tasker.api_keys k order by k.created_at, k.key_id
