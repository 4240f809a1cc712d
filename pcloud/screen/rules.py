"""The rules of the recovery policy in a sentence each, by the name under which decisions carry them."""

from __future__ import annotations

RULES = {
    "section 1": "A hard error is not tried again: nothing gets better until somebody changes something. One pass ends it.",
    "section 2": "One cause, one recovery: while what it depends on is failed or being recovered, its own failures count for nothing; "
    "when that is back, it is looked at again first, and configured again if an address it uses has changed.",
    "section 3": "Failures are counted in a window at each rung; the rungs are climbed one after another.",
    "section 3.2": "As long as the window is not full, a failure is answered by the rung's own action; the one that fills it goes to "
    "the next rung.",
    "section 3.3": "An action that fails or does not verify is one more failure at its rung; it has verified when everything below its "
    "target is healthy. A reboot that nobody asked for is one failure.",
    "section 3.4": "Each further failure in a window waits twice as long as the one before it.",
    "section 3.5": "Nothing above the ceiling named by allow is done.",
    "section 3.6": "Where the evidence shows that a rung cannot help, that rung is skipped.",
    "section 3.7": "When the highest rung that is allowed has failed, somebody is called; by default only the restart is tried again, at "
    "the longest delay.",
    "section 4": "A machine is called dead only after it was silent for long enough, while nothing of it answered anybody, and a second "
    "sight agrees. Where that is missing it is held.",
    "section 5": "Before every recovery stand the guards: pauses, the mode, storms and caps.",
    "section 6": "No machine is launched in the place of another before that one is known not to run any more.",
    "section 6.9": "A controller that must not trust itself, or what it knows, only observes until somebody takes over.",
    "manual": "What somebody asks for by hand is done now, whatever the windows and the ceiling say.",
    "reload": "When the spec changes, one machine after the other is made what it says, by the smallest change; what is not in it any more "
    "goes last.",
    "start": "A deployable that shall run gets every machine and service that it lacks.",
}


def rule_text(rule: str) -> str:
    """The rule in words, with its place in the policy; what is not known here is named only."""
    section, number = rule.partition(" ")[::2]
    known = RULES.get(rule) or RULES.get(f"{section} {number.partition('.')[0]}", "")
    place = f"{rule} of the recovery policy" if section == "section" else ""
    return f"{known} ({place})" if known and place else known or place or rule
