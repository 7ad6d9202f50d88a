/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command table of vpatchctl: every verb, what it takes and who runs it.
 *
 * Parsing, usage, --help, the completion scripts and the tests of the man page
 * all read this table and the option table. A new verb is one row and one file.
 */
#ifndef VP_AGENTD_CTL_COMMANDS_H
#define VP_AGENTD_CTL_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/message.h"

enum vp_option_id {
	VP_OPTION_CONFIG,
	VP_OPTION_JSON,
	VP_OPTION_HELP,
	VP_OPTION_VERSION,
	VP_OPTION_OVERRIDES,
	VP_OPTION_FORMAT,
	VP_OPTION_EVASIONS,
	VP_OPTION_MUTATIONS,
	VP_OPTION_OBSERVE,
	VP_OPTION_POLICY,
	VP_OPTION_PCAP,
	VP_OPTION_CONFIRM,
	VP_OPTION_REASON,
	VP_OPTION_TICKET,
	VP_OPTION_WAIT,
	VP_OPTION_AFTER_PANIC,
	VP_OPTION_FORCE,
	VP_OPTION_FOLLOW,
	VP_OPTION_SRC,
	VP_OPTION_DPORT,
	VP_OPTION_SINCE,
	VP_OPTION_ALL,
	VP_OPTION_FOR,
	VP_OPTION_COUNT,
};

#define VP_OPTION_BIT(id) (1u << (id))

/* What a value or an operand must be: checked before the verb runs, and completed by the
 * shells. */
enum vp_value_form {
	VP_FORM_NONE, /* a flag */
	VP_FORM_TEXT, /* at most 1,000 bytes without control characters */
	VP_FORM_FILE,
	VP_FORM_FOLDER,
	VP_FORM_PATH, /* file or folder */
	VP_FORM_ID,   /* of a patch */
	VP_FORM_PATH_OR_ID,
	VP_FORM_GENERATION, /* a number from 1 */
	VP_FORM_SECONDS,    /* 1 to 86400 */
	VP_FORM_DURATION,   /* 10m, 24h, 7d; at least a second */
	VP_FORM_ADDRESS,    /* or a prefix */
	VP_FORM_PORT,	    /* 0 to 65535 */
	VP_FORM_TIME,	    /* RFC 3339 time, date, or a duration back from now */
	VP_FORM_WORD,	    /* one of `words` */
};

struct vp_option {
	enum vp_option_id id;
	const char *name;  /* without the dashes */
	char letter;	   /* 0: none */
	const char *value; /* what usage calls it; NULL: a flag */
	enum vp_value_form form;
	const char *words; /* "text json nft", for VP_FORM_WORD */
	const char *summary;
};

extern const struct vp_option vp_options[VP_OPTION_COUNT];

struct vp_operand {
	const char *name; /* "ID"; NULL: no such operand */
	enum vp_value_form form;
	const char *words;
};

struct vp_output;
struct vp_command;

/* One invocation, parsed and checked. Everything points into argv. */
struct vp_ctl {
	const struct vp_command *command;
	const char *const *operands;
	size_t operand_count;
	const char *option[VP_OPTION_COUNT]; /* value, "" for a flag; NULL: not given */
	struct vp_output *out;
};

/* Runs a verb; everything it says goes through ctl->out. */
typedef enum vp_exit vp_command_run(const struct vp_ctl *ctl);

#define VP_OPERANDS_MAX 2 /* different ones; the last may repeat */

struct vp_command {
	const char *verb;
	vp_command_run *run;
	const char *summary;  /* one line */
	const char *help;     /* what it does and does not do, for --help of the verb */
	const char *examples; /* one a line */
	struct vp_operand operands[VP_OPERANDS_MAX];
	size_t least, most;   /* operands; most == SIZE_MAX: the last one repeats */
	unsigned int options; /* VP_OPTION_BITs that are legal, besides the global ones */
	unsigned int instead; /* of those: takes the place of the operands */
	unsigned int needs;   /* of those: the verb does nothing without them */
	bool daemon;	      /* cannot do its work without vpatchd */
	bool changes;	      /* root and group vpatch-admin only */
};

/* All verbs of this build in the order of usage; ends with a row whose verb is NULL. */
extern const struct vp_command vp_commands[];

/* The row of that verb, or NULL. */
const struct vp_command *vp_command_find(const char *verb);

/* Options legal for every verb. */
#define VP_OPTIONS_GLOBAL                                                                     \
	(VP_OPTION_BIT(VP_OPTION_CONFIG) | VP_OPTION_BIT(VP_OPTION_JSON) |                    \
	 VP_OPTION_BIT(VP_OPTION_HELP) | VP_OPTION_BIT(VP_OPTION_VERSION))

static inline bool vp_ctl_given(const struct vp_ctl *ctl, enum vp_option_id id)
{
	return ctl->option[id] != NULL;
}

#endif
