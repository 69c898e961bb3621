-- By the expression of the field's index.
select count(*)
from contacts
where workspace = $1 and (custom_compared -> 'score' -> 'number')::float8 between $2::float8 and $3::float8
