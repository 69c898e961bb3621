-- Through which channel contacts came, and how many messages they sent since.
select workspace, coalesce(source, 'none') as source, count(*) as contacts, sum(messages_in) as messages_in
from dossier.contacts
group by workspace, source
order by workspace, contacts desc, source;
