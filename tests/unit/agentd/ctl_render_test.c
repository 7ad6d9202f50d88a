/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents as text: tests/golden/ctl/NAME.json gives NAME.txt, and NAME.80.txt on a terminal.
 */
#include <stdlib.h>

#include <jansson.h>

#include "agentd/ctl/output.h"
#include "agentd/ctl/remote.h"
#include "agentd/ctl/render.h"
#include "agentd/document.h"
#include "lib/memory.h"
#include "tests/unit/agentd/ctl_test.h"

static json_t *document_of(const char *name)
{
	_cleanup_free_ char *path = vp_format("tests/golden/ctl/%s.json", name);
	_cleanup_free_ char *text = source_file(path);
	json_error_t error;
	json_t *document = json_loads(text, 0, &error);

	if (!document)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return document;
}

static void assert_rendered(const char *name, vp_render *render)
{
	_cleanup_json_ json_t *document = document_of(name);
	_cleanup_free_ char *wide = vp_format("tests/golden/ctl/%s.txt", name);
	_cleanup_free_ char *narrow = vp_format("tests/golden/ctl/%s.80.txt", name);
	_cleanup_page_ struct vp_page unlimited = { .width = 0 }, terminal = { .width = 80 };

	render(document, &unlimited);
	assert_golden(wide, vp_strbuf_text(&unlimited.text));
	render(document, &terminal);
	assert_golden(narrow, vp_strbuf_text(&terminal.text));
	assert_null(strchr(unlimited.text.data, '\033'));
}

static void documents_as_text(void **state)
{
	static const struct {
		const char *name;
		vp_render *render;
	} cases[] = {
		{ "check", vp_render_check },
		{ "events", vp_render_events },
		{ "explain", vp_render_explain },
		{ "history", vp_render_history },
		{ "panic", vp_render_panic },
		{ "plan", vp_render_plan },
		{ "result-applied", vp_render_result },
		{ "result-invalid", vp_render_result },
		{ "status", vp_render_status },
		{ "status-unreachable", vp_render_status },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(cases); i++)
		assert_rendered(cases[i].name, cases[i].render);
}

/* A newer daemon may leave members out: no renderer may fall over one that is missing. */
static void an_empty_document_does_no_harm(void **state)
{
	static vp_render *const renders[] = {
		vp_render_check,   vp_render_events,  vp_render_event,
		vp_render_explain, vp_render_history, vp_render_panic,
		vp_render_plan,	   vp_render_result,  vp_render_status,
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(renders); i++) {
		_cleanup_json_ json_t *empty = json_object();
		_cleanup_json_ json_t *odd = json_pack(
			"{s:[{}], s:[{}], s:[{}], s:[{}], s:[{}], s:{}, s:{}, s:{}, s:s}",
			"patches", "rules", "events", "entries", "blind_spots", "daemon",
			"generation", "confirm", "result", "applied");
		_cleanup_page_ struct vp_page page = { 0 };

		renders[i](empty, &page);
		renders[i](odd, &page);
		assert_null(page.text.data ? strstr(page.text.data, "(null)") : NULL);
	}
}

static void changes_between_plans(void **state)
{
	_cleanup_json_ json_t *active = json_loads(
		"{\"patches\":[{\"id\":\"A\",\"mode\":\"enforce\",\"digest\":\"0x1\"},"
		"{\"id\":\"B\",\"mode\":\"monitor\",\"digest\":\"0x2\"},"
		"{\"id\":\"C\",\"mode\":\"enforce\",\"digest\":\"0x3\"},"
		"{\"id\":\"D\",\"mode\":\"enforce\",\"digest\":\"0x4\"}]}",
		0, NULL);
	_cleanup_json_ json_t *plan = json_loads(
		"{\"patches\":[{\"id\":\"A\",\"mode\":\"enforce\",\"digest\":\"0x1\"},"
		"{\"id\":\"B\",\"mode\":\"enforce\",\"digest\":\"0x2\"},"
		"{\"id\":\"C\",\"mode\":\"enforce\",\"digest\":\"0x9\"},"
		"{\"id\":\"E\",\"title\":\"new\",\"mode\":\"enforce\",\"digest\":\"0x5\"}]}",
		0, NULL);
	_cleanup_json_ json_t *whole = vp_plan_changes(active, plan, true);
	_cleanup_json_ json_t *part = vp_plan_changes(active, plan, false);
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	(void)state;
	vp_render_list(whole, &text);
	assert_string_equal(text.data, "~ B: enforce, now monitor, "
				       "~ C: changed definition or overrides, + E: new, - D");
	assert_int_equal(json_array_size(part), 3);
}

/* The one file that writes: what a stream gets from each kind of output. */

static char *written(const struct vp_output_ops *ops, enum vp_exit *status, char **errors)
{
	_cleanup_json_ json_t *document = document_of("result-invalid");
	char *text = NULL;
	size_t len, err_len;
	FILE *to = open_memstream(&text, &len), *err = open_memstream(errors, &err_len);
	struct vp_output out = { .ops = ops, .out = to, .err = err };

	vp_output_refusal(&out, document, vp_render_result);
	*status = vp_output_finish(&out, VP_EXIT_USAGE);
	fclose(to);
	fclose(err);
	return text;
}

static void a_refusal_has_findings_first_then_the_reason(void **state)
{
	_cleanup_free_ char *errors = NULL, *text = NULL;
	enum vp_exit status;

	(void)state;
	text = written(&vp_output_text, &status, &errors);
	assert_int_equal(status, VP_EXIT_USAGE);
	assert_string_equal(
		text, "policy.d/a.vpatch:7:12: error: expected an address, found \"here\"\n"
		      "policy.d/b.vpatch: warning: something\n");
	assert_string_equal(errors, "vpatchctl: the policy has errors\n");
}

static void json_is_one_document_with_a_schema(void **state)
{
	_cleanup_free_ char *errors = NULL, *text = NULL;
	_cleanup_json_ json_t *document = NULL;
	enum vp_exit status;

	(void)state;
	text = written(&vp_output_json, &status, &errors);
	document = json_loads(text, 0, NULL);
	assert_string_equal(vp_json_get_text(document, "schema"), "vpatch.result/1");
	assert_string_equal(errors, "");
}

static void a_failure_in_json_is_a_document_too(void **state)
{
	_cleanup_free_ char *text = NULL, *errors = NULL;
	_cleanup_json_ json_t *document = NULL;
	size_t len, err_len;
	FILE *to = open_memstream(&text, &len), *err = open_memstream(&errors, &err_len);
	struct vp_output out = { .ops = &vp_output_json, .out = to, .err = err };

	(void)state;
	vp_output_failure(&out, VP_EXIT_FORBIDDEN, "not %s", "you");
	vp_output_finish(&out, VP_EXIT_FORBIDDEN);
	fclose(to);
	fclose(err);
	document = json_loads(text, 0, NULL);
	assert_string_equal(vp_json_get_text(document, "schema"), "vpatch.error/1");
	assert_string_equal(vp_json_get_text(document, "error"), "not you");
	assert_int_equal(vp_json_get_number(document, "exit"), 4);
	assert_string_equal(errors, "vpatchctl: not you\n");
}

static void a_full_disk_is_no_success(void **state)
{
	FILE *to = fopen("/dev/full", "w"), *err = fopen("/dev/null", "w");
	struct vp_output out = { .ops = &vp_output_text, .out = to, .err = err };

	(void)state;
	assert_non_null(to);
	vp_output_raw(&out, "text");
	assert_int_equal(vp_output_finish(&out, VP_EXIT_GOOD), VP_EXIT_UNREACHABLE);
	fclose(to);
	fclose(err);
}

int test_render(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_as_text),
		cmocka_unit_test(an_empty_document_does_no_harm),
		cmocka_unit_test(changes_between_plans),
		cmocka_unit_test(a_refusal_has_findings_first_then_the_reason),
		cmocka_unit_test(json_is_one_document_with_a_schema),
		cmocka_unit_test(a_failure_in_json_is_a_document_too),
		cmocka_unit_test(a_full_disk_is_no_success),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
