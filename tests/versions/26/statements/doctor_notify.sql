-- Client::doctor: says something on a channel of its own, to hear whether it arrives where the engine listens. Changes no data.
select pg_notify($1, '')
