# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libvppolicy.a
libvppolicy_a_SOURCES = \
	policy/call.c policy/call.h \
	policy/call_command.c \
	policy/call_constant.c \
	policy/call_errno.c \
	policy/call_list.c policy/call_list.h \
	policy/call_reference.c \
	policy/call_set.c \
	policy/call_table.c \
	policy/condition.c \
	policy/definition.c policy/definition.h \
	policy/diagnostic.c policy/diagnostic.h \
	policy/failure.c policy/failure.h \
	policy/field.c policy/field.h \
	policy/host.c policy/host.h \
	policy/lexer.c policy/lexer.h \
	policy/lifeline.c policy/lifeline.h \
	policy/override.c policy/override.h \
	policy/patch.c policy/patch.h \
	policy/place.c \
	policy/plan.c policy/plan.h \
	policy/plan_builder.h \
	policy/plan_calls.c \
	policy/plan_diff.c \
	policy/plan_print.c \
	policy/policy.c policy/policy.h \
	policy/ports.c policy/ports.h \
	policy/print.c \
	policy/regex.c policy/regex.h \
	policy/set.c policy/set.h \
	policy/source.c policy/source.h \
	policy/sources.c \
	policy/suggest.c policy/suggest.h \
	policy/validate.c policy/validate.h \
	policy/validate_call.c policy/validate_call.h \
	policy/validate_call_name.c \
	policy/validate_condition.c \
	policy/validate_keys.c \
	policy/validate_operand.c policy/validate_operand.h \
	policy/validate_patch.c \
	policy/validate_rule.c \
	policy/validate_sample.c \
	policy/validate_service.c \
	policy/validate_syscalls.c \
	policy/validate_target.c \
	policy/validate_unit.c \
	policy/validate_vector.c \
	policy/validate_whole.c \
	policy/value.c policy/value.h
