/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From records to sums: see observation.h. */
#include "agentd/ctl/observe/observation.h"

#include "modules/seccomp/interpreter.h"

void vp_observation_init(struct vp_observation *observation,
			 const struct vp_target_filters *filters, enum vp_abi native)
{
	observation->filters = filters;
	observation->native = native;
	observation->sums = vp_alloc(filters->len, sizeof(*observation->sums));
	vp_array_each (one, filters) {
		vp_sought_add(&observation->soughts, &one->target);
		vp_call_numbers_add(&observation->numbers, one->filter);
	}
}

void vp_observation_free(struct vp_observation *observation)
{
	vp_soughts_free(&observation->soughts);
	vp_lineage_free(&observation->lineage);
	vp_refusals_free(&observation->refusals);
	free(observation->sums);
}

void vp_observation_meet(struct vp_observation *observation,
			 const struct vp_found_processes *found)
{
	vp_array_each (one, found) {
		bool known = vp_lineage_find(&observation->lineage, one->process);

		vp_lineage_add(&observation->lineage, one->process, one->targets, one->name);
		if (known)
			continue;
		for (size_t i = 0; i < observation->filters->len; i++) {
			const struct vp_filter *filter = observation->filters->data[i].filter;

			if (!(one->targets >> i & 1))
				continue;
			observation->sums[i].filtered += one->filtered;
			observation->sums[i].narrow +=
				one->narrow && !vp_filter_covers(filter);
		}
	}
}

/* The name of a process; it is asked for where no record told it. */
static void name_of(struct vp_observation *observation, pid_t process, uint64_t targets,
		    char name[static VP_TRACE_NAME])
{
	const struct vp_kin *kin = vp_lineage_find(&observation->lineage, process);

	if (!kin || !kin->name[0]) {
		vp_find_name(process, name);
		vp_lineage_add(&observation->lineage, process, targets, name);
		return;
	}
	memcpy(name, kin->name, VP_TRACE_NAME);
}

static uint32_t ask(const struct vp_filter *filter, enum vp_abi abi,
		    const struct vp_trace *record)
{
	struct vp_bpf program = vp_filter_program(filter);
	struct seccomp_data data = { .nr = (int)record->number, .arch = vp_abi_audit(abi) };

	memcpy(data.args, record->arguments, sizeof(data.args));
	return vp_bpf_run(&program, &data);
}

static void judge(struct vp_observation *observation, size_t target, enum vp_abi abi,
		  bool sure, const struct vp_trace *record)
{
	const struct vp_filter *filter = observation->filters->data[target].filter;
	struct vp_observation_sums *sums = &observation->sums[target];
	uint32_t action = ask(filter, abi, record);
	struct vp_refusal line;

	sums->calls++;
	if (!sure)
		sums->unsure += action != ask(filter, vp_abi_companion(abi), record);
	if (action == SECCOMP_RET_ALLOW)
		return;
	sums->denied++;
	vp_refusal_of(filter, vp_abi_audit(abi), (int)record->number, record->arguments,
		      action, &line);
	line.target = target;
	line.process = record->process;
	name_of(observation, record->process, 1ull << target, line.name);
	vp_refusals_add(&observation->refusals, &line);
}

static void take_call(struct vp_observation *observation, const struct vp_trace *record,
		      uint64_t targets)
{
	const struct vp_kin *kin;
	enum vp_abi abi;
	bool sure;

	if (!vp_call_numbers_has(&observation->numbers, record->number))
		return;
	if (!targets) {
		kin = vp_lineage_find(&observation->lineage, record->process);
		targets = kin ? kin->targets & observation->by_lineage : 0;
	}
	if (!targets)
		return;
	abi = vp_origin_of(observation->native, record, &sure);
	for (size_t i = 0; i < observation->filters->len; i++)
		if (targets >> i & 1)
			judge(observation, i, abi, sure, record);
}

static uint64_t programs_at(const struct vp_observation *observation, const char *path)
{
	uint64_t targets = 0;

	for (size_t i = 0; i < observation->soughts.len; i++)
		if (vp_sought_is_program(&observation->soughts.data[i], path))
			targets |= 1ull << i;
	return targets;
}

void vp_observation_take(void *context, const struct vp_trace *record, uint64_t mark)
{
	struct vp_observation *observation = context;
	uint64_t program = 0;

	if (record->kind == VP_TRACE_CALL) {
		take_call(observation, record, mark);
		return;
	}
	if (record->kind == VP_TRACE_MAPPING)
		program = programs_at(observation, record->path);
	vp_lineage_take(&observation->lineage, record, program);
}
