"""Switching a pack off and on is a plan like others: it tells whose views lose something, and is tried first."""

from __future__ import annotations

import pytest

from tests.engine.packs.test_tried import PART, install, lite, parts
from xrm.engine.packs import Revision
from xrm.engine.views import ALL, Asked, Wanted
from xrm.errors import MetadataInvalid
from xrm.testing import a_pack, admin_actor, pack_from

__all__ = ["lite"]

CAR = "title: name\nfields: {name: {type: text}, size: {type: integer}}\n"
MADE = "scenario: A car is made\nthen:\n  - {create: car, name: c, values: {name: Beetle}}\n"
SIZED = "rules: {sized: {must: size != empty, message: Say the size.}}\n"


def cars():
    files = {
        "scenarios/made.yaml": MADE,
        "extend/part.yaml": "fields: {fits: {type: text}}\nrelationships: {car: {to: car, inverse: parts}}\n",
    }
    pack = a_pack("cars", files, car=CAR)
    return {**pack, "pack.yaml": pack["pack.yaml"] + "requires: {parts: '>=1.0'}\n"}


def plan(runtime, *, on):
    return runtime.packs.foresee(runtime.switches.revision(runtime.installer, "cars", on=on))


def switch(runtime, *, on):
    return runtime.packs.revise(
        runtime.switches.revision(runtime.installer, "cars", on=on), runtime.installer
    )


def test_views_that_show_something_of_a_pack_are_told_before_it_is_disabled(lite):
    runtime = lite([parts(part=PART), cars()])
    ana, views = admin_actor(runtime), runtime.current().views
    views.create(ana, "part", Wanted("Fitting", Asked(fields=("name", "fits")), ALL))
    views.create(ana, "part", Wanted("Plain", Asked(fields=("name",)), ALL))
    views.create(ana, "car", Wanted("All cars", Asked(fields=("name",)), ALL))
    assert [(view.name, view.lost) for view in plan(runtime, on=False).views] == [
        ("All cars", ("car",)),
        ("Fitting", ("part.fits",)),
    ]
    switch(runtime, on=False)
    assert plan(runtime, on=True).views == ()


def test_a_change_tells_nothing_of_views_that_a_disabled_pack_has_left_without_something(lite):
    runtime = lite([parts(part=PART), cars()])
    runtime.current().views.create(
        admin_actor(runtime), "part", Wanted("Fitting", Asked(fields=("name", "fits")), ALL)
    )
    switch(runtime, on=False)
    lesser = pack_from(parts("1.1.0", part=PART.replace("  size: {type: integer}\n", "")))
    assert runtime.packs.foresee(Revision((lesser,))).views == ()


def test_a_pack_is_tried_before_it_is_enabled(lite):
    runtime = lite([parts(part=PART), cars()])
    switch(runtime, on=False)
    install(runtime, ours={"entities/car.yaml": SIZED})
    with pytest.raises(MetadataInvalid) as refused:
        switch(runtime, on=True)
    assert "The scenario cars/made" in refused.value.first.message
    assert "car" not in runtime.current().model.entities
    sized = MADE.replace("name: Beetle", "name: Beetle, size: 3")
    install(runtime, ours={"scenarios/made.yaml": sized})  # ours waits for the pack, too
    switch(runtime, on=True)
    assert "car" in runtime.current().model.entities
