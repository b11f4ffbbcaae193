/* registry.c: programmes, calendars, rates and plugins as records (D19), and their decoded copies.
 *
 * Blocks are executed speculatively on several overlays and dropped again, so nothing here may be
 * remembered under a name.  A lookup reads the record through the running block's overlay and takes
 * the slot's decoded copy only if it was decoded from just these bytes (of a plugin: from the image
 * of just this hash).  A slot can so be stale, but never wrong.  The slot's number is the record's
 * position in the ledger, kept in its leaf's flags: within one overlay no two records share a slot.
 */
#include "impl.h"

#define PLUGIN_CHUNK ZYD_RECORD_VALUE_MAX
#define RATE_ENTRY 8u /* date u32, ppm u32 */
#define NAME_MAX 40u

struct name {
    uint8_t bytes[NAME_MAX];
    size_t size;
};

static struct name name_text(const char *kind, struct zyd_span text)
{
    struct name n = {.size = 4 + text.size};
    zyd_assert(n.size <= NAME_MAX);
    memcpy(n.bytes, kind, 4);
    memcpy(n.bytes + 4, text.data, text.size);
    return n;
}

static struct name name_number(const char *kind, uint16_t number)
{
    uint8_t b[2];
    zyd_put16(b, number);
    return name_text(kind, zyd_span(b, 2));
}

/* gnam kind u8 text: what is unique beside the number. */
static struct name name_unique(uint8_t kind, struct zyd_span text)
{
    struct name n = {.size = 5 + text.size};
    memcpy(n.bytes, "gnam", 4);
    n.bytes[4] = kind;
    memcpy(n.bytes + 5, text.data, text.size);
    return n;
}

static struct name name_part(const char *kind, uint16_t number, uint16_t part)
{
    uint8_t b[4];
    zyd_put16(b, number);
    zyd_put16(b + 2, part);
    return name_text(kind, zyd_span(b, 4));
}

static enum zyd_status get(struct zyd_host *h, struct zyd_record *out, const struct name *n)
{
    struct zyd_hash key;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, n->bytes, n->size);
    return zyd_host_read(h, out, &key);
}

static uint32_t put(struct zyd_host *h, const struct name *n, uint8_t kind, uint8_t flags,
                    struct zyd_span value)
{
    struct zyd_hash key;
    struct zyd_record old;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, n->bytes, n->size);
    uint64_t seq = zyd_host_read(h, &old, &key) == ZYD_OK ? old.seq : 0;
    return zyd_host_write(h, &key, ZYD_CONTRACT_HOST, kind, flags, seq + 1, value);
}

static uint16_t count_of(struct zyd_host *h, enum zyd_registry kind)
{
    struct name n = name_number("gcnt", (uint16_t)kind);
    struct zyd_record r;
    return get(h, &r, &n) == ZYD_OK && r.value.size == 2 ? zyd_get16(r.value.data) : 0;
}

/* The next position, counted from 1: 9123 when max are there.  What stands at it is noted for those
 * who list. */
static uint32_t add(struct zyd_host *h, uint16_t *position, enum zyd_registry kind, uint16_t max,
                    struct zyd_span what)
{
    uint8_t value[2];
    struct name count = name_number("gcnt", (uint16_t)kind);
    uint16_t n = count_of(h, kind);
    if (n >= max) {
        return ZYD_CODE_LIMIT;
    }
    *position = (uint16_t)(n + 1);
    zyd_put16(value, *position);
    struct name index = name_part("gidx", (uint16_t)kind, n);
    uint32_t code = put(h, &count, ZYD_REC_REGISTRY, 0, zyd_span(value, 2));
    return code != 0 ? code : put(h, &index, ZYD_REC_REGISTRY, 0, what);
}

void zyd_registry_count_key(struct zyd_hash *out, enum zyd_registry kind)
{
    struct name n = name_number("gcnt", (uint16_t)kind);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(n.bytes, n.size));
}

void zyd_registry_index_key(struct zyd_hash *out, enum zyd_registry kind, uint16_t position)
{
    struct name n = name_part("gidx", (uint16_t)kind, position);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(n.bytes, n.size));
}

void zyd_programme_key(struct zyd_hash *out, uint16_t id)
{
    struct name n = name_number("prog", id);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(n.bytes, n.size));
}

void zyd_calendar_key(struct zyd_hash *out, uint16_t calendar)
{
    struct name n = name_number("cald", calendar);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(n.bytes, n.size));
}

void zyd_rate_key(struct zyd_hash *out, struct zyd_span rate)
{
    struct name n = name_text("rate", rate);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(n.bytes, n.size));
}

void zyd_plugin_part_key(struct zyd_hash *out, uint16_t contract, uint16_t part)
{
    struct name n = name_part("plgi", contract, part);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(n.bytes, n.size));
}

void zyd_plugin_key(struct zyd_hash *out, uint16_t contract)
{
    struct name n = name_number("plug", contract);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(n.bytes, n.size));
}

/* ---- programmes ---- */

const struct zyd_programme *zyd_host_programme(struct zyd_host *h, uint8_t *mark, uint16_t id)
{
    struct name n = name_number("prog", id);
    struct zyd_record r;
    *mark = 0;
    if (id == 0 || get(h, &r, &n) != ZYD_OK) {
        return NULL;
    }
    struct programme_slot *slot = &h->programmes[r.flags];
    uint32_t *size = &h->programme_sizes[r.flags];
    if (*size != r.value.size || memcmp(slot->bytes, r.value.data, r.value.size) != 0) {
        memcpy(slot->bytes, r.value.data, r.value.size);
        *size = (uint32_t)r.value.size;
        if (zyd_programme_decode(&slot->p, zyd_span(slot->bytes, r.value.size)) != ZYD_OK) {
            *size = 0;
            h->fault = ZYD_E_DAMAGED;
            return NULL;
        }
    }
    *mark = r.flags;
    return &slot->p;
}

uint32_t zyd_host_programme_fit(struct zyd_host *h, const struct zyd_programme *p)
{
    struct name by_id = name_number("prog", p->id);
    struct zyd_record r;
    if (p->id == 0 || zyd_programme_fault(p) != NULL || !zyd_host_contract_known(h, p->contract)) {
        return ZYD_CODE_RANGE;
    }
    if (p->settlement != 0 && p->settlement != p->id) {
        struct name settlement = name_number("prog", p->settlement);
        if (get(h, &r, &settlement) != ZYD_OK) {
            return ZYD_CODE_RANGE;
        }
    }
    struct name by_code = name_unique(ZYD_REGISTRY_PROGRAMME, p->code);
    if (get(h, &r, &by_id) == ZYD_OK || get(h, &r, &by_code) == ZYD_OK) {
        return ZYD_CODE_DUP_KEY;
    }
    return zyd_host_calendar(h, p->calendar) == NULL ? ZYD_CODE_CALENDAR_MISSING : 0;
}

uint32_t zyd_host_programme_add(struct zyd_host *h, const struct zyd_programme *p)
{
    uint8_t id[2];
    uint16_t position;
    struct name by_id = name_number("prog", p->id),
                by_code = name_unique(ZYD_REGISTRY_PROGRAMME, p->code);
    struct zyd_wr wr = zyd_wr_of(h->scratch, sizeof h->scratch);
    zyd_programme_encode(&wr, p);
    zyd_assert(!wr.full); /* 3,500 bytes of parameters and less than 200 beside */
    zyd_put16(id, p->id);
    uint32_t code = add(h, &position, ZYD_REGISTRY_PROGRAMME, ZYD_PROGRAMMES_MAX, zyd_span(id, 2));
    code =
        code != 0 ? code : put(h, &by_id, ZYD_REC_PROGRAMME, (uint8_t)position, zyd_wr_span(&wr));
    return code != 0 ? code : put(h, &by_code, ZYD_REC_REGISTRY, 0, zyd_span(id, 2));
}

/* ---- calendars ---- */

const struct zyd_calendar *zyd_host_calendar(struct zyd_host *h, uint16_t calendar)
{
    struct name n = name_number("cald", calendar);
    struct zyd_record r;
    if (calendar >= ZYD_CALENDARS_MAX || get(h, &r, &n) != ZYD_OK) {
        return NULL;
    }
    struct calendar_slot *slot = &h->calendars[calendar];
    uint32_t *size = &h->calendar_sizes[calendar];
    if (*size != r.value.size || memcmp(slot->bytes, r.value.data, r.value.size) != 0) {
        memcpy(slot->bytes, r.value.data, r.value.size);
        *size = (uint32_t)r.value.size;
        if (zyd_calendar_decode(&slot->c, r.value) != ZYD_OK) {
            *size = 0;
            h->fault = ZYD_E_DAMAGED;
            return NULL;
        }
    }
    return &slot->c;
}

uint32_t zyd_host_calendar_put(struct zyd_host *h, uint16_t calendar, const struct zyd_calendar *c)
{
    uint8_t number[2];
    uint16_t position;
    uint32_t code = 0;
    struct name n = name_number("cald", calendar);
    struct zyd_wr wr = zyd_wr_of(h->scratch, sizeof h->scratch);
    zyd_calendar_encode(&wr, c);
    zyd_assert(!wr.full); /* 40 years are about 2,100 bytes */
    zyd_put16(number, calendar);
    if (calendar == count_of(h, ZYD_REGISTRY_CALENDAR)) {
        code = add(h, &position, ZYD_REGISTRY_CALENDAR, ZYD_CALENDARS_MAX, zyd_span(number, 2));
    }
    return code != 0 ? code : put(h, &n, ZYD_REC_CALENDAR, 0, zyd_wr_span(&wr));
}

/* Days up to date that the new year would change: what has passed stays as it was counted. */
static bool changes_past(const struct zyd_calendar_year *was, const struct zyd_calendar_year *is,
                         int32_t date)
{
    int32_t passed = zyd_days_between(is->year * 10000 + 101, date) + 1;
    for (int32_t d = 0; d < passed && d < 366; d++) {
        if (((was->days[d / 8] ^ is->days[d / 8]) >> d % 8 & 1) != 0) {
            return true;
        }
    }
    return false;
}

uint32_t zyd_host_calendar_fit(struct zyd_host *h, struct zyd_calendar *out, uint16_t calendar,
                               const struct zyd_calendar_year *year)
{
    const struct zyd_calendar *now = zyd_host_calendar(h, calendar);
    struct zyd_calendar alone = {.year_count = 1, .years = {*year}};
    if (calendar >= ZYD_CALENDARS_MAX || zyd_calendar_fault(&alone) != NULL) {
        return ZYD_CODE_RANGE;
    }
    if (now == NULL) {
        *out = alone;
        return calendar == count_of(h, ZYD_REGISTRY_CALENDAR) ? 0 : ZYD_CODE_RANGE;
    }
    *out = *now;
    uint16_t first = now->years[0].year;
    if (year->year < first || year->year > first + now->year_count) {
        return ZYD_CODE_RANGE; /* years follow each other */
    }
    uint8_t at = (uint8_t)(year->year - first);
    if (at < now->year_count && changes_past(&now->years[at], year, h->call.date)) {
        return ZYD_CODE_BAD_DATE;
    }
    if (at == ZYD_CALENDAR_YEARS_MAX) {
        return ZYD_CODE_LIMIT;
    }
    out->years[at] = *year;
    out->year_count = at == now->year_count ? (uint8_t)(at + 1) : now->year_count;
    return 0;
}

/* ---- rates ---- */

uint32_t zyd_host_rate_fit(struct zyd_host *h, struct zyd_span rate, int32_t date, uint32_t ppm)
{
    struct zyd_record r;
    if (!zyd_code_valid(rate) || !zyd_date_valid(date) || ppm > 1000000) {
        return ZYD_CODE_RANGE;
    }
    struct name n = name_text("rate", rate);
    if (get(h, &r, &n) != ZYD_OK) {
        return count_of(h, ZYD_REGISTRY_RATE) < ZYD_RATES_MAX ? 0 : ZYD_CODE_LIMIT;
    }
    if ((int32_t)zyd_get32(r.value.data + r.value.size - RATE_ENTRY) >= date) {
        return ZYD_CODE_BAD_DATE;
    }
    return r.value.size + RATE_ENTRY <= ZYD_RECORD_VALUE_MAX ? 0 : ZYD_CODE_LIMIT;
}

uint32_t zyd_host_rate_add(struct zyd_host *h, struct zyd_span rate, int32_t date, uint32_t ppm)
{
    struct zyd_record r;
    uint16_t position;
    uint32_t code = 0;
    size_t size = 0;
    struct name n = name_text("rate", rate);
    if (get(h, &r, &n) == ZYD_OK) {
        size = r.value.size;
        memcpy(h->scratch, r.value.data, size);
    } else {
        code = add(h, &position, ZYD_REGISTRY_RATE, ZYD_RATES_MAX, rate);
    }
    zyd_put32(h->scratch + size, (uint32_t)date);
    zyd_put32(h->scratch + size + 4, ppm);
    return code != 0 ? code : put(h, &n, ZYD_REC_RATE, 0, zyd_span(h->scratch, size + RATE_ENTRY));
}

bool zyd_rate_on(uint32_t *ppm, struct zyd_span value, int32_t date)
{
    size_t low = 0,
           high = value.size / RATE_ENTRY; /* the first entry after date lies in low..high */
    while (low < high) {
        size_t mid = (low + high) / 2;
        if ((int32_t)zyd_get32(value.data + mid * RATE_ENTRY) <= date) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == 0) {
        return false;
    }
    *ppm = zyd_get32(value.data + (low - 1) * RATE_ENTRY + 4);
    return true;
}

bool zyd_host_rate(struct zyd_host *h, uint32_t *ppm, struct zyd_span rate, int32_t date)
{
    struct zyd_record r;
    struct name n = name_text("rate", rate);
    return get(h, &r, &n) == ZYD_OK && zyd_rate_on(ppm, r.value, date);
}

/* ---- plugins ---- */

enum zyd_status zyd_plugin_decode(struct zyd_plugin_ref *out, uint32_t *size, struct zyd_span value)
{
    struct zyd_rd rd = zyd_rd_of(value);
    (void)zyd_rd_array_of(&rd, 4);
    out->contract = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    out->name = zyd_rd_str(&rd, 1, 32);
    zyd_rd_hash(&rd, &out->hash);
    *size = (uint32_t)zyd_rd_u64(&rd, ZYD_PLUGIN_SIZE_MAX);
    return zyd_rd_done(&rd);
}

static const struct zyd_plugin_ref *of_genesis(const struct zyd_host *h, uint16_t contract)
{
    for (uint16_t i = 0; i < h->genesis->plugin_count; i++) {
        if (h->genesis->plugins[i].contract == contract) {
            return &h->genesis->plugins[i];
        }
    }
    return NULL;
}

bool zyd_host_contract_known(struct zyd_host *h, uint16_t contract)
{
    struct name n = name_number("plug", contract);
    struct zyd_record r;
    return of_genesis(h, contract) != NULL || get(h, &r, &n) == ZYD_OK;
}

/* Reads an image back from its parts. */
static bool gather(struct zyd_host *h, const char *kind, uint16_t number, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += PLUGIN_CHUNK) {
        struct name n = name_part(kind, number, (uint16_t)(at / PLUGIN_CHUNK));
        struct zyd_record r;
        uint32_t part = size - at < PLUGIN_CHUNK ? size - at : PLUGIN_CHUNK;
        if (get(h, &r, &n) != ZYD_OK || r.value.size < part) {
            return false;
        }
        memcpy(h->elf + at, r.value.data, part);
    }
    return true;
}

static bool load(struct zyd_host *h, struct plugin *p, size_t slot, struct zyd_span elf)
{
    const char *why;
    p->image = NULL;
    return zyd_vm_load(&p->image, &why, h->image_mem + slot * h->image_size, h->image_size, elf) ==
           ZYD_OK;
}

struct plugin *zyd_host_plugin_of(struct zyd_host *h, uint16_t contract)
{
    const struct zyd_plugin_ref *g = of_genesis(h, contract);
    struct name n = name_number("plug", contract);
    struct zyd_plugin_ref ref;
    struct zyd_record r;
    struct zyd_hash hash;
    uint32_t size;
    if (g != NULL) {
        return &h->plugins[g - h->genesis->plugins];
    }
    if (get(h, &r, &n) != ZYD_OK) {
        return NULL;
    }
    size_t slot = r.flags - 1u;
    if (zyd_plugin_decode(&ref, &size, r.value) != ZYD_OK || slot >= ZYD_PLUGINS_MAX) {
        h->fault = ZYD_E_DAMAGED;
        return NULL;
    }
    struct plugin *p = &h->plugins[slot];
    if (p->image == NULL || !zyd_hash_eq(&p->hash, &ref.hash)) {
        p->hash = ref.hash;
        bool whole = gather(h, "plgi", contract, size);
        zyd_sha256(&hash, h->elf, size);
        if (!whole || !zyd_hash_eq(&hash, &p->hash) || !load(h, p, slot, zyd_span(h->elf, size))) {
            h->fault = h->fault != ZYD_OK ? h->fault : ZYD_E_DAMAGED;
            return NULL;
        }
    }
    return p;
}

uint32_t zyd_host_plugin_fit(struct zyd_host *h, const struct zyd_plugin_ref *ref)
{
    struct zyd_record r;
    struct name by_name = name_unique(ZYD_REGISTRY_PLUGIN, ref->name);
    if (ref->contract == ZYD_CONTRACT_HOST) {
        return ZYD_CODE_RANGE;
    }
    bool taken = zyd_host_contract_known(h, ref->contract) || get(h, &r, &by_name) == ZYD_OK;
    for (uint16_t i = 0; i < h->genesis->plugin_count; i++) {
        struct zyd_span other = h->genesis->plugins[i].name;
        taken = taken || (other.size == ref->name.size &&
                          memcmp(other.data, ref->name.data, other.size) == 0);
    }
    return taken ? ZYD_CODE_DUP_KEY : 0;
}

bool zyd_host_image_fit(struct zyd_host *h, struct zyd_span elf)
{
    struct plugin trial;
    return load(h, &trial, ZYD_PLUGINS_MAX, elf);
}

static uint32_t put_parts(struct zyd_host *h, const char *kind, uint16_t number, uint8_t record,
                          struct zyd_span elf)
{
    uint32_t code = 0;
    for (size_t at = 0; at < elf.size && code == 0; at += PLUGIN_CHUNK) {
        size_t part = elf.size - at < PLUGIN_CHUNK ? elf.size - at : PLUGIN_CHUNK;
        struct name n = name_part(kind, number, (uint16_t)(at / PLUGIN_CHUNK));
        code = put(h, &n, record, 0, zyd_span(elf.data + at, part));
    }
    return code;
}

uint32_t zyd_host_image_stage(struct zyd_host *h, uint16_t member, const struct zyd_hash *proposal,
                              struct zyd_span elf)
{
    struct name n = name_number("pimg", member);
    uint32_t code = put(h, &n, ZYD_REC_PROPOSAL, 0, zyd_span(proposal->b, ZYD_HASH_SIZE));
    return code != 0 ? code : put_parts(h, "pimg", member, ZYD_REC_PROPOSAL, elf);
}

bool zyd_host_image_staged(struct zyd_host *h, struct zyd_span *elf, uint16_t member,
                           const struct zyd_hash *proposal, uint32_t size)
{
    struct name n = name_number("pimg", member);
    struct zyd_record r;
    bool held = get(h, &r, &n) == ZYD_OK && memcmp(r.value.data, proposal->b, ZYD_HASH_SIZE) == 0;
    if (!held || !gather(h, "pimg", member, size)) {
        return false;
    }
    *elf = zyd_span(h->elf, size);
    return true;
}

uint32_t zyd_host_plugin_add(struct zyd_host *h, const struct zyd_plugin_ref *ref,
                             struct zyd_span elf)
{
    uint8_t number[2], value[96];
    uint16_t position;
    struct name by_number = name_number("plug", ref->contract),
                by_name = name_unique(ZYD_REGISTRY_PLUGIN, ref->name);
    struct zyd_wr wr = zyd_wr_of(value, sizeof value);
    zyd_wr_array(&wr, 4);
    zyd_wr_u64(&wr, ref->contract);
    zyd_wr_str(&wr, (const char *)ref->name.data, ref->name.size);
    zyd_wr_hash(&wr, &ref->hash);
    zyd_wr_u64(&wr, elf.size);
    zyd_assert(!wr.full);
    zyd_put16(number, ref->contract);
    uint16_t room = (uint16_t)(ZYD_PLUGINS_MAX - h->genesis->plugin_count);
    uint32_t code = add(h, &position, ZYD_REGISTRY_PLUGIN, room, zyd_span(number, 2));
    position = (uint16_t)(position + h->genesis->plugin_count);
    code =
        code != 0 ? code : put(h, &by_number, ZYD_REC_PLUGIN, (uint8_t)position, zyd_wr_span(&wr));
    code = code != 0 ? code : put(h, &by_name, ZYD_REC_REGISTRY, 0, zyd_span(number, 2));
    return code != 0 ? code : put_parts(h, "plgi", ref->contract, ZYD_REC_PLUGIN, elf);
}
