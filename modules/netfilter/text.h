/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ruleset as nft text: what nft(8) loads with -f and means exactly the same. */
#ifndef VP_NETFILTER_TEXT_H
#define VP_NETFILTER_TEXT_H

#include "lib/strbuf.h"
#include "modules/netfilter/ruleset.h"

/*
 * Names that nft's grammar cannot hold as written (a digit first) get an
 * underscore in front; comments are cut at nft's 128 bytes. Nothing else differs.
 */
void vp_ruleset_print(const struct vp_ruleset *ruleset, struct vp_strbuf *out);

#endif
