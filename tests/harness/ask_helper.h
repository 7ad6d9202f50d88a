/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The helper of injection, started and asked about one process as vpatchd does. */
#ifndef VP_TESTS_ASK_HELPER_H
#define VP_TESTS_ASK_HELPER_H

#include "agentd/inject/request.h"

struct asked {
	const char *executable; /* of the helper */
	int32_t process;
	uint64_t start;	    /* clock ticks after boot; 0: whichever */
	unsigned int flags; /* VP_INJECT_ */
	const struct sock_filter *code;
	size_t len;
};

/* 0 and *record, or -1 with the reason on standard error. */
int ask_helper(const struct asked *asked, struct vp_record *record);

#endif
