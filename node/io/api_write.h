/* api_write.h: what the two files of writing routes share: api_envelope.c (envelopes as they are) and api_write.c (JSON). */
#ifndef ZYD_IO_API_WRITE_H
#define ZYD_IO_API_WRITE_H

#include "api_impl.h"
#include "api_tx.h"

enum { STEP_NEW = 0, STEP_SUBMITTED, STEP_FINAL };

/* {"status":"pending","env_id","valid_until"} of r->w. */
json_t *zyd_pending_answer(const struct request *r);
/* The problem of a SUBMIT that was not taken; of one that was not answered in time. */
enum step zyd_not_taken(struct request *r, enum zyd_status s);
enum step zyd_unknown_outcome(struct request *r);

#endif
