-- $2: days; $3 and $4: dates.
select count(*)
from contacts
where workspace = $1
    and greatest(last_in, last_out) > timestamptz '2026-06-01T00:00:00Z' - make_interval(days => $2::int)
    and greatest(last_in, last_out) <= timestamptz '2026-06-01T00:00:00Z'
    and (custom_compared -> 'renewal' ->> 'date') collate "C" between $3 and $4
    and blocked_since is null
