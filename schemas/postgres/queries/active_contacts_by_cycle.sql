-- The bill of each closed cycle, and how much it changed since the one before.
select workspace, cycle, cycle_start, cycle_end, active,
    active - lag(active) over (partition by workspace order by cycle) as changed
from dossier.mac_statements
order by workspace, cycle;
