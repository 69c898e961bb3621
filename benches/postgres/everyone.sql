-- $1: the workspace, here and in all of these.
select count(*) from contacts where workspace = $1
