/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a definition to a patch. Each validate_*.c reads the sections of one
 * kind; what they share is here.
 */
#ifndef VP_POLICY_VALIDATE_H
#define VP_POLICY_VALIDATE_H

#include "policy/lexer.h"
#include "policy/override.h"
#include "policy/set.h"
#include "policy/suggest.h"

struct vp_validation {
	const struct vp_definition *definition;
	const struct vp_set_files *files;
	struct vp_overrides *overrides; /* NULL: none */
	struct vp_findings *findings;
	struct vp_patch *patch;		      /* being built; NULL for an overrides file */
	const struct vp_entry *entry;	      /* being read */
	const struct vp_location *mode_at;    /* of the override that set the mode, or NULL */
	const struct vp_location *targets_at; /* of the one that named units or processes */
	size_t errors;			      /* of other files, before this one */
	size_t looked_at;   /* values of sets, once for every condition that uses the set */
	bool sample_errors; /* proofs cannot be judged */
};

/* Values of sets that are looked at, so that no definition keeps its reader busy for long. */
#define VP_LOOKED_AT_MAX (1u << 24)

/* A key of a section. `read` makes findings through the lexer. */
struct vp_key {
	const char *name;
	const char *example; /* of its value */
	bool required, repeats;
	bool prefix; /* NAME.more */
	void (*read)(struct vp_validation *v, void *object, struct vp_lexer *lexer);
};

/* Read all entries of a section by its table: unknown, repeated and missing keys are findings.
 */
void vp_validate_keys(struct vp_validation *v, const struct vp_section *section,
		      const struct vp_key *keys, size_t count, void *object);

/* Readers of common values; all of them to the end of the line. */
void vp_read_text(struct vp_lexer *lexer, char **out);
/* The full name of a systemd unit; the path of an executable. */
void vp_read_unit(struct vp_lexer *lexer, char **out);
void vp_read_process(struct vp_lexer *lexer, char **out);
/* The name alone, not to the end of the line; its length, 0 with a finding. */
size_t vp_read_unit_name(struct vp_lexer *lexer, const char **name);
/* Several, with commas between them, none of them twice: behind those of `targets`. */
void vp_read_units(struct vp_lexer *lexer, struct vp_call_targets *targets);
void vp_read_processes(struct vp_lexer *lexer, struct vp_call_targets *targets);
bool vp_read_end(struct vp_lexer *lexer);
/* A word of letters, digits, '-', '_', '.' and `more` as a C string; false without a finding
 * when there is none or it is longer. */
#define VP_SHORT_MAX 32
bool vp_read_short(struct vp_lexer *lexer, const char *more, char text[static VP_SHORT_MAX],
		   const char **at);
/* One of the words of `names`; its index in *index. */
bool vp_read_choice(struct vp_lexer *lexer, const char *const *names, size_t count,
		    unsigned int *index);
/* Seconds since 1970 of a time in UTC; false when it is earlier, or no day of the calendar. */
bool vp_time_of(const struct tm *tm, time_t *time);
/* YYYY-MM-DD; *after is the first second behind that day. */
bool vp_read_date(struct vp_lexer *lexer, time_t *after);

/* The only name for section `kind NAME`; NULL with a finding when it is missing or bad. */
char *vp_read_section_name(struct vp_validation *v, const struct vp_section *section);

/* Make the error that a name is unknown, with the nearest of the patch's own. */
#define vp_unknown_name(lexer, at, length, what, array)                                       \
	do {                                                                                  \
		struct vp_suggestion suggestion_ = { .text = at, .length = length };          \
		vp_array_each (item_, array)                                                  \
			vp_suggest(&suggestion_, item_->name);                                \
		vp_unknown_name_(lexer, at, length, what, &suggestion_);                      \
	} while (0)
void vp_unknown_name_(struct vp_lexer *lexer, const char *at, size_t length, const char *what,
		      const struct vp_suggestion *suggestion);

/* Index of the element with that name, or -1. */
#define vp_index_of(array, text, length)                                                      \
	({                                                                                    \
		ptrdiff_t index_ = -1;                                                        \
		vp_array_each (item_, array)                                                  \
			if (item_->name && !strncmp(item_->name, text, length) &&             \
			    !item_->name[length]) {                                           \
				index_ = item_ - (array)->data;                               \
				break;                                                        \
			}                                                                     \
		index_;                                                                       \
	})

/* The set that a value names, resolved; false with a finding when there is none. */
bool vp_validate_reference(struct vp_validation *v, struct vp_value *value);

/* The sections, in the order in which they must be read. */
void vp_validate_patch(struct vp_validation *v, const struct vp_section *section);
void vp_validate_set(struct vp_validation *v, const struct vp_section *section);
void vp_validate_service(struct vp_validation *v, const struct vp_section *section);
void vp_validate_rule(struct vp_validation *v, const struct vp_section *section);
void vp_validate_syscalls(struct vp_validation *v, const struct vp_section *section);
void vp_validate_sample(struct vp_validation *v, const struct vp_section *section);
/* A sample that names a [syscalls NAME]. */
void vp_validate_vector(struct vp_validation *v, const struct vp_section *section);

/* `ports = ...` into `ports`. */
void vp_read_ports(struct vp_lexer *lexer, struct vp_port_ranges *ports);
/* One port such as "udp/123". */
bool vp_read_port(struct vp_lexer *lexer, struct vp_port_range *port);

/* The enum vp_traffic bits that the service can see, the VP_FAMILY_ bits that it and the rule
 * can have. */
unsigned int vp_service_traffic(const struct vp_service *service);
unsigned int vp_value_families(const struct vp_value *value);
unsigned int vp_service_families(const struct vp_service *service);
unsigned int vp_rule_families(const struct vp_patch *patch, const struct vp_rule *rule);
unsigned int vp_rule_traffic(const struct vp_patch *patch, const struct vp_rule *rule);

/* Does the condition make sense for the service? */
void vp_validate_condition(struct vp_validation *v, struct vp_condition *condition,
			   const struct vp_service *service);

/* Do the rules' conditions hold for one unit each, which can be judged so? */
void vp_validate_units(struct vp_validation *v);

/* Samples that are missing, and rules on calls that io_uring gets past. */
void vp_validate_calls(struct vp_validation *v);

/* Are both about the same unit or process, among others? One may name it by its template.
 * Where both leave them to the site, it names the same for both. */
bool vp_syscalls_share(const struct vp_syscalls *a, const struct vp_syscalls *b);

/* An error at `at` where the section's targets, of an override, would not survive it. */
void vp_syscalls_check_targets(struct vp_validation *v, const struct vp_syscalls *syscalls,
			       const struct vp_location *at);

/* What only the whole patch can show. */
void vp_validate_whole(struct vp_validation *v);

/*
 * The patch of a definition with the overrides over it, or NULL with findings.
 * `scratch` holds its canonical text for a while, so that it is allocated once
 * for many patches. `errors` is the count of errors before the definition was
 * read: any more of them, and there is no patch.
 */
struct vp_patch *vp_validate(struct vp_definition *definition,
			     const struct vp_set_files *files, struct vp_overrides *overrides,
			     struct vp_strbuf *scratch, size_t errors,
			     struct vp_findings *findings);

#endif
