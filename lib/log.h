/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnostic messages of our own processes, to standard error with sd-daemon(3)
 * priority prefixes when the journal reads it. Security events do not go this
 * way: agentd/event.h has them.
 */
#ifndef VP_LIB_LOG_H
#define VP_LIB_LOG_H

enum vp_log_level { VP_LOG_ERROR, VP_LOG_WARNING, VP_LOG_INFO, VP_LOG_DEBUG };

/* Messages above this level are dropped. Default: info. */
void vp_log_set_level(enum vp_log_level level);

void vp_log(enum vp_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define vp_log_error(...)   vp_log(VP_LOG_ERROR, __VA_ARGS__)
#define vp_log_warning(...) vp_log(VP_LOG_WARNING, __VA_ARGS__)
#define vp_log_info(...)    vp_log(VP_LOG_INFO, __VA_ARGS__)
#define vp_log_debug(...)   vp_log(VP_LOG_DEBUG, __VA_ARGS__)

#endif
