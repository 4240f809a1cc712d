# A working OpenStack on this machine: docs/openstack-lab.md.
.PHONY: openstack-lab openstack-lab-full openstack-lab-down
openstack-lab: ## a working OpenStack on this machine, its servers only pretended (root, Debian 12)
	@packaging/lab/openstack/openstack-lab up fake
openstack-lab-full: ## the same with QEMU guests
	@packaging/lab/openstack/openstack-lab up full
openstack-lab-down: ## and without a trace away again
	@packaging/lab/openstack/openstack-lab down
