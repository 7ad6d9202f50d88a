# SPDX-License-Identifier: GPL-2.0-or-later
# Each area registers its tests in its own file.
include tests/unit/lib.mk
include tests/unit/policy.mk
include tests/unit/netfilter.mk
include tests/unit/inspection.mk
include tests/unit/agentd.mk
include tests/unit/denials.mk
include tests/unit/inspect.mk
include tests/unit/seccomp.mk
include tests/unit/syscalls.mk
include tests/unit/answer.mk
include tests/unit/inject.mk
include tests/unit/observe.mk
include tests/unit/hook.mk
include tests/golden/local.mk
include tests/fuzz/local.mk
include tests/system/local.mk
include tests/bench/local.mk
include tests/style/local.mk
