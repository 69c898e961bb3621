-- Where contacts are, and the share of each country in its workspace.
select workspace, coalesce(country, 'unknown') as country, count(*) as contacts,
    round(100.0 * count(*) / sum(count(*)) over (partition by workspace), 1) as per_cent
from dossier.contacts
group by workspace, country
order by workspace, contacts desc, country;
