/* A batch on its way: rows, envelopes, and the journal that makes kill -9 harmless.
 *
 *   journal = head | record*       record = u32 length, u8 kind, payload, u32 CRC-32C of kind and payload (big-endian)
 *   head: "ZYDJRNL1", SHA-256 of the CSV, chain id, event u16, CRC-32C
 *   SENT 1: valid_until u64, row count u32, row indices u32..., the envelope's bytes     (synced before the envelope is sent)
 *   RESULT 2: env_id, height u64, count u32, then per row: index u32, kind u8, code u32, seq u64, object 32, op_id 32
 *   ABSENT 3: env_id: its time has passed and it was not booked; its rows may be built anew
 *
 * A torn last record is cut off.  While an envelope has no RESULT its very bytes are sent again, never others, until its
 * valid_until has passed in a header (ledger.md 2.3). */
#ifndef BATCH_RUN_H
#define BATCH_RUN_H

#include <zyd/batch.h>

#include "client.h"

enum row_state { ROW_NEW = 0, ROW_SENT, ROW_DONE, ROW_REFUSED, ROW_WAITING, ROW_ALREADY };
struct row_result {
    enum row_state state;
    uint32_t code;
    uint64_t seq, height;
    struct zyd_hash object, op_id;
    bool fresh; /* became final in this run */
};
struct sent {
    struct zyd_hash env_id;
    int64_t valid_until_ms;
    uint8_t *bytes;
    size_t size;
    uint32_t *rows, row_count;
    bool settled;
};
struct run {
    const struct cli *c;
    struct client *k;
    const struct zyd_batch *b;
    struct row_result *rows; /* one a data row */
    struct sent *sent;
    size_t sent_count;
    char path[CLI_PATH_MAX]; /* of the journal */
    int fd;
};
/* Opens or makes the journal for this file.  must_exist: resume. E8085 when it belongs to another file and is not finished. */
int run_open(struct run *r, const struct cli *c, struct client *k, const struct zyd_batch *b, const char *csv_path,
             const struct zyd_hash *csv_hash, bool must_exist);
void run_close(struct run *r);
/* Settles what an earlier run left open, then sends the rows that are new, in chunks. */
int run_go(struct run *r, size_t chunk);
/* Rows of the file with their results; guard against formula injection. */
int run_write_result(const struct run *r, const char *path);

#endif
