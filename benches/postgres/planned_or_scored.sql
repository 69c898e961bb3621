-- $2: a tag of those on plan $3; $4: a tag of those with a score of at least $5; $6: a language; $7: since when.
select count(*)
from contacts as c
where c.workspace = $1
    and c.language <> $6
    and c.last_in >= $7::timestamptz
    and (
        (
            (c.custom_compared -> 'plan' ->> 'exact') collate "C" = $3
            and exists (
                select from contact_tags as t
                where t.workspace = $1 and t.key = any ($2::text[]) and t.contact_id = c.contact_id
            )
        )
        or (
            (c.custom_compared -> 'score' -> 'number')::float8 >= $5::float8
            and exists (
                select from contact_tags as t
                where t.workspace = $1 and t.key = any ($4::text[]) and t.contact_id = c.contact_id
            )
        )
    )
