/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units of the service manager by their names. A template, "a@.service", stands for all its
 * instances, "a@1.service". Pure.
 *
 * Who is named for an instance and who for its template: everything that is meant for the
 * template is meant for the instance too, so the instance's own has that in it, and of the two
 * the closer one is the only one to be used.
 */
#ifndef VP_LIB_UNIT_H
#define VP_LIB_UNIT_H

#include <stdbool.h>

/* How close a name is to a unit; the greater the closer. */
enum vp_unit_match { VP_UNIT_OTHER, VP_UNIT_TEMPLATE, VP_UNIT_SAME };

/* Is the unit, or instance of it, what has that name? */
enum vp_unit_match vp_unit_match(const char *unit, const char *name);

/* The template that a unit is an instance of, owned by the caller; NULL: of none. */
char *vp_unit_template(const char *unit);

#endif
