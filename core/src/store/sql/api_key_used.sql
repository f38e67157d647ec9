-- Client::find_api_key: remembers that a key was used. Locks: its row.
select tasker.api_key_used($1)
