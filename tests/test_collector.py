"""The collector is quiet where that was asked for, and never for longer than one block."""

from __future__ import annotations

import gc
import threading

import pytest

from xrm import cli
from xrm.collector import collector_paused


def test_the_collector_is_off_inside_and_on_again_outside_however_deep() -> None:
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_refusal_turns_it_on_again() -> None:
    try:
        with collector_paused():
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert gc.isenabled()


def test_it_stays_off_when_it_was_off() -> None:
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_threads_that_take_turns_do_not_keep_it_off() -> None:
    inside, over = threading.Event(), threading.Event()

    def stay() -> None:
        with collector_paused():
            inside.set()
            over.wait(10)

    with collector_paused():
        other = threading.Thread(target=stay)
        other.start()
        assert inside.wait(10)
    assert gc.isenabled()
    over.set()
    other.join()
    assert gc.isenabled()


def test_a_process_of_the_command_line_looks_for_cycles_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    before = gc.get_threshold()
    monkeypatch.setattr("sys.argv", ["xrm", "--version"])
    try:
        with pytest.raises(SystemExit):
            cli.main()
        assert gc.get_threshold()[0] > 10 * 700
    finally:
        gc.set_threshold(*before)


def test_whoever_calls_a_verb_inside_of_a_process_keeps_its_own_pace() -> None:
    before = gc.get_threshold()
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert gc.get_threshold() == before
