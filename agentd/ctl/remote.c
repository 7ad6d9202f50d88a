/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request to vpatchd and its answer. Knows what a missing, silent or
 * forbidding daemon means for the person at the terminal; what the documents say
 * is the verbs' business.
 */
#include "agentd/ctl/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/client.h"
#include "agentd/ctl/settings.h"
#include "agentd/document.h"

/* An apply of 10,000 patches takes seconds; a daemon that needs longer than this hangs. */
#define ANSWER_MILLISECONDS 120000

static void close_client(struct vp_client **client)
{
	vp_client_close(*client);
}

static int parse_answer(const char *text, json_t **answer, struct vp_error *err)
{
	json_error_t error;

	*answer = json_loads(text, 0, &error);
	if (!*answer)
		return vp_fail(err, -EPROTO, "vpatchd's answer is no JSON document: %s",
			       error.text);
	return 0;
}

static int fail_forbidden(const struct vp_ctl *ctl, struct vp_error *err)
{
	return vp_fail(err, -EACCES,
		       "%s needs root or membership of group %s: this user may not use the "
		       "control socket",
		       ctl->command->verb,
		       ctl->command->changes ? "vpatch-admin" : "vpatch-view or vpatch-admin");
}

int vp_remote_open(const struct vp_ctl *ctl, struct vp_client **client, enum vp_exit *status,
		   struct vp_error *err)
{
	_cleanup_config_ struct vp_config config = { 0 };
	int r;

	*status = VP_EXIT_USAGE;
	r = vp_settings_read(ctl, &config, err);
	if (r)
		return r;
	*status = VP_EXIT_UNREACHABLE;
	r = vp_client_open(client, config.socket, err);
	if (r != -EACCES && r != -EPERM)
		return r;
	*status = VP_EXIT_FORBIDDEN;
	return fail_forbidden(ctl, err);
}

int vp_remote_ask(const struct vp_ctl *ctl, const struct vp_message *request,
		  enum vp_exit *status, json_t **answer, struct vp_error *err)
{
	vp_cleanup(close_client) struct vp_client *client = NULL;
	_cleanup_free_ char *text = NULL;
	int r;

	r = vp_remote_open(ctl, &client, status, err);
	if (r)
		return r;
	r = vp_client_ask(client, request, ANSWER_MILLISECONDS, status, &text, err);
	if (!r)
		r = parse_answer(text, answer, err);
	if (r)
		*status = VP_EXIT_UNREACHABLE;
	return r;
}

enum vp_exit vp_remote_print(const struct vp_ctl *ctl, enum vp_exit status,
			     const json_t *answer, vp_render *render)
{
	const char *schema = vp_json_get_text(answer, "schema");

	if (!schema || strcmp(schema, "vpatch.result/1"))
		vp_output_document(ctl->out, answer, render);
	else
		vp_output_refusal(ctl->out, answer, vp_render_result);
	return status;
}

enum vp_exit vp_remote_run(const struct vp_ctl *ctl, const struct vp_message *request,
			   vp_render *render)
{
	_cleanup_json_ json_t *answer = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status;

	if (vp_remote_ask(ctl, request, &status, &answer, &err))
		return vp_output_failure(ctl->out, status, "%s", err.text);
	return vp_remote_print(ctl, status, answer, render);
}
