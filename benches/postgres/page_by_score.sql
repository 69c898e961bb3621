select c.contact_id
from contacts as c
where c.workspace = $1
    and exists (
        select from contact_tags as t
        where t.workspace = $1 and t.key = any ($2::text[]) and t.contact_id = c.contact_id
    )
order by (c.custom_compared -> 'score' -> 'number')::float8 desc nulls last, c.contact_id
limit 100
