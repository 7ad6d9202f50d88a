// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read-back: everything that was meant is there exactly so, and nothing else is.
 * Differences come as lines for people.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/common.h>
#include <libnftnl/rule.h>

#include "modules/netfilter/instance.h"
#include "modules/netfilter/lower.h"
#include "modules/netfilter/observe.h"

#define LINES_MAX 200 /* then only counted */

struct report {
	struct vp_strbuf *out;
	int count;
};

static void differ(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void differ(struct report *report, const char *format, ...)
{
	char line[512];
	va_list arguments;

	if (report->count++ >= LINES_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	vp_strbuf_addf(report->out, "%s\n", line);
}

/* The expressions in libnftnl's words, for those who must find out what happened. */
static void explain(struct report *report, const char *label, const struct vp_image_rule *rule)
{
	uint8_t *buffer;
	struct nftnl_rule *parsed;
	struct nlmsghdr *message;
	char text[2048];

	if (report->count > LINES_MAX)
		return;
	parsed = nftnl_rule_alloc();
	buffer = vp_alloc(2, VP_EXPRESSIONS_ROOM);
	message = nftnl_nlmsg_build_hdr((char *)buffer, NFT_MSG_NEWRULE, NFPROTO_INET, 0, 0);
	mnl_attr_put(message, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, rule->length,
		     rule->expressions);
	if (parsed && nftnl_rule_nlmsg_parse(message, parsed) == 0 &&
	    nftnl_rule_snprintf(text, sizeof(text), parsed, NFTNL_OUTPUT_DEFAULT, 0) > 0) {
		for (char *c = text; *c; c++)
			if (*c == '\n')
				*c = ' ';
		vp_strbuf_addf(report->out, "  %s: %s \"%s\"\n", label, text,
			       rule->comment ? rule->comment : "");
	}
	if (parsed)
		nftnl_rule_free(parsed);
	free(buffer);
}

static const char *rule_name(const struct vp_image_rule *rule)
{
	return rule->comment ? rule->comment : "";
}

static void verify_rules(struct report *report, const struct vp_image_chain *meant,
			 const struct vp_image_chain *found)
{
	size_t m = 0, f = 0;

	/* step over what is only on one side, so that one removed rule is one line */
	while (m < meant->rules.len || f < found->rules.len) {
		const struct vp_image_rule *left =
			m < meant->rules.len ? &meant->rules.data[m] : NULL;
		const struct vp_image_rule *right =
			f < found->rules.len ? &found->rules.data[f] : NULL;

		if (left && right && vp_image_rule_same(left, right)) {
			m++, f++;
		} else if (left && right && m + 1 < meant->rules.len &&
			   vp_image_rule_same(left + 1, right)) {
			differ(report, "chain %s: rule %zu \"%s\" is missing", meant->name,
			       ++m, rule_name(left));
		} else if (left && right && f + 1 < found->rules.len &&
			   vp_image_rule_same(left, right + 1)) {
			differ(report, "chain %s: rule %zu \"%s\" is not ours", meant->name,
			       ++f, rule_name(right));
		} else if (left && right) {
			differ(report, "chain %s: rule %zu \"%s\" was changed", meant->name,
			       m + 1, rule_name(left));
			explain(report, "meant", left);
			explain(report, "found", right);
			m++, f++;
		} else if (left) {
			differ(report, "chain %s: rule %zu \"%s\" is missing", meant->name,
			       ++m, rule_name(left));
		} else {
			differ(report, "chain %s: rule %zu \"%s\" is not ours", meant->name,
			       ++f, rule_name(right));
		}
	}
}

static void verify_chains(struct report *report, const struct vp_image *meant,
			  const struct vp_image *found)
{
	size_t next = 0;

	vp_array_each (chain, &meant->chains) {
		const struct vp_image_chain *there =
			vp_image_next_chain(found, chain->name, &next);

		if (!there) {
			differ(report, "chain %s is missing", chain->name);
			continue;
		}
		if (!vp_image_chain_same(chain, there))
			differ(report, "chain %s: hook, priority or comment was changed",
			       chain->name);
		verify_rules(report, chain, there);
	}
	next = 0;
	vp_array_each (chain, &found->chains)
		if (!vp_image_next_chain(meant, chain->name, &next))
			differ(report, "chain %s is not ours", chain->name);
}

static const char *key_text(const struct vp_image_set *set,
			    const struct vp_image_element *element, char text[static 300])
{
	size_t size = vp_image_key_size(set, element), used = 0;

	text[0] = 0;
	for (size_t i = 0; i < size && used + 4 < 300; i++)
		used += (size_t)snprintf(text + used, 300 - used, "%s%02x",
					 i == set->key_length ? "-" : "", element->key[i]);
	return text;
}

/* What is there and was not meant. */
static void verify_strangers(struct report *report, const struct vp_image_set *meant,
			     const struct vp_image_set *found)
{
	struct vp_index index = { 0 };
	char text[300];

	vp_image_index_elements(meant, &index);
	vp_array_each (element, &found->elements)
		if (!vp_image_element(meant, &index, element))
			differ(report, "set %s: element %s is not ours", meant->name,
			       key_text(found, element, text));
	vp_index_free(&index);
}

static void verify_elements(struct report *report, const struct vp_image_set *meant,
			    const struct vp_image_set *found)
{
	struct vp_index index = { 0 };
	size_t missing = 0;
	char text[300];

	vp_image_index_elements(found, &index);
	vp_array_each (element, &meant->elements) {
		const struct vp_image_element *there =
			vp_image_element(found, &index, element);

		missing += !there;
		if (!there)
			differ(report, "set %s: element %s is missing", meant->name,
			       key_text(meant, element, text));
		else if (!vp_image_element_same(element, there))
			differ(report, "set %s: element %s leads elsewhere", meant->name,
			       key_text(meant, element, text));
	}
	vp_index_free(&index);
	if (missing || meant->elements.len != found->elements.len)
		verify_strangers(report, meant, found);
}

static void verify_sets(struct report *report, const struct vp_image *meant,
			const struct vp_image *found)
{
	vp_array_each (set, &meant->sets) {
		const struct vp_image_set *there = vp_image_set(found, set->name);

		if (!there) {
			differ(report, "set %s is missing", set->name);
			continue;
		}
		if (!vp_image_set_same(set, there))
			differ(report, "set %s: type, flags, size or comment was changed",
			       set->name);
		else if (!set->kept)
			verify_elements(report, set, there);
	}
	vp_array_each (set, &found->sets)
		if (!set->kept && !vp_image_set(meant, set->name))
			differ(report, "set %s is not ours", set->name);
}

static void verify_objects(struct report *report, const struct vp_image *meant,
			   const struct vp_image *found)
{
	size_t next = 0;

	vp_array_each (object, &meant->objects) {
		const struct vp_image_object *there =
			vp_image_next_object(found, object->name, object->kind, &next);
		const char *kind = object->kind == VP_OBJECT_COUNTER ? "counter" : "limit";

		if (!there)
			differ(report, "%s %s is missing", kind, object->name);
		else if (!vp_image_object_same(object, there))
			differ(report, "%s %s: the rate was changed", kind, object->name);
	}
}

static void verify_table(struct report *report, const struct vp_instance *instance,
			 const struct vp_image *meant, const struct vp_image *found)
{
	if ((meant->flags & VP_TABLE_OWNER) && !(found->flags & VP_TABLE_OWNER))
		differ(report, "table inet %s has no owner", VP_TABLE_NAME);
	else if ((found->flags & VP_TABLE_OWNER) && found->owner != instance->nl.portid)
		differ(report,
		       "table inet %s belongs to another process (netlink port %" PRIu32 ")",
		       VP_TABLE_NAME, found->owner);
	if (found->flags & NFT_TABLE_F_DORMANT)
		differ(report, "table inet %s was put to sleep", VP_TABLE_NAME);
	verify_objects(report, meant, found);
	verify_sets(report, meant, found);
	verify_chains(report, meant, found);
}

/* What runs as meant although it was not committed in this life: take it as our own, for
 * repair. */
static void adopt(struct vp_instance *instance, struct vp_image **meant,
		  const struct vp_image *found)
{
	if (instance->meant || instance->wanted)
		return;
	vp_image_keep(*meant, found);
	instance->meant = TAKE_PTR(*meant);
	instance->genid = found->genid;
	instance->certain = true;
}

int vp_netfilter_verify(struct vp_instance *instance, const struct vp_artefact *artefact,
			struct vp_strbuf *differences, struct vp_error *err)
{
	_cleanup_image_ struct vp_image *meant = NULL, *found = NULL;
	struct report report = { .out = differences };
	int code = vp_lower(artefact->ruleset, instance->meant, &meant, err);

	if (code == 0)
		code = vp_observe(&instance->nl, &found, err);
	if (code < 0)
		return code;
	if (!found->exists)
		differ(&report, "table inet %s is missing", VP_TABLE_NAME);
	else
		verify_table(&report, instance, meant, found);
	if (report.count > LINES_MAX)
		vp_strbuf_addf(differences, "and %d more\n", report.count - LINES_MAX);
	if (report.count)
		instance->certain = false;
	else
		adopt(instance, &meant, found);
	return report.count;
}
