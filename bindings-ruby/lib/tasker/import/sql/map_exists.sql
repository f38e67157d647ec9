-- Map#there?: whether the table is there. $1: the schema of the ancestor's tables.
select to_regclass(quote_ident($1) || '.tasker_import_map') is not null
