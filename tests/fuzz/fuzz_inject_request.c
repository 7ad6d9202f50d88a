/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the injector reads: requests, answers, and texts of /proc, which a process has part in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/inject/inject.h"
#include "agentd/inject/request.h"
#include "lib/memory.h"
#include "lib/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void requests(const uint8_t *data, size_t size)
{
	static struct vp_request request;
	struct vp_record record;

	if (!vp_request_parse(data, size, &request, NULL)) {
		must(size == vp_request_len(request.count) && !memcmp(&request, data, size));
		must(request.count && request.count <= VP_REQUEST_PROCESSES);
		for (uint32_t i = 0; i < request.count; i++)
			must(request.processes[i].id > 1);
	}
	if (!vp_record_parse(data, size, &record, NULL))
		must(vp_inject_outcome_name(record.outcome) &&
		     vp_inject_reason_text(record.reason));
}

static void texts(const char *text)
{
	struct vp_proc_status status;
	struct vp_proc_stat stat;
	struct vp_proc_mapping mapping;
	struct vp_proc_call call;

	if (!vp_proc_status_parse(text, &status))
		must(status.process >= 0 && status.tracer >= 0 && status.seccomp <= 2);
	(void)vp_proc_stat_parse(text, &stat);
	if (!vp_proc_mapping_parse(text, &mapping))
		must(mapping.first < mapping.end && mapping.name >= text &&
		     mapping.name <= text + strlen(text));
	(void)vp_proc_call_parse(text, &call);
	must(vp_proc_sched_parse(text) >= -4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = vp_strndup((const char *)data, size);

	requests(data, size);
	texts(text);
	free(text);
	return 0;
}
