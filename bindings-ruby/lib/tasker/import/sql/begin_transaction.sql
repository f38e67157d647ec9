-- Database#transaction. $1: the time zone that the ancestor's timestamps were written in. To compile these statements takes longer than
-- to run them.
select set_config('TimeZone', $1, true), set_config('statement_timeout', '0', true), set_config('jit', 'off', true)
