"""Who really asks, when proxies that we trust stand in between; nobody else is believed."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network


class TrustedProxies:
    """Finds the address of the caller behind the proxies that the settings name."""

    def __init__(self, proxies: Sequence[str]) -> None:
        self._networks = [ip_network(p) for p in proxies]

    def caller(self, peer: str, forwarded: str) -> str:
        """The last address, coming from us, that is not a trusted proxy's."""
        if not self._networks or not forwarded:
            return peer
        hops = [peer, *reversed([hop.strip() for hop in forwarded.split(",") if hop.strip()])]
        for hop, beyond in zip(hops, [*hops[1:], ""], strict=True):
            if not beyond or not self._is_trusted(hop):
                return hop
        return peer

    def _is_trusted(self, address: str) -> bool:
        try:
            known = ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._networks)
