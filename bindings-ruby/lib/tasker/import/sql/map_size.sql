-- Map#size
select count(*) from ancestor.tasker_import_map
