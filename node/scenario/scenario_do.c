/* scenario_do.c: `do` and `govern`: one operation of members, and what it was called. */
#include <stdio.h>

#include <zyd/contract.h>
#include <zyd/date.h>
#include <zyd/host.h>

#include "scenario_impl.h"

static size_t signers_of(struct run *r, uint16_t members[16], const char *list)
{
    size_t count = 0;
    while (*list != 0) {
        char code[16];
        size_t n = strcspn(list, ",");
        snprintf(code, sizeof code, "%.*s", (int)n, list);
        if (count == 16) {
            scn_wrong(r, "too many signers");
            return 0;
        }
        members[count++] = scn_member_of(r, code);
        list += n + (list[n] == ',');
    }
    return count;
}

/* "@LABEL" of an object, an obligation or an operation -> its id in hex. */
static void put_labels(struct run *r, char *out, size_t cap, const char *in)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t at = 0;
    while (*in != 0 && at + 70 < cap) {
        char name[40];
        size_t n = *in == '@' ? strspn(in + 1, letters) : 0;
        if (n == 0) {
            out[at++] = *in++;
            continue;
        }
        if (in[n + 1] == '#') {
            char text[72];
            size_t used = scn_cycle_ref(r, text, in + 1);
            if (used == 0) {
                break;
            }
            at += (size_t)snprintf(out + at, cap - at, "%s", text);
            in += used + 1;
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)n, in + 1);
        const struct label *l = scn_find_label(r->objects, r->object_count, name);
        l = l != NULL ? l : scn_find_label(r->obligations, r->obligation_count, name);
        l = l != NULL ? l : scn_find_label(r->operations, r->operation_count, name);
        if (l == NULL) {
            scn_wrong(r, "no object, obligation or operation was given the label after @");
            break;
        }
        for (size_t i = 0; i < 32; i++) {
            at += (size_t)snprintf(out + at, 3, "%02x", l->id.b[i]);
        }
        in += n + 1;
    }
    out[at] = 0;
}

/* name=value words from `first` on -> args of the event. */
static bool encode_args(struct run *r, struct zyd_wr *wr, const struct zyd_event *event, size_t first)
{
    struct zyd_pair pairs[WORDS_MAX];
    char names[WORDS_MAX][40], why[ZYD_WHY];
    static char values[2 * ZYD_OP_SIZE_MAX];
    size_t used = 0;
    const struct zyd_members members = zyd_genesis_members(r->g);
    size_t count = 0;
    for (size_t i = first; i < r->step->count; i++) {
        const char *word = r->step->words[i], *equal = strchr(word, '=');
        if (equal == NULL || (size_t)(equal - word) >= sizeof names[0]) {
            scn_wrong(r, "name=value is expected");
            return false;
        }
        snprintf(names[count], sizeof names[0], "%.*s", (int)(equal - word), word);
        pairs[count] = (struct zyd_pair){names[count], equal + 1};
        if (strcmp(names[count], "rows") == 0 || strchr(equal, '@') != NULL) {
            char *out = values + used;
            if (strcmp(names[count], "rows") == 0) {
                scn_substitute(r, out, sizeof values - used, equal + 1);
            } else {
                put_labels(r, out, sizeof values - used, equal + 1);
            }
            used += strlen(out) + 1;
            pairs[count].value = out;
        }
        for (size_t k = 0; strcmp(names[count], "borrower") == 0 && k < r->s->borrower_count; k++) {
            if (strcmp(equal + 1, r->s->borrowers[k].label) == 0) {
                pairs[count].value = r->s->borrowers[k].id;
            }
        }
        count++;
    }
    if (event == NULL) { /* the host's PAID */
        if (count != 1 || strcmp(pairs[0].name, "bank_ref") != 0) {
            scn_wrong(r, "PAID takes bank_ref=TEXT");
            return false;
        }
        zyd_wr_array(wr, 1);
        zyd_wr_str(wr, pairs[0].value, strlen(pairs[0].value));
        return true;
    }
    if (zyd_args_encode(wr, why, event, pairs, count, &members) != ZYD_OK) {
        scn_wrong(r, why);
        return false;
    }
    return true;
}

static uint64_t current_seq(struct run *r, const struct zyd_op *op)
{
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_hash key;
    size_t size;
    uint64_t seq = 0;
    if (op->contract == ZYD_CONTRACT_HOST) {
        zyd_obligation_key(&key, &op->object);
    } else {
        zyd_contract_object_key(&key, op->contract, &op->object);
    }
    scn_backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    return seq;
}

/* The programme of an event that makes an object: the one named, else the only one whose product has the event; of one
 * that does not, its object's.  NO_PROGRAMME: wrong. */
static size_t programme_for(struct run *r, const char *event, const char *code, const struct label *object)
{
    const struct zyd_scenario_plan *plan = &r->s->plan;
    size_t found = NO_PROGRAMME;
    if (code != NULL) {
        return scn_programme_of(r, code);
    }
    if (object != NULL && zyd_event_by_name(plan->programmes[object->programme].product, event) != NULL) {
        return object->programme;
    }
    for (size_t i = 0; i < plan->programme_count; i++) {
        if (zyd_event_by_name(plan->programmes[i].product, event) != NULL) {
            if (found != NO_PROGRAMME) {
                scn_wrong(r, "several programmes know this event: say in PROGRAMME after the label");
                return NO_PROGRAMME;
            }
            found = i;
        }
    }
    if (found == NO_PROGRAMME) {
        scn_wrong(r, "no such event");
    }
    return found;
}

/* A new object's reference and label. */
static void new_object(struct run *r, struct zyd_op *op, char *ref, size_t cap, const char *name, size_t programme)
{
    struct zyd_hash id;
    snprintf(ref, cap, "%.16s/%.18s", r->s->plan.name, name);
    op->client_ref = zyd_span(ref, strlen(ref));
    zyd_object_id(&id, op->contract, op->programme, op->member, op->client_ref);
    if (scn_find_label(r->objects, r->object_count, name) == NULL &&
        !scn_add_label(r->objects, &r->object_count, LABELS_MAX, name, &id, programme)) {
        scn_wrong(r, "too many objects");
    }
}

/* What stands between the signers and the arguments. */
struct manner {
    bool in_turn;
    const char *as;  /* the operation's label */
    const char *seq; /* the object's number that it was signed for; NULL: the current one */
    size_t first;    /* word of the first argument */
};

static struct manner manner_of(const struct run *r, size_t at)
{
    char **w = r->step->words;
    struct manner m = {.first = at};
    for (;;) {
        size_t left = r->step->count - m.first;
        if (left >= 2 && strcmp(w[m.first], "in") == 0 && strcmp(w[m.first + 1], "turn") == 0) {
            m.in_turn = true;
        } else if (left >= 2 && strcmp(w[m.first], "as") == 0) {
            m.as = w[m.first + 1];
        } else if (left >= 2 && strcmp(w[m.first], "seq") == 0) {
            m.seq = w[m.first + 1];
        } else {
            return m;
        }
        m.first += 2;
    }
}

static void name_operation(struct run *r, const char *name, const struct zyd_op *op, size_t programme)
{
    static uint8_t bytes[ZYD_OP_SIZE_MAX];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    struct zyd_hash op_id;
    zyd_op_encode(&wr, op);
    zyd_merkle_leaf(&op_id, bytes, wr.size);
    if (scn_find_label(r->operations, r->operation_count, name) != NULL ||
        !scn_add_label(r->operations, &r->operation_count, LABELS_MAX, name, &op_id, programme)) {
        scn_wrong(r, "the operation's label is taken, or there are too many operations with labels");
    }
}

static void send(struct run *r, const struct zyd_op *op, const uint16_t *members, size_t count, bool in_turn)
{
    scn_backend(r, r->b->submit(r->b->ctx, r->why, &r->code, op, members, count, in_turn));
    r->code_open = true;
    r->in_turn = in_turn && count > 1;
    r->report->operations++;
}

/* do EVENT LABEL [in PROGRAMME] by M[,M...] [in turn] [as OPERATION] [seq N] name=value ... */
void scn_do(struct run *r)
{
    char **w = r->step->words, ref[ZYD_CODE_MAX * 6];
    static uint8_t bytes[ZYD_OP_SIZE_MAX];
    struct zyd_wr args = zyd_wr_of(bytes, sizeof bytes);
    uint16_t members[16];
    size_t by = r->step->count > 5 && strcmp(w[3], "in") == 0 ? 5 : 3;
    if (r->step->count < by + 2 || strcmp(w[by], "by") != 0) {
        scn_wrong(r, "do EVENT LABEL [in PROGRAMME] by MEMBER ... is expected");
        return;
    }
    bool paid = strcmp(w[1], "PAID") == 0 && scn_find_label(r->obligations, r->obligation_count, w[2]) != NULL;
    const struct label *object =
        paid ? scn_find_label(r->obligations, r->obligation_count, w[2]) : scn_find_label(r->objects, r->object_count, w[2]);
    size_t programme = paid ? object->programme : programme_for(r, w[1], by == 5 ? w[4] : NULL, object);
    if (programme == NO_PROGRAMME) {
        return;
    }
    const struct zyd_event *event = paid ? NULL : zyd_event_by_name(r->s->plan.programmes[programme].product, w[1]);
    if (event == NULL && !paid) {
        scn_wrong(r, "no such event");
        return;
    }
    size_t count = signers_of(r, members, w[by + 1]);
    const struct manner manner = manner_of(r, by + 2);
    if (count == 0 || r->status != ZYD_OK || !encode_args(r, &args, event, manner.first)) {
        return;
    }
    struct zyd_op op = {.contract = paid ? ZYD_CONTRACT_HOST : scn_contract(r, programme),
                        .event = paid ? (uint16_t)ZYD_HOST_PAID : event->number,
                        .programme = r->b->programme(r->b->ctx, programme),
                        .member = members[0],
                        .args = zyd_wr_span(&args)};
    if (event != NULL && event->makes) {
        new_object(r, &op, ref, sizeof ref, w[2], programme);
    } else if (object == NULL) {
        scn_wrong(r, "no object or obligation was given this label before");
        return;
    } else {
        op.has_object = true;
        op.object = object->id;
        if (manner.seq == NULL) {
            op.expect_seq = current_seq(r, &op);
        } else if (!scenario_number(&op.expect_seq, manner.seq)) {
            scn_wrong(r, "seq NUMBER is expected");
            return;
        }
    }
    if (r->status == ZYD_OK && manner.as != NULL) {
        name_operation(r, manner.as, &op, programme);
    }
    if (r->status == ZYD_OK) {
        send(r, &op, members, count, manner.in_turn);
    }
}

/* ---- govern ---- */

/* name=value among the words of the step; "" when it is not there. */
static const char *value_of(const struct run *r, size_t first, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = first; i < r->step->count; i++) {
        const char *word = r->step->words[i];
        if (strncmp(word, name, n) == 0 && word[n] == '=') {
            return word + n + 1;
        }
    }
    return "";
}

static bool rate_args(struct run *r, struct zyd_wr *wr, size_t first)
{
    const char *name = value_of(r, first, "name");
    int32_t date;
    uint64_t ppm;
    if (!zyd_date_parse(&date, value_of(r, first, "date")) || !scenario_number(&ppm, value_of(r, first, "ppm"))) {
        return false;
    }
    zyd_wr_array(wr, 3);
    zyd_wr_str(wr, name, strlen(name));
    zyd_wr_u64(wr, (uint64_t)date);
    zyd_wr_u64(wr, ppm);
    return true;
}

/* A year of calendar 0: Monday to Friday, less the days given as holiday=. */
static bool calendar_args(struct run *r, struct zyd_wr *wr, size_t first)
{
    uint8_t days[sizeof((struct zyd_calendar_year *)0)->days] = {0};
    uint64_t year, calendar;
    const char *text = value_of(r, first, "holiday");
    int32_t holiday = 0;
    if (!scenario_number(&year, value_of(r, first, "year")) || year < 1900 || year > 9999 ||
        !scenario_number(&calendar, value_of(r, first, "calendar")) || (text[0] != 0 && !zyd_date_parse(&holiday, text))) {
        return false;
    }
    int32_t from = zyd_date_to_day((int32_t)year * 10000 + 101), end = zyd_date_to_day((int32_t)(year + 1) * 10000 + 101);
    for (int32_t day = from; day < end; day++) {
        if ((day + 3) % 7 < 5 && zyd_date_from_day(day) != holiday) { /* day 0 was a Thursday */
            days[(day - from) / 8] = (uint8_t)(days[(day - from) / 8] | 1u << ((day - from) % 8));
        }
    }
    zyd_wr_array(wr, 3);
    zyd_wr_u64(wr, calendar);
    zyd_wr_u64(wr, year);
    zyd_wr_bin(wr, days, sizeof days);
    return true;
}

/* A programme with the terms of one of the file, and a code and number of its own. */
static bool programme_args(struct run *r, struct zyd_wr *wr, size_t first)
{
    size_t like = scn_programme_of(r, value_of(r, first, "like"));
    const char *code = value_of(r, first, "code");
    const struct zyd_programme *known =
        like == NO_PROGRAMME ? NULL : zyd_genesis_programme(r->g, r->b->programme(r->b->ctx, like));
    uint64_t id;
    if (known == NULL || code[0] == 0 || !scenario_number(&id, value_of(r, first, "id")) || id > UINT16_MAX) {
        return false;
    }
    struct zyd_programme p = *known;
    p.id = (uint16_t)id;
    p.code = p.name_zh = p.name_en = zyd_span(code, strlen(code));
    zyd_programme_encode(wr, &p);
    return true;
}

/* Every word is NAME=VALUE with a NAME of the usage. */
static bool names_known(const struct run *r, size_t first, const char *usage)
{
    for (size_t i = first; i < r->step->count; i++) {
        const char *word = r->step->words[i], *at = usage;
        size_t n = strcspn(word, "=") + 1;
        while (*at != 0 && (strncmp(at, word, n) != 0 || word[n - 1] != '=')) {
            at += strcspn(at, " ");
            at += *at == ' ';
        }
        if (*at == 0) {
            return false;
        }
    }
    return true;
}

/* govern RATE|CALENDAR|PROGRAMME|APPROVE|REVOKE LABEL by M[,M...] name=value ... */
void scn_govern(struct run *r)
{
    static const struct {
        const char *name;
        uint16_t event;
        bool (*args)(struct run *r, struct zyd_wr *wr, size_t first);
        const char *usage;
    } kinds[] = {{"RATE", ZYD_HOST_RATE, rate_args, "name=NAME date=DATE ppm=N"},
                 {"CALENDAR", ZYD_HOST_CALENDAR, calendar_args, "calendar=N year=YEAR holiday=DATE"},
                 {"PROGRAMME", ZYD_HOST_PROGRAMME, programme_args, "like=CODE code=NEW id=N"},
                 {"APPROVE", ZYD_HOST_APPROVE, NULL, ""},
                 {"REVOKE", ZYD_HOST_REVOKE, NULL, ""}};
    char **w = r->step->words, ref[ZYD_CODE_MAX * 6], wrong[120];
    static uint8_t bytes[ZYD_OP_SIZE_MAX];
    struct zyd_wr args = zyd_wr_of(bytes, sizeof bytes);
    uint16_t members[16];
    size_t kind = 0;
    while (r->step->count >= 5 && kind < ZYD_COUNT(kinds) && strcmp(w[1], kinds[kind].name) != 0) {
        kind++;
    }
    if (r->step->count < 5 || kind == ZYD_COUNT(kinds) || strcmp(w[3], "by") != 0) {
        scn_wrong(r, "govern RATE|CALENDAR|PROGRAMME|APPROVE|REVOKE LABEL by MEMBER ... is expected");
        return;
    }
    size_t count = signers_of(r, members, w[4]);
    if (count == 0 || r->status != ZYD_OK) {
        return;
    }
    struct zyd_op op = {.event = kinds[kind].event, .member = members[0]};
    bool good = names_known(r, 5, kinds[kind].usage);
    if (good && kinds[kind].args == NULL) {
        const struct label *proposal = scn_find_label(r->objects, r->object_count, w[2]);
        if (proposal == NULL) {
            scn_wrong(r, "no proposal was given this label before");
            return;
        }
        zyd_wr_array(&args, 0);
        op.has_object = true;
        op.object = proposal->id;
    } else if (good && kinds[kind].args(r, &args, 5)) {
        new_object(r, &op, ref, sizeof ref, w[2], 0);
    } else {
        snprintf(wrong, sizeof wrong, "govern %s LABEL by MEMBER%s%s is expected", w[1], kinds[kind].usage[0] != 0 ? " " : "",
                 kinds[kind].usage);
        scn_wrong(r, wrong);
        return;
    }
    op.args = zyd_wr_span(&args);
    if (r->status == ZYD_OK) {
        send(r, &op, members, count, false);
    }
}
