/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostic messages: see log.h. */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum vp_log_level maximum = VP_LOG_INFO;

void vp_log_set_level(enum vp_log_level level)
{
	maximum = level;
}

void vp_log(enum vp_log_level level, const char *format, ...)
{
	static const struct {
		const char *journal, *plain;
	} prefix[] = {
		[VP_LOG_ERROR] = { "<3>", "error: " },
		[VP_LOG_WARNING] = { "<4>", "warning: " },
		[VP_LOG_INFO] = { "<6>", "" },
		[VP_LOG_DEBUG] = { "<7>", "debug: " },
	};
	char text[2048];
	va_list args;

	if (level > maximum)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "%s%s\n",
		getenv("JOURNAL_STREAM") ? prefix[level].journal : prefix[level].plain, text);
}
