-- How many contacts came each month, and how many in all by then.
select workspace, date_trunc('month', created_at)::date as month, count(*) as came,
    sum(count(*)) over (partition by workspace order by date_trunc('month', created_at)) as in_all
from dossier.contacts
group by workspace, date_trunc('month', created_at)
order by workspace, month;
