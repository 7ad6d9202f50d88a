/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeping workers and writers running, with the programs they need: see pairs.h. */
#include "agentd/inspect/pairs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agentd/inspect/child.h"
#include "agentd/inspect/orphan.h"
#include "agentd/inspect/queue_socket.h"
#include "agentd/inspect/settle.h"
#include "agentd/inspect/start.h"
#include "lib/cleanup.h"
#include "lib/memory.h"

#define USER	      "vpatch-inspect"
#define NOTES_MAX     512   /* of a pair in one go: others want their turn */
#define LOAD_TIMEOUT  20000 /* milliseconds for a worker to load a program */
#define STREAM_LENGTH 8192  /* packets that may wait in a queue */
#define OTHERS_LIVE                                                                           \
	2000 /* milliseconds for the end of another daemon's orphans, after their deadline */
#define TICKS	    4	 /* within the deadline */
#define RETIRE	    1000 /* milliseconds that packets may still wait in queues without rules */
#define LIVED	    2000 /* milliseconds: who lives so long is restarted at once */
#define DELAY_FIRST 50	 /* milliseconds before the second restart in a row, then doubled */
#define DELAY_MOST  500

/* What one index of one class has. */
struct place {
	struct vp_pair *pair; /* NULL: it does not run */
	int queue;	      /* the queues' socket, for one pair after the other; -1: none */
	bool wanted;	      /* it should */
	uint64_t loaded;      /* the newest generation that it has said to have */
	bool refused;	      /* it has refused one since */
	bool told;	      /* its end was told, its replacement is to be told too */
	uint64_t started, ended_at, restart_at, retire_at; /* milliseconds; 0: not set */
	unsigned int delay;
	uint64_t restarts;
	char ended[160];
};

struct program {
	struct vp_pair_program given;
	unsigned int classes;
};

struct vp_pairs {
	struct vp_pairs_options options;
	char *worker, *writer;
	struct vp_pairs_listener listener;
	struct place *places; /* by class, then index */
	size_t count;
	int epoll;
	bool resumed;
	/* `active` judges; `next` is prepared; `old` is to be forgotten. Generation 0: none.
	 */
	struct program active, next, old;
	struct vp_ledger *ledger;
	char reason[128]; /* of the last refusal */
};

static const struct program no_program = { .given.fd = -1 };

static enum vp_queue_class class_of(const struct vp_pairs *pairs, const struct place *place)
{
	return (enum vp_queue_class)((size_t)(place - pairs->places) /
				     pairs->options.queueing.count);
}

static unsigned int index_of(const struct vp_pairs *pairs, const struct place *place)
{
	return (unsigned int)((size_t)(place - pairs->places) % pairs->options.queueing.count);
}

static struct place *end_of(const struct vp_pairs *pairs)
{
	return pairs->places + pairs->count;
}

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration */
#define each_place(place, pairs)                                                              \
	for (struct place *place = (pairs)->places; place < end_of(pairs); place++)

struct vp_pairs *vp_pairs_new(const struct vp_pairs_options *options, struct vp_error *err)
{
	struct vp_pairs *pairs = vp_new(struct vp_pairs);

	pairs->options = *options;
	pairs->options.worker = pairs->worker = vp_strdup(options->worker);
	pairs->options.writer = pairs->writer = vp_strdup(options->writer);
	pairs->active = pairs->next = pairs->old = no_program;
	pairs->count = (size_t)VP_QUEUE_CLASSES * options->queueing.count;
	pairs->places = vp_alloc(pairs->count, sizeof(struct place));
	each_place (place, pairs)
		place->queue = -1;
	pairs->ledger = vp_ledger_open(options->counts);
	pairs->options.counts = NULL;
	pairs->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pairs->epoll >= 0)
		return pairs;
	vp_fail(err, -errno, "cannot watch inspection's processes: %s", strerror(errno));
	vp_pairs_free(pairs);
	return NULL;
}

void vp_pairs_listen(struct vp_pairs *pairs, const struct vp_pairs_listener *listener)
{
	pairs->listener = *listener;
}

void vp_pairs_resume(struct vp_pairs *pairs)
{
	pairs->resumed = true;
}

static void drop_program(struct program *program)
{
	if (program->given.fd >= 0)
		close(program->given.fd);
	*program = no_program;
}

static void tell(const struct vp_pairs *pairs, const struct place *place, const char *text)
{
	if (pairs->listener.told)
		pairs->listener.told(pairs->listener.context, class_of(pairs, place), text);
}

/* Both kinds in both rows, for one index: the kernel chooses it by the flow. */
static void add_queues(const struct vp_pairs *pairs, const struct place *place,
		       struct vp_setup *setup)
{
	const struct vp_queueing *queueing = &pairs->options.queueing;
	enum vp_queue_class class = class_of(pairs, place);

	for (unsigned int kind = 0; kind < VP_QUEUE_KINDS; kind++)
		for (uint8_t slot = 0; slot < 2; slot++)
			setup->queues[setup->queue_count++] = (struct vp_queue){
				.number = (uint16_t)(vp_queue_first(queueing, class,
								    (enum vp_queue_kind)kind,
								    slot) +
						     index_of(pairs, place)),
				.class = (uint8_t) class,
				.slot = slot,
				.gso = kind == VP_QUEUE_STREAMS,
				.length = STREAM_LENGTH,
			};
}

static void fill_setup(const struct vp_pairs *pairs, const struct place *place,
		       struct vp_setup *setup)
{
	const struct vp_queueing *queueing = &pairs->options.queueing;

	snprintf(setup->user, sizeof(setup->user), "%s", USER);
	setup->memory = queueing->memory;
	setup->flows = queueing->connections;
	setup->window = pairs->options.window;
	setup->deadline = queueing->lease_milliseconds;
	setup->lease_mark = queueing->lease_mark;
	setup->midstream_block = class_of(pairs, place) == VP_QUEUE_BLOCK &&
				 (pairs->resumed || place->restarts);
	add_queues(pairs, place, setup);
}

static void watch(const struct vp_pairs *pairs, const struct vp_pair *pair)
{
	struct epoll_event event = { .events = EPOLLIN };

	for (int side = 0; side < VP_PAIR_SIDES; side++)
		(void)epoll_ctl(pairs->epoll, EPOLL_CTL_ADD,
				vp_pair_fd(pair, (enum vp_pair_side)side), &event);
}

static bool is_for(const struct program *program, enum vp_queue_class class)
{
	return program->given.generation && program->classes & 1u << class;
}

/* What it has to know from its first packet on. */
static int give_programs(const struct vp_pairs *pairs, const struct place *place,
			 struct vp_error *err)
{
	enum vp_queue_class class = class_of(pairs, place);
	int r = 0;

	if (is_for(&pairs->active, class))
		r = vp_pair_give(place->pair, &pairs->active.given, true, err);
	if (!r && is_for(&pairs->next, class))
		r = vp_pair_give(place->pair, &pairs->next.given, false, err);
	return r;
}

/*
 * One pair after the other reads the same socket. Not where a class has several pairs:
 * they renew one lease together, so only the end of its queues can tell that one of
 * them is gone while this process hangs.
 */
static bool keeps_queues(const struct vp_pairs *pairs)
{
	return pairs->options.queueing.count == 1;
}

/*
 * What waits for a process that is gone gets its failure verdict. What arrives from
 * here on waits for the next one, or goes by unread when that takes too long.
 */
static void settle(const struct place *place, const struct vp_setup *setup)
{
	_cleanup_free_ uint8_t *room = vp_alloc(1, VP_PACKET_ROOM);
	struct vp_settling settling;

	vp_settling_begin(&settling, place->queue, setup->queues, setup->queue_count);
	(void)vp_settling_empty(&settling, room);
}

/* Processes of a daemon that was killed give them back a moment later. */
static int open_when_free(const struct vp_setup *setup, struct vp_error *err)
{
	uint64_t end = vp_milliseconds() + OTHERS_LIVE + setup->deadline;
	int queue;

	while ((queue = vp_queue_open(setup->queues, setup->queue_count, err)) == -EBUSY &&
	       vp_milliseconds() < end) {
		if (vp_milliseconds() + OTHERS_LIVE > end)
			vp_orphans_end(); /* they have had their deadline */
		(void)poll(NULL, 0, 10);
	}
	return queue;
}

static int open_queues(struct place *place, const struct vp_setup *setup, struct vp_error *err)
{
	if (place->queue >= 0) {
		settle(place, setup);
		return 0;
	}
	place->queue = open_when_free(setup, err);
	if (place->queue < 0)
		return place->queue;
	return vp_child_raise(&place->queue);
}

/* Whoever counted there before is gone, as its queues are. */
static int open_tallies(const struct vp_pairs *pairs, const struct place *place,
			int tallies[VP_PAIR_SIDES], struct vp_error *err)
{
	static const char *const sides[] = {
		[VP_PAIR_WORKER] = "worker", [VP_PAIR_WRITER] = "writer"
	};

	for (int side = 0; side < VP_PAIR_SIDES; side++) {
		_cleanup_free_ char *name =
			vp_format("%s-%u.%s", vp_queue_class_name(class_of(pairs, place)),
				  index_of(pairs, place), sides[side]);

		tallies[side] = vp_ledger_table(pairs->ledger, name,
						vp_pair_slots((enum vp_pair_side)side), err);
		if (tallies[side] < 0)
			return tallies[side];
	}
	return 0;
}

/* Who still waits is not dropped, unless that is the failure verdict. */
static void close_queues(const struct vp_pairs *pairs, struct place *place)
{
	struct vp_setup setup = { 0 };

	if (place->queue < 0)
		return;
	fill_setup(pairs, place, &setup);
	settle(place, &setup);
	close(place->queue);
	place->queue = -1;
}

static int start(struct vp_pairs *pairs, struct place *place, struct vp_error *err)
{
	int tallies[VP_PAIR_SIDES], r;
	struct vp_pair_options options = { .worker = pairs->worker,
					   .writer = pairs->writer,
					   .queue = &place->queue,
					   .tallies = tallies };

	place->wanted = true;
	place->loaded = place->restart_at = place->retire_at = 0;
	place->refused = false;
	place->started = vp_milliseconds();
	fill_setup(pairs, place, &options.setup);
	r = open_queues(place, &options.setup, err);
	if (!r)
		r = open_tallies(pairs, place, tallies, err);
	if (!r)
		r = vp_pair_start(&place->pair, &options, err);
	if (!keeps_queues(pairs) && place->queue >= 0) {
		close(place->queue);
		place->queue = -1;
	}
	if (r)
		return r;
	watch(pairs, place->pair);
	return give_programs(pairs, place, err);
}

static void end(struct place *place)
{
	if (!place->pair)
		return;
	vp_pair_stop(place->pair);
	place->pair = NULL;
	place->loaded = 0;
}

/* How it ended, for people. */
static void describe_end(const struct vp_pair_state *state, char *text, size_t room)
{
	const char *worker = state->ended[VP_PAIR_WORKER],
		   *writer = state->ended[VP_PAIR_WRITER];

	if (state->late && state->late != VP_LATE_DEAD)
		snprintf(text, room, "vpatchd-inspect was given up: %s",
			 vp_lateness_name(state->late));
	else if (*worker && (state->late || !*writer))
		snprintf(text, room, "vpatchd-inspect ended %s", worker);
	else
		snprintf(text, room, "vpatchd-verdict ended %s", *writer ? writer : "");
}

static void replace_later(struct place *place, uint64_t now)
{
	if (now - place->started > LIVED)
		place->delay = 0;
	place->restart_at = now + place->delay + 1;
	place->delay = place->delay ? 2 * place->delay : DELAY_FIRST;
	if (place->delay > DELAY_MOST)
		place->delay = DELAY_MOST;
}

static void restart(struct vp_pairs *pairs, struct place *place)
{
	struct vp_error err = { 0 };

	place->restarts++;
	if (!start(pairs, place, &err))
		return;
	end(place);
	snprintf(place->ended, sizeof(place->ended), "%.150s", err.text);
	replace_later(place, vp_milliseconds());
}

/* Told when its end is known as well as it will be: both sides were waited for. */
static void take_end(struct vp_pairs *pairs, struct place *place)
{
	vp_pair_tick(place->pair);
	describe_end(vp_pair_state(place->pair), place->ended, sizeof(place->ended));
	end(place);
	if (!place->told)
		place->ended_at = vp_milliseconds();
	place->told = true;
	tell(pairs, place, place->ended);
	replace_later(place, vp_milliseconds());
}

static bool has_ended(const struct vp_pair *pair)
{
	const struct vp_pair_state *state = vp_pair_state(pair);

	return state->late || !state->pid[VP_PAIR_WORKER] || !state->pid[VP_PAIR_WRITER];
}

static void tell_return(struct vp_pairs *pairs, struct place *place)
{
	char text[240];

	if (!place->told)
		return;
	place->told = false;
	snprintf(text, sizeof(text), "inspection runs again after %llu ms; before, %s",
		 (unsigned long long)(vp_milliseconds() - place->ended_at), place->ended);
	tell(pairs, place, text);
}

static void take_note(struct vp_pairs *pairs, struct place *place, const struct vp_note *note)
{
	if (note->kind == VP_NOTE_HIT && pairs->listener.hit) {
		pairs->listener.hit(pairs->listener.context, &note->hit);
	} else if (note->kind == VP_NOTE_LOADED) {
		place->loaded = note->number;
		tell_return(pairs, place);
	} else if (note->kind == VP_NOTE_REFUSED) {
		place->refused = true;
		snprintf(pairs->reason, sizeof(pairs->reason), "%s", note->text);
	}
}

static void read_place(struct vp_pairs *pairs, struct place *place)
{
	struct vp_note note;

	for (int i = 0; i < NOTES_MAX && vp_pair_read(place->pair, &note); i++)
		take_note(pairs, place, &note);
	if (has_ended(place->pair))
		take_end(pairs, place);
}

static void restart_due(struct vp_pairs *pairs, struct place *place, uint64_t now)
{
	if (!place->pair && place->wanted && place->restart_at && now >= place->restart_at)
		restart(pairs, place);
}

void vp_pairs_read(struct vp_pairs *pairs)
{
	uint64_t now = vp_milliseconds();

	each_place (place, pairs)
		if (place->pair)
			read_place(pairs, place);
	each_place (place, pairs)
		restart_due(pairs, place, now + 1);
}

int vp_pairs_fd(const struct vp_pairs *pairs)
{
	return pairs->epoll;
}

static void tick_place(struct vp_pairs *pairs, struct place *place, uint64_t now)
{
	if (place->retire_at && now >= place->retire_at) {
		place->wanted = false;
		place->retire_at = 0;
		end(place);
		close_queues(pairs, place);
	}
	if (place->pair) {
		vp_pair_tick(place->pair);
		if (has_ended(place->pair))
			take_end(pairs, place);
	}
	restart_due(pairs, place, now);
}

unsigned int vp_pairs_tick(struct vp_pairs *pairs)
{
	unsigned int next = 0;

	each_place (place, pairs) {
		tick_place(pairs, place, vp_milliseconds());
		if (place->wanted)
			next = pairs->options.queueing.lease_milliseconds / TICKS;
	}
	return next;
}

/* Has every pair that needs the prepared program answered? */
static bool has_answered(const struct vp_pairs *pairs, const struct place *place)
{
	return !is_for(&pairs->next, class_of(pairs, place)) || place->refused ||
	       place->loaded == pairs->next.given.generation;
}

static int check_answers(const struct vp_pairs *pairs, bool *wait, struct vp_error *err)
{
	*wait = false;
	each_place (place, pairs) {
		if (!has_answered(pairs, place) && !place->pair && place->ended[0])
			return vp_fail(err, -EIO, "inspection does not start: %s",
				       place->ended);
		if (place->refused)
			return vp_fail(err, -EINVAL, "inspection refuses its program: %s",
				       pairs->reason);
		*wait = *wait || !has_answered(pairs, place);
	}
	return 0;
}

/* Hits are told meanwhile, and who dies is replaced. */
static int wait_loaded(struct vp_pairs *pairs, struct vp_error *err)
{
	uint64_t end = vp_milliseconds() + LOAD_TIMEOUT;
	bool wait;
	int r;

	while (!(r = check_answers(pairs, &wait, err)) && wait) {
		struct pollfd fd = { .fd = pairs->epoll, .events = POLLIN };

		if (vp_milliseconds() > end)
			return vp_fail(err, -ETIMEDOUT,
				       "inspection did not load its program in %d seconds",
				       LOAD_TIMEOUT / 1000);
		(void)poll(&fd, 1, 10);
		vp_pairs_read(pairs);
		(void)vp_pairs_tick(pairs);
	}
	return r;
}

static int hand_over(struct vp_pairs *pairs, struct vp_error *err)
{
	int r = 0;

	each_place (place, pairs) {
		if (r || !is_for(&pairs->next, class_of(pairs, place)))
			continue;
		place->refused = false;
		place->retire_at = 0;
		if (place->pair) {
			r = vp_pair_give(place->pair, &pairs->next.given, false, err);
		} else {
			place->ended[0] = 0;
			r = start(pairs, place, err);
		}
	}
	return r;
}

static bool has_already(const struct vp_pairs *pairs, const struct vp_pairs_program *program)
{
	return pairs->active.given.generation == program->generation &&
	       pairs->active.classes == program->classes;
}

int vp_pairs_prepare(struct vp_pairs *pairs, const struct vp_pairs_program *program,
		     struct vp_error *err)
{
	int r = 0;

	if (has_already(pairs, program))
		return 0;
	pairs->next = (struct program){
		.given = { .generation = program->generation,
			   .slot = (uint8_t)(program->generation % 2),
			   .fd = -1 },
		.classes = program->classes,
	};
	if (program->classes)
		r = vp_pair_program_fill(&pairs->next.given, program->bytes, program->len,
					 err);
	if (!r)
		r = hand_over(pairs, err);
	if (!r)
		r = wait_loaded(pairs, err);
	if (r)
		vp_pairs_abort(pairs);
	return r;
}

static void tell_all(struct vp_pairs *pairs, enum vp_note_kind kind, uint64_t generation)
{
	each_place (place, pairs)
		if (place->pair && vp_pair_fd(place->pair, VP_PAIR_WORKER) >= 0 &&
		    vp_pair_fd(place->pair, VP_PAIR_WRITER) >= 0)
			(void)vp_pair_tell(place->pair, kind, generation);
}

/* Without a program there is nothing to do; but packets may still wait. */
static void retire_idle(struct vp_pairs *pairs)
{
	each_place (place, pairs)
		if (place->wanted && !place->retire_at &&
		    !is_for(&pairs->active, class_of(pairs, place)))
			place->retire_at = vp_milliseconds() + RETIRE;
}

void vp_pairs_beat(struct vp_pairs *pairs)
{
	tell_all(pairs, VP_NOTE_BEAT, 0);
}

void vp_pairs_commit(struct vp_pairs *pairs)
{
	if (pairs->next.given.generation) {
		tell_all(pairs, VP_NOTE_ACTIVATE, pairs->next.given.generation);
		pairs->old = pairs->active;
		pairs->active = pairs->next;
		pairs->next = no_program;
	}
	vp_pairs_beat(pairs);
	pairs->resumed = false;
}

void vp_pairs_finish(struct vp_pairs *pairs)
{
	if (pairs->old.given.generation)
		tell_all(pairs, VP_NOTE_FORGET, pairs->old.given.generation);
	drop_program(&pairs->old);
	retire_idle(pairs);
}

void vp_pairs_abort(struct vp_pairs *pairs)
{
	if (pairs->next.given.generation)
		tell_all(pairs, VP_NOTE_FORGET, pairs->next.given.generation);
	drop_program(&pairs->next);
	retire_idle(pairs);
}

void vp_pairs_stop(struct vp_pairs *pairs)
{
	each_place (place, pairs) {
		end(place);
		close_queues(pairs, place);
		place->wanted = false;
	}
	drop_program(&pairs->active);
	drop_program(&pairs->next);
	drop_program(&pairs->old);
}

void vp_pairs_free(struct vp_pairs *pairs)
{
	if (!pairs)
		return;
	vp_pairs_stop(pairs);
	if (pairs->epoll >= 0)
		close(pairs->epoll);
	vp_ledger_close(pairs->ledger);
	free(pairs->places);
	free(pairs->worker);
	free(pairs->writer);
	free(pairs);
}

uint64_t vp_pairs_generation(const struct vp_pairs *pairs)
{
	return pairs->active.given.generation;
}

void vp_pairs_sums(const struct vp_pairs *pairs, struct vp_sums *sums)
{
	vp_ledger_sums(pairs->ledger, sums);
}

struct vp_ledger *vp_pairs_ledger(const struct vp_pairs *pairs)
{
	return pairs->ledger;
}

void vp_pairs_each(const struct vp_pairs *pairs,
		   void (*visit)(void *context, const struct vp_pairs_state *state),
		   void *context)
{
	each_place (place, pairs) {
		const struct vp_pairs_state state = {
			.class = class_of(pairs, place),
			.index = index_of(pairs, place),
			.pair = place->pair ? vp_pair_state(place->pair) : NULL,
			.loaded = place->loaded,
			.restarts = place->restarts,
			.ended = place->ended,
		};

		if (place->wanted)
			visit(context, &state);
	}
}

bool vp_pairs_are_well(const struct vp_pairs *pairs)
{
	each_place (place, pairs)
		if (is_for(&pairs->active, class_of(pairs, place)) &&
		    (!place->pair || !vp_pair_state(place->pair)->well ||
		     place->loaded < pairs->active.given.generation))
			return false;
	return true;
}
