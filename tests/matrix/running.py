"""One case of the matrix: a daemon with real machines is brought to the point, fails there as told, and is judged when it has settled."""

from __future__ import annotations

import re
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cpe.shell.infrastructures.local.refusals import UnavailableError
from pcloud.failpoints import VARIABLE
from pcloud.replay.report import Comparison
from tests.agents.processes import kill_marked, marked
from tests.matrix.forking import ForkedDaemon, Forkery
from tests.matrix.judging import Before, outcome, problems
from tests.matrix.recoveries import ALL, NAME, Recovery, ask, prepare
from tests.system.running import until

REACHED = re.compile(r"pcloud\.failpoints: failpoint point='([a-z_.]+)'")
SETTLED = 120.0  # seconds for what takes five, on a machine that does much else
PATIENT = 6  # times ten seconds, which a killed process has at the most
STOPPED = 8.0  # seconds: more than the silence of the specs
TWICE = 0.4  # seconds between the two looks that must find it well
LOOK = 0.3  # seconds: each look costs the daemon and us some milliseconds, and many trials share the machine


@dataclass(frozen=True)
class Case:
    """``act`` at ``point`` in the course of ``recovery``; an empty point for none."""

    recovery: str
    point: str = ""
    act: str = ""

    def __str__(self) -> str:
        return f"{self.recovery} {self.point}={self.act}" if self.point else f"{self.recovery} undisturbed"


@dataclass
class Result:
    """What became of a case."""

    case: Case
    end: str = ""
    problems: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    seconds: float = 0.0
    story: str = ""


class Trial:
    """A case under way, with its daemon in ``directory``."""

    def __init__(self, case: Case, directory: Path, forkery: Forkery) -> None:
        self.case = case
        self.recovery: Recovery = ALL[case.recovery]
        self.daemon = ForkedDaemon(directory, forkery)
        self.daemon.pause = LOOK
        self.daemon.config.write_text("crash_loop_starts = 0\n")
        self.told = directory / "failpoints"
        self.told.touch()
        self.daemon.environment[VARIABLE] = f"@{self.told}"

    def run(self) -> Result:
        result, began = Result(self.case), time.monotonic()
        try:
            self._run(result)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the case's, and the others go on
            result.problems.append(f"{type(error).__name__}: {error}")
        finally:
            if result.problems and not result.story:
                result.story = self._story()
            self._clear()
            left = marked(str(self.daemon.state))
            kill_marked(str(self.daemon.state))
            result.problems += [f"left running: {command}" for command in left.values()]
            result.seconds = time.monotonic() - began
        return result

    def _run(self, result: Result) -> None:
        self.daemon.start()
        prepare(self.daemon, self.recovery)
        before, mark = Before.of(self.daemon), self.daemon.log.stat().st_size
        answered = self._set_off(mark)
        if self.case.point:
            self._until_it_failed(mark, self.case.point)
        if self.case.act == "stop":
            time.sleep(STOPPED)
            self.daemon.process.send_signal(signal.SIGCONT)
        if self.case.act == "kill":
            self._start_again(answered=answered)
        self._until_well(result, before)
        result.reached = list(dict.fromkeys(REACHED.findall(self.daemon.log.read_text()[mark:])))
        result.end = outcome(self.daemon.client.status(NAME))
        if {row.comparison for row in self.daemon.replayed(NAME).decisions} - {Comparison.SAME}:
            result.problems.append("its decisions cannot be made again from its facts")
        if self.daemon.end() != 0:
            result.problems.append("the daemon did not end well")

    def _set_off(self, mark: int) -> bool:
        """Set the recovery off and bring it to where it shall fail; whether an operator who asked was answered."""
        told = f"{self.case.point}={self.case.act}\n" if self.case.point else ""
        cut = self.recovery.cut
        self.told.write_text(f"{cut}=kill\n" if cut else told)
        answered = ask(self.daemon, self.recovery)
        if cut:
            self._until_it_failed(mark, cut)
            self.daemon.process.wait(SETTLED)
            self.recovery.between(self.daemon)
            self.told.write_text(told)
            self.daemon.process = self.daemon.spawn()  # it may not live until it answers
        return answered

    def _until_it_failed(self, mark: int, point: str) -> None:
        def failed() -> bool:
            return f"failing as told point='{point}'" in self.daemon.log.read_text()[mark:]

        until(failed, f"{point} is reached", SETTLED, LOOK)

    def _start_again(self, *, answered: bool) -> None:
        """What the system does, and an operator: the daemon is started, and what was not even heard is said again."""
        assert self.daemon.process is not None
        self.daemon.process.wait(SETTLED)
        self.told.write_text("")
        self.daemon.start()
        if not answered and self.case.point.endswith((".heard", ".decided")):  # before the first write
            assert ask(self.daemon, self.recovery), "said again, and not answered"

    def _until_well(self, result: Result, before: Before) -> None:
        """Return when it is as it must be in two looks; else what is wrong at the end stands in the result."""
        deadline, wrong = time.monotonic() + SETTLED, ["never looked at"]
        while time.monotonic() < deadline:
            wrong = problems(self.daemon, self.recovery, before)
            if not wrong:
                time.sleep(TWICE)
                wrong = problems(self.daemon, self.recovery, before)
            if not wrong:
                return
            time.sleep(LOOK)
        result.problems += wrong
        result.story = self._story()

    def _clear(self) -> None:
        """Nothing of it is left, however long a loaded machine takes to let killed processes end."""
        for _ in range(PATIENT):
            with suppress(UnavailableError):
                self.daemon.clear()
                return

    def _story(self) -> str:
        try:
            return f"{self.daemon.story()}\n{self.daemon.log_end()}"
        except Exception:  # noqa: BLE001 - there may be no daemon to tell it
            return self.daemon.log_end()


def run_all(cases: Iterable[Case], jobs: int) -> Iterator[Result]:
    """Run them, ``jobs`` at a time, each in a directory of its own that is removed; the results as they come."""

    def run(case: Case) -> Result:
        with tempfile.TemporaryDirectory(prefix="matrix-") as directory:
            return Trial(case, Path(directory), forkery).run()

    forkery = Forkery()
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="matrix")
    try:
        for future in as_completed([pool.submit(run, case) for case in cases]):
            yield future.result()
    finally:  # whoever has seen enough waits for those under way, which clean up, and for no other
        pool.shutdown(cancel_futures=True)
        forkery.close()
