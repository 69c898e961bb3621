-- $2: the country; $3: the tag. Whoever is not of the country need not be looked for among the tagged.
select count(*)
from contacts as c
where c.workspace = $1
    and (
        c.assignee is null
        or c.country is distinct from $2
        or not exists (
            select from contact_tags as t
            where t.workspace = $1 and t.key = any ($3::text[]) and t.contact_id = c.contact_id
        )
    )
