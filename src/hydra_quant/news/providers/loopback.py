"""Whether a host is this computer."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address, is this computer and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
