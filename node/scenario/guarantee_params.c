/* guarantee_params.c: a programme's parameters <-> name=value text: slots, share tree, banks, documents. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/guarantee_schema.h>

#include "guarantee_impl.h"
#include "product_impl.h"

#define CODE_MAX 24u
typedef const struct zyd_members members_t;

/* ---- the tree: "BANK 200000, REST 800000 (NFGF 250000, REG 250000, GUAR 500000)" ---- */
struct tree {
    uint8_t nodes[ZYD_GUARANTEE_NODES_MAX][ZYD_GUARANTEE_NODE_SIZE];
    char label[ZYD_GUARANTEE_NODES_MAX][CODE_MAX]; /* of inner nodes, in order */
    char leaf[ZYD_GUARANTEE_NODES_MAX][CODE_MAX];  /* as the text names it; "" at an inner node */
    uint32_t count, labels, leaves;
    const char *bad;
    const char *bind;
    members_t *members;
};

static void skip(const char **p)
{
    while (**p == ' ' || **p == '\n' || **p == '\t') {
        (*p)++;
    }
}

/* The code that stands for a leaf of the preset: LEAF=CODE in bind, else the leaf's own name. */
static void bound(char out[CODE_MAX], const struct tree *t, const char *leaf)
{
    const char *list = t->bind;
    struct zyd_span one;
    size_t size = strlen(leaf);
    snprintf(out, CODE_MAX, "%s", leaf);
    while (list != NULL && zyd_schema_element(&one, &list, ',')) {
        if (one.size > size + 1 && one.size < size + CODE_MAX && memcmp(one.data, leaf, size) == 0 && one.data[size] == '=') {
            snprintf(out, CODE_MAX, "%.*s", (int)(one.size - size - 1), (const char *)one.data + size + 1);
        }
    }
}

static void set_node(uint8_t node[ZYD_GUARANTEE_NODE_SIZE], uint32_t ppm, uint32_t member, uint32_t children)
{
    const uint8_t bytes[] = {(uint8_t)(ppm >> 24),   (uint8_t)(ppm >> 16), (uint8_t)(ppm >> 8),  (uint8_t)ppm,
                             (uint8_t)(member >> 8), (uint8_t)member,      (uint8_t)children,    0};
    memcpy(node, bytes, sizeof bytes);
}

static uint32_t parse_children(struct tree *t, const char **p, unsigned depth);

static void parse_node(struct tree *t, const char **p, unsigned depth, bool first, uint64_t *sum)
{
    char name[CODE_MAX], code[CODE_MAX];
    size_t n = 0;
    uint32_t at = t->count, member;
    skip(p);
    while (((**p >= 'A' && **p <= 'Z') || (**p >= '0' && **p <= '9') || **p == '_') && n < CODE_MAX - 1) {
        name[n++] = *(*p)++;
    }
    name[n] = 0;
    skip(p);
    char *end;
    unsigned long ppm = strtoul(*p, &end, 10);
    if (n == 0 || end == *p || **p < '0' || **p > '9' || ppm > 1000000 || at == ZYD_GUARANTEE_NODES_MAX) {
        t->bad = at == ZYD_GUARANTEE_NODES_MAX ? "too many nodes" : "NAME PPM is expected";
        return;
    }
    *p = end;
    *sum += ppm;
    skip(p);
    t->count++;
    if (**p == '(') {
        (*p)++;
        memcpy(t->label[t->labels++], name, sizeof name);
        t->leaf[at][0] = 0;
        set_node(t->nodes[at], (uint32_t)ppm, ZYD_GUARANTEE_NODE_INNER, parse_children(t, p, depth + 1));
        skip(p);
        if (**p != ')' && t->bad == NULL) {
            t->bad = "a ')' is missing";
            return;
        }
        *p += t->bad == NULL;
        return;
    }
    memcpy(t->leaf[at], name, sizeof name);
    bool bank = strcmp(name, "BANK") == 0;
    if (bank != (depth == 1 && first)) {
        t->bad = "BANK is the first node, and only that";
        return;
    }
    if (bank) {
        member = ZYD_GUARANTEE_NODE_BANK;
    } else {
        bound(code, t, name);
        int index = t->members->index(t->members->ctx, code);
        if (index < 0) {
            t->bad = "a leaf is no member of the consortium (give bind)";
        }
        member = (uint32_t)index;
        t->leaves++;
    }
    set_node(t->nodes[at], (uint32_t)ppm, member, 0);
}

static uint32_t parse_children(struct tree *t, const char **p, unsigned depth)
{
    uint64_t sum = 0;
    uint32_t count = 0;
    for (;;) {
        parse_node(t, p, depth, count == 0, &sum);
        count++;
        skip(p);
        if (t->bad != NULL || **p != ',') {
            break;
        }
        (*p)++;
    }
    if (t->bad == NULL && sum != 1000000) {
        t->bad = "the shares of one node's children do not sum to 1000000";
    }
    if (t->bad == NULL && (count > ZYD_GUARANTEE_CHILDREN_MAX || depth > ZYD_GUARANTEE_DEPTH_MAX)) {
        t->bad = "too wide or too deep";
    }
    return count;
}

static const char *parse_tree(struct tree *t, const char *text, const char *bind, members_t *members)
{
    memset(t, 0, sizeof *t);
    t->bind = bind;
    t->members = members;
    uint32_t top = parse_children(t, &text, 1);
    skip(&text);
    if (t->bad == NULL && (top != 2 || *text != 0)) {
        t->bad = "exactly BANK and the rest stand at the top";
    }
    if (t->bad == NULL && t->leaves > ZYD_GUARANTEE_LEAVES_MAX) {
        t->bad = "too many leaves";
    }
    for (uint32_t i = 0; t->bad == NULL && i < t->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (t->leaf[i][0] != 0 && t->leaf[k][0] != 0 && memcmp(t->nodes[i] + 4, t->nodes[k] + 4, 2) == 0) {
                t->bad = "one member stands twice";
            }
        }
    }
    return t->bad;
}

/* ---- slots ---- */

static const char *find(const struct zyd_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }
    return NULL;
}

static bool is_extra(const char *name)
{
    return strcmp(name, "preset") == 0 || strcmp(name, "tree") == 0 || strcmp(name, "bind") == 0 ||
           strcmp(name, "banks") == 0 || strcmp(name, "evidence") == 0 || strcmp(name, "tiers") == 0 ||
           strcmp(name, "grades") == 0;
}

/* The member that a role of the preset falls to: its leaf, where the tree has it. */
static uint64_t role(const struct tree *t, const char *leaf)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (strcmp(t->leaf[i], leaf) == 0) {
            return (uint64_t)t->nodes[i][4] << 8 | t->nodes[i][5];
        }
    }
    return 65535;
}

static uint64_t bank_share(const struct tree *t)
{
    const uint8_t *p = t->nodes[0];
    return (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3];
}

static enum zyd_status fill_slots(uint64_t slots[ZYD_GUARANTEE_PARAM_COUNT], char *why, const struct zyd_pair *pairs,
                                  size_t count, const struct zyd_preset *preset, const struct tree *t,
                                  members_t *members)
{
    const struct zyd_field *info = zyd_product_guarantee.params;
    const size_t n = zyd_product_guarantee.param_count;
    bool integer_fen, given[ZYD_GUARANTEE_PARAM_COUNT] = {false};
    for (size_t k = 0; k < n; k++) {
        slots[k] = info[k].def;
    }
    if (preset != NULL) {
        zyd_assert(zyd_schema_ppm(&slots[ZYD_GP_CAP_PPM], zyd_preset_value(preset, "cap_ppm")) &&
                   zyd_schema_ppm(&slots[ZYD_GP_MIN_BANK_SHARE], zyd_preset_value(preset, "min_bank_share")));
        slots[ZYD_GP_GUAR] = role(t, zyd_preset_value(preset, "guar"));
    }
    slots[ZYD_GP_REG] = role(t, "REG");
    slots[ZYD_GP_NFGF] = role(t, "NFGF");
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < n && !zyd_schema_named(pairs[i].name, &info[k], &integer_fen)) {
            k++;
        }
        if (k == n && is_extra(pairs[i].name)) {
            continue;
        }
        if (k == n || given[k]) {
            return zyd_schema_fail(why, pairs[i].name, k == n ? "no such parameter" : "given twice");
        }
        given[k] = true; /* household_cap and household_cap_fen are one parameter */
        const char *bad = zyd_schema_number(&slots[k], &info[k], integer_fen, pairs[i].value, members);
        if (bad != NULL) {
            return zyd_schema_fail(why, pairs[i].name, bad);
        }
    }
    if (slots[ZYD_GP_GUAR] == 65535) {
        return zyd_schema_fail(why, "guar", "missing: who is the guarantor?");
    }
    if (slots[ZYD_GP_CLAIM_OPEN_DAYS] > slots[ZYD_GP_CLAIM_CLOSE_DAYS]) {
        return zyd_schema_fail(why, "claim_close_days", "before claim_open_days");
    }
    if (bank_share(t) < slots[ZYD_GP_MIN_BANK_SHARE]) {
        return zyd_schema_fail(why, "min_bank_share", "the tree gives the bank less");
    }
    return ZYD_OK;
}

/* ---- the whole ---- */

static int by_index(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static const char *encode_banks(struct zyd_wr *wr, const char *list, const struct tree *t, members_t *members)
{
    uint16_t bank[ZYD_GUARANTEE_BANKS_MAX];
    uint8_t bytes[2 * ZYD_GUARANTEE_BANKS_MAX];
    struct zyd_span one;
    size_t count = 0;
    while (list != NULL && zyd_schema_element(&one, &list, ',')) {
        char code[CODE_MAX];
        snprintf(code, sizeof code, "%.*s", (int)one.size, (const char *)one.data);
        int index = members->index(members->ctx, code);
        if (index < 0 || count == ZYD_GUARANTEE_BANKS_MAX) {
            return index < 0 ? "no member has this code" : "too many";
        }
        for (uint32_t i = 0; i < t->count; i++) {
            if (t->leaf[i][0] != 0 && t->nodes[i][4] == (uint8_t)(index >> 8) && t->nodes[i][5] == (uint8_t)index) {
                return "a bank is a leaf of the tree: it would owe itself";
            }
        }
        bank[count++] = (uint16_t)index;
    }
    if (count == 0) {
        return "missing: codes of the banks that may apply";
    }
    qsort(bank, count, sizeof bank[0], by_index);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && bank[i] == bank[i - 1]) {
            return "one bank stands twice";
        }
        bytes[2 * i] = (uint8_t)(bank[i] >> 8);
        bytes[2 * i + 1] = (uint8_t)bank[i];
    }
    zyd_wr_bin(wr, bytes, 2 * count);
    return NULL;
}

static const char *encode_evidence(struct zyd_wr *wr, const char *text)
{
    struct zyd_span one;
    uint32_t count = 0;
    const char *list = text;
    while (list != NULL && zyd_schema_element(&one, &list, ',')) {
        count += one.size > 0;
        if (one.size > 60) {
            return "a name has more than 60 bytes";
        }
    }
    if (count > ZYD_GUARANTEE_EVIDENCE_MAX) {
        return "too many documents";
    }
    zyd_wr_array(wr, count);
    for (list = text; list != NULL && zyd_schema_element(&one, &list, ',');) {
        if (one.size > 0) {
            zyd_wr_str(wr, (const char *)one.data, one.size);
        }
    }
    return NULL;
}

/* Same nodes, other shares. */
static bool same_shape(const struct tree *a, const struct tree *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (memcmp(a->nodes[i] + 4, b->nodes[i] + 4, ZYD_GUARANTEE_NODE_SIZE - 4) != 0) {
            return false;
        }
    }
    return a->count == b->count;
}

/* "LIMIT [grade=G]" before the colon of a tier. */
static const char *tier_head(uint8_t head[ZYD_GUARANTEE_TIER_HEAD], const char *text, uint64_t grades)
{
    char limit[32] = "", grade[16] = "", more[2] = "";
    int64_t fen = 0;
    int words = sscanf(text, "%31s %15s %1s", limit, grade, more);
    memset(head, 0, ZYD_GUARANTEE_TIER_HEAD);
    if (words < 1 || words > 2 || (strcmp(limit, "any") != 0 && (!zyd_yuan_parse(&fen, limit) || fen == 0))) {
        return "LIMIT [grade=G]: TREE; ... is expected, LIMIT in yuan or any";
    }
    for (size_t i = 0; i < 8; i++) {
        head[i] = (uint8_t)((uint64_t)fen >> (56 - 8 * i));
    }
    if (words == 2) {
        if (strncmp(grade, "grade=", 6) != 0 || grade[6] < '1' || grade[6] > '9' || grade[7] != 0) {
            return "grade=1 to grade=9 is expected";
        }
        head[8] = (uint8_t)(grade[6] - '0');
        return grades == 0 ? "a tier names a grade: say in grades which register programme has them" : NULL;
    }
    return NULL;
}

/* The tiers behind their programme of grades; nothing where there are none. */
static const char *encode_tiers(struct zyd_wr *wr, const char *list, uint64_t grades, const char *bind, const struct tree *base,
                                uint64_t bank_least)
{
    uint8_t bytes[2 + ZYD_GUARANTEE_TIERS_MAX * (ZYD_GUARANTEE_TIER_HEAD + ZYD_GUARANTEE_NODES_MAX * ZYD_GUARANTEE_NODE_SIZE)];
    struct zyd_span one;
    struct tree t;
    size_t size = 2, count = 0;
    bytes[0] = (uint8_t)(grades >> 8);
    bytes[1] = (uint8_t)grades;
    while (list != NULL && zyd_schema_element(&one, &list, ';')) {
        char row[1024];
        if (one.size == 0) {
            continue;
        }
        if (one.size >= sizeof row || count++ == ZYD_GUARANTEE_TIERS_MAX) {
            return "too long, or too many";
        }
        memcpy(row, one.data, one.size);
        row[one.size] = 0;
        char *colon = strchr(row, ':');
        if (colon == NULL) {
            return "LIMIT [grade=G]: TREE; ... is expected";
        }
        *colon = 0;
        const char *bad = tier_head(bytes + size, row, grades);
        bad = bad != NULL ? bad : parse_tree(&t, colon + 1, bind, base->members);
        if (bad != NULL) {
            return bad;
        }
        if (!same_shape(&t, base)) {
            return "a tier has other members, or an other order, than the tree";
        }
        if (bank_share(&t) < bank_least) {
            return "a tier gives the bank less than min_bank_share";
        }
        size += ZYD_GUARANTEE_TIER_HEAD;
        memcpy(bytes + size, t.nodes, t.count * ZYD_GUARANTEE_NODE_SIZE);
        size += t.count * ZYD_GUARANTEE_NODE_SIZE;
    }
    zyd_wr_bin(wr, bytes, size);
    return NULL;
}

enum zyd_status zyd_guarantee_params_encode(struct zyd_wr *wr, char why[ZYD_WHY], const struct zyd_pair *pairs,
                                            size_t count, const struct zyd_members *members)
{
    const char *name = find(pairs, count, "preset"), *text = find(pairs, count, "tree"), *bad;
    const struct zyd_preset *preset = name == NULL ? NULL : zyd_preset_by_name(&zyd_product_guarantee, name);
    uint64_t slots[ZYD_GUARANTEE_PARAM_COUNT];
    uint8_t bytes[8 * ZYD_GUARANTEE_PARAM_COUNT];
    struct tree t;
    why[0] = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(pairs[i].name, pairs[k].name) == 0) {
                return zyd_schema_fail(why, pairs[i].name, "given twice");
            }
        }
    }
    if (name != NULL && preset == NULL) {
        return zyd_schema_fail(why, "preset", "no such preset");
    }
    if ((text == NULL) == (preset == NULL)) {
        return zyd_schema_fail(why, "tree", "give either preset or tree");
    }
    bad = parse_tree(&t, preset != NULL ? zyd_preset_value(preset, "tree") : text, find(pairs, count, "bind"), members);
    if (bad != NULL) {
        return zyd_schema_fail(why, "tree", bad);
    }
    enum zyd_status s = fill_slots(slots, why, pairs, count, preset, &t, members);
    if (s != ZYD_OK) {
        return s;
    }
    for (size_t k = 0; k < ZYD_GUARANTEE_PARAM_COUNT; k++) {
        for (size_t i = 0; i < 8; i++) {
            bytes[8 * k + i] = (uint8_t)(slots[k] >> (56 - 8 * i));
        }
    }
    const char *tiers = find(pairs, count, "tiers"), *grades = find(pairs, count, "grades");
    tiers = tiers == NULL && preset != NULL ? zyd_preset_value(preset, "tiers") : tiers;
    char *end = NULL;
    unsigned long register_programme = grades == NULL ? 0 : strtoul(grades, &end, 10);
    if (grades != NULL && (tiers == NULL || *grades < '0' || *grades > '9' || *end != 0 || register_programme > UINT16_MAX)) {
        return zyd_schema_fail(why, "grades",
                               tiers == NULL ? "there are no tiers" : "number of a register programme is expected");
    }
    zyd_wr_array(wr, tiers == NULL ? 5 : 6);
    zyd_wr_bin(wr, bytes, sizeof bytes);
    zyd_wr_bin(wr, t.nodes, t.count * ZYD_GUARANTEE_NODE_SIZE);
    bad = encode_banks(wr, find(pairs, count, "banks"), &t, members);
    if (bad != NULL) {
        return zyd_schema_fail(why, "banks", bad);
    }
    zyd_wr_array(wr, t.labels);
    for (uint32_t i = 0; i < t.labels; i++) {
        zyd_wr_str(wr, t.label[i], strlen(t.label[i]));
    }
    bad = encode_evidence(wr, find(pairs, count, "evidence"));
    if (bad != NULL) {
        return zyd_schema_fail(why, "evidence", bad);
    }
    bad = tiers == NULL ? NULL
                        : encode_tiers(wr, tiers, register_programme, find(pairs, count, "bind"), &t,
                                       slots[ZYD_GP_MIN_BANK_SHARE]);
    if (bad != NULL) {
        return zyd_schema_fail(why, "tiers", bad);
    }
    return wr->full ? ZYD_E_FULL : ZYD_OK;
}

/* ---- back ---- */

struct show {
    char text[8192];
    size_t size;
    struct zyd_span nodes;
    struct zyd_rd labels;
    members_t *members;
    bool bad;
};

static void add(struct show *s, const char *text, size_t size)
{
    if (s->size + size >= sizeof s->text) {
        s->bad = true;
        return;
    }
    if (size > 0) {
        memcpy(s->text + s->size, text, size);
    }
    s->size += size;
    s->text[s->size] = 0;
}

static void show_children(struct show *s, size_t *at, uint32_t count, unsigned depth)
{
    for (uint32_t i = 0; i < count && !s->bad; i++) {
        char row[64], code[13] = "";
        if (*at + ZYD_GUARANTEE_NODE_SIZE > s->nodes.size || depth > ZYD_GUARANTEE_DEPTH_MAX) {
            s->bad = true;
            return;
        }
        const uint8_t *p = s->nodes.data + *at;
        uint32_t ppm = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        uint16_t member = (uint16_t)(p[4] << 8 | p[5]);
        struct zyd_span name = zyd_span("BANK", 4);
        *at += ZYD_GUARANTEE_NODE_SIZE;
        if (p[6] > 0) {
            name = zyd_rd_str(&s->labels, 1, CODE_MAX - 1);
        } else if (member != ZYD_GUARANTEE_NODE_BANK) {
            s->bad = !s->members->code(s->members->ctx, code, member);
            name = zyd_span(code, strlen(code));
        }
        int n = snprintf(row, sizeof row, "%s%.*s %u", i == 0 ? "" : ", ", (int)name.size, (const char *)name.data, ppm);
        add(s, row, (size_t)n);
        if (p[6] > 0) {
            add(s, " (", 2);
            show_children(s, at, p[6], depth + 1);
            add(s, ")", 1);
        }
    }
}

static void show_banks(struct show *s, struct zyd_span banks)
{
    s->size = 0;
    s->text[0] = 0;
    for (size_t i = 0; i + 1 < banks.size; i += 2) {
        char code[13] = "";
        s->bad = s->bad || !s->members->code(s->members->ctx, code, (uint16_t)(banks.data[i] << 8 | banks.data[i + 1]));
        add(s, ",", i > 0);
        add(s, code, strlen(code));
    }
}

static void show_tiers(struct show *s, zyd_emit *emit, void *ctx, struct zyd_span tiers)
{
    const size_t tree = s->nodes.size, row = ZYD_GUARANTEE_TIER_HEAD + tree;
    const struct zyd_rd labels = s->labels;
    char head[64], yuan[32];
    s->size = 0;
    s->text[0] = 0;
    s->bad = s->bad || tiers.size < 2 || (tiers.size - 2) % row != 0;
    for (const uint8_t *p = tiers.data + 2; !s->bad && p < tiers.data + tiers.size; p += row) {
        uint64_t fen = 0;
        size_t at = 0;
        for (size_t i = 0; i < 8; i++) {
            fen = fen << 8 | p[i];
        }
        s->bad = fen > (uint64_t)ZYD_MONEY_MAX || p[8] > 9;
        if (s->bad) {
            return;
        }
        zyd_yuan_text(yuan, (int64_t)fen, false);
        int n = snprintf(head, sizeof head, "%s%s", s->size > 0 ? "; " : "", fen == 0 ? "any" : yuan);
        add(s, head, (size_t)n);
        n = snprintf(head, sizeof head, " grade=%u", p[8]);
        add(s, head, p[8] == 0 ? 0 : (size_t)n);
        add(s, ": ", 2);
        s->nodes = zyd_span(p + ZYD_GUARANTEE_TIER_HEAD, tree);
        s->labels = labels;
        show_children(s, &at, 2, 1);
        s->bad = s->bad || s->labels.bad || at != tree;
    }
    if (!s->bad) {
        emit(ctx, "tiers", s->text);
        snprintf(head, sizeof head, "%u", (unsigned)tiers.data[0] << 8 | tiers.data[1]);
        emit(ctx, "grades", head);
    }
}

enum zyd_status zyd_guarantee_params_decode(zyd_emit *emit, void *ctx, struct zyd_span params,
                                            const struct zyd_members *members)
{
    struct zyd_rd rd = zyd_rd_of(params);
    struct show s = {.size = 0, .members = members, .bad = false};
    size_t at = 0;
    uint32_t parts = zyd_rd_array(&rd, 6);
    struct zyd_span slots = zyd_rd_bin(&rd, 8 * ZYD_GUARANTEE_PARAM_COUNT);
    s.nodes = zyd_rd_bin(&rd, ZYD_GUARANTEE_NODES_MAX * ZYD_GUARANTEE_NODE_SIZE);
    struct zyd_span banks = zyd_rd_bin(&rd, 2 * ZYD_GUARANTEE_BANKS_MAX);
    uint32_t labels = zyd_rd_array(&rd, ZYD_GUARANTEE_NODES_MAX);
    s.labels = rd;
    for (uint32_t i = 0; i < labels; i++) {
        zyd_rd_str(&rd, 1, CODE_MAX - 1);
    }
    uint32_t documents = zyd_rd_array(&rd, ZYD_GUARANTEE_EVIDENCE_MAX);
    struct zyd_rd names = rd;
    for (uint32_t i = 0; i < documents; i++) {
        zyd_rd_str(&rd, 1, 60);
    }
    struct zyd_span tiers = zyd_span(NULL, 0);
    if (parts == 6) {
        tiers = zyd_rd_bin(&rd, 2 + ZYD_GUARANTEE_TIERS_MAX *
                                        (ZYD_GUARANTEE_TIER_HEAD + ZYD_GUARANTEE_NODES_MAX * ZYD_GUARANTEE_NODE_SIZE));
    }
    if (parts < 5 || zyd_rd_done(&rd) != ZYD_OK || slots.size != 8 * ZYD_GUARANTEE_PARAM_COUNT) {
        return ZYD_E_MALFORMED;
    }
    const struct zyd_rd first_label = s.labels;
    show_children(&s, &at, 2, 1);
    if (s.bad || s.labels.bad || at != s.nodes.size) {
        return ZYD_E_MALFORMED;
    }
    emit(ctx, "tree", s.text);
    show_banks(&s, banks);
    if (s.bad) {
        return ZYD_E_MALFORMED;
    }
    emit(ctx, "banks", s.text);
    s.size = 0;
    s.text[0] = 0;
    for (uint32_t i = 0; i < documents; i++) {
        struct zyd_span name = zyd_rd_str(&names, 1, 60);
        add(&s, ",", i > 0);
        add(&s, (const char *)name.data, name.size);
    }
    emit(ctx, "evidence", s.text);
    if (parts == 6) {
        s.labels = first_label;
        show_tiers(&s, emit, ctx, tiers);
        if (s.bad) {
            return ZYD_E_MALFORMED;
        }
    }
    for (size_t k = 0; k < ZYD_GUARANTEE_PARAM_COUNT; k++) {
        uint64_t v = 0;
        for (size_t i = 0; i < 8; i++) {
            v = v << 8 | slots.data[8 * k + i];
        }
        zyd_schema_tell_number(emit, ctx, &zyd_product_guarantee.params[k], v, members);
    }
    return ZYD_OK;
}
