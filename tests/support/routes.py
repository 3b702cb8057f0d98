"""What addresses were compiled to, kept for all applications of a test process: each has the same two hundred."""

from __future__ import annotations

from xrm.app import LateRule

_kept: dict[tuple[object, ...], tuple[object, ...]] = {}
_compiled = LateRule.compile


def share() -> None:
    """From now on all applications of this process share what their rules of addresses were compiled to."""
    LateRule.compile = _compile


def _compile(rule: LateRule) -> None:
    key = rule.rule, rule.subdomain, rule.host, rule.merge_slashes, rule.strict_slashes, rule.is_leaf
    if key not in _kept:
        _compiled(rule)
        _kept[key] = tuple(rule._parts), tuple(rule._trace), dict(rule._converters), frozenset(rule.arguments)
        return
    parts, trace, converters, arguments = _kept[key]
    rule._parts, rule._trace, rule._converters = list(parts), list(trace), dict(converters)
    rule.arguments = {*rule.arguments, *arguments}
    rule._build = rule._compile_builder(False).__get__(rule, None)
    rule._build_unknown = rule._compile_builder(True).__get__(rule, None)
