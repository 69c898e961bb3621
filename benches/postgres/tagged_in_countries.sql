-- $2: two tags; $3: three countries; $4: the tag that is not wanted.
select count(*)
from contacts as c
where c.workspace = $1
    and c.country = any ($3::text[])
    and exists (
        select from contact_tags as t
        where t.workspace = $1 and t.key = any ($2::text[]) and t.contact_id = c.contact_id
    )
    and not exists (
        select from contact_tags as t
        where t.workspace = $1 and t.key = any ($4::text[]) and t.contact_id = c.contact_id
    )
