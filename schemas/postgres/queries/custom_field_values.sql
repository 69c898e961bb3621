-- How often each value of a custom field is shown.
select workspace, field.key as field, coalesce(field.value #>> '{}', 'null') as value, count(*) as contacts
from dossier.contacts, jsonb_each(custom) as field
group by workspace, field.key, field.value
order by workspace, field, contacts desc, value;
