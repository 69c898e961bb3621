-- Custom fields: a view of each workspace that has some, with a column for each field, and an index for each field, by the
-- very expression that filters compare. Keys and names of workspaces come from outside: the server quotes them.

-- Whatever was stored before is made anew, with these tables.
truncate own_states, lookups, contacts, contact_tags, contact_channels, merges, segments, segment_members,
    segment_feeds, segment_feed_entries;
update checkpoints set position = 0 where projection = 'contacts';

create table custom_fields (
    workspace text collate "C" not null,
    key text collate "C" not null,
    type text collate "C" not null,
    number bigint not null,
    retired boolean not null,
    primary key (workspace, key)
);
comment on table custom_fields is 'The custom fields that were ever defined in each workspace.';
comment on column custom_fields.workspace is 'The workspace.';
comment on column custom_fields.key is 'By which values and filters name it.';
comment on column custom_fields.type is 'text, number, boolean, date, datetime, time, list, multi_list, email, phone or url.';
comment on column custom_fields.number is 'Its place in the order in which the fields of the workspace were defined, from 0.';
comment on column custom_fields.retired is 'Whether it was retired: no contact shows it any more.';

-- A name that begins so and ends with what it is of, or, where that is long, with a part of it and its hash. The two
-- forms are of different lengths, so no name is that of another. Postgres cuts names after 63 bytes.
create function name_of(prefix text, what text) returns text language sql immutable as $$
    select prefix || case when length(what) <= 40 then what else left(what, 28) || '_' || left(md5(what), 16) end
$$;

-- The view of a workspace.
create function view_of(of_workspace text) returns text language sql immutable as $$
    select name_of('contacts_in_', of_workspace)
$$;

-- What a column of the view shows of a field.
create function shown_of(of_key text, of_type text) returns text language sql immutable as $$
    select format(case of_type
        when 'number' then '(c.custom_compared -> %L -> ''number'')::float8'
        when 'boolean' then '(c.custom_compared -> %L -> ''boolean'')::boolean'
        when 'date' then '(c.custom_compared -> %L ->> ''date'')::date'
        when 'datetime' then '(c.custom_compared -> %L ->> ''datetime'')::timestamptz'
        when 'time' then '(c.custom_compared -> %L ->> ''time'')::time'
        when 'multi_list' then
            '(select array_agg(o) from jsonb_array_elements_text(c.custom_compared -> %L -> ''multi_list'') as o)'
        else '(c.custom_compared -> %L ->> ''exact'')'
    end, of_key)
$$;

-- The index of a field: its method and its expression. A value that was stored before its field was defined may be of any
-- length, and an index in order takes only short ones: text is found by its hash.
create function index_of(of_key text, of_type text) returns text language sql immutable as $$
    select case
        when of_type in ('text', 'email', 'url') then
            format('hash (((custom_compared -> %L ->> ''folded'') collate "C"))', of_key)
        when of_type in ('phone', 'list') then
            format('hash (((custom_compared -> %L ->> ''exact'') collate "C"))', of_key)
        when of_type = 'number' then format('btree (((custom_compared -> %L -> ''number'')::float8))', of_key)
        when of_type = 'boolean' then format('btree (((custom_compared -> %L -> ''boolean'')::boolean))', of_key)
        when of_type = 'multi_list' then format('gin ((custom_compared -> %L -> ''multi_list''))', of_key)
        else format('btree (((custom_compared -> %L ->> %L) collate "C"))', of_key, of_type)
    end
$$;

create function field_index(of_workspace text, of_key text) returns text language sql immutable as $$
    select 'contacts_custom_' || md5(of_workspace || '/' || of_key)
$$;

-- Makes the view of a workspace anew. Where others have built on it, and it can't lose a column, it stays as it is.
create function show_fields(of_workspace text) returns void language plpgsql as $$
declare
    named constant text := view_of(of_workspace);
    shown text;
    told record;
begin
    select string_agg(line, ', ' order by of_field, place) into shown from (
        select false as of_field, attnum::bigint as place, format('c.%I', attname) as line from pg_attribute
        where attrelid = 'contacts'::regclass and attnum > 0 and not attisdropped
            and attname !~ '^custom|_folded$|^searched'
        union all
        select true, number, format('%s as %I', shown_of(key, type), name_of('custom_', key)) from custom_fields
        where workspace = of_workspace and not retired
    ) as lines;
    shown := format('view %I as select %s from contacts as c where c.workspace = %L', named, shown, of_workspace);
    begin
        execute 'create or replace ' || shown;
    exception
        when invalid_table_definition then
            begin
                execute format('drop view %I', named);
            exception
                when dependent_objects_still_exist then return;
            end;
            execute 'create ' || shown;
    end;
    execute format('comment on view %I is %L', named, 'The contacts of the workspace ' || of_workspace
        || ', one row each, with a column for each custom field.');
    for told in
        select attname as col, col_description('contacts'::regclass, attnum) as words from pg_attribute
        where attrelid = 'contacts'::regclass and attnum > 0 and not attisdropped
            and attname !~ '^custom|_folded$|^searched'
        union all
        select name_of('custom_', key), 'The custom field ' || key || ', of type ' || type || '.' from custom_fields
        where workspace = of_workspace and not retired
    loop
        execute format('comment on column %I.%I is %L', named, told.col, told.words);
    end loop;
    begin
        execute format('grant select on %I to dossier_reader', named);
    exception
        when undefined_object then null;
    end;
end
$$;

create function define_field(of_workspace text, of_key text, of_type text) returns void language plpgsql as $$
begin
    insert into custom_fields (workspace, key, type, number, retired)
    values (of_workspace, of_key, of_type,
        (select count(*) from custom_fields where workspace = of_workspace), false)
    on conflict do nothing;
    execute format('create index if not exists %I on contacts using %s where workspace = %L and (custom_compared -> %L) is not null',
        field_index(of_workspace, of_key), index_of(of_key, of_type), of_workspace, of_key);
    perform show_fields(of_workspace);
end
$$;

create function retire_field(of_workspace text, of_key text) returns void language plpgsql as $$
begin
    update custom_fields set retired = true where workspace = of_workspace and key = of_key;
    execute format('drop index if exists %I', field_index(of_workspace, of_key));
    perform show_fields(of_workspace);
end
$$;

do $$
begin
    grant select on custom_fields to dossier_reader;
exception
    when undefined_object then null;
end
$$;
