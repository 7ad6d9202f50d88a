/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of events as text, RFC 3339. */
#ifndef VP_AGENTD_EVENT_TIME_H
#define VP_AGENTD_EVENT_TIME_H

#include <stdint.h>

#define VP_EVENT_TIME 80

/* UTC with microseconds: "2026-11-22T06:01:04.000120Z". Returns `text`. */
const char *vp_event_time_print(uint64_t time, char text[static VP_EVENT_TIME]);

/* The inverse; also without fraction, with an offset, or a date alone. 0 or -EINVAL. */
int vp_event_time_parse(const char *text, uint64_t *time);

#endif
