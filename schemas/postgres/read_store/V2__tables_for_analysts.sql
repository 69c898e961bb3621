-- What contacts show, for any SQL client: written in the transaction of the contacts, in the clear.

create table contacts (
    contact_id uuid primary key,
    workspace text collate "C" not null,
    display_name text not null,
    first_name text,
    last_name text,
    email text,
    phone text,
    country text,
    language text,
    company text,
    avatar_url text,
    custom jsonb not null,
    other_emails text[] not null,
    other_phones text[] not null,
    source text,
    assignee text,
    status text not null check (status in ('open', 'snoozed', 'closed', 'none', 'blocked')),
    conversation_opened_at timestamptz,
    conversation_closed_at timestamptz,
    snoozed_until timestamptz,
    blocked_since timestamptz,
    blocked_reason text,
    created_at timestamptz not null,
    first_seen timestamptz not null,
    last_in timestamptz,
    last_out timestamptz,
    last_interaction timestamptz,
    last_channel text,
    messages_in bigint not null,
    messages_out bigint not null,
    messages_suppressed bigint not null,
    comments bigint not null,
    absorbed bigint not null,
    revision bigint not null,
    position bigint not null
);
-- Columns that never change: an update of others needs no new entry in an index.
create index on contacts (workspace, created_at);
comment on table contacts is 'Live contacts that are absorbed in no other, one row each, as they are shown: what is absorbed in them is part of it.';
comment on column contacts.contact_id is 'The contact.';
comment on column contacts.workspace is 'Its workspace.';
comment on column contacts.display_name is 'First and last name, else phone, else email, else its handle on the channel last used, else a short id.';
comment on column contacts.first_name is 'First name.';
comment on column contacts.last_name is 'Last name.';
comment on column contacts.email is 'Email address, as it was given.';
comment on column contacts.phone is 'Phone number, E.164.';
comment on column contacts.country is 'ISO 3166-1 alpha-2; where none was set, that of the phone number.';
comment on column contacts.language is 'BCP 47.';
comment on column contacts.company is 'Company.';
comment on column contacts.avatar_url is 'Where its picture is.';
comment on column contacts.custom is 'Values of custom fields by their keys, as they were given; those of retired fields too.';
comment on column contacts.other_emails is 'Email addresses that absorbed contacts bring besides.';
comment on column contacts.other_phones is 'Phone numbers that absorbed contacts bring besides.';
comment on column contacts.source is 'Channel of the first message.';
comment on column contacts.assignee is 'Who takes care of it.';
comment on column contacts.status is 'blocked, or where its conversation is: open, snoozed, closed; none before the first.';
comment on column contacts.conversation_opened_at is 'The latest opening of its conversation.';
comment on column contacts.conversation_closed_at is 'The latest closing; null while it is open.';
comment on column contacts.snoozed_until is 'While it is snoozed: until when.';
comment on column contacts.blocked_since is 'Since when it is blocked; null if it is not.';
comment on column contacts.blocked_reason is 'Why it is blocked.';
comment on column contacts.created_at is 'Since when it exists.';
comment on column contacts.first_seen is 'Its first interaction, or its creation if that is earlier.';
comment on column contacts.last_in is 'The last message from it.';
comment on column contacts.last_out is 'The last message to it.';
comment on column contacts.last_interaction is 'The last message, either way.';
comment on column contacts.last_channel is 'Channel of the last interaction.';
comment on column contacts.messages_in is 'How many messages came from it.';
comment on column contacts.messages_out is 'How many messages went to it.';
comment on column contacts.messages_suppressed is 'How many messages a block kept out of sight.';
comment on column contacts.comments is 'How many comments there are.';
comment on column contacts.absorbed is 'How many contacts are absorbed in it, at any depth.';
comment on column contacts.revision is 'Revision of its own stream.';
comment on column contacts.position is 'Position in the log of the last event that changed it, or anything absorbed in it.';

create table contact_tags (
    contact_id uuid not null,
    workspace text collate "C" not null,
    key text collate "C" not null,
    name text not null,
    primary key (contact_id, key)
);
create index on contact_tags (workspace, key);
comment on table contact_tags is 'The tags of the contacts in contacts.';
comment on column contact_tags.contact_id is 'The contact.';
comment on column contact_tags.workspace is 'Its workspace.';
comment on column contact_tags.key is 'The tag without regard to case: the same for every spelling.';
comment on column contact_tags.name is 'The tag as it is spelled.';

create table contact_channels (
    contact_id uuid not null,
    identity_id uuid not null,
    workspace text collate "C" not null,
    channel text not null,
    external_id text,
    holder_id uuid not null,
    connected_at timestamptz not null,
    last_in timestamptz,
    last_out timestamptz,
    primary key (contact_id, identity_id)
);
create index on contact_channels (identity_id);
comment on table contact_channels is 'The channel identities of the contacts in contacts.';
comment on column contact_channels.contact_id is 'The contact that shows it.';
comment on column contact_channels.identity_id is 'The identity.';
comment on column contact_channels.workspace is 'Its workspace.';
comment on column contact_channels.channel is 'The channel.';
comment on column contact_channels.external_id is 'Its handle on the channel.';
comment on column contact_channels.holder_id is 'Who holds it: the contact itself, or one absorbed in it.';
comment on column contact_channels.connected_at is 'Since when.';
comment on column contact_channels.last_in is 'The last message from it.';
comment on column contact_channels.last_out is 'The last message to it.';

create table merges (
    contact_id uuid not null,
    merge_id uuid not null,
    workspace text collate "C" not null,
    absorbed_id uuid not null,
    primary_id uuid not null,
    merged_at timestamptz not null,
    primary key (contact_id, merge_id)
);
create index on merges (absorbed_id);
comment on table merges is 'Live merges: what is absorbed in the contacts in contacts, at any depth.';
comment on column merges.contact_id is 'The contact that shows what is absorbed.';
comment on column merges.merge_id is 'The merge.';
comment on column merges.workspace is 'Its workspace.';
comment on column merges.absorbed_id is 'Who is absorbed.';
comment on column merges.primary_id is 'Into whom directly: the contact itself, or one absorbed in it.';
comment on column merges.merged_at is 'Since when.';

-- A role for analysts, which sees nothing that only Dossier reads. Who may not make it is given it by somebody who may.
do $$
begin
    create role dossier_reader nologin;
exception
    when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$;
do $$
begin
    execute format('grant usage on schema %I to dossier_reader', current_schema);
    grant select on checkpoints, contacts, contact_tags, contact_channels, merges, segment_feeds, segment_feed_entries,
        mac_heads, mac_statements, mac_members to dossier_reader;
exception
    when undefined_object then null;
end
$$;

-- Whatever was stored before is made anew, with these tables.
truncate own_states, lookups, segment_feeds, segment_feed_entries;
update checkpoints set position = 0 where projection = 'contacts';
