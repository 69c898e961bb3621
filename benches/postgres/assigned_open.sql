select count(*) from contacts where workspace = $1 and assignee = $2 and status = $3
