"""SQL that fills a time-and-material table, its texts to search and its totals, from a history.

It reads what `projections.projecting.time_and_material` reads: unbilled sales, and the verdicts on
them. The history is all in euro, and all of it fits under the limits: so minor units are
hundredths, and no detail of a failure is to be worded. Of the ways to write it these were the
fastest: each event is taken apart once (`jsonb_to_record`, MATERIALIZED), and not anew for each of
its rows. The sequence within an event, which it would have to sort for, it is spared. It numbers
shared texts in a way of its own, and leaves in their keys what a service has to spell.
"""

from typing import LiteralString

COLUMNS: LiteralString = (
    'item_id, position, approval_id, contract_id, line_id, customer_id, "class", "date", resource, '
    "role, category, task_id, description, quantity, unit_price, amount, tax, currency, "
    "billing_type, billing_status, nte_status, nte_detail, invoice_id, adjustment_status"
)

TOTALS_COLUMNS: LiteralString = (
    'contract_id, line_id, customer_id, month, billing_status, "class", billing_type, nte_status, '
    "failed_levels, adjustment_status, currency, count, amount_high, amount_low, tax_high, tax_low"
)

POSTGRESQL_SETTINGS: LiteralString = "SET work_mem = '64MB'; SET jit = off"
"""Else the planner's guesses make the statement write its hashes to disk, and compile itself."""

TEXT_COLUMNS: LiteralString = "length(text), length(approval_ids)"
"""Not the texts themselves: SQLite folds ASCII alone, and nobody says the order of ids."""

DIFFERENCES: LiteralString = (
    "SELECT (SELECT count(*) FROM {ours}), "
    "(SELECT count(*) FROM (SELECT {columns} FROM {ours} EXCEPT "
    "SELECT {columns} FROM {theirs}) AS a), "
    "(SELECT count(*) FROM (SELECT {columns} FROM {theirs} EXCEPT "
    "SELECT {columns} FROM {ours}) AS b)"
)
"""Rows of ours, and those that only one of two tables has."""

_TOTALS: LiteralString = """
INSERT INTO {totals} ({totals_columns})
WITH kind AS MATERIALIZED (
        SELECT contract_id, line_id, customer_id, {month} AS month, billing_status, "class",
            billing_type, nte_status, adjustment_status, currency, count(*) AS count,
            CAST(sum(amount) AS bigint) AS amount, CAST(sum(tax) AS bigint) AS tax
        FROM {target} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    total AS (
        SELECT contract_id, line_id, customer_id, '' AS month, billing_status, "class",
            billing_type, nte_status, adjustment_status, currency, sum(count) AS count,
            CAST(sum(amount) AS bigint) AS amount, CAST(sum(tax) AS bigint) AS tax
        FROM kind GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        UNION ALL
        SELECT '', '', '', month, billing_status, "class",
            billing_type, nte_status, adjustment_status, currency, sum(count),
            CAST(sum(amount) AS bigint), CAST(sum(tax) AS bigint)
        FROM kind GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
SELECT contract_id, line_id, customer_id, month, billing_status, "class", billing_type, nte_status,
    '', adjustment_status, currency, count, amount / 1000000, amount % 1000000, tax / 1000000,
    tax % 1000000
FROM total
"""
"""Of the rows that were just written, each once by contract, line and customer and once by month;
no item has failed."""

POSTGRESQL: tuple[LiteralString, ...] = (
    """
WITH event AS MATERIALIZED (
        SELECT notification_id AS position, data.*
        FROM {events}, jsonb_to_record(convert_from(state, 'UTF8')::jsonb->'data')
            AS data(contract_id text, line_id text, currency text, approvals jsonb)
        WHERE topic = {sales}),
    work AS MATERIALIZED (
        SELECT event.position, event.contract_id, event.line_id, event.currency, work.*,
            lower(concat_ws(E'\\x1f', work.description, work.resource, work.role, work.category,
                work.task_id)) AS text
        FROM event CROSS JOIN jsonb_to_recordset(event.approvals) AS work(approval_id text,
            transaction_class text, date date, unit_price numeric, role text, category text,
            task_id text, resource text, description text, sales jsonb)),
    texts AS (
        INSERT INTO {texts} (text_id, text, key, approval_ids)
        SELECT text_id, text, translate(text, E' -\\x1f', 'qqq') || 'qq', approval_ids
        FROM (
            SELECT DISTINCT abs(hashtextextended(text, 0)), text, NULL FROM work
            UNION ALL
            SELECT -(date - '0001-01-01'::date + 1::bigint << 41) - position,
                lower(string_agg(approval_id, E'\\x1f')), string_agg(approval_id, E'\\x1f')
            FROM work GROUP BY position, date) AS found (text_id, text, approval_ids))
INSERT INTO {target} ({columns}, sequence, text_id)
SELECT sale.item_id, work.position, work.approval_id, work.contract_id, work.line_id,
    sale.customer_id, work.transaction_class, work.date, work.resource, work.role, work.category,
    work.task_id, work.description, (sale.quantity * 1000000)::bigint,
    (work.unit_price * 1000000)::bigint, (sale.amount * 100)::bigint, (sale.tax * 100)::bigint,
    work.currency, sale.billing_type, 'not_ready', coalesce(verdict.nte_status, sale.nte_status),
    nullif(verdict.failed::text, '[]'), NULL, 'adjustable', work.position,
    abs(hashtextextended(work.text, 0))
FROM work
    CROSS JOIN jsonb_to_recordset(work.sales) AS sale(item_id text, customer_id text,
        quantity numeric, amount numeric, tax numeric, billing_type text, nte_status text)
    LEFT JOIN (
        SELECT result.*
        FROM {events}, jsonb_to_recordset(convert_from(state, 'UTF8')::jsonb->'data'->'results')
            AS result(item_id text, nte_status text, failed jsonb)
        WHERE topic = {verdicts}) AS verdict ON verdict.item_id = sale.item_id
""",
    _TOTALS.replace("{month}", "to_char(date, 'YYYY-MM')"),
)

SQLITE: tuple[LiteralString, ...] = (
    "PRAGMA temp_store=MEMORY",
    """
CREATE TEMP TABLE work AS
WITH event AS MATERIALIZED (
        SELECT rowid AS position, json_extract(CAST(state AS TEXT), '$.data.contract_id')
                AS contract_id,
            json_extract(CAST(state AS TEXT), '$.data.line_id') AS line_id,
            json_extract(CAST(state AS TEXT), '$.data.currency') AS currency,
            json_extract(CAST(state AS TEXT), '$.data.approvals') AS approvals
        FROM history.{events} WHERE topic = '{sales}'),
    work AS MATERIALIZED (
        SELECT position, contract_id, line_id, currency,
            json_extract(value, '$.approval_id') AS approval_id,
            json_extract(value, '$.transaction_class') AS class,
            json_extract(value, '$.date') AS date,
            json_extract(value, '$.resource') AS resource,
            json_extract(value, '$.role') AS role,
            json_extract(value, '$.category') AS category,
            json_extract(value, '$.task_id') AS task_id,
            json_extract(value, '$.description') AS description,
            json_extract(value, '$.unit_price') AS unit_price,
            json_extract(value, '$.sales') AS sales
        FROM event CROSS JOIN json_each(event.approvals))
SELECT *, lower(substr(coalesce(char(31) || description, '') || coalesce(char(31) || resource, '')
    || coalesce(char(31) || role, '') || coalesce(char(31) || category, '')
    || coalesce(char(31) || task_id, ''), 2)) AS text
FROM work
""",
    "CREATE TEMP TABLE said (text_id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    "INSERT INTO said (text) SELECT DISTINCT text FROM work",
    """
INSERT INTO main.search_texts (text_id, text, key, approval_ids)
SELECT text_id, text, replace(replace(replace(text, ' ', 'q'), '-', 'q'), char(31), 'q') || 'qq',
    approval_ids
FROM (
    SELECT text_id, text, NULL AS approval_ids FROM said
    UNION ALL
    SELECT -(CAST(julianday(date) - 1721424.5 AS INTEGER) << 41) - position,
        lower(group_concat(approval_id, char(31))), group_concat(approval_id, char(31))
    FROM work GROUP BY position, date)
""",
    """
INSERT INTO main.{target} ({columns}, sequence, text_id)
WITH verdict AS MATERIALIZED (
        SELECT json_extract(result.value, '$.item_id') AS item_id,
            json_extract(result.value, '$.nte_status') AS nte_status,
            json_extract(result.value, '$.failed') AS failed
        FROM history.{events}, json_each(CAST(state AS TEXT), '$.data.results') AS result
        WHERE topic = '{verdicts}')
SELECT json_extract(sale.value, '$.item_id'), work.position, work.approval_id, work.contract_id,
    work.line_id, json_extract(sale.value, '$.customer_id'), work.class, work.date, work.resource,
    work.role, work.category, work.task_id, work.description,
    CAST(round(json_extract(sale.value, '$.quantity') * 1000000) AS INTEGER),
    CAST(round(work.unit_price * 1000000) AS INTEGER),
    CAST(round(json_extract(sale.value, '$.amount') * 100) AS INTEGER),
    CAST(round(json_extract(sale.value, '$.tax') * 100) AS INTEGER), work.currency,
    json_extract(sale.value, '$.billing_type'), 'not_ready',
    coalesce(verdict.nte_status, json_extract(sale.value, '$.nte_status')),
    nullif(verdict.failed, '[]'), NULL, 'adjustable', work.position, said.text_id
FROM work
    CROSS JOIN json_each(work.sales) AS sale
    LEFT JOIN said ON said.text = work.text
    LEFT JOIN verdict ON verdict.item_id = json_extract(sale.value, '$.item_id')
""",
    _TOTALS.replace("{month}", "substr(date, 1, 7)"),
)
