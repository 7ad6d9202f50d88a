/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of a connection: see variable.h. There are few, so they are looked through. */
#include "modules/inspection/variable.h"

#include "lib/digest.h"

uint64_t vp_variable_key(struct vp_slice name)
{
	uint64_t key = vp_digest(VP_DIGEST_SEED, name.data, name.len);

	return key ? key : 1;
}

static struct vp_variable *find(const struct vp_variables *variables, uint64_t key)
{
	vp_array_each (variable, &variables->list)
		if (variable->key == key)
			return variable;
	return NULL;
}

static struct vp_variable *find_or_add(struct vp_variables *variables, uint64_t key)
{
	struct vp_variable *variable = find(variables, key);

	if (!variable) {
		variable = vp_array_add(&variables->list);
		variable->key = key;
	}
	return variable;
}

void vp_variable_count(struct vp_variables *variables, uint64_t key)
{
	struct vp_variable *variable = find_or_add(variables, key);

	if (variable->count < UINT32_MAX)
		variable->count++;
}

void vp_variable_begin(struct vp_variables *variables, uint64_t key)
{
	find_or_add(variables, key)->partial = true;
}

bool vp_variable_absent(const struct vp_variables *variables, uint64_t key)
{
	const struct vp_variable *variable = find(variables, key);

	if (variables->partial)
		return false;
	return !variable || (!variable->count && !variable->partial);
}

uint32_t vp_variable_get(const struct vp_variables *variables, uint64_t key)
{
	const struct vp_variable *variable = find(variables, key);

	return variable ? variable->count : 0;
}

void vp_variables_clear(struct vp_variables *variables)
{
	vp_array_free(&variables->list);
	*variables = (struct vp_variables){ 0 };
}

size_t vp_variables_memory(const struct vp_variables *variables)
{
	return variables->list.cap * sizeof(*variables->list.data);
}
