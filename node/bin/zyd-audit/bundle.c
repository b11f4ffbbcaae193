/* What stands before the blocks: sizes, genesis, approvals, plugins, segments' places. */
#include "audit.h"
#include <stdarg.h>
#include <stdlib.h>
#include <zyd/consortium.h>

static bool earlier(const struct audit_fault *a, const struct audit_fault *b)
{
    if (a->has_height != b->has_height) {
        return a->has_height;
    }
    if (a->has_height && a->height != b->height) {
        return a->height < b->height;
    }
    if (a->row != b->row || a->entry != b->entry) {
        return a->row != b->row ? a->row < b->row : a->entry < b->entry;
    }
    /* two jobs met one place from two sides: what is told must not depend on who was first */
    return strcmp(a->rule, b->rule) < 0;
}

void audit_note(struct audit_result *r, const struct audit_fault *f)
{
    if (r->exit != EXIT_BAD_LEDGER || earlier(f, &r->fault)) {
        r->fault = *f;
        r->exit = EXIT_BAD_LEDGER;
    }
    r->state[f->row] = AUDIT_FAILED;
}

void audit_could_not(struct audit_result *r, const char *format, ...)
{
    if (r->exit != 0) {
        return; /* what contradicts itself stays so, whatever else could not be read */
    }
    va_list ap;
    va_start(ap, format);
    vsnprintf(r->could_not, sizeof r->could_not, format, ap);
    va_end(ap);
    r->exit = EXIT_COULD_NOT;
}

/* A fault without height; file may be "". */
static void bad(struct audit_result *r, enum audit_row row, const char *file, const char *rule)
{
    struct audit_fault f = {.row = row};
    snprintf(f.file, sizeof f.file, "%s", file);
    snprintf(f.rule, sizeof f.rule, "%s", rule);
    audit_note(r, &f);
}

/* ---- files ---- */

static bool check_size(struct audit_bundle *b, struct audit_result *r, const char *name, uint64_t bytes)
{
    const struct audit_file *f = audit_files_find(&b->files, name);
    if (f == NULL) {
        audit_could_not(r, "%s: manifest.json names it, and it is not in the bundle", name);
        return false;
    }
    if (f->bytes.size < bytes) {
        audit_could_not(r, "%s: cut: %zu of %llu bytes", name, f->bytes.size, (unsigned long long)bytes);
        return false;
    }
    if (f->bytes.size > bytes) {
        bad(r, ROW_FILES, name, "it has more bytes than manifest.json says");
    }
    return true;
}

static bool named(const struct audit_manifest *m, const char *name)
{
    for (size_t i = 0; i < m->file_count; i++) {
        if (strcmp(m->files[i].name, name) == 0) {
            return true;
        }
    }
    /* ascending heights are ascending names */
    size_t lo = 0, hi = m->segment_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = strcmp(m->segments[mid].name, name);
        if (c == 0) {
            return true;
        }
        *(c < 0 ? &lo : &hi) = c < 0 ? mid + 1 : mid;
    }
    return false;
}

static bool check_manifest(struct audit_bundle *b, struct audit_result *r)
{
    char why[320];
    const struct audit_file *f = audit_files_find(&b->files, "manifest.json");
    if (f == NULL) {
        audit_could_not(r, "manifest.json is not in the bundle");
        return false;
    }
    int rc = audit_manifest_read(&b->manifest, why, sizeof why, f->bytes);
    if (rc == EXIT_BAD_LEDGER) {
        bad(r, ROW_FILES, f->name, why);
    } else if (rc != 0) {
        audit_could_not(r, "%s", why);
    }
    if (rc != 0) {
        return false;
    }
    for (size_t i = 0; i < b->manifest.file_count; i++) {
        if (!check_size(b, r, b->manifest.files[i].name, b->manifest.files[i].bytes)) {
            return false;
        }
    }
    for (size_t i = 0; i < b->manifest.segment_count; i++) {
        const struct audit_manifest_segment *s = &b->manifest.segments[i];
        if (!check_size(b, r, s->name, s->bytes)) {
            return false;
        }
    }
    for (size_t i = 0; i < b->files.count; i++) {
        const struct audit_file *row = &b->files.rows[i];
        if (strcmp(row->name, "manifest.json") != 0 && !named(&b->manifest, row->name)) {
            audit_could_not(r, "%s: manifest.json does not name it", row->name);
            return false;
        }
    }
    return true;
}

/* Changed bytes are told, and what can still be read is read on: the blocks may say more precisely what was changed. */
static void check_hashes(struct audit_bundle *b, struct audit_result *r)
{
    for (size_t i = 0; i < b->files.count; i++) {
        if (b->files.rows[i].changed) {
            bad(r, ROW_FILES, b->files.rows[i].name, "its bytes do not have the hash in SHA256SUMS");
            break;
        }
    }
    for (size_t i = 0; i < b->manifest.segment_count; i++) {
        const struct audit_manifest_segment *s = &b->manifest.segments[i];
        const struct audit_file *f = audit_files_find(&b->files, s->name);
        if (!zyd_hash_eq(&f->hash, &s->hash)) {
            bad(r, ROW_FILES, s->name, "its bytes do not have the hash in manifest.json");
            break;
        }
    }
}

/* ---- genesis, approvals, plugins ---- */

static bool check_genesis(struct audit_bundle *b, struct audit_result *r, const struct zyd_hash *genesis_hash)
{
    const struct audit_file *f = audit_files_find(&b->files, "genesis");
    const char *rule = "";
    struct zyd_hash hash;
    if (f == NULL) {
        audit_could_not(r, "genesis is not in the bundle");
        return false;
    }
    zyd_hash1(&hash, "zyd/genesis/1", f->bytes.data, f->bytes.size);
    if (!zyd_hash_eq(&hash, genesis_hash)) {
        char is[65], text[200];
        audit_hex_write(is, &hash);
        snprintf(text, sizeof text, "%s: its genesis hash is %s, not the one that you gave",
                 f->changed ? "the genesis was changed" : "the bundle is of another consortium", is);
        bad(r, ROW_GENESIS, f->name, text);
        return false;
    }
    if (zyd_genesis_decode(&b->genesis, &rule, f->bytes) !=
        ZYD_OK) { /* it is the right one: then it is we who cannot read it */
        audit_could_not(r, "genesis: this tool cannot read it (%s): take a newer zyd-audit", rule);
        return false;
    }
    b->have_genesis = true;
    r->state[ROW_GENESIS] = AUDIT_DONE;
    if (!zyd_hash_eq(&b->manifest.genesis_hash, genesis_hash)) {
        bad(r, ROW_FILES, "manifest.json", "it names another genesis hash");
    }
    return true;
}

static void check_approvals(struct audit_bundle *b, struct audit_result *r)
{
    static const char name[] = "consortium.json";
    const struct audit_file *f = audit_files_find(&b->files, name);
    struct zyd_consortium *c = NULL;
    struct zyd_err err = {0};
    if (f == NULL) {
        snprintf(r->why[ROW_APPROVALS], sizeof r->why[0], "the bundle holds no consortium.json");
        return;
    }
    if (zyd_consortium_parse(&c, &err, f->bytes) != ZYD_OK) {
        bad(r, ROW_APPROVALS, name, err.text);
    } else if (zyd_consortium_genesis(c) == NULL || !zyd_hash_eq(&zyd_consortium_genesis(c)->hash, &b->genesis.hash)) {
        bad(r, ROW_APPROVALS, name, "it does not make the genesis of this ledger");
    } else if (zyd_consortium_check_proofs(&err, c) != ZYD_OK) {
        bad(r, ROW_APPROVALS, name, err.text);
    } else if (zyd_consortium_complete(&err, c) != ZYD_OK) {
        snprintf(r->why[ROW_APPROVALS], sizeof r->why[0], "%.300s", err.text);
    } else {
        r->state[ROW_APPROVALS] = AUDIT_DONE;
    }
    zyd_consortium_free(c);
}

static bool check_plugins(struct audit_bundle *b, struct audit_result *r)
{
    for (uint16_t i = 0; i < b->genesis.plugin_count; i++) {
        char name[AUDIT_NAME_MAX + 1], hex[65];
        audit_hex_write(hex, &b->genesis.plugins[i].hash);
        snprintf(name, sizeof name, "plugins/%s.elf", hex);
        const struct audit_file *f = audit_files_find(&b->files, name);
        if (f == NULL) {
            audit_could_not(r, "%s is not in the bundle", name);
            return false;
        }
        if (!zyd_hash_eq(&f->hash, &b->genesis.plugins[i].hash)) {
            bad(r, ROW_PLUGINS, name, "the contract image does not have the hash that genesis pins");
            return false;
        }
        b->plugins[b->plugin_count++] = f->bytes;
    }
    r->state[ROW_PLUGINS] = AUDIT_DONE;
    return true;
}

bool audit_bundle_open(struct audit_bundle *b, struct audit_result *r, const char *dir, const struct zyd_hash *genesis_hash,
                       unsigned jobs)
{
    char why[512] = "";
    memset(b, 0, sizeof *b);
    memset(r, 0, sizeof *r);
    b->dir = dir;
    if (audit_files_open(&b->files, why, sizeof why, dir, jobs) != 0) {
        audit_could_not(r, "%s", why);
        return false;
    }
    r->state[ROW_FILES] = AUDIT_DONE;
    if (!check_manifest(b, r)) {
        return false;
    }
    check_hashes(b, r);
    if (!check_genesis(b, r, genesis_hash)) {
        return false;
    }
    check_approvals(b, r);
    return check_plugins(b, r);
}

void audit_bundle_close(struct audit_bundle *b)
{
    audit_manifest_free(&b->manifest);
    audit_files_close(&b->files);
    memset(b, 0, sizeof *b);
}
