-- The keyring of Dossier: without these rows nothing that is sealed can be read. It lies in a schema or a database of its
-- own, and never in one backup with the log or the read models.

create table master (
    one boolean primary key default true check (one),
    generation integer not null,
    proof bytea not null
);
comment on table master is 'The master key in use, as far as the database may know it; one row.';
comment on column master.one is 'Always true: there is one row.';
comment on column master.generation is 'How often the master key was changed.';
comment on column master.proof is 'A known text sealed with the master key: by it the key is known again.';

create table destructions (
    one boolean primary key default true check (one),
    number bigint not null
);
comment on table destructions is 'How many keys were destroyed; one row. Whoever destroys one changes it first, so that numbers are committed in order.';
comment on column destructions.one is 'Always true: there is one row.';
comment on column destructions.number is 'The number of the last destruction.';
insert into destructions (number) values (0);

create table keys (
    holder uuid primary key,
    wrapped bytea,
    destroyed bigint,
    check ((wrapped is null) = (destroyed is not null))
);
alter table keys alter column wrapped set storage plain;
create index on keys (destroyed) where destroyed is not null;
comment on table keys is 'One key a contact or workspace. A row is never removed: who was erased gets no key again.';
comment on column keys.holder is 'Whose key: the id of a contact, or one derived from a workspace.';
comment on column keys.wrapped is 'The key under the master key: 4 bytes generation, 12 nonce, 32 ciphertext, 16 tag; null once destroyed.';
comment on column keys.destroyed is 'The number of its destruction; null while it lives.';
