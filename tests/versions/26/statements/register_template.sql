-- Client::register_template.
select tasker.register_template($1::text::jsonb, $2, $3)
