"""What people call functions in spreadsheets, databases and other CRM systems, and what to write here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_EMPTY = "x == empty"
_FIRST = "first_of(a, b)"
_CHOICE = "x if condition else y"
_WORKING = "business_days_between(from, to), which does not count the first day"

HABITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # logic
        "and": "a and b",
        "or": "a or b",
        "not": "not a",
        "if": _CHOICE,
        "iif": _CHOICE,
        "ifs": "a if condition else b if other else c",
        "case": "switch(value, case, result, otherwise)",
        "choose": "switch(value, 1, first, 2, second)",
        "decode": "switch(value, case, result, otherwise)",
        "coalesce": _FIRST,
        "ifnull": _FIRST,
        "nvl": _FIRST,
        "iferror": "first_of(a, b): what cannot be calculated is empty",
        "blankvalue": _FIRST,
        "nullvalue": _FIRST,
        "blank": "empty",
        "isnull": _EMPTY,
        "isempty": _EMPTY,
        "is_empty": _EMPTY,
        "isblank": _EMPTY,
        "is_blank": _EMPTY,
        "exists": "any(many, condition)",
        "ischanged": "changed(name)",
        "priorvalue": "old.name",
        "ispickval": 'stage == "won"',
        "includes": '"x" in field',
        # text
        "concat": "a + b",
        "concatenate": "a + b",
        "textjoin": "join(separator, a, b)",
        "concat_ws": "join(separator, a, b)",
        "len": "length(text)",
        "lcase": "lower(text)",
        "ucase": "upper(text)",
        "tolower": "lower(text)",
        "toupper": "upper(text)",
        "proper": "upper(left(text, 1)) + mid(text, 2, length(text)); which words take capitals is no rule",
        "initcap": "upper(left(text, 1)) + mid(text, 2, length(text)); which words take capitals is no rule",
        "substitute": "replace(text, part, other)",
        "find": "position(text, part), or contains(text, part), which ignores case",
        "search": "contains(text, part), which ignores case, or position(text, part)",
        "instr": "position(text, part)",
        "indexof": "position(text, part)",
        "begins": "starts_with(text, start)",
        "startswith": "starts_with(text, start)",
        "endswith": "ends_with(text, end)",
        "exact": "a == b",
        "rept": "repeat(text, count)",
        "lpad": "pad_left(text, width, fill)",
        "rpad": "pad_right(text, width, fill)",
        "substring": "mid(text, start, count)",
        "substr": "mid(text, start, count)",
        "split": "split_part(text, separator, number)",
        "value": "number(text)",
        "isnumber": "number(text) != empty",
        "clean": "trim(text)",
        "strip": "trim(text)",
        # numbers
        "ceil": "ceiling(number)",
        "int": "floor(number)",
        "trunc": "round_down(number)",
        "truncate": "round_down(number)",
        "roundup": "round_up(number, places)",
        "rounddown": "round_down(number, places)",
        "mround": "round(number / step) * step",
        "quotient": "(a - mod(a, b)) / b",
        "pow": "power(number, exponent)",
        "average": "avg(many, value)",
        "sumif": "sum(many, value, condition)",
        "sumifs": "sum(many, value, condition)",
        "countif": "count(many, condition)",
        "countifs": "count(many, condition)",
        "averageif": "avg(many, value, condition)",
        "minifs": "min(many, value, condition)",
        "maxifs": "max(many, value, condition)",
        "vlookup": "the path along the relationship: account.country",
        "xlookup": "the path along the relationship: account.country",
        "lookup": "the path along the relationship: account.country",
        # dates
        "datevalue": 'the date in quotes: "2026-01-31"',
        "todate": 'the date in quotes: "2026-01-31"',
        "date_diff": "days_between(from, to)",
        "datediff": "days_between(from, to)",
        "datetime_diff": "days_between(from, to), months_between(from, to) or years_between(from, to)",
        "datedif": "days_between(from, to), months_between(from, to) or years_between(from, to)",
        "days": "days_between(from, to), or in_days(duration)",
        "days360": "days_between(from, to)",
        "yearfrac": "years_between(from, to)",
        "age": "years_between(born_on, today())",
        "dateadd": "add_days(date, count), add_months(date, count) or add_years(date, count)",
        "date_add": "add_days(date, count), add_months(date, count) or add_years(date, count)",
        "addmonths": "add_months(date, count)",
        "edate": "add_months(date, count)",
        "eomonth": "end_of_month(add_months(date, count))",
        "networkdays": _WORKING,
        "workday_diff": _WORKING,
        "workday": "add_business_days(date, count)",
        "weeknum": "week(date)",
        "isoweeknum": "week(date)",
        "weekofyear": "week(date)",
        "datetime_format": "date_text(date, pattern)",
        "format": "fixed(number, places) or date_text(date, pattern)",
        "dollar": "fixed(number, places)",
        "hours": "hour(instant), or in_hours(duration)",
        "minutes": "minute(instant), or in_minutes(duration)",
    }
)

_ROUNDED = "Python, the databases and browsers each round it in another way."
_LANGUAGE = "Expressions know no language; lists and forms show dates in the reader's."
_WRITTEN = "Write contains(text, part), starts_with(text, start) or ends_with(text, end)."

# What is not here, and why.
ABSENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("exp", "ln", "log", "log10", "sin", "cos", "tan", "stdev"), _ROUNDED),
        **dict.fromkeys(("pmt", "npv", "irr", "fv", "pv"), _ROUNDED),
        **dict.fromkeys(("monthname", "dayname"), _LANGUAGE),
        **dict.fromkeys(("regex", "regexmatch", "regex_match", "regexextract", "regexreplace"), _WRITTEN),
        **dict.fromkeys(
            ("rand", "randbetween", "random"), "An expression has one answer each time it is asked."
        ),
    }
)
