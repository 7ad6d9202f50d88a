# SPDX-License-Identifier: GPL-2.0-or-later
# Programs the system tests use; the tests themselves are run by tests/gate.
check_PROGRAMS += tests/harness/traffic tests/harness/forge
tests_harness_traffic_SOURCES = tests/harness/traffic.c
tests_harness_forge_SOURCES = tests/harness/forge.c
EXTRA_DIST += tests/harness/generate-patches
