-- Deletes expired identities and workers of long ago.
select identities, workers from tasker.prune_leftovers($1)
