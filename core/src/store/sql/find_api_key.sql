-- Client::find_api_key: a key that counts, and the hash of its secret. Index: api_keys_pkey. Locks: none.
select jsonb_build_object('key_id', k.key_id, 'name', k.name, 'roles', to_jsonb(k.roles), 'permissions', to_jsonb(k.permissions),
  'created_at', k.created_at, 'created_by', k.created_by, 'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
  'revoked_at', k.revoked_at, 'revoked_by', k.revoked_by)::text, k.secret_hash
from tasker.api_keys k
where k.key_id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > tasker.clock())
