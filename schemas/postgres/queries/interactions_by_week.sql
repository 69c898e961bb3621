-- How much went through each channel each week: messages and calls from contacts, answers to them, and broadcasts.
select workspace, date_trunc('week', day)::date as week, channel,
    coalesce(sum(interactions) filter (where direction = 'in'), 0) as came,
    coalesce(sum(interactions) filter (where direction = 'out' and sender <> 'broadcast'), 0) as answered,
    coalesce(sum(interactions) filter (where sender = 'broadcast'), 0) as broadcast
from dossier.interactions_daily
group by workspace, date_trunc('week', day), channel
order by workspace, week, channel;
