/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From argv to a verb of the command table and its exit status; also --help and --version. */
#include "config.h"

#include "agentd/ctl/run.h"

#include "agentd/ctl/arguments.h"
#include "agentd/ctl/help.h"
#include "agentd/ctl/output.h"
#include "lib/cleanup.h"

static enum vp_exit print_version(struct vp_output *out)
{
	json_t *document = json_pack("{s:s, s:s}", "schema", "vpatch.version/1", "version",
				     PACKAGE_VERSION);

	if (out->ops == &vp_output_json)
		vp_output_document(out, document, NULL);
	else
		vp_output_raw(out, "vpatchctl " PACKAGE_VERSION "\n");
	json_decref(document);
	return VP_EXIT_GOOD;
}

static enum vp_exit print_help(const struct vp_ctl *ctl)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	if (ctl->command)
		vp_help_command(ctl->command, &text);
	else
		vp_help_program(&text);
	vp_output_raw(ctl->out, vp_strbuf_text(&text));
	return VP_EXIT_GOOD;
}

static enum vp_exit run_command(const struct vp_ctl *ctl)
{
	if (vp_ctl_given(ctl, VP_OPTION_HELP))
		return print_help(ctl);
	if (vp_ctl_given(ctl, VP_OPTION_VERSION))
		return print_version(ctl->out);
	return ctl->command->run(ctl);
}

enum vp_exit vp_ctl_run(int argc, char *const argv[], FILE *to, FILE *err)
{
	_cleanup_free_ const char **operands = NULL;
	struct vp_error error = { 0 };
	struct vp_output out;
	struct vp_ctl ctl = { .out = &out };
	enum vp_exit status;
	int r;

	vp_output_init(&out, to, err);
	r = vp_arguments_parse(argc, argv, &ctl, &operands, &error);
	if (vp_ctl_given(&ctl, VP_OPTION_JSON))
		out.ops = &vp_output_json;
	if (r)
		status = vp_output_failure(&out, VP_EXIT_USAGE, "%s", error.text);
	else
		status = run_command(&ctl);
	return vp_output_finish(&out, status);
}
