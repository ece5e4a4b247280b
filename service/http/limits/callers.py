"""Whom a call is counted for: whoever its token is of, or where it comes from."""

from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

from service.access.principals import Principal

SUBNET = 64
"""Bits of an address of IPv6 that a household or a machine has to itself."""


def bearer_of(principal: Principal) -> str:
    """Who calls, as a good token says: all tokens of one name, of one tenant, are one caller."""
    return f"bearer {principal.tenant} {principal.name}"


def address_of(scope: Scope) -> str:
    """Where a call comes from: all that is known of it before its token is looked at.

    Behind a proxy that is believed, that is the address of whoever called the proxy. The addresses
    of one network of IPv6 are one caller.
    """
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return f"address {host}"
    if isinstance(address, IPv6Address):
        return f"network {int(address) >> (128 - SUBNET):x}"
    return f"address {host}"
