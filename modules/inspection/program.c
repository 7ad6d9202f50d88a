/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program at rest: what it says of itself, and what the fields it reads are like. */
#include "modules/inspection/program.h"

#include "modules/inspection/program_layout.h"

enum vp_stage_of_unit vp_field_stage(enum vp_field_id field)
{
	if (vp_field_of_flow(field))
		return VP_STAGE_FLOW;
	/* what the first lines of an HTTP message give; of anything else the end is waited for
	 */
	if ((field >= VP_FIELD_HTTP_METHOD && field <= VP_FIELD_HTTP_PROTOCOL) ||
	    field == VP_FIELD_HTTP_RAW_HEADER || field == VP_FIELD_HTTP_STAT_CODE ||
	    field == VP_FIELD_HTTP_STAT_MSG || field == VP_FIELD_HTTP_RESPONSE_HEADER)
		return VP_STAGE_HEAD;
	return VP_STAGE_END;
}

static bool is_one_of(enum vp_field_id field, const enum vp_field_id *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i] == field)
			return true;
	return false;
}

bool vp_field_in_parts(enum vp_field_id field)
{
	static const enum vp_field_id fields[] = {
		VP_FIELD_STREAM,
		VP_FIELD_MESSAGE,
		VP_FIELD_HTTP_REQUEST_BODY,
		VP_FIELD_HTTP_REQUEST_BODY_JSON,
		VP_FIELD_HTTP_REQUEST_BODY_XML,
		VP_FIELD_HTTP_REQUEST_BODY_FORM,
		VP_FIELD_HTTP_REQUEST_BODY_PART,
		VP_FIELD_HTTP_RESPONSE_BODY,
		VP_FIELD_SMTP_LINE,
		VP_FIELD_SMTP_COMMAND_DATA,
		VP_FIELD_FTP_LINE,
		VP_FIELD_FTP_COMMAND_DATA,
		VP_FIELD_POP3_LINE,
		VP_FIELD_POP3_COMMAND_DATA,
		VP_FIELD_IMAP_ARGUMENTS,
		VP_FIELD_TELNET_LINE,
		VP_FIELD_TELNET_SUBOPTION,
		VP_FIELD_REDIS_ARGUMENT,
	};

	return is_one_of(field, fields, VP_COUNT(fields));
}

bool vp_field_of_flow(enum vp_field_id field)
{
	static const enum vp_field_id fields[] = {
		VP_FIELD_IP_SRC,      VP_FIELD_IP_DST,	    VP_FIELD_IP_VERSION,
		VP_FIELD_IP_PROTO,    VP_FIELD_TCP_SRCPORT, VP_FIELD_TCP_DSTPORT,
		VP_FIELD_UDP_SRCPORT, VP_FIELD_UDP_DSTPORT, VP_FIELD_FLOW,
	};

	return is_one_of(field, fields, VP_COUNT(fields));
}

bool vp_field_raw(enum vp_field_id field)
{
	static const enum vp_field_id fields[] = {
		VP_FIELD_STREAM,       VP_FIELD_MESSAGE,	   VP_FIELD_DATAGRAM,
		VP_FIELD_HTTP_URI_RAW, VP_FIELD_HTTP_REQUEST_LINE, VP_FIELD_HTTP_RAW_HEADER,
		VP_FIELD_SMTP_LINE,    VP_FIELD_FTP_LINE,	   VP_FIELD_POP3_LINE,
	};

	return is_one_of(field, fields, VP_COUNT(fields));
}

bool vp_field_caseless(enum vp_field_id field)
{
	return field == VP_FIELD_HTTP_HEADER || field == VP_FIELD_HTTP_RESPONSE_HEADER ||
	       field == VP_FIELD_HTTP_REQUEST_TRAILER;
}

static void lists_free(struct vp_index *lists)
{
	free(lists->first);
	free(lists->items);
}

void vp_program_free(struct vp_program *program)
{
	if (!program)
		return;
	vp_array_each (input, &program->inputs) {
		vp_database_free(input->scan);
		vp_anchor_free(input->anchor);
	}
	vp_array_each (pattern, &program->patterns)
		vp_confirm_free(pattern->confirm);
	vp_scanner_free(program->scanner);
	vp_array_free(&program->rules);
	vp_array_free(&program->terms_of);
	vp_array_free(&program->terms);
	vp_array_free(&program->inputs);
	vp_array_free(&program->atoms);
	vp_array_free(&program->patterns);
	vp_array_free(&program->relations);
	vp_array_free(&program->transforms);
	vp_array_free(&program->steps);
	vp_array_free(&program->numbers);
	vp_array_free(&program->addresses);
	vp_array_free(&program->text);
	vp_array_free(&program->blob);
	vp_array_free(&program->groups);
	lists_free(&program->groups_of);
	lists_free(&program->inputs_of);
	lists_free(&program->atoms_of);
	lists_free(&program->compared_of);
	lists_free(&program->counted_at);
	lists_free(&program->users_of);
	lists_free(&program->watchers_of);
	lists_free(&program->plain_at);
	free(program->buckets);
	free(program);
}

size_t vp_program_accelerate(struct vp_program *program)
{
	size_t without = 0;

	vp_array_each (pattern, &program->patterns)
		without += pattern->confirm && !vp_confirm_accelerate(pattern->confirm);
	return without;
}

size_t vp_program_rules(const struct vp_program *program)
{
	return program->rules.len;
}

const struct vp_program_rule *vp_program_rule(const struct vp_program *program, size_t rule)
{
	return &program->rules.data[rule];
}

bool vp_program_wants(const struct vp_program *program, enum vp_field_id field)
{
	return program->groups_of.first[field] < program->groups_of.first[field + 1];
}

uint64_t vp_program_reach(const struct vp_program *program, enum vp_field_id field)
{
	uint64_t reach = 0;

	vp_index_each(group, &program->groups_of, field)
	{
		vp_index_each(number, &program->inputs_of, *group)
		{
			const struct vp_input *input = &program->inputs.data[*number];
			uint64_t end = (uint64_t)input->offset + input->length;

			if (!input->sliced || !input->length || input->from != VP_FROM_START)
				return UINT64_MAX;
			if (end > reach)
				reach = end;
		}
	}
	return reach;
}

void vp_program_necessary(const struct vp_program *program, size_t rule, struct vp_slice *out)
{
	struct vp_extent span = program->terms_of.data[rule].necessary;

	*out = (struct vp_slice){ vp_span_of(&program->blob, span), span.count };
}
