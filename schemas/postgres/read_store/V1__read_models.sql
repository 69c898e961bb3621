-- The read models of Dossier. Everything here follows from the log: drop the schema, and it is made anew.
-- The tables lie in whatever schema the search path begins with.

create table installation (
    one boolean primary key default true check (one),
    mark bytea not null
);
comment on table installation is 'Which installation of Dossier these read models belong to; one row.';
comment on column installation.one is 'Always true: there is one row.';
comment on column installation.mark is 'Keyed hash by which the installation is known again.';

create table checkpoints (
    projection text collate "C" primary key,
    position bigint not null check (position >= 0)
);
comment on table checkpoints is 'How far each read model is. It moves in the transaction of the rows.';
comment on column checkpoints.projection is 'Name of the read model: contacts, mac or unfinished.';
comment on column checkpoints.position is 'Position in the log of the last event that is applied; 0 before the first.';
insert into checkpoints (projection, position) values ('contacts', 0), ('mac', 0), ('unfinished', 0);

create table own_states (
    contact_id uuid primary key,
    state bytea not null
);
-- Sealed bytes can't be compressed.
alter table own_states alter column state set storage external;
comment on table own_states is 'The own state of every contact, absorbed ones too, sealed with its key: for Dossier alone.';
comment on column own_states.contact_id is 'The contact.';
comment on column own_states.state is 'Form, ids of the others whose keys are needed, sealed state.';

create table lookups (
    mark bytea not null,
    contact_id uuid not null,
    primary key (mark, contact_id)
);
create index on lookups (contact_id);
comment on table lookups is 'By which values live contacts are found: for Dossier alone.';
comment on column lookups.mark is 'Keyed hash of the workspace, the kind of value and the value.';
comment on column lookups.contact_id is 'The contact that shows the value.';

create table segment_feeds (
    workspace text collate "C" primary key,
    epoch uuid not null,
    as_of timestamptz not null
);
comment on table segment_feeds is 'How far the feeds of the segments of a workspace are told.';
comment on column segment_feeds.workspace is 'The workspace.';
comment on column segment_feeds.epoch is 'Which feed it is: a rebuild makes another one.';
comment on column segment_feeds.as_of is 'The time up to which everything is told.';

create table segment_feed_entries (
    workspace text collate "C" not null,
    segment_id uuid not null,
    number bigint not null check (number >= 0),
    contact_id uuid not null,
    entered boolean not null,
    at timestamptz not null,
    position bigint not null,
    primary key (workspace, segment_id, number)
);
comment on table segment_feed_entries is 'Who entered and left which segment, for 30 days.';
comment on column segment_feed_entries.workspace is 'The workspace of the segment.';
comment on column segment_feed_entries.segment_id is 'The segment.';
comment on column segment_feed_entries.number is 'Its number in the feed of the segment, from 0, without gaps.';
comment on column segment_feed_entries.contact_id is 'Who entered or left.';
comment on column segment_feed_entries.entered is 'Whether it entered; else it left.';
comment on column segment_feed_entries.at is 'When.';
comment on column segment_feed_entries.position is 'Position in the log as of which it was found out.';

create table mac_heads (
    workspace text collate "C" primary key,
    time_zone text not null,
    anchor_day smallint not null check (anchor_day between 1 and 31),
    clock timestamptz,
    cycle text collate "C",
    cycle_start timestamptz,
    cycle_end timestamptz,
    cycle_time_zone text
);
comment on table mac_heads is 'Where the count of monthly active contacts stands in each workspace.';
comment on column mac_heads.workspace is 'The workspace.';
comment on column mac_heads.time_zone is 'IANA name of the zone of the cycles after the open one.';
comment on column mac_heads.anchor_day is 'Day of the month on which the cycles after the open one begin; in a shorter month its last day.';
comment on column mac_heads.clock is 'The latest recording time so far; null before the first event.';
comment on column mac_heads.cycle is 'The open cycle: the local date of its start; null before the first event of a contact.';
comment on column mac_heads.cycle_start is 'The first instant of the open cycle.';
comment on column mac_heads.cycle_end is 'The first instant after the open cycle.';
comment on column mac_heads.cycle_time_zone is 'IANA name of the zone of the open cycle.';

create table mac_interactions (
    workspace text collate "C" not null,
    contact_id uuid not null,
    position bigint not null,
    may_fail bytea,
    primary key (workspace, contact_id, position)
);
comment on table mac_interactions is 'Interactions of the open cycle that may be needed to say whether, and why, a contact counts.';
comment on column mac_interactions.workspace is 'The workspace.';
comment on column mac_interactions.contact_id is 'In whose stream the interaction stands; it may be absorbed.';
comment on column mac_interactions.position is 'Position of the interaction in the log.';
comment on column mac_interactions.may_fail is 'Of a message out: keyed hash by which it may be reported failed.';

create table mac_edges (
    workspace text collate "C" not null,
    secondary_id uuid not null,
    primary_id uuid not null,
    merge_id uuid not null,
    primary key (workspace, secondary_id)
);
comment on table mac_edges is 'Live merges, as counting follows them.';
comment on column mac_edges.workspace is 'The workspace.';
comment on column mac_edges.secondary_id is 'Who is absorbed.';
comment on column mac_edges.primary_id is 'Who absorbs.';
comment on column mac_edges.merge_id is 'The merge.';

create table mac_blocks (
    workspace text collate "C" not null,
    contact_id uuid not null,
    primary key (workspace, contact_id)
);
comment on table mac_blocks is 'Contacts whose block began in the open cycle.';
comment on column mac_blocks.workspace is 'The workspace.';
comment on column mac_blocks.contact_id is 'The blocked contact.';

create table mac_statements (
    workspace text collate "C" not null,
    cycle text collate "C" not null,
    cycle_start timestamptz not null,
    cycle_end timestamptz not null,
    time_zone text not null,
    active bigint not null,
    digest text not null,
    primary key (workspace, cycle)
);
comment on table mac_statements is 'Closed billing cycles. A statement never changes.';
comment on column mac_statements.workspace is 'The workspace.';
comment on column mac_statements.cycle is 'The local date of its start, YYYY-MM-DD.';
comment on column mac_statements.cycle_start is 'Its first instant.';
comment on column mac_statements.cycle_end is 'The first instant after it.';
comment on column mac_statements.time_zone is 'IANA name of the zone that it was reckoned in.';
comment on column mac_statements.active is 'How many contacts were active.';
comment on column mac_statements.digest is 'SHA-256, in hexadecimal, over the members'' ids in ascending order, each followed by a line feed.';

create table mac_members (
    workspace text collate "C" not null,
    cycle text collate "C" not null,
    contact_id uuid not null,
    position bigint not null,
    recorded_by uuid not null,
    primary key (workspace, cycle, contact_id)
);
comment on table mac_members is 'Who is on the bill of a closed cycle, and why.';
comment on column mac_members.workspace is 'The workspace.';
comment on column mac_members.cycle is 'The cycle, as in mac_statements.';
comment on column mac_members.contact_id is 'The contact, or the one that had absorbed it when the cycle closed.';
comment on column mac_members.position is 'Position in the log of the interaction that made it count.';
comment on column mac_members.recorded_by is 'In whose stream that interaction stands: the contact itself, or one absorbed in it.';

create table unfinished_merges (
    merge_id uuid primary key,
    secondary_id uuid not null,
    primary_id uuid not null,
    since bigint not null
);
comment on table unfinished_merges is 'Merges that are prepared and not decided, or undone or refused and not ended: what Dossier will finish.';
comment on column unfinished_merges.merge_id is 'The merge.';
comment on column unfinished_merges.secondary_id is 'Who is frozen by it.';
comment on column unfinished_merges.primary_id is 'Who decides, or decided.';
comment on column unfinished_merges.since is 'Position in the log of the event that left it open.';

create table unfinished_claims (
    identity_id uuid primary key,
    owner_id uuid not null,
    epoch bigint not null,
    since bigint not null
);
comment on table unfinished_claims is 'Claims of channel identities that their owner has not confirmed, and releases that the identity does not know.';
comment on column unfinished_claims.identity_id is 'The identity.';
comment on column unfinished_claims.owner_id is 'The contact that is named.';
comment on column unfinished_claims.epoch is 'Revision of the claim in the stream of the identity.';
comment on column unfinished_claims.since is 'Position in the log of the event that left it open.';
