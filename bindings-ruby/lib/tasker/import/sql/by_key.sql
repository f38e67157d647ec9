-- Database#transaction: for statements about a batch. The planner does not know that the rows of a batch lie together, and what it knows
-- of a table that is growing is old: left alone it reads whole tables, once for every batch.
set local enable_seqscan = off;
set local enable_mergejoin = off
