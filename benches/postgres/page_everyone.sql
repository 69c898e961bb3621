-- The index has the order by the hour: within one it is sorted.
select contact_id
from contacts
where workspace = $1
order by last_hour desc nulls last, last_interaction desc nulls last, contact_id
limit 100
