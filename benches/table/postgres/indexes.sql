-- After the rows, as one loads a table.
CREATE EXTENSION pg_trgm;
SET maintenance_work_mem = '512MB';
ALTER TABLE contacts ADD PRIMARY KEY (id);
CREATE INDEX ON contacts (last_interaction DESC NULLS LAST, id);
CREATE INDEX ON contacts (country, last_interaction DESC NULLS LAST);
CREATE INDEX ON contacts (status, last_interaction DESC NULLS LAST);
CREATE INDEX ON contacts (assignee, status);
CREATE INDEX ON contacts (last_in);
CREATE INDEX ON contacts (last_message);
CREATE INDEX ON contacts (created_at);
CREATE INDEX ON contacts (last_name_folded, id);
CREATE INDEX ON contacts (((custom->>'score')::float8) DESC NULLS LAST, id);
CREATE INDEX ON contacts ((custom->>'plan'));
CREATE INDEX ON contacts ((custom->>'renewal'));
CREATE INDEX ON contacts USING gin (tags);
CREATE INDEX ON contacts USING gin (search gin_trgm_ops);
CREATE INDEX ON contacts USING gin (company_folded gin_trgm_ops);
VACUUM ANALYZE contacts;
