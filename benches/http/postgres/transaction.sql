-- One inbound message, as one transaction.
\set contact random(1, :contacts)
BEGIN;
INSERT INTO messages (contact_id, channel, message_id, body)
    VALUES (:contact, 'whatsapp', gen_random_uuid(), 'Good morning, is the blue one still there, and may I come and look at it on Friday?');
UPDATE contacts SET messages_in = messages_in + 1, last_in = now(), last_text = 'Good morning' WHERE id = :contact;
COMMIT;
