-- Target#check: whose the schema is, and whether it is the engine's. $1: its name.
select n.nspowner::regrole::text as owner, current_user::text as "user", pg_has_role(current_user, n.nspowner, 'usage') as owns,
       to_regclass(quote_ident(n.nspname) || '.schema_migrations') is not null
         and to_regclass(quote_ident(n.nspname) || '.workflow_steps') is not null as has_history
from pg_namespace n where n.nspname = $1
