# Tests that take longer than those of `make test`.
.PHONY: matrix chaos fuzz test-images test-openstack test-openstack-full demo-openstack test-showpiece
LAB_TESTS := tests/infrastructures tests/openstack_lab tests/system
matrix: setup ## every recovery, cut at each of its points (six minutes)
	$(BIN)/python -m tests.matrix
chaos: setup ## faults at random on a real daemon, judged from outside (SEED=, MINUTES=3; root)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))
fuzz: setup ## odd input to everything that reads, for SECONDS=120
	@$(BIN)/uv pip install --quiet --only-binary atheris -r pyproject.toml --extra fuzz || echo "atheris does not install here"
	@$(BIN)/python -m tests.fuzz $(or $(SECONDS),120)
test-images: setup ## the tests that build images of guests, and boot one (minutes; root)
	$(BIN)/pytest -m image
test-openstack: setup ## the tests that need an OpenStack: it is brought up and taken down (minutes)
	$(BIN)/pytest -m openstack $(LAB_TESTS)
test-openstack-full: setup ## the same with QEMU guests (their image is built the first time)
	$(BIN)/pytest -m openstack_full $(LAB_TESTS)
demo-openstack: setup ## WordPress and its database in guests of an OpenStack, broken six times, healed six times (root; 20 minutes)
	@$(BIN)/python -m pcloud.demo.openstack
test-showpiece: setup ## the same six faults as tests (root; 20 minutes)
	$(BIN)/pytest -m showpiece
