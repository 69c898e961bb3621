-- Contacts that show the same email address or phone number: perhaps they are one person, to be merged.
with shown as (
    select workspace, contact_id, display_name, 'email' as kind, lower(value) as value
    from dossier.contacts, unnest(array_append(other_emails, email)) as value
    where value is not null
    union
    select workspace, contact_id, display_name, 'phone', value
    from dossier.contacts, unnest(array_append(other_phones, phone)) as value
    where value is not null
)
select workspace, kind, value, count(*) as contacts, array_agg(display_name order by display_name, contact_id) as names
from shown
group by workspace, kind, value
having count(*) > 1
order by workspace, contacts desc, kind, value;
