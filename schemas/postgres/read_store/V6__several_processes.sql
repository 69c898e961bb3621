-- Several processes on one log: one of them at a time writes here.

create table lease (
    one boolean primary key default true check (one),
    -- A key, so that taking the lease waits for whoever has locked the row by its token, and renewing it does not.
    token bigint not null unique,
    holder uuid,
    name text,
    until timestamptz not null
);
comment on table lease is 'Which process of Dossier writes the read models; one row.';
comment on column lease.one is 'Always true: there is one row.';
comment on column lease.token is 'Rises whenever another process takes the lease, or the same one anew; what is written under an earlier one is refused.';
comment on column lease.holder is 'The process that took it last; null before the first.';
comment on column lease.name is 'The same in words: its machine and its number there.';
comment on column lease.until is 'When it runs out unless it is renewed, by the clock of this server.';
insert into lease (token, until) values (0, '-infinity');

-- Snoozes end by time, whichever process they were made by. An update of other columns needs no new entry here.
create index on contacts (snoozed_until) where snoozed_until is not null;
