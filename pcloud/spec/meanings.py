"""What every key of the spec format means, in one line each: what editors show, and what docs/spec.md says (a test compares them)."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "DeployableKeys": {
        "deployable": "what it is called everywhere",
        "infrastructure": "where it runs; the first is its home. The others have no effect yet",
        "defaults": "what every assembly has unless it says otherwise",
        "recovery": "see recovery; for all assemblies",
        "assemblies": "its machines by name, at least one",
    },
    "DefaultKeys": {
        "image": "id or name of the image to launch; not for a static machine. `{lab: debian-12, backup: ami-1234}` where names differ",
        "size": "id or name of the size; without one the smallest that there is",
        "networks": "names or ids of networks; none leaves it to the cloud. `local` has one network only",
        "monitor": "how the machine is watched, see monitor",
        "data": "`ephemeral`: nothing on its disk is worth keeping, so that it may be relaunched without a volume",
        "spread": "not on the same host as its siblings. No effect on `local` and `machine`",
    },
    "AssemblyKeys": {
        "address": "a static machine: an IP address or host name; never launched, relaunched or destroyed",
        "volumes": "its disks by name, see volumes",
        "after": "the assemblies that must be healthy before it is launched, and whose failures explain its own",
        "parameters": "variables for `configure` and its agents, taken as they are written; may hold `${ASSEMBLY.WORD}`",
        "secrets": "variables for all its scripts that are never shown, see secrets",
        "provision": "what is done once, at the first boot, see provision",
        "configure": "a script that is run after provisioning and whenever a parameter changes, see configure",
        "reboot": "how a static machine is rebooted, see reboot",
        "resources": "its services by name, in the order in which they start, see resources",
        "recovery": "see recovery; for this machine and its resources",
    },
    "MonitorKeys": {
        "carrier": "how it is reached",
        "user": "who logs in; made by cloud-init, with sudo. An image whose cloud names a user has that one",
        "port": "of a static machine's sshd",
        "interval": "between two probes, for whatever does not say its own; 100ms or more",
        "timeout": "of one probe, likewise",
        "silence": "how long a machine must be silent before anything is done about it",
        "host_key": "of a static machine, see static machines; others get theirs from pcloud",
    },
    "VolumeKeys": {
        "size": "of the disk when it is created",
        "mount": "absolute path at which the machine has it",
    },
    "SecretKeys": {
        "file": "a file on the controller, without its last line break; relative paths are relative to the spec",
        "env": "a variable of the daemon's environment",
    },
    "ProvisionKeys": {
        "script": "a file beside the spec",
        "inline": "the script itself",
        "cloud_config": "cloud-init's own configuration, which cloud-init judges",
    },
    "ScriptKeys": {
        "script": "a file beside the spec",
        "inline": "the script itself",
    },
    "RebootKeys": {
        "command": "runs on the controller and power-cycles a static machine that is silent; one that answers is asked itself",
    },
    "ResourceKeys": {
        "agent": "`systemd:UNIT`, `ocf:PROVIDER:NAME`, `lsb:NAME`, `process:COMMAND` or `script:`; see resource-agents.md",
        "params": "`ocf:`: the agent's own parameters, as they are written, see params",
        "checks": "what else must be true for it to be healthy, see checks",
        "restarts": "of a resource without an agent: the resource of this assembly that a restart of it restarts",
        "user": "`process:` and `script:` run as this user, else as the one who logs in",
        "directory": "`process:` and `script:` run in this directory, else in `/`",
        "start": "`script:`: the command that starts it",
        "stop": "`script:`: the command that stops it",
        "monitor": "the rhythm of the agent's own monitor, see its keys; for `script:` the command itself",
        "timeout": "of its start, and of its stop, each; where it is not written, an OCF agent's metadata or a systemd unit's own limits",
        "recovery": "see recovery; for this resource",
    },
    "ResourceMonitorKeys": {
        "interval": "between two probes; where no level says it, an OCF agent's metadata do",
        "timeout": "of one probe, likewise",
        "check_level": "`ocf:` only: how deeply the agent looks, by its own scale (`OCF_CHECK_LEVEL`)",
        "command": "`script:` only: ends with 0 when it runs, with 7 when it does not; anything else is soft evidence",
    },
    "ParamKeys": {
        "value": "the parameter as the agent gets it, which may be empty",
        "secret": "the secret of the assembly whose value it gets",
        "parameter": "the parameter of the assembly whose value it gets, which may hold `${ASSEMBLY.WORD}`",
    },
    "CheckKeys": {
        "tcp": "the port answers at the machine's own address",
        "http": "a GET is answered with `status`, and its body holds `contains`; may hold `${ASSEMBLY.WORD}`",
        "command": "a shell command that ends with 0",
        "status": "of `http`",
        "contains": "of `http`",
        "certificate": "of `https`: a PEM file beside the spec; the server must have its key, whoever signed it, until when, for whom",
        "from": "where it is made: in the machine, or from the controller; a command runs inside only",
        "interval": "between two probes",
        "timeout": "of one probe",
        "fall": "misses in a row that are a failure",
        "rise": "passes in a row that make it healthy",
    },
    "RecoveryKeys": {
        "restart": "the window of the first rung, see rungs",
        "reboot": "of the second",
        "relaunch": "of the third",
        "relaunch_deployable": "of the fourth; it is the deployable's that counts",
        "relocate": "of the last, which is not there yet; see relocate",
        "allow": "the highest rung",
        "mode": "what is decided is done, is only written down, or waits an hour for a yes",
        "on_exhausted": "above the highest rung: restart again and again at `max_delay`, or nothing until the operator's `start`",
        "keep_failed": "so many replaced instances of each stay, stopped, for 24 h; a refused launch deletes them first, `stop` all",
    },
    "RelocateKeys": {
        "without_volumes": "it may go where its volumes cannot; without a meaning until `allow: relocate` is supported",
    },
    "RungKeys": {
        "failures": "with fewer in the window the rung's own action is done, the last goes one rung up; `-1` or `INFINITY`: never",
        "within": "the length of the window",
        "delay": "before the second action in a window; it doubles from there",
        "max_delay": "and goes no higher than this",
        "verify": "in which it must be seen healthy after the action",
        "escalation_failures": "another name of `failures`",
        "escalation_period": "another name of `within`",
    },
}
"""By the name of the mapping's class and by key; an assembly has the keys of ``DefaultKeys`` as well."""
