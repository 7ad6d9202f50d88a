/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Canonical text. Values of set files are printed in place, so that the text
 * stands alone; parsing it and printing again gives the same text.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"

#define VALUES_A_LINE 8

static void print_number(uint64_t number, struct vp_strbuf *out)
{
	vp_value_print(
		&(struct vp_value){ .kind = VP_VALUE_NUMBER, .number = { number, number } },
		out);
}

static void key(struct vp_strbuf *out, const char *name)
{
	vp_strbuf_adds(out, name);
	vp_strbuf_adds(out, " = ");
}

static void line(struct vp_strbuf *out, const char *name, const char *text)
{
	if (!text)
		return;
	key(out, name);
	vp_strbuf_adds(out, text);
	vp_strbuf_addc(out, '\n');
}

static void lines(struct vp_strbuf *out, const char *name, const struct vp_texts *texts)
{
	vp_array_each (text, texts)
		line(out, name, *text);
}

static void section(struct vp_strbuf *out, const char *kind, const char *name)
{
	vp_strbuf_adds(out, "\n[");
	vp_strbuf_adds(out, kind);
	vp_strbuf_addc(out, ' ');
	vp_strbuf_adds(out, name);
	vp_strbuf_adds(out, "]\n");
}

static void print_values(const struct vp_values *values, struct vp_strbuf *out)
{
	const char *separator = " ";

	vp_array_each (value, values) {
		vp_strbuf_adds(out, separator);
		vp_value_print(value, out);
		separator = ", ";
	}
}

static void print_transform(const struct vp_transform *transform, struct vp_strbuf *out)
{
	const struct vp_transform_type *type = &vp_transform_types[transform->kind];

	vp_strbuf_adds(out, " | ");
	vp_strbuf_adds(out, type->name);
	if (type->takes_number)
		vp_strbuf_addf(out,
			       transform->kind == VP_TRANSFORM_MASK ? "(%#llx)" : "(%llu)",
			       (unsigned long long)transform->number);
}

static void print_operand(const struct vp_condition *condition, struct vp_strbuf *out);

static void print_offset(const struct vp_condition *condition, struct vp_strbuf *out)
{
	if (condition->start) {
		print_operand(condition->start, out);
		return;
	}
	if (!condition->behind.data) {
		print_number(condition->offset, out);
		return;
	}
	vp_bytes_print(condition->behind.data, condition->behind.len, out);
	if (condition->offset)
		vp_strbuf_addf(out, " | plus(%u)", condition->offset);
}

/* FIELD {| TRANSFORM} */
static void print_operand(const struct vp_condition *condition, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, condition->field->name);
	if (condition->field->argument == VP_ARGUMENT_SLICE) {
		vp_strbuf_addc(out, '[');
		print_offset(condition, out);
		vp_strbuf_addc(out, ':');
		if (condition->length)
			print_number(condition->length, out);
		vp_strbuf_addc(out, ']');
	}
	if (condition->argument) {
		vp_strbuf_addc(out, '(');
		vp_strbuf_adds(out, condition->argument);
		vp_strbuf_addc(out, ')');
	}
	vp_array_each (transform, &condition->transforms)
		print_transform(transform, out);
}

void vp_condition_print(const struct vp_condition *condition, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, condition->negated ? "not " : "");
	print_operand(condition, out);
	vp_strbuf_addc(out, ' ');
	vp_strbuf_adds(out, vp_operator_name(condition->op));
	print_values(&condition->values, out);
	if (condition->other) {
		vp_strbuf_addc(out, ' ');
		print_operand(condition->other, out);
	}
}

void vp_action_print(const struct vp_action *action, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, vp_verdict_name(action->verdict));
	if (action->verdict == VP_VERDICT_BAN) {
		vp_strbuf_addc(out, ' ');
		vp_duration_print(action->milliseconds, out);
	}
	if (action->verdict != VP_VERDICT_LIMIT)
		return;
	vp_strbuf_addc(out, ' ');
	vp_rate_print(&action->rate, out);
	vp_strbuf_adds(out, " burst ");
	print_number(action->burst, out);
	vp_strbuf_adds(out, action->per_source ? " per source" : "");
}

static void print_expires(time_t after, struct vp_strbuf *out)
{
	time_t day = after - 86400;
	struct tm tm;

	if (!after || !gmtime_r(&day, &tm))
		return;
	vp_strbuf_addf(out, "expires = %04d-%02d-%02d\n", tm.tm_year + 1900, tm.tm_mon + 1,
		       tm.tm_mday);
}

static void print_patch(const struct vp_patch *patch, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, "[patch]\n");
	line(out, "id", patch->id);
	line(out, "title", patch->title);
	line(out, "severity", vp_severity_name(patch->severity));
	lines(out, "references", &patch->references);
	lines(out, "affects", &patch->affects);
	lines(out, "fixed-by", &patch->fixed_by);
	line(out, "owner", patch->owner);
	line(out, "reason", patch->reason);
	print_expires(patch->expires, out);
	if (patch->on_expiry != VP_EXPIRY_WARN)
		line(out, "on-expiry", vp_on_expiry_name(patch->on_expiry));
	line(out, "mode", vp_mode_name(patch->mode));
	if (patch->on_failure != VP_FAILURE_PASS)
		line(out, "on-failure", vp_on_failure_name(patch->on_failure));
	lines(out, "blind-spot", &patch->blind_spots);
}

static void print_service(const struct vp_service *service, struct vp_strbuf *out)
{
	const char *separator = "ports = ";
	char text[40];

	section(out, "service", service->name);
	vp_array_each (range, &service->ports) {
		vp_strbuf_adds(out, separator);
		vp_strbuf_adds(out, vp_port_range_print(range, text));
		separator = ", ";
	}
	if (service->ports.len)
		vp_strbuf_addc(out, '\n');
	if (service->addresses.len) {
		vp_strbuf_adds(out, "address =");
		print_values(&service->addresses, out);
		vp_strbuf_addc(out, '\n');
	}
	line(out, "unit", service->unit);
	line(out, "process", service->process);
	line(out, "application", service->application);
	line(out, "frame", service->frame);
	line(out, "management", service->management_forced ? "force" : NULL);
}

static void print_set(const struct vp_set *set, struct vp_strbuf *out)
{
	section(out, "set", set->name);
	for (size_t i = 0; i < set->values.len; i++) {
		vp_strbuf_adds(out, i % VALUES_A_LINE ? ", "
				    : i		      ? "\nvalues = "
						      : "values = ");
		vp_value_print(&set->values.data[i], out);
	}
	vp_strbuf_addc(out, '\n');
	line(out, "site", set->site_required && !set->from_site ? "required" : NULL);
}

static void print_conditions(const char *name, const struct vp_conditions *conditions,
			     struct vp_strbuf *out)
{
	vp_array_each (condition, conditions) {
		key(out, name);
		vp_condition_print(condition, out);
		vp_strbuf_addc(out, '\n');
	}
}

static void print_threshold(const struct vp_threshold *threshold, struct vp_strbuf *out)
{
	static const char *const per[] = { [VP_PER_RULE] = "",
					   [VP_PER_SOURCE] = " per source",
					   [VP_PER_FLOW] = " per flow" };

	vp_rate_print(&threshold->rate, out);
	vp_strbuf_adds(out, " burst ");
	print_number(threshold->burst, out);
	vp_strbuf_adds(out, per[threshold->per]);
}

void vp_rule_effect_print(const struct vp_rule *rule, struct vp_strbuf *out)
{
	if (rule->set) {
		vp_strbuf_addf(out, "set %s", rule->set);
		return;
	}
	vp_action_print(&rule->action, out);
	if (!rule->threshold.rate.count)
		return;
	vp_strbuf_adds(out, " above ");
	print_threshold(&rule->threshold, out);
}

static void print_rule(const struct vp_patch *patch, const struct vp_rule *rule,
		       struct vp_strbuf *out)
{
	section(out, "rule", rule->name);
	line(out, "service", patch->services.data[rule->service].name);
	if (rule->direction != VP_TO_SERVER)
		line(out, "direction", vp_direction_name(rule->direction));
	print_conditions("when", &rule->when, out);
	print_conditions("except", &rule->except, out);
	if (rule->threshold.rate.count) {
		key(out, "threshold");
		print_threshold(&rule->threshold, out);
		vp_strbuf_addc(out, '\n');
	}
	line(out, "set", rule->set);
	if (rule->set)
		return;
	key(out, "action");
	vp_action_print(&rule->action, out);
	vp_strbuf_addc(out, '\n');
}

/* All of one kind in one line. */
static void print_targets(const struct vp_call_targets *targets, enum vp_call_target_kind kind,
			  struct vp_strbuf *out)
{
	bool any = false;

	vp_array_each (target, targets) {
		if (target->kind != kind)
			continue;
		if (any)
			vp_strbuf_adds(out, ", ");
		else
			key(out, vp_call_target_kind_name(kind));
		vp_strbuf_adds(out, target->name);
		any = true;
	}
	if (any)
		vp_strbuf_addc(out, '\n');
}

static void print_syscalls(const struct vp_syscalls *syscalls, struct vp_strbuf *out)
{
	section(out, "syscalls", syscalls->name);
	print_targets(&syscalls->targets, VP_CALL_TARGET_UNIT, out);
	print_targets(&syscalls->targets, VP_CALL_TARGET_PROCESS, out);
	vp_array_each (term, &syscalls->deny)
		line(out, "deny", term->text);
	key(out, "action");
	vp_strbuf_addf(out, "errno %s\n", vp_call_errno_name(syscalls->error));
	if (syscalls->foreign != VP_FOREIGN_CLOSE)
		line(out, "foreign-abi", vp_foreign_name(syscalls->foreign));
	line(out, "no-new-privileges", syscalls->no_new_privs ? "allow" : NULL);
	line(out, "revocable", syscalls->revocable ? "yes" : NULL);
	line(out, "force", syscalls->forced ? "yes" : NULL);
}

static void print_call_sample(const struct vp_patch *patch,
			      const struct vp_call_sample *sample, struct vp_strbuf *out)
{
	section(out, "sample", sample->name);
	line(out, "syscalls", patch->syscalls.data[sample->syscalls].name);
	line(out, "expect", sample->denied ? "denied" : "allowed");
	vp_array_each (text, &sample->texts)
		line(out, "call", *text);
}

static void print_hex(const struct vp_step *step, struct vp_strbuf *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < step->len; i++) {
		char text[3] = { i && i % 2 == 0 ? ' ' : '\0', digits[step->data[i] >> 4],
				 digits[step->data[i] & 15] };

		vp_strbuf_add(out, text + !*text, 3 - !*text);
	}
}

static void print_step(const struct vp_step *step, struct vp_strbuf *out)
{
	switch (step->kind) {
	case VP_STEP_SEND:
	case VP_STEP_RECEIVE:
		key(out, step->kind == VP_STEP_SEND ? "send" : "receive");
		vp_bytes_print(step->data, step->len, out);
		break;
	case VP_STEP_WAIT:
		key(out, "wait");
		vp_duration_print(step->milliseconds, out);
		break;
	case VP_STEP_PACKET:
		key(out, "packet");
		print_hex(step, out);
		break;
	}
	vp_strbuf_addc(out, '\n');
}

static void print_expectation(const struct vp_sample *sample, struct vp_strbuf *out)
{
	static const char *const names[] = {
		[VP_EXPECT_BLOCKED] = "blocked",
		[VP_EXPECT_PASSED] = "passed",
		[VP_EXPECT_LIMITED] = "limited after ",
	};
	_Static_assert(VP_COUNT(names) == VP_EXPECT_LIMITED + 1,
		       "every expectation has a name");

	key(out, "expect");
	vp_strbuf_adds(out, names[sample->expect]);
	if (sample->expect == VP_EXPECT_LIMITED)
		print_number(sample->limited_after, out);
	vp_strbuf_addc(out, '\n');
}

static void print_sample(const struct vp_patch *patch, const struct vp_sample *sample,
			 struct vp_strbuf *out)
{
	static const char *const families[] = { NULL, "ipv4", "ipv6", "both" };
	char text[40];

	section(out, "sample", sample->name);
	if (sample->rule)
		line(out, "rule", sample->rule);
	else
		line(out, "service", patch->services.data[sample->service].name);
	print_expectation(sample, out);
	if (sample->from.kind == VP_VALUE_SET || sample->from.address.first.family) {
		key(out, "from");
		vp_value_print(&sample->from, out);
		vp_strbuf_addc(out, '\n');
	}
	line(out, "family", families[sample->families & 3]);
	if (sample->port.protocol)
		line(out, "port", vp_port_range_print(&sample->port, text));
	if (sample->repeat > 1) {
		key(out, "repeat");
		print_number(sample->repeat, out);
		vp_strbuf_addc(out, '\n');
	}
	vp_array_each (step, &sample->steps)
		print_step(step, out);
}

void vp_patch_print(const struct vp_patch *patch, struct vp_strbuf *out)
{
	print_patch(patch, out);
	vp_array_each (set, &patch->sets)
		print_set(set, out);
	vp_array_each (service, &patch->services)
		print_service(service, out);
	vp_array_each (rule, &patch->rules)
		print_rule(patch, rule, out);
	vp_array_each (syscalls, &patch->syscalls)
		print_syscalls(syscalls, out);
	vp_array_each (sample, &patch->samples)
		print_sample(patch, sample, out);
	vp_array_each (sample, &patch->call_samples)
		print_call_sample(patch, sample, out);
}
