-- Indexes for the usual order, newest interaction first, and for what contacts are filtered by most.
--
-- A message changes its contact's row. As long as it changes no column that an index has, the new row lies in the page of
-- the old one and no index learns of it; else every index of the table is written. So the usual order has an index by the
-- hour, which changes once in a conversation: a page sorts the contacts of an hour or two, and not those of all years.

alter table contacts add column last_hour timestamp
    generated always as (date_trunc('hour', last_interaction at time zone 'UTC')) stored;
comment on column contacts.last_hour is 'The hour of last_interaction, in UTC.';
create index on contacts (workspace, last_hour desc nulls last);

-- Counts need no row of the table, where it is vacuumed.
create index on contacts (workspace, country, status);
create index on contacts (workspace, assignee, status);
create index on contacts (workspace, last_name_folded, contact_id);
drop index contact_tags_workspace_key_idx;
create index on contact_tags (workspace, key, contact_id);

-- Room in each page for the next version of a row in it.
alter table contacts set (fillfactor = 80);
alter table own_states set (fillfactor = 85);
alter table contact_channels set (fillfactor = 85);

-- The views of workspaces show the new column.
select show_fields(workspace) from (select distinct workspace from custom_fields) as known;
