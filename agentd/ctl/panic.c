/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl panic: done here, not by the daemon, because the daemon may be dead,
 * stopped or the trouble itself.
 */
#include "agentd/panic.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/ctl/render.h"
#include "agentd/ctl/settings.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"
#include "agentd/peer.h"

/* Who is asking, named as the daemon would name them: a socket's other end is this process. */
static void find_who(const struct vp_config *config, struct vp_peer *peer)
{
	int fds[2];

	memset(peer, 0, sizeof(*peer));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return;
	vp_peer_read(peer, fds[0], config);
	close(fds[0]);
	close(fds[1]);
}

static json_t *make_document(const struct vp_panic *panic)
{
	json_t *document = vp_json_document("vpatch.panic/1");
	json_t *stays = json_array();
	const char *line = vp_strbuf_text(&panic->stays);

	while (*line) {
		size_t len = strcspn(line, "\n");
		_cleanup_free_ char *copy = vp_strndup(line, len);

		vp_json_append_text(stays, copy);
		line += len + (line[len] == '\n');
	}
	json_object_set_new(document, "marked", json_boolean(panic->marked));
	vp_json_set_number(document, "ended", panic->ended);
	json_object_set_new(document, "removed", json_boolean(panic->removed));
	json_object_set_new(document, "stays", stays);
	return document;
}

void vp_render_panic(const json_t *document, struct vp_page *page)
{
	const json_t *stays = json_object_get(document, "stays");
	bool removed = json_is_true(json_object_get(document, "removed"));
	bool marked = json_is_true(json_object_get(document, "marked"));
	unsigned long long ended = vp_json_get_number(document, "ended");
	const json_t *line;
	size_t i;

	vp_page_tone(page, removed ? VP_TONE_PLAIN : VP_TONE_BAD, "%s",
		     removed ? "Every shield is removed from the kernel."
			     : "NOT every shield could be removed from the kernel.");
	vp_page_line(page, 0, "%llu process%s ended.", ended, ended == 1 ? "" : "es");
	if (marked)
		vp_page_line(page, 0,
			     "Nothing is installed again, not even at boot, before "
			     "'vpatchctl apply --after-panic'.");
	if (json_array_size(stays))
		vp_page_heading(page, "What stays");
	json_array_foreach (stays, i, line)
		vp_page_item(page, "%s", json_string_value(line));
	vp_page_blank(page);
	vp_page_line(page, 0, "The services are not shielded now, and not fixed.");
}

enum vp_exit vp_ctl_panic(const struct vp_ctl *ctl)
{
	_cleanup_config_ struct vp_config config = { 0 };
	_cleanup_json_ json_t *document = NULL;
	struct vp_panic panic = { 0 };
	struct vp_error err = { 0 };
	struct vp_peer peer;
	int r;

	if (geteuid())
		return vp_output_failure(ctl->out, VP_EXIT_FORBIDDEN,
					 "panic needs root: it ends processes of root and "
					 "removes kernel rules; nothing was done");
	if (vp_settings_read(ctl, &config, &err))
		return vp_output_failure(ctl->out, VP_EXIT_USAGE, "%s", err.text);
	find_who(&config, &peer);
	vp_output_progress(ctl->out, "removing every shield", 0, 0);
	r = vp_panic_run(&config, vp_modules, peer.who, ctl->option[VP_OPTION_REASON], &panic);
	document = make_document(&panic);
	vp_panic_free(&panic);
	vp_output_document(ctl->out, document, vp_render_panic);
	return r ? VP_EXIT_FINDINGS : VP_EXIT_GOOD;
}
