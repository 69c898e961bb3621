-- Who wrote last and had no answer since, the longest waiting first.
select workspace, contact_id, display_name, last_channel, assignee, last_in
from dossier.contacts
where last_in > coalesce(last_out, '-infinity') and status in ('open', 'snoozed')
order by last_in
limit 100;
