/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shape maps: many rules that only drop packets with certain constants at the
 * same places become elements of one map, from protocol, port and constants to
 * the rule's tag. One look-up then stands for ten thousand chains, in the
 * kernel's memory, in loading time and for each packet.
 */
#include "lib/digest.h"
#include "modules/netfilter/compiler.h"
#include "modules/netfilter/match_internal.h"

#define SHAPES_MAX  8u	/* maps */
#define SHAPE_WORTH 8u	/* rules that make a map worth its look-up */
#define SHAPE_PARTS 6u	/* conditions */
#define SHAPE_KEY   64u /* bytes of registers */
#define PRODUCT_MAX 16u /* elements of one rule at one port */
#define KNOWN_MAX   256u

struct shaped {
	uint32_t shape;			     /* number + 1; 0: none */
	VP_ARRAY(struct vp_constants) parts; /* by place */
};

struct shape {
	uint64_t digest;
	size_t parts;
	struct vp_selector selectors[SHAPE_PARTS];
	size_t rules; /* at all ports together */
	bool chosen;
	struct vp_nft_set set;
	const char *name;
};

struct vp_shapes {
	struct vp_compiler *c;
	struct shaped *rules; /* by placement number */
	VP_ARRAY(struct shape) known;
};

static int by_place(const void *a, const void *b)
{
	const struct vp_constants *x = a, *y = b;

	if (x->selector.offset != y->selector.offset)
		return x->selector.offset < y->selector.offset ? -1 : 1;
	if (x->selector.size != y->selector.size)
		return x->selector.size < y->selector.size ? -1 : 1;
	return memcmp(x->selector.mask, y->selector.mask, sizeof(x->selector.mask));
}

static void parts_free(struct shaped *shaped)
{
	vp_array_each (part, &shaped->parts)
		vp_array_free(&part->values);
	vp_array_free(&shaped->parts);
}

static bool eligible(const struct vp_placement *placement)
{
	return placement->point == VP_POINT_NETFILTER && placement->local &&
	       placement->mode == VP_MODE_ENFORCE && !placement->rule->except.len &&
	       placement->rule->direction == VP_TO_SERVER &&
	       placement->rule->action.verdict == VP_VERDICT_DROP &&
	       placement->rule->when.len <= SHAPE_PARTS;
}

/* The constants of all conditions, in order of place; false when one is not that simple. */
static bool collect(const struct vp_placement *placement, struct shaped *shaped)
{
	struct vp_scope scope;
	size_t key = 8, product = 1;

	vp_compile_scope(placement, &scope);
	vp_array_each (condition, &placement->rule->when) {
		struct vp_constants constants = { 0 };

		if (!vp_condition_constants(condition, &scope, &constants))
			return false;
		key += (constants.selector.size + 3u) & ~3u;
		product *= constants.values.len;
		vp_array_push(&shaped->parts, constants);
	}
	if (key > SHAPE_KEY || product > PRODUCT_MAX)
		return false;
	if (shaped->parts.len)
		qsort(shaped->parts.data, shaped->parts.len, sizeof(*shaped->parts.data),
		      by_place);
	/* two conditions on one place: a conjunction that a key cannot say */
	for (size_t i = 1; i < shaped->parts.len; i++)
		if (!by_place(&shaped->parts.data[i - 1], &shaped->parts.data[i]))
			return false;
	return true;
}

static uint32_t shape_number(struct vp_shapes *shapes, const struct shaped *shaped)
{
	uint64_t digest =
		vp_digest(VP_DIGEST_SEED, &shaped->parts.len, sizeof(shaped->parts.len));
	struct shape *shape;

	vp_array_each (part, &shaped->parts) {
		digest = vp_digest(digest, &part->selector.offset,
				   sizeof(part->selector.offset));
		digest = vp_digest(digest, &part->selector.size, 1);
		digest = vp_digest(digest, part->selector.mask, sizeof(part->selector.mask));
	}
	for (uint32_t i = 0; i < shapes->known.len; i++)
		if (shapes->known.data[i].digest == digest)
			return i + 1;
	if (shapes->known.len == KNOWN_MAX)
		return 0;
	shape = vp_array_add(&shapes->known);
	shape->digest = digest;
	shape->parts = shaped->parts.len;
	for (size_t i = 0; i < shape->parts; i++)
		shape->selectors[i] = shaped->parts.data[i].selector;
	return (uint32_t)shapes->known.len;
}

struct vp_shapes *vp_shapes_new(struct vp_compiler *c)
{
	struct vp_shapes *shapes = vp_new(struct vp_shapes);
	size_t count = c->plan->placements.len;

	shapes->c = c;
	shapes->rules = vp_alloc(count, sizeof(*shapes->rules));
	for (size_t i = 0; i < count; i++) {
		struct shaped *shaped = &shapes->rules[i];

		if (!eligible(&c->plan->placements.data[i]))
			continue;
		if (collect(&c->plan->placements.data[i], shaped))
			shaped->shape = shape_number(shapes, shaped);
		if (!shaped->shape)
			parts_free(shaped);
	}
	return shapes;
}

/* The one shape of all rules of the region, or NULL. */
static struct shape *region_shape(struct vp_shapes *shapes, const struct vp_region *region)
{
	const uint32_t *rules = vp_list_rules(&shapes->c->lists, region->list);
	uint32_t number = shapes->rules[rules[0]].shape;

	if (!number || region->first != region->last)
		return NULL;
	for (size_t i = 1; i < vp_list_count(&shapes->c->lists, region->list); i++)
		if (shapes->rules[rules[i]].shape != number)
			return NULL;
	return &shapes->known.data[number - 1];
}

static int most_rules(const void *a, const void *b)
{
	const struct shape *const *x = a, *const *y = b;

	if ((*x)->rules != (*y)->rules)
		return (*x)->rules > (*y)->rules ? -1 : 1;
	return (*x)->digest < (*y)->digest ? -1 : (*x)->digest > (*y)->digest;
}

static void choose(struct vp_shapes *shapes)
{
	VP_ARRAY(struct shape *) order = { 0 };

	vp_array_each (shape, &shapes->known)
		if (shape->rules >= SHAPE_WORTH)
			vp_array_push(&order, shape);
	if (order.len)
		qsort(order.data, order.len, sizeof(*order.data), most_rules);
	for (size_t i = 0; i < order.len && i < SHAPES_MAX; i++) {
		struct shape *shape = order.data[i];
		struct vp_selector protocol = vp_sel(VP_SEL_L4PROTO, 1),
				   port = vp_sel_port(false);

		shape->chosen = true;
		vp_set_part(&shape->set, &protocol, "inet_proto");
		vp_set_part(&shape->set, &port, "inet_service");
		for (size_t k = 0; k < shape->parts; k++) {
			struct vp_selector plain = shape->selectors[k];

			plain.masked = false;
			memset(plain.mask, 0, sizeof(plain.mask));
			vp_set_part(&shape->set, &plain, "integer");
		}
		shape->set.data = VP_DATA_MARK;
	}
	vp_array_free(&order);
}

void vp_shapes_count(struct vp_shapes *shapes, const struct vp_regions local[VP_CLASSES])
{
	for (unsigned int class = 0; class < VP_PORTFUL; class ++) {
		vp_array_each (region, &local[class]) {
			struct shape *shape = region_shape(shapes, region);

			if (shape)
				shape->rules += vp_list_count(&shapes->c->lists, region->list);
		}
	}
	choose(shapes);
}

/* One element for each combination of the rule's constants. */
static void take_rule(struct vp_shapes *shapes, struct shape *shape, unsigned int class,
		      uint16_t port, uint32_t rule)
{
	const struct shaped *shaped = &shapes->rules[rule];
	size_t product = 1;

	vp_array_each (part, &shaped->parts)
		product *= part->values.len;
	for (size_t n = 0; n < product; n++) {
		size_t rest = n;
		struct vp_nft_element *element;
		uint8_t *key;

		element = vp_set_element(&shape->set, &key, NULL);
		element->mark = shapes->c->plan->placements.data[rule].tag;
		element->comment = shapes->c->rules[rule].name;
		key[0] = vp_portful[class];
		vp_put_port(key + 4, port);
		key += 8;
		vp_array_each (part, &shaped->parts) {
			size_t size = part->selector.size;

			/* where the selector begins early, its first bytes are masked away */
			vp_put_number(key + (size > 8 ? size - 8 : 0), size > 8 ? 8 : size,
				      part->values.data[rest % part->values.len]);
			rest /= part->values.len;
			key += (size + 3) & ~(size_t)3;
		}
	}
}

bool vp_shapes_take(struct vp_shapes *shapes, unsigned int class,
		    const struct vp_region *region)
{
	struct shape *shape = class < VP_PORTFUL ? region_shape(shapes, region) : NULL;

	if (!shape || !shape->chosen)
		return false;
	for (size_t i = 0; i < vp_list_count(&shapes->c->lists, region->list); i++)
		take_rule(shapes, shape, class, (uint16_t)region->first,
			  vp_list_rules(&shapes->c->lists, region->list)[i]);
	return true;
}

void vp_shapes_finish(struct vp_shapes *shapes)
{
	vp_array_each (shape, &shapes->known) {
		_cleanup_free_ char *name = NULL;

		if (!shape->chosen)
			continue;
		name = vp_format("shape-%016llx", (unsigned long long)shape->digest);
		shape->name = vp_map_store(shapes->c, name, &shape->set);
	}
}

void vp_shapes_dispatch(struct vp_shapes *shapes, struct vp_nft_chain *chain, int protocol)
{
	vp_array_each (shape, &shapes->known) {
		struct vp_selector key[2 + SHAPE_PARTS];
		struct vp_statements *out;

		if (!shape->chosen)
			continue;
		key[0] = vp_sel(VP_SEL_L4PROTO, 1);
		key[1] = protocol < 0 ? vp_sel_port(false)
				      : vp_sel(VP_SEL_CT_ORIGINAL_DPORT, 2);
		memcpy(&key[2], shape->selectors, shape->parts * sizeof(*key));
		out = &vp_chain_rule(chain, NULL)->statements;
		if (protocol >= 0)
			vp_st_match_byte(out, VP_SEL_L4PROTO, VP_CMP_EQ, (uint8_t)protocol);
		vp_st_add(out, VP_ST_MARK_MAP, key, 2 + shape->parts)->name =
			vp_strdup(shape->name);
		vp_st_verdict(out, VP_NFT_GOTO, vp_compile_end(shapes->c, VP_END_COUNTED));
	}
}

void vp_shapes_free(struct vp_shapes *shapes)
{
	for (size_t i = 0; i < shapes->c->plan->placements.len; i++)
		parts_free(&shapes->rules[i]);
	vp_array_free(&shapes->known);
	free(shapes->rules);
	free(shapes);
}
