select count(*) from contacts where workspace = $1 and company_folded like '%' || $2 || '%'
