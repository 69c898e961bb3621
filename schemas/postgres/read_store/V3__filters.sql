-- What filters, searches and sorts compare by, written with what contacts show. Text lies byte by byte, so that its order is that
-- of its code points in every database.

-- Whatever was stored before is made anew, with these columns.
truncate own_states, lookups, contacts, contact_tags, contact_channels, merges, segments, segment_members,
    segment_feeds, segment_feed_entries;
update checkpoints set position = 0 where projection = 'contacts';

alter table contacts
    add column conversation_status text not null check (conversation_status in ('open', 'snoozed', 'closed', 'none')),
    add column custom_compared jsonb not null,
    add column display_name_folded text collate "C" not null,
    add column first_name_folded text collate "C",
    add column last_name_folded text collate "C",
    add column email_folded text collate "C",
    add column company_folded text collate "C",
    add column assignee_folded text collate "C",
    add column searched text collate "C" not null,
    add column searched_digits text collate "C";
-- By what people look somebody up, and by name in order. These columns change seldom, and messages change none of them: an
-- index of what each message moves would be written with each.
create index on contacts (workspace, email_folded);
create index on contacts (workspace, phone);
create index on contacts (workspace, display_name_folded, contact_id);
comment on column contacts.conversation_status is 'Where its conversation is, blocked or not: open, snoozed, closed; none before the first.';
comment on column contacts.custom_compared is 'Values of custom fields by their keys, and by what they are to fields of each type that they fit: folded (text, email, url), exact (phone, list), number, boolean, date, datetime (in UTC, to the microsecond), time, multi_list (sorted). What is searched of them besides: digits (of what is written like a phone number), number_written, datetime_written, multi_list_folded, multi_list_digits.';
comment on column contacts.display_name_folded is 'display_name without regard to case, for comparing.';
comment on column contacts.first_name_folded is 'first_name without regard to case.';
comment on column contacts.last_name_folded is 'last_name without regard to case.';
comment on column contacts.email_folded is 'email without regard to case.';
comment on column contacts.company_folded is 'company without regard to case.';
comment on column contacts.assignee_folded is 'assignee without regard to case.';
comment on column contacts.searched is 'All that is searched but custom fields, without regard to case: names, emails, phones, company, tags and handles, with the character 1 between them.';
comment on column contacts.searched_digits is 'The digits of those of them that are written like a phone number.';
