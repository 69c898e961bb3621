select count(*) from contacts where workspace = $1 and country = $2
