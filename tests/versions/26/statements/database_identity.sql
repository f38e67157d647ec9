-- Client::database_identity: what tells this database from all others. Locks: none.
select tasker.database_identity()
