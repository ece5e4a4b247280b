"""The scopes of the API: what a bearer may do."""

from enum import StrEnum


class Scope(StrEnum):
    """What a token lets its bearer do; each route asks for one."""

    APPROVALS_WRITE = "approvals:write"
    CONTRACTS_WRITE = "contracts:write"
    BACKLOG_READ = "backlog:read"
    BACKLOG_WRITE = "backlog:write"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"
    INVOICES_APPROVE = "invoices:approve"
    INVOICES_CONFIRM = "invoices:confirm"
    AUDIT_READ = "audit:read"
    OPERATIONS = "operations"
