"""What a libcloud node state means to the policy.

Rules: nothing is called SHUTOFF that may still run; what is not listed is UNKNOWN, which holds.
"""

from __future__ import annotations

from libcloud.compute.types import NodeState

from pcloud.model.words import InstanceStatus

_STATUSES = {
    NodeState.RUNNING: InstanceStatus.ACTIVE,
    NodeState.PENDING: InstanceStatus.BUILD,
    NodeState.STARTING: InstanceStatus.BUILD,
    NodeState.REBOOTING: InstanceStatus.REBOOT,
    NodeState.STOPPED: InstanceStatus.SHUTOFF,
    NodeState.STOPPING: InstanceStatus.ACTIVE,  # until it is off, it runs
    NodeState.TERMINATED: InstanceStatus.ABSENT,  # EC2 goes on listing it for an hour
    NodeState.ERROR: InstanceStatus.ERROR,
    NodeState.PAUSED: InstanceStatus.PAUSED,
    NodeState.SUSPENDED: InstanceStatus.PAUSED,
    NodeState.RECONFIGURING: InstanceStatus.RESIZE,
    NodeState.UPDATING: InstanceStatus.RESIZE,
    NodeState.MIGRATING: InstanceStatus.MIGRATING,
}


def instance_status(state: NodeState) -> InstanceStatus:
    return _STATUSES.get(state, InstanceStatus.UNKNOWN)
