/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers around jansson: see document.h. */
#include "agentd/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"

const char *vp_time_print(time_t time, char text[static VP_TIME_TEXT])
{
	struct tm parts;

	gmtime_r(&time, &parts);
	strftime(text, VP_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return text;
}

time_t vp_time_parse(const char *text)
{
	struct tm parts = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);

	return end && !*end ? timegm(&parts) : 0;
}

/* jansson refuses what is not UTF-8: then every byte outside ASCII is replaced. */
static json_t *text_of(const char *text)
{
	json_t *string = json_string(text);
	_cleanup_free_ char *copy = NULL;

	if (string)
		return string;
	copy = vp_strdup(text);
	for (char *at = copy; *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	return json_string(copy);
}

void vp_json_set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, text_of(text));
}

void vp_json_append_text(json_t *array, const char *text)
{
	json_array_append_new(array, text_of(text));
}

void vp_json_set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

void vp_json_set_hex(json_t *object, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	json_object_set_new(object, key, json_string(text));
}

void vp_json_set_time(json_t *object, const char *key, time_t time)
{
	char text[VP_TIME_TEXT];

	if (time)
		json_object_set_new(object, key, json_string(vp_time_print(time, text)));
}

const char *vp_json_get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

uint64_t vp_json_get_number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

uint64_t vp_json_get_hex(const json_t *object, const char *key)
{
	const char *text = vp_json_get_text(object, key);

	return text ? strtoull(text, NULL, 16) : 0;
}

json_t *vp_json_document(const char *schema)
{
	json_t *document = json_object();

	json_object_set_new(document, "schema", json_string(schema));
	return document;
}

static void add_finding(json_t *list, const char *level, const struct vp_finding *finding)
{
	json_t *item = json_object();

	vp_json_set_text(item, "level", level);
	vp_json_set_text(item, "file", finding->file);
	vp_json_set_number(item, "line", finding->line);
	vp_json_set_number(item, "column", finding->column);
	vp_json_set_text(item, "text", finding->text);
	json_array_append_new(list, item);
}

json_t *vp_json_findings(const struct vp_findings *findings)
{
	static const char *const levels[] = { [VP_FINDING_ERROR] = "error",
					      [VP_FINDING_WARNING] = "warning",
					      [VP_FINDING_NOTE] = "note" };
	json_t *list = json_array();

	vp_array_each (finding, &findings->list)
		add_finding(list, levels[finding->level], finding);
	if (findings->left_out) {
		_cleanup_free_ char *text =
			vp_format("%zu more findings are left out", findings->left_out);

		add_finding(list, levels[VP_FINDING_NOTE],
			    &(struct vp_finding){ .text = text });
	}
	return list;
}
