// SPDX-License-Identifier: GPL-2.0-or-later
/* Rulesets in the shape that the compiler gives them, small or large, without a compiler. */
#include "tests/unit/netfilter/kernel_build.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include <linux/netfilter.h>

#include "lib/cleanup.h"
#include "modules/netfilter/statement.h"

static void write_map(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(path);
		exit(1);
	}
}

void vp_enter_namespace(void)
{
	unsigned int uid = geteuid(), gid = getegid();

	if (unshare(uid ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET) < 0) {
		perror("cannot make a network namespace");
		exit(1);
	}
	if (uid) {
		_cleanup_free_ char *users = vp_format("0 %u 1\n", uid);
		_cleanup_free_ char *groups = vp_format("0 %u 1\n", gid);

		write_map("/proc/self/uid_map", users);
		write_map("/proc/self/setgroups", "deny\n");
		write_map("/proc/self/gid_map", groups);
	}
}

struct vp_nft_chain *vp_build_chain(struct vp_ruleset *ruleset, const char *name, bool kept)
{
	struct vp_nft_chain *chain = vp_array_add(&ruleset->chains);

	chain->name = vp_strdup(name);
	chain->kept_name = kept;
	return chain;
}

struct vp_nft_set *vp_build_set(struct vp_ruleset *ruleset, const char *name,
				enum vp_set_data data)
{
	struct vp_nft_set *set = vp_array_add(&ruleset->sets);

	set->name = vp_strdup(name);
	set->data = data;
	return set;
}

void vp_build_object(struct vp_ruleset *ruleset, enum vp_nft_object_kind kind,
		     const char *name, uint32_t tag)
{
	struct vp_nft_object *object = vp_array_add(&ruleset->objects);

	object->kind = kind;
	object->name = vp_strdup(name);
	object->tag = tag;
	if (kind == VP_OBJECT_LIMIT) {
		object->rate = (struct vp_rate){ .count = 10, .seconds = 60 };
		object->burst = 5;
	}
}

static void add_drop_chain(struct vp_ruleset *ruleset)
{
	struct vp_nft_chain *chain = vp_build_chain(ruleset, "end-drop", true);
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);
	struct vp_nft_rule *rule = vp_chain_rule(chain, "log");
	struct vp_statement *limit = vp_st_add(&rule->statements, VP_ST_LIMIT_EACH, &mark, 1);

	limit->name = vp_strdup("log-limit");
	limit->rate = (struct vp_rate){ .count = 20, .seconds = 1 };
	limit->burst = 40;
	vp_st_named(&rule->statements, VP_ST_LOG, "vpatch:drop");
	rule->statements.data[rule->statements.len - 1].number = 86;
	vp_st_verdict(&vp_chain_rule(chain, "drop")->statements, VP_NFT_DROP, NULL);
}

static void add_log_limit(struct vp_ruleset *ruleset)
{
	struct vp_nft_set *set = vp_build_set(ruleset, "log-limit", VP_DATA_NONE);
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);

	vp_set_part(set, &mark, "mark");
	set->dynamic = set->timeout = set->kept = true;
	set->size = 65535;
	set->milliseconds = 60000;
	set->comment = vp_strdup("one allowance per rule");
}

/* Count by mark, in a rule of its own: a full set must not keep the packet. */
static void add_hits(struct vp_ruleset *ruleset, const struct shape *shape)
{
	struct vp_nft_set *set = vp_build_set(ruleset, HITS, VP_DATA_NONE);
	struct vp_nft_chain *chain = vp_build_chain(ruleset, "count-drop", true);
	struct vp_selector mark = vp_sel(VP_SEL_MARK, 4);

	vp_set_part(set, &mark, "mark");
	set->dynamic = set->kept = true;
	set->size = shape->hits_size ? shape->hits_size : 65536;
	vp_st_add(&vp_chain_rule(chain, NULL)->statements, VP_ST_COUNT_EACH, &mark, 1)->name =
		vp_strdup(HITS);
	vp_st_verdict(&vp_chain_rule(chain, NULL)->statements, VP_NFT_GOTO, "end-drop");
}

static void key_parts(struct vp_nft_set *set)
{
	struct vp_selector protocol = vp_sel(VP_SEL_L4PROTO, 1), port = vp_sel_port(false);

	vp_set_part(set, &protocol, "inet_proto");
	vp_set_part(set, &port, "inet_service");
}

static void add_shapes(struct vp_ruleset *ruleset, const struct shape *shape)
{
	struct vp_nft_set *set = vp_build_set(ruleset, "shape-1", VP_DATA_MARK);
	struct vp_selector bytes = vp_sel_payload(VP_SEL_TRANSPORT, 8, 4);

	key_parts(set);
	vp_set_part(set, &bytes, "integer");
	set->size = 16384;
	for (unsigned int i = shape->skip; i < shape->elements; i++) {
		uint8_t *key;
		struct vp_nft_element *element = vp_set_element(set, &key, NULL);

		key[0] = IPPROTO_UDP;
		vp_put_port(key + 4, (uint16_t)(SHAPE_PORT + i));
		memcpy(key + 8, "SHAP", 4);
		element->mark = SHAPE_TAG + i;
	}
	vp_set_sort(set);
}

static void region_name(const struct shape *shape, unsigned int number, char name[static 32])
{
	if (shape->salt)
		snprintf(name, 32, "region-%u-%u", number, shape->salt);
	else
		snprintf(name, 32, "region-%u", number);
}

static void add_regions(struct vp_ruleset *ruleset, const struct shape *shape)
{
	struct vp_nft_set *set;
	char name[32];

	for (unsigned int i = 0; i < shape->regions; i++) {
		struct vp_nft_rule *rule;

		snprintf(name, sizeof(name), "P-%u/rule", i);
		vp_build_object(ruleset, VP_OBJECT_COUNTER, name, REGION_TAG + i);
		region_name(shape, i, name);
		rule = vp_chain_rule(vp_build_chain(ruleset, name, false), NULL);
		snprintf(name, sizeof(name), "P-%u/rule", i);
		rule->comment = vp_strdup(name);
		vp_st_named(&rule->statements, VP_ST_COUNTER, name);
		vp_st_add(&rule->statements, VP_ST_MARK, NULL, 0)->number = REGION_TAG + i;
		vp_st_verdict(&rule->statements, VP_NFT_GOTO, "end-drop");
	}
	set = vp_build_set(ruleset, "exact", VP_DATA_VERDICT);
	key_parts(set);
	set->size = 16384;
	for (unsigned int i = 0; i < shape->regions; i++) {
		uint8_t *key;
		struct vp_nft_element *element = vp_set_element(set, &key, NULL);

		key[0] = IPPROTO_UDP;
		vp_put_port(key + 4, (uint16_t)(REGION_PORT + i));
		element->verdict = VP_NFT_GOTO;
		region_name(shape, i, name);
		vp_array_each (chain, &ruleset->chains)
			if (!strcmp(chain->name, name))
				element->chain = chain->name;
	}
	vp_set_sort(set);
}

static void add_input(struct vp_ruleset *ruleset, const struct shape *shape)
{
	struct vp_nft_chain *chain = vp_build_chain(ruleset, "input", true);
	struct vp_selector key[3] = { vp_sel(VP_SEL_L4PROTO, 1), vp_sel_port(false),
				      vp_sel_payload(VP_SEL_TRANSPORT, 8, 4) };
	struct vp_nft_rule *rule;
	char comment[32];

	chain->base = true;
	chain->hook = NF_INET_LOCAL_IN;
	chain->priority = 10;
	rule = vp_chain_rule(chain, "defragment");
	vp_st_match_u32(&rule->statements, VP_SEL_CT_STATE, VP_CMP_BITS, 1);
	snprintf(comment, sizeof(comment), "dispatch %u", shape->salt);
	rule = vp_chain_rule(chain, comment); /* so that these rules are switched too */
	vp_st_add(&rule->statements, VP_ST_VMAP, key, 2)->name = vp_strdup("exact");
	if (shape->elements) {
		rule = vp_chain_rule(chain, "shapes");
		vp_st_add(&rule->statements, VP_ST_MARK_MAP, key, 3)->name =
			vp_strdup("shape-1");
		vp_st_verdict(&rule->statements, VP_NFT_GOTO, "count-drop");
	}
}

struct vp_artefact *vp_artefact_build(const struct shape *shape)
{
	struct vp_artefact *artefact = vp_new(struct vp_artefact);
	struct vp_ruleset *ruleset = vp_new(struct vp_ruleset);

	ruleset->generation = shape->generation;
	ruleset->owner_persist = shape->owner_persist;
	add_log_limit(ruleset);
	add_drop_chain(ruleset);
	if (shape->elements) {
		add_hits(ruleset, shape);
		add_shapes(ruleset, shape);
	}
	add_regions(ruleset, shape);
	if (shape->zoo)
		vp_build_zoo(ruleset);
	add_input(ruleset, shape);
	artefact->ruleset = ruleset;
	return artefact;
}

void vp_artefact_drop(struct vp_artefact *artefact)
{
	vp_ruleset_free(artefact->ruleset);
	free(artefact);
}
