"""One deployable's policy engine as a task: facts in, ``step``, journal, then the actions (architecture.md, "The loop of one DPE").

Rules:
- Nothing is done before the state that orders it is durable.
- The work in hand is made to fit the state: each open intent has one task, and a task whose intent is closed ends. What stands still is
  asked about only.
- ``wake_at`` is the only timer. What cannot be recorded is not done (dpe.shell.recording); where it cannot be told whether it was, the
  engine ends with StoreError, and its keeper starts it anew.
"""

from __future__ import annotations

import asyncio

from dpe.policy.observing import open_actions
from dpe.policy.operator import refusal
from dpe.policy.standing import relaunched
from dpe.shell.asking import Asker
from dpe.shell.clock import Clock
from dpe.shell.deciding import Decider
from dpe.shell.facts import Fact
from dpe.shell.guarding import Petitioner
from dpe.shell.inbox import ROOM, Inbox
from dpe.shell.machines import Machines
from dpe.shell.performing import Performer
from dpe.shell.recording import Recorder
from dpe.shell.resolving import Resolver
from dpe.shell.secrets import Secrets
from dpe.shell.surroundings import Surroundings
from dpe.shell.watching import Watchers
from pcloud.errors import RefusedError, UnwritableError
from pcloud.model.actions import (
    Action,
    AskAnchors,
    AskPeers,
    AskPermit,
    Order,
    ProbeAgain,
    ReadInstance,
    ReturnPermit,
)
from pcloud.model.events import (
    ControllerResumed,
    InstanceListed,
    OperatorAsked,
    OperatorSaid,
    RecoveryAsked,
    SettingsChanged,
)
from pcloud.model.facts import JournalFact, StateLoaded, StateMade
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Load, Stored
from pcloud.model.state import DeployableState
from pcloud.model.words import Desired, Rung


class Engine:
    """Runs one deployable. ``stored`` is what an earlier controller left, None for a new one."""

    def __init__(self, plan: DeployablePlan, stored: Stored | None, surroundings: Surroundings, *, seed: int = 0) -> None:
        self._plan = plan
        self._around = surroundings
        self._secrets = Secrets(surroundings.secret, self.post)
        self._clock = Clock(stored, surroundings.wall)
        self._inbox = Inbox(lambda: self._plan, self._clock, surroundings.stalls, self._secrets.veil)
        self._taken_in = 0  # facts
        self._stepped = asyncio.Event()  # set and replaced after every step, for those who wait for a state
        self._performing: dict[tuple[str, bool], asyncio.Task[None]] = {}  # by the action's id, and whether it is only asked about
        self._petitioner = Petitioner(plan.name, surroundings.guards, self.post)
        state = stored.state if stored is not None else DeployableState(plan.name, seed=seed)
        self._decider = Decider(state, beginning(state, self._clock.now(), self._clock.wall(), loaded=stored is not None))
        self._recorder = Recorder(self._decider, self._inbox, self._clock, surroundings.journal, self._wake)
        self._resumes = stored is not None
        self.change_plan(plan)
        if stored is not None:
            self.post(Fact(ControllerResumed, doubt=stored.doubt))
        self._secrets.learn(plan)

    @property
    def state(self) -> DeployableState:
        """How it stands, as far as is known: while the journal cannot be written nothing comes of it."""
        return self._recorder.state

    @property
    def stuck(self) -> str:
        """Why nothing that is decided can be recorded, and so nothing is done; "" while all is well."""
        return self._recorder.stuck

    @property
    def halted(self) -> str:
        """Why nothing is decided any more: the policy would have broken an invariant; "" while all is well."""
        return self._decider.halted

    def wall_at(self, at: float) -> float:
        """A moment of its state as POSIX seconds."""
        return self._clock.wall_at(at)

    def post(self, fact: Fact) -> None:
        """Tell it a fact. Where there is no room a probe's result may be lost, and is asked for again; nothing else ever is."""
        self._inbox.post(fact)

    @property
    def load(self) -> Load:
        """How much it has to do."""
        return Load(len(self._inbox), ROOM, len(self._performing))

    def ask(self, desired: Desired) -> None:
        """The operator wants it running, or stopped. Raises RefusedError when nothing can be done to it."""
        self.say(OperatorAsked(at=self._clock.now(), desired=desired))

    def ask_recovery(self, rung: Rung, assembly: str, resource: str = "") -> None:
        """The operator asks for one rung's action now. Raises RefusedError when it cannot be done."""
        self.say(RecoveryAsked(at=self._clock.now(), rung=rung, assembly=assembly, resource=resource))

    def say(self, word: OperatorSaid) -> None:
        """The operator says something; its moment is set when it is handed over. Raises RefusedError where it makes no sense now."""
        why_not = self.halted or refusal(self.state, word)
        if why_not:
            raise RefusedError(why_not)
        self.post(Fact.undated(word))

    def listed(self, event: InstanceListed) -> bool:
        """A list of its cloud shows this; its moment is set when it is handed over. False where there is no room for it now."""
        return self._inbox.offer(Fact.undated(event))

    def unreadable(self, plan: DeployablePlan) -> str:
        """Why a secret of a plan cannot be read; empty if all can."""
        return self._secrets.unreadable(plan)

    async def taken_in(self) -> None:
        """Return when all that was posted until now is decided upon and durable. UnwritableError if it was refused instead."""
        target, refused = self._inbox.posted, self._recorder.refused
        while self._taken_in < target:
            if self._recorder.refused != refused:
                raise UnwritableError(self.stuck or "the store could not be written just now", "ask again")
            await self._stepped.wait()

    def change_plan(self, plan: DeployablePlan, spec: str = "") -> None:
        """The spec is another: that which is staged under the name ``spec``, if it is named."""
        self.post(Fact(SettingsChanged, plan=plan, spec=spec))

    async def run(self) -> None:
        """Run until cancelled; machines are left as they are. Raises what its bugs raise, and StoreError."""
        self._around.stalls.listen(self._inbox.stalled)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._watchers = Watchers(self._around, self._clock, tasks, self._secrets, self.post)
                machines = Machines(self._plan.name, self._around, self._secrets, self.post)
                self._asker = Asker(machines, self._watchers, self.post)
                known = (self._boot_id, self._contact)
                agent = self._watchers.agent
                self._performer = Performer(self._in_effect, machines, self._secrets, agent, *known, self._configured, self._life)
                self._resolver = Resolver(self._in_effect, machines, agent, *known)
                self._petitioner.attend(relaunched(self.state, self._clock.now()))
                await self._loop(resumed=self._resumes)
        except ExceptionGroup as group:
            raise first_cause(group) from group
        finally:
            self._around.stalls.forget(self._inbox.stalled)
            self._petitioner.leave()

    async def _loop(self, *, resumed: bool) -> None:
        while True:
            orders = await self._recorder.settle(await self._inbox.next(self.state.wake_at))
            self._taken_in = self._recorder.recorded
            self._adopt_plan()
            self._watchers.fit(self.state)
            self._fit_actions(resumed=resumed)
            resumed = bool(self.state.stale)  # what a stale controller has dropped is taken up as after a restart
            if self.halted:
                self._petitioner.give_up()
            else:
                self._petitioner.stand(self.state)
            for order in orders:
                self._ask(order)
            if self._recorder.outlasted():
                self._petitioner.ask_again()
            if self._inbox.overflowed():
                self._watchers.probe_again()
            self._wake()

    def _wake(self) -> None:
        """Let those look again who wait for a state."""
        self._stepped.set()
        self._stepped = asyncio.Event()

    def _ask(self, order: Order) -> None:
        """Put a question; its answer is a fact."""
        match order:
            case AskPermit() | ReturnPermit():
                self._petitioner.put(order)
            case AskAnchors():
                self._tasks.create_task(self._petitioner.ask_anchors(order), name=f"ask anchors of {self.state.name}/{order.assembly}")
            case ReadInstance() | AskPeers() | ProbeAgain():
                self._tasks.create_task(self._asker.ask(order), name=f"ask {self.state.name}/{order.assembly}")

    def _adopt_plan(self) -> None:
        """Live by the plan that the state has."""
        if self.state.plan is not None and self.state.plan is not self._plan:
            self._plan = self.state.plan
            self._secrets.learn(self._plan)

    def _in_effect(self) -> DeployablePlan:
        """What its assemblies live by now."""
        return self._plan

    def _fit_actions(self, *, resumed: bool) -> None:
        """Perform what is open and is not being performed; end what is no longer open. Nothing is begun once it is halted."""
        if self.halted:
            return
        wanted = {(action.id, still): action for still in (False, True) for action in open_actions(self.state, still=still)}
        over = {each: self._performing.pop(each) for each in list(self._performing) if each not in wanted}
        for (action_id, _), task in over.items():
            self._performer.give_up(action_id)
            task.cancel()
        for (action_id, still), action in wanted.items():
            if (action_id, still) not in self._performing:
                again = resumed or (action_id, True) in over  # what stood still may have been begun by whoever was before us
                work = self._resolve(action) if still else self._perform(action, resumed=again)
                name = f"{type(action).__name__} {action_id}"
                self._performing[action_id, still] = self._tasks.create_task(work, name=f"asking about {name}" if still else name)

    async def _perform(self, action: Action, *, resumed: bool) -> None:
        self.post(await self._performer.perform(action, resumed=resumed))

    async def _resolve(self, action: Action) -> None:
        self.post(await self._resolver.resolved(action))

    async def _contact(self, assembly: str) -> None:
        """Wait until there is contact: right after a restart of the controller there is none yet."""
        while not self.state.assemblies[assembly].contact:
            await self._stepped.wait()

    def _boot_id(self, assembly: str) -> str:
        return self.state.assemblies[assembly].boot_id

    def _configured(self, assembly: str) -> dict[str, str]:
        return dict(self.state.assemblies[assembly].configured or ())

    def _life(self) -> str:
        """What no other deployable's actions carry, nor those of another controller or of a namesake that was deleted."""
        return f"{self._around.keyring.tags(self.state.name, '', 0).controller}.{self.state.seed:x}.{self.state.life:x}"


def beginning(state: DeployableState, at: float, wall: float, *, loaded: bool) -> JournalFact:
    """What the journal says of where an engine's first state came from."""
    return StateLoaded(at, wall) if loaded else StateMade(at, wall, seed=state.seed, jitter=state.jitter)


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first leaf of an exception group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
