select contact_id
from contacts
where workspace = $1 and country = $2
order by last_name_folded, contact_id
limit 100
