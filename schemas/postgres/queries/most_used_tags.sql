-- The tags that most contacts bear, whatever their spelling.
select workspace, key as tag, min(name) as spelled, count(*) as contacts
from dossier.contact_tags
group by workspace, key
order by workspace, contacts desc, tag
limit 50;
