/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers to build and read JSON documents with jansson. */
#ifndef VP_AGENTD_DOCUMENT_H
#define VP_AGENTD_DOCUMENT_H

#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "lib/cleanup.h"
#include "policy/diagnostic.h"

static inline void vp_json_decref_(json_t **json)
{
	json_decref(*json);
}
#define _cleanup_json_ vp_cleanup(vp_json_decref_)

#define VP_TIME_TEXT 24

/* RFC 3339, UTC, whole seconds. Returns `text`. */
const char *vp_time_print(time_t time, char text[static VP_TIME_TEXT]);

/* The inverse. 0 when it is none. */
time_t vp_time_parse(const char *text);

/* Text of any bytes: what is not UTF-8 becomes "?". NULL is left out. */
void vp_json_set_text(json_t *object, const char *key, const char *text);
void vp_json_append_text(json_t *array, const char *text);
void vp_json_set_number(json_t *object, const char *key, uint64_t number);
/* "0x..." : 64 bits that JSON numbers cannot carry everywhere. */
void vp_json_set_hex(json_t *object, const char *key, uint64_t number);
/* RFC 3339; 0 is left out. */
void vp_json_set_time(json_t *object, const char *key, time_t time);

/* NULL or 0 when missing or of another type. */
const char *vp_json_get_text(const json_t *object, const char *key);
uint64_t vp_json_get_number(const json_t *object, const char *key);
uint64_t vp_json_get_hex(const json_t *object, const char *key);

/* An object with that schema member. Never NULL. */
json_t *vp_json_document(const char *schema);

json_t *vp_json_findings(const struct vp_findings *findings);

#endif
