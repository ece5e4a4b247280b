"""Whom a call is counted for, before anything of it is done."""

from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

SUBNET = 64
"""Bits of an address of IPv6 that a household or a machine has to itself."""


def caller_of(scope: Scope) -> str:
    """Who calls: the address of the client; who it says to be is looked at later, and costs more.

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
