/* link.h: one peer link as bytes in and bytes out: handshake, frames, keys (prototypes.md 2, FORMATS.md "peer link").  No
 * sockets.
 *
 *   dialler D                                     listener L
 *   hello(D) ------------------------------------>            magic, version, genesis hash, ephemeral key
 *            <------------------------------------ hello(L), stream header(L)
 *   stream header(D), AUTH(D) ------------------->            sealed: identity, signature over the transcript
 *            <------------------------------------ AUTH(L)
 *   frames <-------------------------------------> frames     sealed: any number of items
 *
 * hello versus AUTH: hello is open and only agrees on keys; AUTH, sealed under them, says who is there.  The listener shows
 * itself only to a dialler that it knows.
 */
#ifndef ZYD_LINK_H
#define ZYD_LINK_H

#include <sodium.h>

#include <zyd/base.h>
#include <zyd/crypto.h>
#include <zyd/genesis.h>

#define LINK_VERSION 1u
#define LINK_HELLO_SIZE 70u
#define LINK_HEADER_SIZE crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define LINK_SEAL crypto_secretstream_xchacha20poly1305_ABYTES
#define LINK_AUTH_SIZE 96u
#define LINK_FRAME_MAX ((1u << 20) + (64u << 10)) /* sealed bytes behind the length */
#define LINK_PLAIN_MAX (LINK_FRAME_MAX - LINK_SEAL)
#define LINK_REKEY_BYTES (UINT64_C(256) << 20)
#define LINK_REKEY_MS 600000

/* Items of a frame: u32 (kind << 30 | size), then size bytes. */
enum link_item { LINK_MESSAGE = 0, LINK_PING = 1, LINK_PONG = 2 };
#define LINK_ITEM_HEAD 4u
#define LINK_ITEM_MAX (LINK_PLAIN_MAX - LINK_ITEM_HEAD)

struct link_ident { /* outlives the links */
    struct zyd_hash genesis;
    struct zyd_pk pk;
    uint8_t sk[ZYD_SK_SIZE];
    uint8_t me; /* validator index, or 255 */
    uint8_t peer_count;
    struct zyd_pk peers[ZYD_VALIDATORS_MAX]; /* link keys by validator index */
    uint64_t rekey_bytes;
};
enum link_phase { LINK_HELLO, LINK_HEADER, LINK_AUTH, LINK_OPEN, LINK_BROKEN };
struct link {
    const struct link_ident *id;
    enum link_phase phase;
    bool dialler;
    uint8_t peer; /* dialler: whom it wants; listener: set by AUTH */
    uint8_t eph_pk[32], eph_sk[32], rx_key[32], tx_key[32];
    uint8_t hello[2][LINK_HELLO_SIZE]; /* dialler's, listener's */
    struct zyd_hash transcript;
    crypto_secretstream_xchacha20poly1305_state tx, rx;
    uint64_t tx_bytes;
    int64_t tx_rekeyed_ms;
    const char *why; /* BROKEN: English */
};
/* What the handshake must send at once: at most hello, header and one AUTH frame. */
struct link_out {
    uint8_t data[LINK_HELLO_SIZE + LINK_HEADER_SIZE + 4 + LINK_AUTH_SIZE + LINK_SEAL];
    size_t size;
};

void zyd_link_start(struct link *l, struct link_out *out, const struct link_ident *id, bool dialler, uint8_t peer,
                    int64_t now_ms);
enum link_step {
    LINK_MORE,   /* nothing yet: more bytes are needed */
    LINK_PART,   /* a part of the handshake; send out */
    LINK_AUTHED, /* the peer is who l->peer says; send out; frames follow */
    LINK_FRAME,  /* plain: the frame's items, inside data */
    LINK_FAILED  /* l->why */
};
/* Takes one part off data (deciphered in place); *used: bytes taken.  Of LINK_MORE, *used 0 and *need the bytes of the next
 * part. */
enum link_step zyd_link_take(struct link *l, struct zyd_span *plain, struct link_out *out, size_t *used, size_t *need,
                             uint8_t *data, size_t size);
/* Seals one frame: writes 4 + size + LINK_SEAL bytes to out.  1 <= size <= LINK_PLAIN_MAX; only when OPEN. */
size_t zyd_link_seal(struct link *l, uint8_t *out, struct zyd_span plain, int64_t now_ms);
/* Next item of a frame; *pos starts at 0.  ZYD_OK, ZYD_E_NOT_FOUND at the end, ZYD_E_MALFORMED. */
enum zyd_status zyd_link_item(enum link_item *kind, struct zyd_span *bytes, size_t *pos, struct zyd_span plain);

#endif
