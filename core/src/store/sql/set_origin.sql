-- Before an operator's verb: from where, for the transition that the verb writes. It counts in this transaction alone. The setting is called
-- the same in a schema of another name.
select set_config('tasker' || '.origin', $1, true)
