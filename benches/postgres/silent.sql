-- $2: days; now is the end of the history. The hour has an index, the instant none.
select count(*)
from contacts
where workspace = $1
    and last_interaction <= timestamptz '2026-06-01T00:00:00Z' - make_interval(days => $2::int)
    and last_hour <= (timestamptz '2026-06-01T00:00:00Z' - make_interval(days => $2::int)) at time zone 'UTC'
