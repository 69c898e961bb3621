select contact_id
from contacts
where workspace = $1 and country = $2 and status = $3
order by last_hour desc nulls last, last_interaction desc nulls last, contact_id
limit 100
