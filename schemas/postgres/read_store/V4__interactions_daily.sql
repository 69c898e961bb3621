-- Interactions per day, written in the transaction of the count of active contacts.

-- Whatever was counted before is counted anew, with this table; the statements of closed cycles come back as they were.
truncate mac_heads, mac_interactions, mac_edges, mac_blocks, mac_statements, mac_members;
update checkpoints set position = 0 where projection = 'mac';

create table interactions_daily (
    workspace text collate "C" not null,
    day date not null,
    channel text collate "C" not null,
    direction text collate "C" not null check (direction in ('in', 'out')),
    kind text collate "C" not null check (kind in ('message', 'reaction', 'call')),
    sender text collate "C" not null check (sender in ('contact', 'user', 'workflow', 'api', 'ai', 'broadcast')),
    interactions bigint not null check (interactions > 0),
    primary key (workspace, day, channel, direction, kind, sender)
);
comment on table interactions_daily is 'How many interactions there were on each day. No merge, unmerge or erasure changes a number. What a block kept out of sight is not counted.';
comment on column interactions_daily.workspace is 'The workspace.';
comment on column interactions_daily.day is 'The day on which they happened, in the time zone that the workspace had when they were recorded.';
comment on column interactions_daily.channel is 'The channel.';
comment on column interactions_daily.direction is 'in or out.';
comment on column interactions_daily.kind is 'message, reaction or call.';
comment on column interactions_daily.sender is 'Who sent them: contact, if they came in; else user, workflow, api, ai or broadcast.';
comment on column interactions_daily.interactions is 'How many.';

do $$
begin
    grant select on interactions_daily to dossier_reader;
exception
    when undefined_object then null;
end
$$;
