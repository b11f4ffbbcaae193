/* Paths, files and keys of the person at the keyboard. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "cli.h"

bool cli_path(char out[CLI_PATH_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out, CLI_PATH_MAX, format, args);
    va_end(args);
    zyd_assert(n >= 0);
    if (n >= (int)CLI_PATH_MAX) {
        out[0] = '\0'; /* opening "" fails with a clear message; a cut path could be another file */
        return false;
    }
    return true;
}

enum zyd_status cli_mkdirs(struct zyd_err *err, const char *path)
{
    char part[CLI_PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part) {
        zyd_err_set(err, ZYD_ERR_FILE_WRITE, "the path is empty or too long");
        return ZYD_E_IO;
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] == '/' || part[i] == '\0') {
            char keep = part[i];
            part[i] = '\0';
            if (mkdir(part, 0700) != 0 && errno != EEXIST) {
                zyd_err_set(err, ZYD_ERR_FILE_WRITE, "%.300s: %s", part, strerror(errno));
                return ZYD_E_IO;
            }
            part[i] = keep;
        }
    }
    return ZYD_OK;
}

bool cli_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool cli_remove_tree(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return true;
    }
    if (!S_ISDIR(st.st_mode)) {
        return unlink(path) == 0;
    }
    DIR *dir = opendir(path);
    bool ok = dir != NULL;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char child[CLI_PATH_MAX];
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            ok = cli_path(child, "%s/%s", path, e->d_name) && cli_remove_tree(child) && ok;
        }
    }
    if (dir) {
        closedir(dir);
    }
    return rmdir(path) == 0 && ok;
}

int cli_write(const struct cli *c, const char *path, const char *text, size_t size, unsigned mode, bool force)
{
    struct zyd_err err = {0};
    if (!path || strcmp(path, "-") == 0) {
        if (fwrite(text, 1, size, stdout) != size || fflush(stdout) != 0) {
            return cli_fail(c, ZYD_ERR_FILE_WRITE, "stdout: %s", strerror(errno));
        }
        return 0;
    }
    if (!force && cli_exists(path)) {
        return cli_fail(c, ZYD_ERR_FILE_EXISTS, "%s", path);
    }
    if (zyd_file_write_atomic(&err, path, text, size, mode) != ZYD_OK) {
        return cli_fail_err(c, &err);
    }
    return 0;
}

char *cli_read(const struct cli *c, const char *path, size_t *size, size_t max)
{
    uint8_t *data = NULL;
    struct zyd_err err = {0};
    *size = 0;
    if (strcmp(path, "-") == 0) {
        path = "/dev/stdin";
    }
    FILE *f = fopen(path, "rb");
    if (!f) {
        cli_fail(c, ZYD_ERR_FILE_READ, "%s: %s", path, strerror(errno));
        return NULL;
    }
    size_t cap = 65536;
    data = malloc(cap + 1);
    while (data) {
        *size += fread(data + *size, 1, cap - *size, f);
        if (*size < cap) {
            break;
        }
        if (cap > max) {
            zyd_err_set(&err, ZYD_ERR_TOO_BIG, "%.300s: > %zu", path, max);
            break;
        }
        cap *= 2;
        uint8_t *more = realloc(data, cap + 1);
        if (!more) {
            free(data);
        }
        data = more;
    }
    if (data && *size > max && !err.code) {
        zyd_err_set(&err, ZYD_ERR_TOO_BIG, "%.300s: > %zu", path, max);
    }
    if (ferror(f) && !err.code) {
        zyd_err_set(&err, ZYD_ERR_FILE_READ, "%.300s: %s", path, strerror(errno));
    }
    fclose(f);
    if (!data || err.code) {
        if (!err.code) {
            zyd_err_set(&err, ZYD_ERR_BUG, "out of memory");
        }
        cli_fail_err(c, &err);
        free(data);
        return NULL;
    }
    data[*size] = '\0';
    return (char *)data;
}

bool cli_find_program(char out[CLI_PATH_MAX], const char *name)
{
    char self[CLI_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = '\0';
        char *slash = strrchr(self, '/');
        if (slash) {
            *slash = '\0';
            if (cli_path(out, "%s/%s", self, name) && access(out, X_OK) == 0) {
                return true;
            }
        }
    }
    for (const char *p = getenv("PATH"); p && *p;) {
        size_t size = strcspn(p, ":");
        if (size && cli_path(out, "%.*s/%s", (int)size, p, name) && access(out, X_OK) == 0) {
            return true;
        }
        p += size + (p[size] == ':');
    }
    return false;
}

void cli_devnet_dir(const struct cli *c, char out[CLI_PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (c->dir) {
        char *full = realpath(c->dir, NULL);
        char here[CLI_PATH_MAX];
        if (full) {
            cli_path(out, "%s", full);
        } else if (c->dir[0] == '/' || !getcwd(here, sizeof here)) {
            cli_path(out, "%s", c->dir);
        } else {
            cli_path(out, "%s/%s", here, c->dir);
        }
        free(full);
    } else if (state && state[0] == '/') {
        cli_path(out, "%s/zyd/devnet", state);
    } else {
        cli_path(out, "%s/.local/state/zyd/devnet", home ? home : "/tmp");
    }
}

void cli_hex(char out[65], const uint8_t b[32])
{
    sodium_bin2hex(out, 65, b, 32);
}

bool cli_unhex(uint8_t out[32], const char *text)
{
    size_t n = 0;
    return strlen(text) == 64 && sodium_hex2bin(out, 32, text, 64, NULL, &n, NULL) == 0 && n == 32;
}

int cli_key_load(const struct cli *c, struct zyd_key *out, const char *path)
{
    char phrase[1024] = "";
    struct zyd_err err = {0};
    const char *file = cli_opt(c, "passphrase-file");
    enum zyd_status s = file ? zyd_secret_read(phrase, sizeof phrase, &err, file) : ZYD_OK;
    s = s != ZYD_OK ? s : zyd_key_load(out, &err, path, phrase);
    sodium_memzero(phrase, sizeof phrase);
    return s != ZYD_OK ? cli_fail_err(c, &err) : 0;
}
