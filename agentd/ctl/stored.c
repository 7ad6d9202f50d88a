/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status without the daemon: see stored.h. Reads only; repairs nothing. */
#include "agentd/ctl/stored.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agentd/ctl/settings.h"
#include "agentd/ctl/survey.h"
#include "agentd/document.h"
#include "agentd/state.h"
#include "modules/module.h"

static void add_problem(json_t *document, const char *code, const char *text)
{
	json_t *problem = json_object();

	vp_json_set_text(problem, "code", code);
	vp_json_set_text(problem, "text", text);
	json_array_append_new(json_object_get(document, "problems"), problem);
}

static void add_counts(json_t *object, const struct vp_counts *counts)
{
	uint64_t packets = 0, bytes = 0;

	vp_array_each (count, counts) {
		packets += count->packets;
		bytes += count->bytes;
	}
	vp_json_set_number(object, "rules", counts->len);
	vp_json_set_number(object, "packets", packets);
	vp_json_set_number(object, "bytes", bytes);
}

static json_t *module_state(const struct vp_module *module, const struct vp_host *host)
{
	json_t *object = json_object();
	struct vp_instance *instance = NULL;
	struct vp_counts counts = { 0 };
	struct vp_error err = { 0 };
	uint64_t generation = 0;
	int r;

	vp_json_set_text(object, "point", vp_point_name(module->point));
	r = module->open(&instance, host, &err);
	if (!r)
		r = module->running(instance, &generation, &err);
	if (!r && generation)
		r = module->counts(instance, &counts, &err);
	if (r) {
		vp_json_set_text(object, "error", err.text);
	} else {
		vp_json_set_number(object, "generation", generation);
		add_counts(object, &counts);
	}
	if (instance)
		module->close(instance);
	vp_array_free(&counts);
	return object;
}

enum seen { SEEN_NOTHING, SEEN_UNKNOWN, SEEN_SHIELDS };

static enum seen add_kernel(json_t *document, const struct vp_config *config)
{
	struct vp_host host = { .log_group = config->log_group };
	json_t *kernel = json_array();
	enum seen seen = SEEN_NOTHING;

	for (size_t i = 0; vp_modules[i]; i++) {
		json_t *state;

		if (!vp_modules[i]->running)
			continue;
		state = module_state(vp_modules[i], &host);
		if (vp_json_get_number(state, "generation"))
			seen = SEEN_SHIELDS;
		else if (seen == SEEN_NOTHING && vp_json_get_text(state, "error"))
			seen = SEEN_UNKNOWN;
		json_array_append_new(kernel, state);
	}
	json_object_set_new(document, "kernel", kernel);
	vp_host_free(&host);
	return seen;
}

static void add_generation(json_t *document, const struct vp_state *state)
{
	struct vp_generation generation = { 0 };
	struct vp_error err = { 0 };
	uint64_t number = 0;
	json_t *object;
	int r;

	r = vp_state_current(state, &number, &err);
	if (!r && number)
		r = vp_state_load(state, number, &generation, &err);
	if (r) {
		add_problem(document, "state", err.text);
		return;
	}
	if (!number) {
		json_object_set_new(document, "generation", json_null());
		return;
	}
	object = json_object();
	vp_json_set_number(object, "number", generation.number);
	vp_json_set_time(object, "time", generation.time);
	vp_json_set_text(object, "who", generation.who);
	vp_json_set_text(object, "reason", generation.reason);
	vp_json_set_text(object, "ticket", generation.ticket);
	json_object_set_new(document, "generation", object);
	vp_generation_free(&generation);
}

static bool add_panic(json_t *document, const struct vp_state *state)
{
	struct vp_panic_marker marker = { 0 };
	json_t *object;

	if (!vp_state_panicked(state, &marker))
		return false;
	object = json_object();
	vp_json_set_time(object, "time", marker.time);
	vp_json_set_text(object, "who", marker.who);
	vp_json_set_text(object, "reason", marker.reason);
	json_object_set_new(document, "panic", object);
	return true;
}

/* True with the panic marker. Without the right to read it, nothing is said of it. */
static bool add_state(json_t *document, const struct vp_state *state)
{
	_cleanup_free_ char *text = NULL;
	bool panic;

	if (access(state->folder, R_OK | X_OK)) {
		if (errno == ENOENT) {
			json_object_set_new(document, "generation", json_null());
			return false;
		}
		text = vp_format("%s: %s; be root to see the stored state", state->folder,
				 strerror(errno));
		add_problem(document, "state", text);
		return false;
	}
	panic = add_panic(document, state);
	add_generation(document, state);
	return panic;
}

static const char panic_summary[] =
	"PANIC: shields are off until 'vpatchctl apply --after-panic'";

static const char *const summaries[] = {
	[SEEN_NOTHING] = "vpatchd does not answer, and no shield is in the kernel",
	[SEEN_UNKNOWN] =
		"vpatchd does not answer, and whether the kernel still shields could not "
		"be read",
	[SEEN_SHIELDS] =
		"vpatchd does not answer. The kernel still shields, not fixed; nobody "
		"reports, repairs or expires it",
};

json_t *vp_stored_status(const struct vp_ctl *ctl, const struct vp_error *why)
{
	_cleanup_config_ struct vp_config config = { 0 };
	json_t *document = vp_json_document("vpatch.status/1");
	struct vp_error err = { 0 };
	struct vp_state state;
	enum seen seen;
	bool panic;

	vp_json_set_text(document, "state", "unreachable");
	json_object_set_new(document, "problems", json_array());
	add_problem(document, "daemon", why->text);
	if (vp_settings_read(ctl, &config, &err)) {
		add_problem(document, "config", err.text);
		return document;
	}
	vp_state_name(&state, config.state);
	panic = add_state(document, &state);
	seen = add_kernel(document, &config);
	vp_json_set_text(document, "summary", panic ? panic_summary : summaries[seen]);
	vp_state_free(&state);
	return document;
}
