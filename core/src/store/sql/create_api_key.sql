-- Client::create_api_key. migrations/sql/0029_access.sql.
select jsonb_build_object('key_id', k.key_id, 'name', k.name, 'roles', to_jsonb(k.roles), 'permissions', to_jsonb(k.permissions),
  'created_at', k.created_at, 'created_by', k.created_by, 'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
  'revoked_at', k.revoked_at, 'revoked_by', k.revoked_by)::text
from tasker.create_api_key($1, $2, $3, $4, $5, $6, $7) k
