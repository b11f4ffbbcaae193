/* Keys at rest: 148 bytes, public half readable, secret half sealed under a passphrase (FORMATS.md "key file").
 *
 * The seed is sealed with XChaCha20-Poly1305 under Argon2id of the passphrase; everything before it is authenticated with it.
 * The cost parameters in a file are bounded: a planted file must not take the machine's memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <zyd/catalogue.h>
#include <zyd/io.h>

static const char magic[8] = {'z', 'y', 'd', 'k', 'e', 'y', '0', '1'};
#define AT_PURPOSE 8
#define AT_OPS 12
#define AT_MEMORY 16
#define AT_SALT 24
#define AT_NONCE 40
#define AT_PK 64
#define AT_SEALED 96
#define AT_CRC 144
#define OPS_MAX 10u
#define MEMORY_MAX (UINT64_C(1) << 30)
#define SEED_SIZE 32u

void zyd_key_generate(struct zyd_key *out, uint8_t purpose)
{
    zyd_assert(sodium_init() >= 0);
    out->purpose = purpose;
    crypto_sign_keypair(out->pk.b, out->sk);
}

void zyd_key_wipe(struct zyd_key *key)
{
    sodium_memzero(key, sizeof *key);
}

static bool derive(uint8_t key[32], const char *passphrase, const uint8_t *file)
{
    return crypto_pwhash(key, 32, passphrase, strlen(passphrase), file + AT_SALT, zyd_get32(file + AT_OPS),
                         (size_t)zyd_get64(file + AT_MEMORY), crypto_pwhash_ALG_ARGON2ID13) == 0;
}

enum zyd_status zyd_key_save(struct zyd_err *err, const char *path, const struct zyd_key *key, const char *passphrase,
                             int strength)
{
    uint8_t file[ZYD_KEY_FILE_SIZE] = {0}, k[32], seed[SEED_SIZE];
    struct stat sb;
    zyd_assert(sodium_init() >= 0);
    if (passphrase[0] == 0 && strength > 0) {
        zyd_err_set(err, ZYD_ERR_KEY_FILE, "%s: a key needs a passphrase; give one by --passphrase-file", path);
        return ZYD_E_INVALID;
    }
    if (lstat(path, &sb) == 0) {
        zyd_err_set(err, ZYD_ERR_FILE_EXISTS, "%s exists: a key is never overwritten; choose another name", path);
        return ZYD_E_EXISTS;
    }
    /* Without a passphrase nothing is hidden, and the cost would only slow a devnet down. */
    bool open = passphrase[0] == 0;
    memcpy(file, magic, 8);
    file[AT_PURPOSE] = key->purpose;
    zyd_put32(file + AT_OPS,
              open ? 1u : (uint32_t)(strength > 0 ? crypto_pwhash_OPSLIMIT_MODERATE : crypto_pwhash_OPSLIMIT_INTERACTIVE));
    zyd_put64(file + AT_MEMORY, open           ? 8192u
                                : strength > 0 ? crypto_pwhash_MEMLIMIT_MODERATE
                                               : crypto_pwhash_MEMLIMIT_INTERACTIVE);
    randombytes_buf(file + AT_SALT, 16);
    randombytes_buf(file + AT_NONCE, 24);
    memcpy(file + AT_PK, key->pk.b, 32);
    bool ok = derive(k, passphrase, file);
    if (ok) {
        crypto_sign_ed25519_sk_to_seed(seed, key->sk);
        ok = crypto_aead_xchacha20poly1305_ietf_encrypt(file + AT_SEALED, NULL, seed, SEED_SIZE, file, AT_SEALED, NULL,
                                                        file + AT_NONCE, k) == 0;
    }
    sodium_memzero(k, sizeof k);
    sodium_memzero(seed, sizeof seed);
    if (!ok) {
        zyd_err_set(err, ZYD_ERR_KEY_FILE, "%s: not enough memory to seal a key", path);
        return ZYD_E_IO;
    }
    zyd_put32(file + AT_CRC, zyd_crc32c(0, file, AT_CRC));
    return zyd_file_write_atomic(err, path, file, sizeof file, 0600);
}

static enum zyd_status head(struct zyd_key *out, struct zyd_span file)
{
    *out = (struct zyd_key){0};
    if (file.size != ZYD_KEY_FILE_SIZE || memcmp(file.data, magic, 8) != 0 ||
        zyd_crc32c(0, file.data, AT_CRC) != zyd_get32(file.data + AT_CRC) || file.data[AT_PURPOSE] < ZYD_KEY_NODE ||
        file.data[AT_PURPOSE] > ZYD_KEY_CHECKER || file.data[9] != 0 || file.data[10] != 0 || file.data[11] != 0 ||
        zyd_get32(file.data + AT_OPS) < 1 || zyd_get32(file.data + AT_OPS) > OPS_MAX ||
        zyd_get64(file.data + AT_MEMORY) < 8192 || zyd_get64(file.data + AT_MEMORY) > MEMORY_MAX)
        return ZYD_E_DAMAGED;
    out->purpose = file.data[AT_PURPOSE];
    memcpy(out->pk.b, file.data + AT_PK, 32);
    return ZYD_OK;
}

enum zyd_status zyd_key_open(struct zyd_key *out, struct zyd_span file, const char *passphrase)
{
    uint8_t k[32], seed[SEED_SIZE];
    struct zyd_pk pk;
    enum zyd_status st = head(out, file);
    if (st != ZYD_OK)
        return st;
    if (!derive(k, passphrase, file.data))
        st = ZYD_E_IO;
    else if (crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, file.data + AT_SEALED, SEED_SIZE + 16, file.data,
                                                        AT_SEALED, file.data + AT_NONCE, k) != 0)
        st = ZYD_E_BAD_SIG;
    else if (crypto_sign_seed_keypair(pk.b, out->sk, seed) != 0 || memcmp(pk.b, out->pk.b, 32) != 0)
        st = ZYD_E_DAMAGED;
    sodium_memzero(k, sizeof k);
    sodium_memzero(seed, sizeof seed);
    if (st != ZYD_OK)
        zyd_key_wipe(out);
    return st;
}

static enum zyd_status key_read(uint8_t **file, size_t *size, struct zyd_err *err, const char *path)
{
    struct stat sb;
    enum zyd_status st = zyd_file_read(file, size, err, path, ZYD_KEY_FILE_SIZE);
    if (st == ZYD_E_TOO_BIG) {
        zyd_err_set(err, ZYD_ERR_KEY_FILE, "%s is not a key file of zyd", path);
        return ZYD_E_DAMAGED;
    }
    if (st == ZYD_OK && stat(path, &sb) == 0 && (sb.st_mode & 0007) != 0) {
        zyd_err_set(err, ZYD_ERR_KEY_FILE, "%s can be read by every user of this machine; chmod 600 it", path);
        free(*file);
        return ZYD_E_IO;
    }
    return st;
}

enum zyd_status zyd_key_load(struct zyd_key *out, struct zyd_err *err, const char *path, const char *passphrase)
{
    uint8_t *file;
    size_t size;
    zyd_assert(sodium_init() >= 0);
    enum zyd_status st = key_read(&file, &size, err, path);
    if (st != ZYD_OK)
        return st;
    st = zyd_key_open(out, zyd_span(file, size), passphrase);
    free(file);
    if (st == ZYD_E_BAD_SIG)
        zyd_err_set(err, ZYD_ERR_KEY_LOCKED, "%s: wrong passphrase", path);
    else if (st == ZYD_E_DAMAGED)
        zyd_err_set(err, ZYD_ERR_KEY_FILE, "%s is not a key file of zyd, or is damaged; take it from its backup", path);
    else if (st != ZYD_OK)
        zyd_err_set(err, ZYD_ERR_KEY_LOCKED, "%s: not enough memory to open it", path);
    return st;
}

enum zyd_status zyd_key_inspect(struct zyd_key *out_public, struct zyd_err *err, const char *path)
{
    uint8_t *file;
    size_t size;
    enum zyd_status st = key_read(&file, &size, err, path);
    if (st != ZYD_OK)
        return st;
    st = head(out_public, zyd_span(file, size));
    free(file);
    if (st != ZYD_OK)
        zyd_err_set(err, ZYD_ERR_KEY_FILE, "%s is not a key file of zyd, or is damaged", path);
    return st;
}

enum zyd_status zyd_secret_read(char *out, size_t cap, struct zyd_err *err, const char *path)
{
    bool in = strcmp(path, "-") == 0;
    int fd = in ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    bool end = false, failed = fd < 0;
    while (!end && !failed) { /* byte by byte: what follows the line on descriptor 0 is not ours */
        char c;
        ssize_t k = read(fd, &c, 1);
        if (k < 0 && errno == EINTR)
            continue;
        failed = k < 0;
        end = k == 0 || c == '\n';
        if (!end && !failed) {
            if (n + 1 >= cap) {
                errno = EMSGSIZE;
                failed = true;
            } else {
                out[n++] = c;
            }
        }
    }
    out[n < cap ? n : cap - 1] = 0;
    if (failed)
        zyd_err_set(err, ZYD_ERR_FILE_READ, "passphrase file %s: %s", path, strerror(errno));
    if (!in && fd >= 0)
        close(fd);
    if (failed)
        sodium_memzero(out, cap);
    else if (n > 0 && out[n - 1] == '\r')
        out[n - 1] = 0;
    return failed ? ZYD_E_IO : ZYD_OK;
}
