-- A contact store as it is usually built: the present state in rows, and who changed what in a table beside it.
CREATE TABLE contacts (
    id           bigint PRIMARY KEY,
    first_name   text,
    last_name    text,
    status       text NOT NULL DEFAULT 'open',
    messages_in  bigint NOT NULL DEFAULT 0,
    last_in      timestamptz,
    last_text    text
);

CREATE TABLE messages (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id   bigint NOT NULL REFERENCES contacts (id),
    channel      text NOT NULL,
    message_id   uuid NOT NULL,
    body         text NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (channel, message_id)
);

CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    before     jsonb,
    after      jsonb
);

CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit (contact_id, before, after) VALUES (new.id, to_jsonb(old), to_jsonb(new));
    RETURN new;
END $$;

CREATE TRIGGER audited AFTER UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION write_audit();

INSERT INTO contacts (id, first_name) SELECT id, 'Sender' || id FROM generate_series(1, :contacts) AS id;
VACUUM ANALYZE contacts;
