"""Whoever asks with an address that nobody has learns nothing from the time that the answer takes."""

from time import process_time

from xrm.engine.identity.passwords import Passwords

MEMORY = 65536


def test_a_password_of_nobody_is_never_right_and_takes_as_long_to_check():
    passwords = Passwords(MEMORY)
    kept = passwords.hash("four words of mine")
    assert passwords.is_right(kept, "four words of mine")
    assert not passwords.is_right(None, "four words of mine")
    known, unknown = (min(spent(passwords, text) for _ in range(3)) for text in (kept, None))
    assert 0.5 < unknown / known < 2


def test_a_process_that_checks_no_password_hashes_none():
    began = process_time()
    passwords = Passwords(MEMORY)
    made = process_time() - began
    assert made < spent(passwords, None) / 10


def spent(passwords: Passwords, kept: str | None) -> float:
    """The processor time of one refusal."""
    began = process_time()
    assert not passwords.is_right(kept, "other words of yours")
    return process_time() - began
