/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads urlencoded forms and queries: see form.h. Nothing here can fail. */
#include "modules/inspection/form.h"

#include "lib/bytes.h"

size_t vp_percent_end(struct vp_percent *percent, uint8_t *out)
{
	size_t held = percent->state;

	if (held > 0)
		out[0] = '%';
	if (held > 1)
		out[1] = percent->first;
	percent->state = 0;
	return held;
}

size_t vp_percent_next(struct vp_percent *percent, uint8_t c, uint8_t *out)
{
	size_t len;

	if (percent->state == 1 && vp_byte_hex(c) >= 0) {
		percent->first = c;
		percent->state = 2;
		return 0;
	}
	if (percent->state == 2 && vp_byte_hex(c) >= 0) {
		percent->state = 0;
		out[0] = (uint8_t)(vp_byte_hex(percent->first) << 4 | vp_byte_hex(c));
		return 1;
	}
	len = vp_percent_end(percent, out);
	if (c == '%')
		percent->state = 1;
	else
		out[len++] = c == '+' && percent->plus ? ' ' : c;
	return len;
}

void vp_form_open(struct vp_form *form, struct vp_http_out *out, enum vp_field_id field)
{
	form->value = (struct vp_http_value){ .out = out, .field = field };
	form->percent = (struct vp_percent){ .plus = true };
	form->in_value = false;
	form->len = 0;
}

static void add(struct vp_form *form, const uint8_t *data, size_t len)
{
	if (form->in_value) {
		vp_http_value_add(&form->value, data, len);
		return;
	}
	for (size_t i = 0; i < len && form->len < sizeof(form->name); i++)
		form->name[form->len++] = (char)data[i];
}

static void end_text(struct vp_form *form)
{
	uint8_t held[2];

	add(form, held, vp_percent_end(&form->percent, held));
}

static void begin_value(struct vp_form *form)
{
	end_text(form);
	form->in_value = true;
	if (form->len)
		vp_http_value_begin(&form->value, vp_slice_of(form->name, form->len));
}

static void end_value(struct vp_form *form)
{
	if (!form->in_value)
		begin_value(form); /* a name alone has an empty value */
	end_text(form);
	vp_http_value_end(&form->value);
	form->in_value = false;
	form->len = 0;
}

void vp_form_feed(struct vp_form *form, struct vp_slice bytes)
{
	uint8_t decoded[3];

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.data[i];

		if (c == '&')
			end_value(form);
		else if (c == '=' && !form->in_value)
			begin_value(form);
		else
			add(form, decoded, vp_percent_next(&form->percent, c, decoded));
	}
	vp_http_value_flush(&form->value);
}

void vp_form_finish(struct vp_form *form)
{
	end_value(form);
}
