-- Client::doctor: what time the database has. Nothing else, so that the round trip is all that comes in between.
select clock_timestamp()
