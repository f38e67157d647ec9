-- Client::annotation_types: every kind of annotation. The table is small.
select to_jsonb(y)::text from tasker.annotation_types y order by y.name
