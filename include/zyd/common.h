/* zyd/common.h: what the contracts share: shares, roundings, interest, dates, parameters, signers, postings, obligations.
 *
 * The library is contracts/common; every plugin links it (CMakeLists.txt, zyd_plugin), and so do native builds of contracts.
 * Sections are domain.md's.  Names begin with cc_.  A function that cannot do what it is asked ends the call with ct_fail.
 */
#ifndef ZYD_COMMON_H
#define ZYD_COMMON_H

#include <zyd/contract.h>
#include <zyd/date.h>

#define CC_PPM INT64_C(1000000)
#define CC_FEN_MAX INT64_C(9000000000000000) /* 3.0.1 MAX_AMT */
#define CC_ROLE_FISCAL 5                     /* zyd/genesis.h: what ct_member answers */
#define CC_ROLE_AUD 6
#define CC_TEXT_SIZE 19u                     /* a borrower as accounts name it, with its NUL */

/* Common codes of 3.6 that contracts end with. */
enum cc_code {
    CC_SIGNER_MISSING = 9102,
    CC_SHARE_SUM = 9103,
    CC_RANGE = 9104,
    CC_BAD_ID = 9105,
    CC_DEADLINE = 9106,
    CC_ALREADY_INSTRUCTED = 9107,
    CC_DUP_KEY = 9109,
    CC_FROZEN = 9110,
    CC_BAD_STATE = 9111,
    CC_BAD_DATE = 9112,
    CC_UNKNOWN_OBJECT = 9115
};

/* ---- alloc.c: ALLOC and share trees (3.0.3) ---- */
#define CC_ALLOC_MAX 32u
/* inc: increments that bring the cumulative total to its shares by weights; paid (memory; NULL: none) is raised by them.
 * count 1..CC_ALLOC_MAX; weights and total >= 0, sum of weights < 2^63.  9103 when all weights are 0, 9104 when total is
 * below the sum of paid. */
void cc_alloc(int64_t *inc, int64_t *paid, int64_t total, const int64_t *weights, uint32_t count);

/* A share tree: nodes in depth-first order, 8 bytes each: share of its parent in ppm u32 big-endian, member u16 big-endian
 * (CC_NODE_INNER: a node with children; other values from 0xfffe down are the product's), number of children u8, zero u8. */
#define CC_NODE_SIZE 8u
#define CC_NODE_INNER 0xffffu
#define CC_CHILDREN_MAX 12u
#define CC_LEAVES_MAX 11u
#define CC_DEPTH_MAX 5u
struct cc_tree {
    const uint8_t *p, *end;
    uint32_t roots;
};
struct cc_leaves { /* in depth-first order */
    uint32_t count;
    uint16_t member[CC_LEAVES_MAX];
    int64_t amount[CC_LEAVES_MAX];
};
/* 9104 unless the bytes end with it. */
void cc_tree_open(struct cc_tree *t, const uint8_t *nodes, uint32_t size, uint32_t roots);
void cc_tree_check(const struct cc_tree *t); /* 9103 unless the children of every node, and the roots, sum to 1,000,000 */
bool cc_tree_has(const struct cc_tree *t, uint16_t member); /* is it a leaf? */
uint32_t cc_node_ppm(const uint8_t *node);
uint16_t cc_node_member(const uint8_t *node);
uint32_t cc_node_children(const uint8_t *node);
const uint8_t *cc_node_next(const uint8_t *node); /* past the node and all below it */
/* ALLOC without memory at each node: total over count siblings from p on, down to the leaves, which are added to out. */
void cc_tree_split(struct cc_leaves *out, const uint8_t *p, uint32_t count, int64_t total);
/* The same with memory: what each leaf had so far, in depth-first order; out gets the increments that bring the sum of all
 * to total. */
void cc_tree_split_more(struct cc_leaves *out, const uint8_t *p, uint32_t count, int64_t total, const int64_t *memory);

/* ---- interest.c: 3.0.2, 3.0.4 ---- */
/* round(n * m / d) as an amount: 9104 when it is above CC_FEN_MAX or n * m >= 2^126.  By 64 bits where they are enough. */
int64_t cc_round(ct_u128 n, ct_u128 m, ct_u128 d, enum ct_mode mode);
static inline int64_t cc_floor(ct_u128 n, ct_u128 m, ct_u128 d)
{
    return cc_round(n, m, d, CT_FLOOR);
}
static inline int64_t cc_half_up(ct_u128 n, ct_u128 m, ct_u128 d)
{
    return cc_round(n, m, d, CT_HALF_UP);
}
static inline int64_t cc_ceil(ct_u128 n, ct_u128 m, ct_u128 d)
{
    return cc_round(n, m, d, CT_CEIL);
}
static inline int64_t cc_ppm(int64_t amount, uint32_t ppm, enum ct_mode mode) /* amount * ppm / 10^6 */
{
    return cc_round((uint64_t)amount, ppm, (uint64_t)CC_PPM, mode);
}
static inline int64_t cc_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t cc_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
/* Fen-days (积数), 128 bits in two words: += amount * days. */
void cc_add_days(uint64_t *lo, uint64_t *hi, int64_t amount, uint32_t days);
int64_t cc_interest(uint64_t days_lo, uint64_t days_hi, uint32_t rate_ppm, uint32_t basis); /* HALF_UP, once */
int64_t cc_fee(int64_t amount, uint32_t fee_ppm, uint32_t days, uint32_t basis);            /* HALF_UP(P x ppm x days / ..) */
/* The fee on amount * num / den, with one rounding (ruling 3). */
int64_t cc_fee_of_part(int64_t amount, uint64_t num, uint64_t den, uint32_t fee_ppm, uint32_t days, uint32_t basis);
/* The first settlement date later than date: `day` of a month whose bit (0: January) is set in months. */
int32_t cc_settlement_after(int32_t date, uint32_t day, uint32_t months);

/* ---- call.c: parameters, arguments, signers, borrowers, accounts, postings, obligations, deadlines ---- */
/* Slots of parameters: u64 big-endian each. */
const uint8_t *cc_slots(struct ct_rd *rd, uint32_t count); /* the next value: a bin of exactly so many; 9104 */
static inline uint64_t cc_slot(const uint8_t *slots, uint32_t which)
{
    const uint8_t *p = slots + which * 8;
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | p[7];
}
static inline uint16_t cc_u16(const uint8_t *p) /* big-endian: lists of members */
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

int32_t cc_arg_date(struct ct_rd *rd);              /* 9112 unless it is a calendar date */
int64_t cc_arg_fen(struct ct_rd *rd, int64_t min);  /* 9104 unless min..CC_FEN_MAX */
void cc_arg_text(struct ct_rd *rd, uint32_t min, uint32_t max); /* passes over a text of min..max bytes */

/* Signers: cc_sign each (CT_NO_MEMBER is nobody), then cc_signed_end.  Beside what ct_require_end tests, who acts must be
 * one of them, else 9102: an outsider may not act, whoever else signs.  SYS calls need no signers. */
#define CC_SIGNED_MAX 16u
struct cc_signed { /* who signed, for the note of an event (mirror.c) */
    uint32_t count;
    bool full; /* they were more */
    uint16_t member[CC_SIGNED_MAX];
};
struct cc_signers {
    const struct ct_call *call;
    bool actor;
    struct cc_signed *noted; /* NULL: nobody asks */
};
void cc_sign(struct cc_signers *s, uint16_t member);
void cc_signed_end(const struct cc_signers *s);

/* Borrowers: a firm (18 characters of USCC with its check character, then zeros) or a person (pseudonym of 32 bytes). */
#define CC_FIRM 1u
#define CC_PERSON 2u
uint32_t cc_arg_borrower(uint8_t out[CT_ID_SIZE], struct ct_rd *rd); /* CC_FIRM, CC_PERSON; 9105 */
/* 18 characters, or the first 16 hex digits of the pseudonym. */
void cc_borrower_text(char out[CC_TEXT_SIZE], uint32_t kind, const uint8_t borrower[CT_ID_SIZE]);

void cc_account(char out[CT_ACCOUNT_SIZE], const char *code, uint16_t member); /* "2141." + the member's code */
void cc_account_text(char out[CT_ACCOUNT_SIZE], const char *code, const char *tail);
/* One debit and one credit; nothing for 0 (ruling 1), which would still cost its tariff. */
static inline void cc_post(uint16_t member, uint16_t label, const char *dr, const char *cr, int64_t amount,
                           const uint8_t *obligation)
{
    if (amount != 0) {
        ct_post(member, label, dr, cr, amount, obligation);
    }
}
/* An obligation (3.0.7) made now; its id stays in out for the postings.  amount > 0. */
void cc_oblige(struct ct_obligation *out, uint16_t debtor, uint16_t creditor, int64_t amount, uint16_t reason, bool gross);
/* The same with its two postings: debtor dr / 2141.creditor, then creditor 1141.debtor / cr.  Nothing for 0, or towards
 * oneself. */
void cc_oblige_and_post(uint16_t debtor, const char *dr, uint16_t creditor, const char *cr, int64_t amount, uint16_t reason,
                        bool gross);

void cc_deadline_at(const uint8_t *object, uint8_t number, int32_t date); /* 00:00 of date */
/* The last day is the count-th working day after today; it ends at 00:00 of the next day (ledger.md 2.4 rule 3). */
void cc_deadline_after_workdays(const struct ct_call *call, uint8_t number, uint32_t count);

/* ---- mirror.c: REVERSE, a correction by mirror image (3.0.10) ---- */
/* A posting of ct_postings. */
struct cc_row {
    uint16_t member, label;
    uint8_t dr_size, cr_size, id_size, zero;
    int64_t amount;
    const uint8_t *dr, *cr, *id; /* id: of the obligation, or NULL */
};
bool cc_row_next(struct cc_row *out, const uint8_t **at, const uint8_t *end); /* false at the end */
void cc_mirror_check(const uint8_t *rows, const uint8_t *end); /* 9107 unless nobody acted on the obligations of the rows */
/* Posts the mirror image.  Obligations on which nobody acted become REVERSED; against others stands an equal opposite one, with
 * this reason, and then the mirrored rows name 1141 where they named 2141. */
struct cc_mirror {
    const uint8_t *rows, *end;
    uint16_t reason;
    bool gross;
};
void cc_mirror_post(const struct cc_mirror *m);

/* The note of an object's last event that can be reversed, under 'N' || object id: the head, who signed (u16 each), the
 * product's state (what restores the object), and the postings.  `after` is a hash of the object as the event left it, of all
 * that REVERSE would spoil if it had changed. */
#define CC_KEY_NOTE 'N'
#define CC_NOTE_SIZE 4096u
struct cc_note_head {
    uint8_t op_id[CT_ID_SIZE]; /* zeros: it was too much to note down */
    uint8_t after[CT_ID_SIZE];
    uint16_t event, state_size;
    uint8_t signer_count, zero[3];
};
_Static_assert(sizeof(struct cc_note_head) == 72, "record layout");
struct cc_note {
    struct cc_note_head h;
    bool opposite;
    const uint8_t *signers, *state, *rows, *end; /* views into bytes */
    uint8_t bytes[CC_NOTE_SIZE];
};
/* After all postings of the event.  What does not fit is not reversible: no error. */
void cc_note_store(const struct ct_call *call, const struct cc_signed *who, const uint8_t after[CT_ID_SIZE], const void *state,
                   uint32_t size);
/* REVERSE in three steps, between which the product has preconditions and writes of its own. Arguments [op_id of the event,
 * reason code], and with may_oppose [opposite]: obligations may stand against those that are in a cycle or settled, else they
 * are 9107, whatever else has changed.  9111 unless the event is the last that can be reversed and nothing came after it. */
void cc_reverse_open(struct cc_note *n, const struct ct_call *call, const uint8_t after[CT_ID_SIZE], bool may_oppose);
void cc_reverse_signed(const struct cc_note *n, struct cc_signers *who); /* by those who signed the event */
/* The mirror image, and the note is used up. */
void cc_reverse_post(const struct cc_note *n, const struct ct_call *call, uint16_t reason, bool gross);

#endif
