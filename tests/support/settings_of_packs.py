"""A small pack whose title, formulas and rule ask for settings of every kind."""

from __future__ import annotations

from xrm.testing import a_pack

SETTINGS = """\
word:  {type: text, default: x, help: Ends each title.}
hot:   {type: integer, default: 70, label: {en: Hot from, pt: Quente desde}}
rate:  {type: decimal, default: 12.50}
first: {type: date, default: 2020-05-31}
open:  {type: boolean, default: true}
size:  {type: choice, options: {s: {label: Small}, l: {label: Large}}, default: s}
away:  {type: calendar, default: 7 2026-12-27}
"""
LEAD = """\
title: name + settings.word
fields:
  name:   {type: text}
  points: {type: integer}
  on:     {type: date}
  hot:    {type: formula, result: boolean, formula: points >= settings.hot}
  told:   {type: formula, result: text, formula: '"hot" if hot else "small" if settings.size == "s" else "large"'}
  share:  {type: formula, result: decimal, formula: points * settings.rate}
  due:
    {type: formula, result: date, formula: "add_business_days(on, 2, settings.away if hot else settings.business_days)"}
rules: {after: {must: on == empty or on >= settings.first, message: Too early.}}
"""
PACK = a_pack("sales", {"settings.yaml": SETTINGS}, lead=LEAD)
