"""What a reload would do: the difference between how a deployable lives and another spec, as people and programs read it.

Rules: made of the state and the plans alone, by the same function that decides what is done; it changes nothing. What would lose data that
nobody said may go is refused before anything is shown; what surprises is a warning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from dpe.policy.differing import Difference, differences, effect, within
from dpe.policy.settings import gone
from pcloud.errors import RefusedError
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Desired, Effect
from pcloud.records.reloading import ReloadChange, ReloadPlan, ReloadSetting
from pcloud.records.requests import SpecUpload
from pcloud.spec.showing import shown


def version_of(upload: SpecUpload, desired: Desired) -> str:
    """Names the spec in force and whether it shall run: what a plan is made against."""
    return f"{spec_name(upload)}-{desired}"


def spec_name(upload: SpecUpload) -> str:
    """Names the content of a spec."""
    digest = hashlib.sha256()
    for part in (upload.source, *(text for item in sorted(upload.files.items()) for text in item)):
        digest.update(f"{len(part)}:{part}".encode(errors="surrogatepass"))
    return digest.hexdigest()[:16]


def reload_plan(state: DeployableState, in_force: SpecUpload, target: DeployablePlan) -> ReloadPlan:
    """What making the deployable what ``target`` says would do. RefusedError for what cannot be done to volumes."""
    if state.plan is None:
        raise RefusedError(f"{state.name} is being taken up", "ask again in a moment")
    changes = [each for each in changes_of(state, state.plan, target) if each.settings or each.sign != "~"]
    return ReloadPlan(
        name=state.name,
        version=version_of(in_force, state.desired),
        desired=state.desired,
        changes=changes,
        warnings=list(warnings(state, changes)),
    )


def changes_of(state: DeployableState, plan: DeployablePlan, target: DeployablePlan) -> Iterator[ReloadChange]:
    """One for each assembly that joins, leaves or differs, in the order in which they come; what leaves comes last."""
    own = deployable_settings(plan, target)
    if own:
        yield ReloadChange(sign="~", target=state.name, effect=Effect.NOTHING, settings=[setting(each) for each in own])
    for each in target.assemblies:
        old, now = plan.assembly(each.name), state.assemblies.get(each.name, AssemblyState())
        if old is None:
            yield ReloadChange(sign="+", target=each.name, effect="launch" if running(state) else Effect.NOTHING)
        else:
            keep_volumes(state, old, each)
            yield changed(state, now, old, each, own)
    for old in reversed(plan.assemblies):
        if target.assembly(old.name) is None:
            has_machine = not gone(state.assemblies[old.name])
            loses = [volume.name for volume in old.volumes]
            yield ReloadChange(sign="-", target=old.name, effect="destroy" if has_machine else Effect.NOTHING, volumes=loses)


def running(state: DeployableState) -> bool:
    """Whether anything is to be done at once."""
    return state.desired is Desired.RUNNING


def changed(
    state: DeployableState, now: AssemblyState, old: AssemblyPlan, new: AssemblyPlan, inherited: Sequence[Difference]
) -> ReloadChange:
    """What becomes of an assembly that stays."""
    found = [setting(each) for each in own_settings(differences(old, new, adopted=now.adopted), inherited)]
    what = effect(old, new, adopted=now.adopted) if running(state) else Effect.NOTHING
    if gone(now):
        return ReloadChange(sign="~", target=new.name, effect="launch" if running(state) else what, settings=found)
    left = [volume.name for volume in old.volumes if volume.name not in {each.name for each in new.volumes}]
    loses = what is Effect.RELAUNCH and not old.static and not old.volumes and not old.ephemeral
    return ReloadChange(sign="~", target=new.name, effect=what, settings=found, volumes=left, loses_disk=loses)


def own_settings(found: Sequence[Difference], inherited: Sequence[Difference]) -> list[Difference]:
    """The differences without those that only hand down one further up: a recovery's, or the rhythm of the machine's monitor."""
    above = {(each.setting, each.before, each.after) for each in inherited}
    kept = []
    for each in found:
        key = handed_down(each)
        if key not in above:
            kept.append(each)
        above.add(key)
    return kept


def handed_down(found: Difference) -> tuple[str, object, object]:
    """What a difference would be called where it may be inherited from."""
    head, _, rest = found.setting.partition("recovery.")
    last = found.setting.rpartition(".")[2]
    if rest:
        return f"recovery.{rest}", found.before, found.after
    if head.startswith("resources.") and last in {"interval", "timeout"}:
        return f"monitor.{last}", found.before, found.after
    return found.setting, found.before, found.after


def setting(found: Difference) -> ReloadSetting:
    """One setting as it was and as it is to be."""
    sign = "+" if found.before is None else "-" if found.after is None else "~"
    before, after = shown(found.setting, found.before), shown(found.setting, found.after)
    return ReloadSetting.model_validate({"sign": sign, "setting": found.setting, "from": before, "to": after, "effect": found.effect})


def deployable_settings(old: DeployablePlan, new: DeployablePlan) -> list[Difference]:
    """What differs in the deployable's own keys."""
    recovery = within("recovery", old.recovery, new.recovery, Effect.NOTHING)
    return [*recovery, *within("infrastructure", old.infrastructures, new.infrastructures, Effect.NOTHING)]


def keep_volumes(state: DeployableState, old: AssemblyPlan, new: AssemblyPlan) -> None:
    """Refuse what would leave data behind without saying so, or would not be done at all."""
    before = {each.name: each for each in old.volumes}
    for volume in new.volumes:
        known = before.get(volume.name)
        if known is not None and known.size != volume.size:
            raise RefusedError(
                f"{state.name}/{new.name}: volume {volume.name} exists with {shown('size', known.size)}, and its size cannot be changed",
                "write the size that it has, or give the new volume another name: it is empty then, and the old one stays",
            )
        if known is not None and old.infrastructure != new.infrastructure:
            raise RefusedError(
                f"{state.name}/{new.name}: its volume {volume.name} is at {old.infrastructure}, and would be an empty one at "
                f"{new.infrastructure}",
                "give the assembly another name to begin there with empty volumes; the old ones stay",
            )


def warnings(state: DeployableState, changes: list[ReloadChange]) -> Iterator[str]:
    """What somebody should know before he says yes."""
    for each in changes:
        if each.loses_disk:
            yield f"{each.target} has no volume and is not `data: ephemeral`: what is on its own disk is lost when it is relaunched"
        if each.sign == "-" and each.volumes:
            yield f"the volumes of {each.target} stay ({', '.join(each.volumes)}); `deployable delete --volumes` deletes them"
        if each.sign == "~" and each.volumes:
            yield f"volumes that {each.target} does not have any more stay where they are, with their data: {', '.join(each.volumes)}"
    disturbing = [each for each in changes if each.effect not in {"nothing", "launch"}]
    if disturbing and state.pauses:
        who = ", ".join(dict.fromkeys(pause.owner or "somebody" for pause in state.pauses))
        yield f"paused by {who}: what disturbs a paused assembly waits until that is over"
