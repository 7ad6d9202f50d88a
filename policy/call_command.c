/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that are many: how much of an argument the kernel reads depends on the command. Of
 * keyctl(), from the casts of the kernel's security/keys/keyctl.c and compat.c, which agree.
 */
#include <string.h>

#include "policy/call.h"

#define OPTION	 0
#define ARG(n)	 (1u << ((n)-1)) /* arg2 is the second */
#define COMMANDS 33

/* Keys, ids, times and errors have 32 bits; sizes and addresses the whole register. */
static const uint8_t keyctl_narrow[COMMANDS] = {
	[0] = ARG(2) | ARG(3),			  /* GET_KEYRING_ID */
	[2] = ARG(2),				  /* UPDATE */
	[3] = ARG(2),				  /* REVOKE */
	[4] = ARG(2) | ARG(3) | ARG(4),		  /* CHOWN */
	[5] = ARG(2) | ARG(3),			  /* SETPERM */
	[6] = ARG(2) | ARG(4),			  /* DESCRIBE */
	[7] = ARG(2),				  /* CLEAR */
	[8] = ARG(2) | ARG(3),			  /* LINK */
	[9] = ARG(2) | ARG(3),			  /* UNLINK */
	[10] = ARG(2) | ARG(5),			  /* SEARCH */
	[11] = ARG(2),				  /* READ */
	[12] = ARG(2) | ARG(5),			  /* INSTANTIATE */
	[13] = ARG(2) | ARG(3) | ARG(4),	  /* NEGATE */
	[14] = ARG(2),				  /* SET_REQKEY_KEYRING */
	[15] = ARG(2) | ARG(3),			  /* SET_TIMEOUT */
	[16] = ARG(2),				  /* ASSUME_AUTHORITY */
	[17] = ARG(2),				  /* GET_SECURITY */
	[19] = ARG(2) | ARG(3) | ARG(4) | ARG(5), /* REJECT */
	[20] = ARG(2) | ARG(4) | ARG(5),	  /* INSTANTIATE_IOV */
	[21] = ARG(2),				  /* INVALIDATE */
	[22] = ARG(2) | ARG(3),			  /* GET_PERSISTENT */
	[24] = ARG(2),				  /* PKEY_QUERY */
	[29] = ARG(2),				  /* RESTRICT_KEYRING */
	[30] = ARG(2) | ARG(3) | ARG(4) | ARG(5), /* MOVE */
	[32] = ARG(2) | ARG(3) | ARG(4),	  /* WATCH_KEY */
};

/* Of which arguments 32 bits are read; 0 where the command is not said, or not known. */
static unsigned int narrow_arguments(const struct vp_call_rule *rule)
{
	if (strcmp(rule->prototype->name, "keyctl") != 0)
		return 0;
	vp_array_each (condition, &rule->conditions)
		if (condition->argument == OPTION && condition->compare == VP_CALL_EQUAL &&
		    condition->mask == UINT32_MAX && condition->value < COMMANDS)
			return keyctl_narrow[condition->value];
	return 0;
}

/* A value that is negative in 64 bits is the same in 32; a larger one none of 32 has. */
static bool fits(const struct vp_call_condition *condition)
{
	if (condition->value >> 31 == UINT64_MAX >> 31)
		return condition->compare == VP_CALL_EQUAL ||
		       condition->compare == VP_CALL_UNEQUAL;
	return condition->value <= UINT32_MAX &&
	       (condition->mask == UINT64_MAX || condition->mask <= UINT32_MAX);
}

void vp_call_rule_narrow(struct vp_call_rule *rule)
{
	unsigned int narrow = narrow_arguments(rule);

	vp_array_each (condition, &rule->conditions)
		if (narrow & 1u << condition->argument && fits(condition)) {
			condition->wide = false;
			condition->mask &= UINT32_MAX;
			condition->value &= UINT32_MAX;
		}
}
