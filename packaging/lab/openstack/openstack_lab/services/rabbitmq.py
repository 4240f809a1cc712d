"""RabbitMQ: the services' messages, reachable from the lab's room only. One scheduler, and no spinning: there are two cores for all."""

from __future__ import annotations

from openstack_lab.services.common import Daemon, Service
from openstack_lab.settings import INSIDE, MESSAGES_PORT, Settings


def rabbitmq(settings: Settings) -> Service:
    etc, data = settings.etc / "rabbitmq", settings.memory / "messages"
    environment = {
        "HOME": str(data),
        "RABBITMQ_NODENAME": "rabbit@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": INSIDE,
        "RABBITMQ_NODE_PORT": str(MESSAGES_PORT),
        "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
        "RABBITMQ_LOG_BASE": str(settings.logs),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(settings.run / "rabbitmq.pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(etc / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(etc / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(etc / "none"),  # not this machine's own
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_ADDRESS": INSIDE,
    }
    # A user of the lab's own; quiet, but for what went wrong.
    text = f"default_user = lab\ndefault_pass = {settings.secrets.messages}\nlog.console.level = warning\n"
    return Service(
        "rabbitmq",
        {etc / "enabled_plugins": "[].\n", etc / "rabbitmq.conf": text},
        (Daemon("rabbitmq", ("/usr/lib/rabbitmq/bin/rabbitmq-server",), environment),),
    )
