"""Forwarded addresses count only when a trusted proxy brings them."""

from __future__ import annotations

import pytest

from xrm.api.proxies import TrustedProxies

CASES = {
    "no proxy": ((), "1.2.3.4", "", "1.2.3.4"),
    "a header nobody vouches for": ((), "1.2.3.4", "9.9.9.9", "1.2.3.4"),
    "a stranger's header": (("10.0.0.0/8",), "1.2.3.4", "9.9.9.9", "1.2.3.4"),
    "a trusted proxy": (("10.0.0.0/8",), "10.1.1.1", "9.9.9.9", "9.9.9.9"),
    "a lie before the trusted proxy": (("10.0.0.0/8",), "10.1.1.1", "8.8.8.8, 9.9.9.9", "9.9.9.9"),
    "two trusted proxies": (("10.0.0.0/8",), "10.1.1.1", "9.9.9.9, 10.2.2.2", "9.9.9.9"),
    "only trusted proxies": (("10.0.0.0/8",), "10.1.1.1", "10.3.3.3", "10.3.3.3"),
    "a trusted proxy without header": (("10.0.0.0/8",), "10.1.1.1", "", "10.1.1.1"),
    "IPv6": (("::1/128",), "::1", "2001:db8::1", "2001:db8::1"),
    "no address": (("10.0.0.0/8",), "", "9.9.9.9", ""),
}


@pytest.mark.parametrize(("proxies", "peer", "forwarded", "caller"), CASES.values(), ids=CASES)
def test_the_caller_is_whoever_stands_before_the_trusted_proxies(proxies, peer, forwarded, caller):
    assert TrustedProxies(proxies).caller(peer, forwarded) == caller
