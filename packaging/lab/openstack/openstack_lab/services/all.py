"""Which services a lab has."""

from __future__ import annotations

from openstack_lab.services.cinder import cinder
from openstack_lab.services.common import Service
from openstack_lab.services.glance import glance
from openstack_lab.services.heat import heat
from openstack_lab.services.keystone import keystone
from openstack_lab.services.libvirtd import libvirtd
from openstack_lab.services.mariadb import mariadb
from openstack_lab.services.neutron import neutron
from openstack_lab.services.nova import nova
from openstack_lab.services.placement import placement
from openstack_lab.services.rabbitmq import rabbitmq
from openstack_lab.settings import Settings


def services(settings: Settings) -> dict[str, Service]:
    makers = [mariadb, rabbitmq, keystone, placement, glance, neutron, nova]
    makers += [cinder] if settings.cinder else []
    makers += [heat] if settings.heat else []
    makers += [libvirtd] if settings.size == "full" else []
    return {service.name: service for service in (make(settings) for make in makers)}
