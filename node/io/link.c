/* The peer link's handshake and frames: ephemeral X25519, signed transcript (SIGMA), XChaCha20-Poly1305 stream. */
#include "link.h"

static const char hello_magic[4] = {'z', 'y', 'd', 'L'};
#define TRANSCRIPT_TAG "zyd/link/1"
#define AUTH_TAG "zyd/linkauth/1"
#define AUTH_TEXT_SIZE (16u + 1u + 32u + 32u + 32u)

static enum link_step fail(struct link *l, const char *why)
{
    l->phase = LINK_BROKEN;
    l->why = why;
    sodium_memzero(l->eph_sk, sizeof l->eph_sk);
    sodium_memzero(l->tx_key, sizeof l->tx_key);
    sodium_memzero(l->rx_key, sizeof l->rx_key);
    return LINK_FAILED;
}

static void put(struct link_out *out, const void *data, size_t size)
{
    zyd_assert(out->size + size <= sizeof out->data);
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void hello_put(struct link *l, struct link_out *out)
{
    uint8_t *h = l->hello[l->dialler ? 0 : 1];
    crypto_kx_keypair(l->eph_pk, l->eph_sk);
    memcpy(h, hello_magic, 4);
    zyd_put16(h + 4, LINK_VERSION);
    memcpy(h + 6, l->id->genesis.b, 32);
    memcpy(h + 38, l->eph_pk, 32);
    put(out, h, LINK_HELLO_SIZE);
}

void zyd_link_start(struct link *l, struct link_out *out, const struct link_ident *id, bool dialler, uint8_t peer,
                    int64_t now_ms)
{
    *l =
        (struct link){.id = id, .phase = LINK_HELLO, .dialler = dialler, .peer = dialler ? peer : 255, .tx_rekeyed_ms = now_ms};
    out->size = 0;
    if (dialler)
        hello_put(l, out);
}

/* What an identity signs: roles and both identities, so that nothing can be turned round or passed on. */
static void auth_text(uint8_t out[AUTH_TEXT_SIZE], bool dialler, const struct link *l, const uint8_t *self, const uint8_t *peer)
{
    memset(out, 0, 16);
    memcpy(out, AUTH_TAG, sizeof AUTH_TAG - 1);
    out[16] = dialler ? 'D' : 'L';
    memcpy(out + 17, l->transcript.b, 32);
    memcpy(out + 49, self, 32);
    memcpy(out + 81, peer, 32);
}

static void auth_put(struct link *l, struct link_out *out)
{
    uint8_t plain[LINK_AUTH_SIZE], text[AUTH_TEXT_SIZE], frame[4 + LINK_AUTH_SIZE + LINK_SEAL];
    memcpy(plain, l->id->pk.b, 32);
    auth_text(text, l->dialler, l, l->id->pk.b, l->id->peers[l->peer].b);
    struct zyd_sig sig;
    zyd_sig_sign(&sig, l->id->sk, text, sizeof text);
    memcpy(plain + 32, sig.b, 64);
    zyd_put32(frame, LINK_AUTH_SIZE + LINK_SEAL);
    crypto_secretstream_xchacha20poly1305_push(&l->tx, frame + 4, NULL, plain, sizeof plain, frame, 4, 0);
    put(out, frame, sizeof frame);
}

static enum link_step hello_take(struct link *l, struct link_out *out, const uint8_t *data)
{
    uint8_t header[LINK_HEADER_SIZE];
    if (memcmp(data, hello_magic, 4) != 0)
        return fail(l, "it does not speak our protocol");
    if (zyd_get16(data + 4) != LINK_VERSION)
        return fail(l, "it speaks another version of the link protocol");
    if (memcmp(data + 6, l->id->genesis.b, 32) != 0)
        return fail(l, "it belongs to another consortium (genesis hash)");
    memcpy(l->hello[l->dialler ? 1 : 0], data, LINK_HELLO_SIZE);
    if (!l->dialler)
        hello_put(l, out);
    zyd_hash2(&l->transcript, TRANSCRIPT_TAG, l->hello[0], LINK_HELLO_SIZE, l->hello[1], LINK_HELLO_SIZE);
    int bad = l->dialler ? crypto_kx_client_session_keys(l->rx_key, l->tx_key, l->eph_pk, l->eph_sk, data + 38)
                         : crypto_kx_server_session_keys(l->rx_key, l->tx_key, l->eph_pk, l->eph_sk, data + 38);
    sodium_memzero(l->eph_sk, sizeof l->eph_sk);
    if (bad != 0)
        return fail(l, "its ephemeral key is weak");
    crypto_secretstream_xchacha20poly1305_init_push(&l->tx, header, l->tx_key);
    sodium_memzero(l->tx_key, sizeof l->tx_key);
    put(out, header, sizeof header);
    l->phase = LINK_HEADER;
    return LINK_PART;
}

static enum link_step header_take(struct link *l, struct link_out *out, const uint8_t *data)
{
    int bad = crypto_secretstream_xchacha20poly1305_init_pull(&l->rx, data, l->rx_key);
    sodium_memzero(l->rx_key, sizeof l->rx_key);
    if (bad != 0)
        return fail(l, "its stream header is wrong");
    l->phase = LINK_AUTH;
    if (l->dialler)
        auth_put(l, out);
    return LINK_PART;
}

static enum link_step auth_take(struct link *l, struct link_out *out, struct zyd_span plain)
{
    const uint8_t *who = plain.data;
    uint8_t text[AUTH_TEXT_SIZE], peer = 255;
    struct zyd_sig sig;
    struct zyd_pk pk;
    if (plain.size != LINK_AUTH_SIZE)
        return fail(l, "its identity message has the wrong size");
    for (uint8_t i = 0; i < l->id->peer_count; i++)
        if (i != l->id->me && memcmp(l->id->peers[i].b, who, 32) == 0)
            peer = i;
    if (peer == 255)
        return fail(l, "its link key is not in the genesis");
    if (l->dialler && peer != l->peer)
        return fail(l, "another member answers at this address");
    auth_text(text, !l->dialler, l, who, l->id->pk.b);
    memcpy(sig.b, plain.data + 32, 64);
    memcpy(pk.b, who, 32);
    if (!zyd_sig_verify(&pk, text, sizeof text, &sig))
        return fail(l, "its identity signature is wrong");
    l->peer = peer;
    if (!l->dialler)
        auth_put(l, out);
    l->phase = LINK_OPEN;
    return LINK_AUTHED;
}

enum link_step zyd_link_take(struct link *l, struct zyd_span *plain, struct link_out *out, size_t *used, size_t *need,
                             uint8_t *data, size_t size)
{
    out->size = 0;
    *used = 0;
    *need = l->phase == LINK_HELLO ? LINK_HELLO_SIZE : l->phase == LINK_HEADER ? LINK_HEADER_SIZE : 4u;
    if (l->phase == LINK_BROKEN)
        return LINK_FAILED;
    if (size < *need)
        return LINK_MORE;
    if (l->phase == LINK_HELLO || l->phase == LINK_HEADER) {
        *used = *need;
        return l->phase == LINK_HELLO ? hello_take(l, out, data) : header_take(l, out, data);
    }
    uint32_t sealed = zyd_get32(data);
    uint32_t max = l->phase == LINK_AUTH ? LINK_AUTH_SIZE + LINK_SEAL : LINK_FRAME_MAX;
    if (sealed <= LINK_SEAL || sealed > max)
        return fail(l, "a frame's length is out of bounds");
    *need = 4u + sealed;
    if (size < *need)
        return LINK_MORE;
    unsigned long long plain_size;
    unsigned char tag;
    /* In place: the text lies one byte (the sealed tag) into the frame, and must be deciphered onto itself exactly. */
    if (crypto_secretstream_xchacha20poly1305_pull(&l->rx, data + 5, &plain_size, &tag, data + 4, sealed, data, 4) != 0)
        return fail(l, "a frame does not open: changed, repeated or out of order");
    *used = *need;
    *plain = zyd_span(data + 5, (size_t)plain_size);
    return l->phase == LINK_AUTH ? auth_take(l, out, *plain) : LINK_FRAME;
}

size_t zyd_link_seal(struct link *l, uint8_t *out, struct zyd_span plain, int64_t now_ms)
{
    zyd_assert(l->phase == LINK_OPEN && plain.size >= 1 && plain.size <= LINK_PLAIN_MAX);
    unsigned char tag = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    l->tx_bytes += plain.size;
    if (l->tx_bytes >= l->id->rekey_bytes || now_ms - l->tx_rekeyed_ms >= LINK_REKEY_MS) {
        tag = crypto_secretstream_xchacha20poly1305_TAG_REKEY; /* both ends change the key behind this frame */
        l->tx_bytes = 0;
        l->tx_rekeyed_ms = now_ms;
    }
    zyd_put32(out, (uint32_t)(plain.size + LINK_SEAL));
    crypto_secretstream_xchacha20poly1305_push(&l->tx, out + 4, NULL, plain.data, plain.size, out, 4, tag);
    return 4 + plain.size + LINK_SEAL;
}

enum zyd_status zyd_link_item(enum link_item *kind, struct zyd_span *bytes, size_t *pos, struct zyd_span plain)
{
    if (*pos == plain.size)
        return ZYD_E_NOT_FOUND;
    if (plain.size - *pos < LINK_ITEM_HEAD)
        return ZYD_E_MALFORMED;
    uint32_t word = zyd_get32(plain.data + *pos);
    size_t size = word & 0x3fffffffu;
    uint32_t k = word >> 30;
    if (k > LINK_PONG || size == 0 || size > plain.size - *pos - LINK_ITEM_HEAD || (k != LINK_MESSAGE && size != 8))
        return ZYD_E_MALFORMED;
    *kind = (enum link_item)k;
    *bytes = zyd_span(plain.data + *pos + LINK_ITEM_HEAD, size);
    *pos += LINK_ITEM_HEAD + size;
    return ZYD_OK;
}
