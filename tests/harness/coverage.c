/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The condition table as it is compiled in, and which of its rows definitions use.
 *
 *   coverage                 the table
 *   coverage DEFINITION...   of each definition: what the first condition of each rule uses
 *
 * A line of the table is "need WHAT", one of a definition "has PATCH WHAT". WHAT is "field
 * NAME by POINT", "operator NAME on TYPE" or "transform NAME by POINT". Nothing is judged
 * here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policy/plan.h"

#define POINTS (VP_POINT_BIT(VP_POINT_NETFILTER) | VP_POINT_BIT(VP_POINT_INSPECTION))

static const char *const type_names[] = {
	[VP_TYPE_NUMBER] = "number",
	[VP_TYPE_ADDRESS] = "address",
	[VP_TYPE_SLICE] = "slice",
	[VP_TYPE_BYTES] = "bytes",
};

static void print_points(const char *kind, const char *name, unsigned int points)
{
	for (unsigned int point = 0; point < VP_POINT_COUNT; point++)
		if (points & POINTS & VP_POINT_BIT(point))
			printf("need %s %s by %s\n", kind, name,
			       vp_point_name((enum vp_point)point));
}

static void print_table(void)
{
	unsigned int types[VP_OP_COUNT] = { 0 };

	for (size_t i = 0; i < VP_FIELD_COUNT; i++) {
		print_points("field", vp_fields[i].name, vp_fields[i].points);
		for (unsigned int op = 0; op < VP_OP_COUNT; op++)
			if (vp_fields[i].operators & VP_OP_BIT(op))
				types[op] |= 1u << vp_fields[i].type;
	}
	for (unsigned int op = 0; op < VP_OP_COUNT; op++)
		for (size_t type = 0; type < VP_COUNT(type_names); type++)
			if (types[op] & 1u << type)
				printf("need operator %s on %s\n",
				       vp_operator_name((enum vp_operator)op),
				       type_names[type]);
	for (size_t i = 0; i < VP_TRANSFORM_COUNT; i++)
		print_points("transform", vp_transform_types[i].name,
			     vp_transform_types[i].points);
}

static void print_placement(const struct vp_placement *placement)
{
	const struct vp_condition *first = placement->rule->when.data;
	const char *point = vp_point_name(placement->point), *id = placement->patch->id;

	if (!placement->rule->when.len)
		return;
	printf("has %s field %s by %s\n", id, first->field->name, point);
	printf("has %s operator %s on %s\n", id, vp_operator_name(first->op),
	       type_names[first->field->type]);
	vp_array_each (transform, &first->transforms)
		printf("has %s transform %s by %s\n", id,
		       vp_transform_types[transform->kind].name, point);
}

static int print_definitions(const char *const *paths, size_t count)
{
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_host host = { 0 };
	struct vp_plan plan = { 0 };
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	int status;

	vp_sources_read(&sources, paths, count, NULL, 0, 0, &findings);
	vp_policy_build(&policy, &sources, 0, &findings);
	vp_plan_build(&plan, &policy, &host, POINTS, &findings);
	vp_array_each (placement, &plan.placements)
		print_placement(placement);
	vp_findings_print(&findings, &out);
	fputs(vp_strbuf_text(&out), stderr);
	status = findings.errors ? EXIT_FAILURE : EXIT_SUCCESS;
	vp_plan_free(&plan);
	vp_host_free(&host);
	vp_policy_free(&policy);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
	return status;
}

int main(int argc, char *argv[])
{
	if (argc > 1)
		return print_definitions((const char *const *)argv + 1, (size_t)argc - 1);
	print_table();
	return EXIT_SUCCESS;
}
