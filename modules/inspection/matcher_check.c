/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Can the matcher of this machine be believed? Releases of vectorscan up to 5.4.12 miss
 * matches on processors with AVX-512, the more so the longer what precedes them
 * (VectorCamp/vectorscan, issue 317). A shield that does so without a word is worse
 * than none: such a matcher is refused. Four patterns that showed it, at many places.
 */
#include <errno.h>
#include <hs.h>
#include <string.h>

#include "modules/inspection/database.h"

#define LENGTH 192u

struct probe {
	const char *pattern, *text;
};

static const struct probe probes[] = {
	{ "z", "z" },
	{ "z.*q", "zq" },
	{ "z[0-9]", "z1" },
	{ "\\$\\\\*\\{", "${" },
};

static void note(void *context, unsigned int pattern)
{
	(void)pattern;
	*(bool *)context = true;
}

/* Wherever the text stands. */
static bool finds(const struct vp_database *database, struct vp_scanner *scanner,
		  const char *text)
{
	uint8_t bytes[LENGTH];
	size_t len = strlen(text);

	for (size_t at = 0; at + len <= LENGTH; at++) {
		bool found = false;
		const struct vp_database_watcher watcher = { note, &found };

		memset(bytes, 'a', sizeof(bytes));
		memcpy(bytes + at, text, len);
		if (vp_database_scan(database, scanner, (struct vp_slice){ bytes, LENGTH },
				     &watcher) ||
		    !found)
			return false;
	}
	return true;
}

static bool passes(const struct probe *probe)
{
	struct vp_database_pattern pattern = { .text = probe->pattern, .regex = true };
	struct vp_database *database = NULL;
	struct vp_scanner *scanner = NULL;
	bool good;

	good = !vp_database_compile(&pattern, 1, false, &database, NULL) && database &&
	       !vp_scanner_add(&scanner, database) && finds(database, scanner, probe->text);
	vp_scanner_free(scanner);
	vp_database_free(database);
	return good;
}

int vp_matcher_check(struct vp_error *err)
{
	static bool passed; /* it does not change while this process lives */

	for (size_t i = 0; !passed && i < sizeof(probes) / sizeof(probes[0]); i++)
		if (!passes(&probes[i]))
			return vp_fail(err, -ENOTSUP,
				       "the pattern matcher of this machine, libhs %s, misses "
				       "matches (pattern %s); install hyperscan, or a release "
				       "of vectorscan without that fault",
				       hs_version(), probes[i].pattern);
	passed = true;
	return 0;
}
