"""Small deployables for system tests: real processes, quick to start."""

from __future__ import annotations

# A service that greets whoever connects, refuses to live while the file "sick" is there, and listens to nobody while "deaf" is.
SERVICE = """
import os, socket, sys, time
root = os.environ["PCLOUD_ROOT"]
if os.path.exists(root + "/data/sick") or os.path.exists(root + "/sick"):
    print("too sick to work", flush=True)
    sys.exit(3)
listener = None
while True:
    if os.path.exists(root + "/deaf"):
        if listener is not None:
            listener.close()
        listener = None
        time.sleep(0.02)
        continue
    if listener is None:
        listener = socket.create_server((os.environ["PCLOUD_ADDRESS"], 7000), reuse_port=False)
        listener.settimeout(0.05)
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        continue
    connection.sendall(b"hello\\n")
    connection.close()
"""


def pair(extra_back: str = "", back_recovery: str = "", provision: str = "true") -> str:
    """Two machines, the front after the back; the back has a volume at /data."""
    indented = SERVICE.strip().replace("\n", "\n        ")
    return f"""
deployable: pair
infrastructure: local
defaults:
  monitor: {{interval: 200ms, timeout: 1s, silence: 2s}}
assemblies:
  back:
    image: host
    volumes:
      data: {{size: 1MiB, mount: /data}}
    provision:
      inline: |
        #!/bin/sh
        set -e
        echo once >> "$PCLOUD_ROOT/data/provisioned"
        cat > "$PCLOUD_ROOT/service.py" <<'END'
        {indented}
        END
        {provision}
    resources:
      service:
        agent: 'process:python3 "$PCLOUD_ROOT/service.py"'
        checks: [{{tcp: 7000}}]
{extra_back}
    {back_recovery}
  front:
    image: host
    data: ephemeral
    after: [back]
    parameters: {{BACK: "${{back.address}}"}}
    configure:
      inline: |
        #!/bin/sh
        echo "$BACK" >> "$PCLOUD_ROOT/backs"
    resources:
      sleeper: {{agent: 'process:sleep 100000'}}
"""


def group(name: str = "group", count: int = 1, recovery: str = "") -> str:
    """``count`` machines m1, m2 … that do not depend on each other, with one service each; ``recovery`` is for all of them."""
    machines = "".join(
        f"\n  m{number}: {{image: host, data: ephemeral, resources: {{sleeper: {{agent: 'process:sleep 100000'}}}}}}"
        for number in range(1, count + 1)
    )
    return f"""
deployable: {name}
infrastructure: local
defaults:
  monitor: {{interval: 200ms, timeout: 1s, silence: 2s}}
recovery: {{{recovery}}}
assemblies:{machines}
"""
