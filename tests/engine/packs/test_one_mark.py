"""What was read is what is carried out: one hash covers tables, seeds, scenarios, answers and what goes."""

from __future__ import annotations

import pytest

from xrm.engine.packs import Revision, laying
from xrm.errors import PlanRefused
from xrm.metadata.customising import from_documents
from xrm.testing import a_pack, pack_from

TOOL = "title: name\nfields: {name: {type: text, required: true}}\n"
READ = {
    "seed/base.yaml": "records:\n- {ref: a, entity: tool, values: {name: Saw}}\n",
    "scenarios/made.yaml": "scenario: Made\nthen: [{count: tool, is: 1}]\n",
}
OTHERWISE = {
    "seed/base.yaml": "records:\n- {ref: a, entity: tool, values: {name: Axe}}\n",
    "scenarios/made.yaml": "scenario: Still made\nthen: [{count: tool, is: 1}]\n",
}


def yard(version, files):
    return pack_from(a_pack("yard", files, version=version, tool=TOOL))


@pytest.mark.parametrize("path", OTHERWISE)
def test_a_pack_whose_other_files_were_exchanged_after_they_were_read_is_refused(make, look, path):
    runtime = make([a_pack("yard", tool=TOOL)])
    seen = runtime.packs.foresee(Revision((yard("1.1.0", READ),)))
    before = look(runtime)
    exchanged = Revision((yard("1.1.0", {**READ, path: OTHERWISE[path]}),), confirmed=seen.mark)
    with pytest.raises(PlanRefused) as refused:
        runtime.packs.revise(exchanged, runtime.installer)
    assert refused.value.first.code == "S120"
    assert look(runtime) == before
    assert runtime.packs.revise(Revision((yard("1.1.0", READ),), confirmed=seen.mark), runtime.installer)


def test_what_others_changed_after_it_was_read_is_not_overwritten(make):
    """A customisation that takes the place of the one in force would take away what was read of neither."""
    runtime = make([a_pack("yard", tool=TOOL)])

    def mirrored(says, confirmed=""):
        ours = from_documents({"scenarios/ours.yaml": f"scenario: {says}\nthen: [{{count: tool, is: 0}}]\n"})
        return Revision(edit=laying(ours, mirror=True), confirmed=confirmed)

    seen = runtime.packs.foresee(mirrored("First"))
    runtime.packs.revise(mirrored("Second"), runtime.installer)
    with pytest.raises(PlanRefused) as refused:
        runtime.packs.revise(mirrored("First", seen.mark), runtime.installer)
    assert refused.value.first.code == "S120"


def test_the_hash_of_a_plan_is_the_mark_of_its_proposal(make):
    runtime = make([a_pack("yard", tool=TOOL)])
    proposal = runtime.packs.foresee(Revision((yard("1.1.0", READ),)))
    assert proposal.mark == proposal.plan.hash == runtime.packs.plan([yard("1.1.0", READ)]).hash
