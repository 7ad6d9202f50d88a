/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever stands in a buffer of the kernel's records, or in its description of a tracepoint:
 * no crash, and every call that is counted as denied has a line or is counted as unlisted.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/ctl/observe/observation.h"
#include "agentd/ctl/observe/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUFFER 4096

static struct vp_target_filters filters;

static void make_filter(enum vp_call_target_kind kind, const char *target, const char *call,
			bool cover)
{
	struct vp_target_filter *made = vp_array_add(&filters);
	struct vp_call_rule rule = { .prototype = vp_call_find(call, strlen(call)),
				     .error = EPERM };
	struct vp_filter_rule rules = { .tag = 1, .rule = &rule };
	const struct vp_filter_request request = {
		.abi = VP_ABI_X86_64, .cover = cover, .rules = &rules, .count = 1
	};

	vp_array_push(&rule.conditions,
		      ((struct vp_call_condition){ .mask = UINT32_MAX, .value = 16 }));
	made->target = (struct vp_call_target){ kind, vp_strdup(target) };
	if (vp_filter_compile(&request, &made->filter, NULL))
		abort();
	vp_array_free(&rule.conditions);
}

static void check_sums(const struct vp_observation *observation)
{
	uint64_t denied = 0, listed = observation->refusals.more;

	for (size_t i = 0; i < filters.len; i++) {
		denied += observation->sums[i].denied;
		if (observation->sums[i].denied > observation->sums[i].calls)
			abort();
	}
	vp_array_each (line, &observation->refusals.lines)
		listed += line->call.count;
	if (listed != denied)
		abort();
}

/* Records through a buffer, as the kernel would write them: a piece, then a reading. */
static void fuzz_buffer(const uint8_t *data, size_t size)
{
	static const struct vp_trace_form form = { 8, 16, 12 };
	static struct perf_event_mmap_page page;
	static uint8_t buffer[BUFFER];
	static struct vp_observation observation;
	struct vp_trace_ring ring;
	struct vp_trace record;
	const void *at;
	size_t len;

	memset(&page, 0, sizeof(page));
	vp_trace_ring_init(&ring, &page, buffer, BUFFER);
	if (!observation.filters)
		vp_observation_init(&observation, &filters, VP_ABI_X86_64);
	observation.by_lineage = 2;
	while (size) {
		size_t piece = size < 1000 ? size : 1000;

		for (size_t i = 0; i < piece; i++)
			buffer[(page.data_head + i) % BUFFER] = data[i];
		page.data_head += piece;
		data += piece;
		size -= piece;
		while ((at = vp_trace_ring_peek(&ring, &len))) {
			if (!vp_trace_parse(&form, at, len, &record))
				vp_observation_take(&observation, &record, record.process & 1);
			vp_trace_ring_skip(&ring, len);
		}
		vp_trace_ring_release(&ring);
	}
	check_sums(&observation);
	vp_trace_ring_free(&ring);
	vp_lineage_free(&observation.lineage);
	vp_refusals_free(&observation.refusals);
	memset(observation.sums, 0, filters.len * sizeof(*observation.sums));
}

static void fuzz_texts(const uint8_t *data, size_t size)
{
	char *text = vp_strndup((const char *)data, size), *line = vp_strdup(text);
	struct vp_trace_form form;
	const char *path;

	(void)vp_trace_form_parse(text, &form);
	if (vp_cgroup_has_unit(line, "app.service", &path) && !strstr(path, "app.service"))
		abort();
	free(line);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!filters.len) {
		make_filter(VP_CALL_TARGET_UNIT, "app.service", "socket", false);
		make_filter(VP_CALL_TARGET_PROCESS, "/usr/sbin/x", "unshare", true);
	}
	if (size && data[0] % 8 == 7)
		fuzz_texts(data + 1, size - 1);
	else if (size)
		fuzz_buffer(data + 1, size - 1);
	return 0;
}
