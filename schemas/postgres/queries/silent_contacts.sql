-- Who used to write, and has not written for 90 days.
select workspace, contact_id, display_name, messages_in, last_in
from dossier.contacts
where last_in < now() - interval '90 days' and status <> 'blocked'
order by messages_in desc, last_in, contact_id
limit 100;
