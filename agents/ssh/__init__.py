"""Eyes and hands over SSH: one connection per machine, one channel of it for the watcher, further ones for actions and for reaching out.

Rules: asyncssh's errors end here; callbacks are cheap and never wait; every channel and handshake has its own deadline.
"""

from agents.ssh.agent import SshAgent
from agents.ssh.factory import SshAgents

__all__ = ["SshAgent", "SshAgents"]
