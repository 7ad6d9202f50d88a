/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of the seccomp enforcement point: see module.h. */
#include "agentd/syscalls/module.h"

#include <errno.h>
#include <string.h>

#include "agentd/syscalls/filter_files.h"
#include "agentd/syscalls/manager.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/process.h"

#define QUIET	 200  /* milliseconds after which the exec hook has told all that it had */
#define SETTLING 2000 /* milliseconds that a change waits for its processes to be covered */

struct vp_artefact {
	uint64_t generation;
	struct vp_target_filters filters;
	struct vp_strbuf text;
};

struct vp_instance {
	struct vp_keeper *keeper;
	char *files; /* folder of filters for vpatch-exec; NULL: none are written */
	char *units; /* folder of drop-ins (agentd/belt.h keeps them); NULL: there are none */
	struct vp_strbuf
		outlived; /* lines of stays(): services that drop-ins were taken from */
	struct vp_strbuf doubtful; /* and processes that may have filters */
	const struct vp_artefact *prepared, *committed;
};

static int probe(struct vp_host *host, struct vp_error *err)
{
	(void)host;
	(void)err;
	return 0; /* what a process can be given, is found out with it */
}

static void artefact_free(struct vp_artefact *artefact)
{
	if (!artefact)
		return;
	vp_target_filters_free(&artefact->filters);
	vp_strbuf_free(&artefact->text);
	free(artefact);
}

static int compile(const struct vp_plan *plan, const struct vp_host *host, uint64_t generation,
		   struct vp_artefact **artefact, struct vp_error *err)
{
	struct vp_artefact *made = vp_new(struct vp_artefact);
	int r = vp_target_filters_build(plan, &made->filters, err);

	(void)host;
	made->generation = generation;
	if (r) {
		artefact_free(made);
		return r;
	}
	vp_array_each (filter, &made->filters) {
		vp_strbuf_addf(&made->text, "%s: %s\n", filter->target.name, filter->patches);
		vp_filter_print(filter->filter, vp_plan_call_name, (void *)plan, &made->text);
	}
	*artefact = made;
	return 0;
}

static int dump(const struct vp_artefact *artefact, const char *format, struct vp_strbuf *out)
{
	if (strcmp(format, "bpf") != 0)
		return -ENOTSUP;
	vp_strbuf_adds(out, vp_strbuf_text(&artefact->text));
	return 0;
}

static int open_instance(struct vp_instance **instance, const struct vp_host *host,
			 struct vp_error *err)
{
	const char *run = host->run ? host->run : VP_RUNDIR;
	_cleanup_free_ char *helper = vp_format("%s/inject.sock", run);
	_cleanup_free_ char *hook = vp_format("%s/hook.sock", run);
	_cleanup_free_ char *file = vp_format("%s/syscalls.json", run);
	_cleanup_free_ char *answer = vp_format("%s/" VP_ANSWER_NAME, run);
	struct vp_keeper *keeper =
		vp_keeper_new(helper, hook, answer, host->run ? file : NULL, err);

	if (!keeper)
		return err->code;
	*instance = vp_new(struct vp_instance);
	(*instance)->keeper = keeper;
	(*instance)->files = host->state ? vp_format("%s/seccomp", host->state) : NULL;
	(*instance)->units = vp_strdup(host->dropins);
	return 0;
}

static void close_instance(struct vp_instance *instance)
{
	vp_keeper_free(instance->keeper);
	free(instance->files);
	free(instance->units);
	vp_strbuf_free(&instance->outlived);
	vp_strbuf_free(&instance->doubtful);
	free(instance);
}

static int prepare(struct vp_instance *instance, const struct vp_artefact *artefact,
		   struct vp_error *err)
{
	(void)err;
	instance->prepared = artefact;
	return 0;
}

static int commit(struct vp_instance *instance, struct vp_error *err)
{
	(void)err;
	vp_keeper_want(instance->keeper, &instance->prepared->filters,
		       instance->prepared->generation);
	instance->committed = instance->prepared;
	instance->prepared = NULL;
	return 0;
}

static void write_files(struct vp_instance *instance, const struct vp_target_filters *filters)
{
	struct vp_error err;

	if (instance->files && vp_filter_files_write(instance->files, filters, &err))
		vp_log_warning("%s", err.text);
}

/* Who applies is told at once how far it got; what takes longer goes on by itself. */
static void finish(struct vp_instance *instance)
{
	if (instance->committed)
		write_files(instance, &instance->committed->filters);
	instance->committed = NULL;
	(void)vp_keeper_wait(instance->keeper, SETTLING);
}

static void abort_prepared(struct vp_instance *instance)
{
	instance->prepared = NULL;
}

static int verify(struct vp_instance *instance, const struct vp_artefact *artefact,
		  struct vp_strbuf *differences, struct vp_error *err)
{
	const struct vp_coverage *coverage = vp_keeper_coverage(instance->keeper);
	int count = 0;

	(void)err;
	vp_array_each (made, &artefact->filters) {
		const struct vp_cover_filter *filter =
			vp_coverage_filter(coverage, made->digest);

		if (filter && filter->wanted)
			continue;
		vp_strbuf_addf(differences, "no filter is kept on %s\n", made->target.name);
		count++;
	}
	return count;
}

/* Denials are counted by whoever hears of them. */
static int counts(struct vp_instance *instance, struct vp_counts *counts, struct vp_error *err)
{
	(void)instance;
	(void)counts;
	(void)err;
	return 0;
}

static void note_outlived(struct vp_instance *instance)
{
	struct vp_dropin_list list = { 0 };

	vp_dropin_files_list(instance->units, &list);
	vp_array_each (file, &list)
		if (vp_manager_rights(file->unit) != VP_DROPIN_RIGHTS_UNKNOWN)
			vp_strbuf_addf(
				&instance->outlived,
				"%s: what was started with its drop-in keeps that until "
				"it ends; restart it to be rid of that\n",
				file->unit);
	vp_dropin_list_free(&list);
}

static int remove_dropins(struct vp_instance *instance, struct vp_error *err)
{
	const struct vp_dropin_folder folder = vp_manager_folder(instance->units, false);
	const struct vp_dropins none = { 0 };

	if (!instance->units)
		return 0;
	note_outlived(instance);
	return vp_manager_keep_dropins(&folder, &none, 0, err);
}

static bool is_filtered(pid_t id)
{
	struct vp_proc_status status;

	return vp_process_status(id, &status) && status.seccomp == 2;
}

static bool has_any(const struct vp_coverage *coverage, pid_t id)
{
	const struct vp_covered_process *process = vp_coverage_process(coverage, id);

	if (process)
		vp_array_each (cover, &process->covers)
			if (vp_cover_is_on(cover))
				return true;
	return false;
}

/* Whose it is meant for and who has filters, which may be others': nobody saw it get this one,
 * as where it was forked by one that the hook covered, and that has ended since. */
static void doubt(struct vp_instance *instance)
{
	const struct vp_coverage *coverage = vp_keeper_coverage(instance->keeper);
	struct vp_seen_processes seen = { 0 };

	vp_seen_processes_read(&seen, true, true);
	vp_array_each (process, &seen)
		vp_array_each (filter, &coverage->filters) {
			if (!vp_seen_is_of(process, &filter->target) ||
			    has_any(coverage, process->id) || !is_filtered(process->id))
				continue;
			vp_strbuf_addf(&instance->doubtful,
				       "%s: process %d has filters, and may have that of %s;"
				       " restart it to be rid of that\n",
				       filter->target.name, (int)process->id, filter->patches);
			break;
		}
	vp_seen_processes_free(&seen);
}

/* Who removes all without having run: what became of processes since the daemon did? */
static void learn_rest(struct vp_instance *instance)
{
	const struct vp_coverage *coverage = vp_keeper_coverage(instance->keeper);

	if (coverage->begun || !coverage->filters.len)
		return;
	vp_keeper_hear(instance->keeper, QUIET);
	doubt(instance);
}

static int remove_all(struct vp_instance *instance, struct vp_error *err)
{
	const struct vp_target_filters none = { 0 };

	learn_rest(instance);
	vp_keeper_want(instance->keeper, &none, 0);
	write_files(instance, &none);
	return remove_dropins(instance, err);
}

static void stay(const struct vp_covered_process *process, const struct vp_cover *cover,
		 const struct vp_coverage *coverage, struct vp_strbuf *out)
{
	const struct vp_cover_filter *filter = vp_coverage_filter(coverage, cover->digest);

	vp_strbuf_addf(out,
		       "%s: process %d keeps the filter of %s until it ends; restart it to be"
		       " rid of that\n",
		       filter ? filter->target.name : "", (int)process->id,
		       filter ? filter->patches : "patches of before");
}

/* What was withdrawn revocably is let through. */
static bool stays_on(const struct vp_coverage *coverage, const struct vp_cover *cover)
{
	const struct vp_cover_filter *filter = vp_coverage_filter(coverage, cover->digest);

	return vp_cover_is_on(cover) && !(filter && vp_cover_is_withdrawn(filter, cover));
}

static void stays(struct vp_instance *instance, struct vp_strbuf *out)
{
	const struct vp_coverage *coverage = vp_keeper_coverage(instance->keeper);

	(void)vp_keeper_tick(instance->keeper); /* who has ended since keeps nothing */
	vp_array_each (process, &coverage->processes)
		vp_array_each (cover, &process->covers)
			if (stays_on(coverage, cover))
				stay(process, cover, coverage, out);
	vp_strbuf_adds(out, vp_strbuf_text(&instance->doubtful));
	vp_strbuf_adds(out, vp_strbuf_text(&instance->outlived));
}

struct vp_keeper *vp_seccomp_keeper(struct vp_instance *instance)
{
	return instance ? instance->keeper : NULL;
}

const struct vp_module vp_seccomp_module = {
	.name = "seccomp",
	.point = VP_POINT_SECCOMP,
	.probe = probe,
	.compile = compile,
	.artefact_free = artefact_free,
	.dump = dump,
	.open = open_instance,
	.close = close_instance,
	.prepare = prepare,
	.commit = commit,
	.finish = finish,
	.abort = abort_prepared,
	.verify = verify,
	.running = NULL, /* processes have it, and are asked one by one */
	.counts = counts,
	.remove = remove_all,
	.stays = stays,
};
