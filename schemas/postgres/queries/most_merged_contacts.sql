-- Contacts that most others are absorbed in, and since when.
select c.workspace, c.contact_id, c.display_name, count(*) as absorbed, min(m.merged_at) as first, max(m.merged_at) as last
from dossier.contacts as c
join dossier.merges as m using (contact_id)
group by c.workspace, c.contact_id, c.display_name
order by absorbed desc, c.contact_id
limit 100;
