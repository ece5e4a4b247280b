"""One statement that fills a time-and-material table from a history, on each kind of database.

It reads what `projections.time_and_material` reads: unbilled sales, and the verdicts on them. The
history is all in euro, and all of it fits under the limits: so minor units are hundredths, and no
detail of a failure is to be worded. Of the ways to write it these were the fastest: each event is
taken apart once (`jsonb_to_record`, MATERIALIZED), and not anew for each of its rows. The sequence
within an event, which it would have to sort for, it is spared.
"""

from typing import LiteralString

COLUMNS: LiteralString = (
    'item_id, position, approval_id, contract_id, line_id, customer_id, "class", "date", resource, '
    "role, category, task_id, description, quantity, unit_price, amount, tax, currency, "
    "billing_type, billing_status, nte_status, nte_detail, invoice_id, adjustment_status"
)

POSTGRESQL_SETTINGS: LiteralString = "SET work_mem = '64MB'; SET jit = off"
"""Else the planner's guesses make the statement write its hashes to disk, and compile itself."""

POSTGRESQL: LiteralString = """
INSERT INTO {target} ({columns}, sequence)
SELECT sale.item_id, event.position, work.approval_id, event.contract_id, event.line_id,
    sale.customer_id, work.transaction_class, work.date, work.resource, work.role, work.category,
    work.task_id, work.description, (sale.quantity * 1000000)::bigint,
    (work.unit_price * 1000000)::bigint, (sale.amount * 100)::bigint, (sale.tax * 100)::bigint,
    event.currency, sale.billing_type, 'not_ready', coalesce(verdict.nte_status, sale.nte_status),
    nullif(verdict.failed::text, '[]'), NULL, 'adjustable', event.position
FROM (
        SELECT notification_id AS position, data.*
        FROM {events}, jsonb_to_record(convert_from(state, 'UTF8')::jsonb->'data')
            AS data(contract_id text, line_id text, currency text, approvals jsonb)
        WHERE topic = {sales}) AS event
    CROSS JOIN jsonb_to_recordset(event.approvals) AS work(approval_id text,
        transaction_class text, date date, unit_price numeric, role text, category text,
        task_id text, resource text, description text, sales jsonb)
    CROSS JOIN jsonb_to_recordset(work.sales) AS sale(item_id text, customer_id text,
        quantity numeric, amount numeric, tax numeric, billing_type text, nte_status text)
    LEFT JOIN (
        SELECT result.*
        FROM {events}, jsonb_to_recordset(convert_from(state, 'UTF8')::jsonb->'data'->'results')
            AS result(item_id text, nte_status text, failed jsonb)
        WHERE topic = {verdicts}) AS verdict ON verdict.item_id = sale.item_id
"""

SQLITE: LiteralString = """
INSERT INTO main.{target} ({columns}, sequence)
WITH verdict AS MATERIALIZED (
        SELECT json_extract(result.value, '$.item_id') AS item_id,
            json_extract(result.value, '$.nte_status') AS nte_status,
            json_extract(result.value, '$.failed') AS failed
        FROM history.{events}, json_each(CAST(state AS TEXT), '$.data.results') AS result
        WHERE topic = :verdicts),
    event AS MATERIALIZED (
        SELECT rowid AS position, json_extract(CAST(state AS TEXT), '$.data.contract_id')
                AS contract_id,
            json_extract(CAST(state AS TEXT), '$.data.line_id') AS line_id,
            json_extract(CAST(state AS TEXT), '$.data.currency') AS currency,
            json_extract(CAST(state AS TEXT), '$.data.approvals') AS approvals
        FROM history.{events} WHERE topic = :sales)
SELECT json_extract(sale.value, '$.item_id'), event.position,
    json_extract(work.value, '$.approval_id'), event.contract_id, event.line_id,
    json_extract(sale.value, '$.customer_id'), json_extract(work.value, '$.transaction_class'),
    json_extract(work.value, '$.date'), json_extract(work.value, '$.resource'),
    json_extract(work.value, '$.role'), json_extract(work.value, '$.category'),
    json_extract(work.value, '$.task_id'), json_extract(work.value, '$.description'),
    CAST(round(json_extract(sale.value, '$.quantity') * 1000000) AS INTEGER),
    CAST(round(json_extract(work.value, '$.unit_price') * 1000000) AS INTEGER),
    CAST(round(json_extract(sale.value, '$.amount') * 100) AS INTEGER),
    CAST(round(json_extract(sale.value, '$.tax') * 100) AS INTEGER), event.currency,
    json_extract(sale.value, '$.billing_type'), 'not_ready',
    coalesce(verdict.nte_status, json_extract(sale.value, '$.nte_status')),
    nullif(verdict.failed, '[]'), NULL, 'adjustable', event.position
FROM event
    CROSS JOIN json_each(event.approvals) AS work
    CROSS JOIN json_each(work.value, '$.sales') AS sale
    LEFT JOIN verdict ON verdict.item_id = json_extract(sale.value, '$.item_id')
"""
