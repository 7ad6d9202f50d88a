/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of units and templates: see unit.h. Nothing is asked of the system. */
#include "lib/unit.h"

#include <string.h>

#include "lib/memory.h"

/* What an instance has in common with its template: all up to and with the sign, which is
 * *prefix bytes long, and the ending, which is returned. NULL: it is no instance. */
static const char *instance_ending(const char *unit, size_t *prefix)
{
	const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');

	*prefix = at ? (size_t)(at - unit) + 1 : 0;
	return at && dot && dot > at + 1 ? dot : NULL;
}

enum vp_unit_match vp_unit_match(const char *unit, const char *name)
{
	size_t prefix;
	const char *ending = instance_ending(unit, &prefix);

	if (!strcmp(unit, name))
		return VP_UNIT_SAME;
	if (ending && !strncmp(unit, name, prefix) && !strcmp(name + prefix, ending))
		return VP_UNIT_TEMPLATE;
	return VP_UNIT_OTHER;
}

char *vp_unit_template(const char *unit)
{
	size_t prefix;
	const char *ending = instance_ending(unit, &prefix);

	return ending ? vp_format("%.*s%s", (int)prefix, unit, ending) : NULL;
}
