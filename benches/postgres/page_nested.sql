-- As nested.sql.
select c.contact_id
from contacts as c
where c.workspace = $1
    and c.source <> all ($7::text[])
    and (
        (
            c.last_in > timestamptz '2026-06-01T00:00:00Z' - make_interval(days => $5::int)
            and c.last_in <= timestamptz '2026-06-01T00:00:00Z'
        )
        or c.created_at > timestamptz '2026-06-01T00:00:00Z' - make_interval(months => $6::int)
    )
    and ((c.custom_compared -> 'score' -> 'number')::float8 < $3::float8 and c.country is distinct from $4) is not true
    and not exists (
        select from contact_tags as t
        where t.workspace = $1 and t.key = any ($2::text[]) and t.contact_id = c.contact_id
    )
order by c.last_hour desc nulls last, c.last_interaction desc nulls last, c.contact_id
limit 100
