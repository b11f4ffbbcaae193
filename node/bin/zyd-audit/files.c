/* The bundle's folder.  Everything in it is hostile until the checks have passed. */
#include "audit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)1 << 32)
#define SUMS_SIZE_MAX (64u << 20)
#define PATH_SIZE 4096u

/* Opens a regular file; its size. */
static int open_regular(size_t *size, char *why, size_t why_size, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        snprintf(why, why_size, "%.300s: cannot be read: %s", path, fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    *size = (size_t)st.st_size;
    return fd;
}

int audit_file_read(struct zyd_span *out, char *why, size_t why_size, const char *path, size_t size_max)
{
    size_t size, got = 0;
    *out = zyd_span(NULL, 0);
    int fd = open_regular(&size, why, why_size, path);
    if (fd < 0) {
        return EXIT_COULD_NOT;
    }
    uint8_t *data = size == 0 || size > size_max ? NULL : malloc(size);
    while (data != NULL && got < size) {
        ssize_t n = read(fd, data + got, size - got);
        if (n <= 0) {
            break;
        }
        got += (size_t)n;
    }
    close(fd);
    if (data == NULL || got < size) {
        snprintf(why, why_size, "%.300s: %zu bytes; it must have 1 to %zu, all readable", path, size, size_max);
        free(data);
        return EXIT_COULD_NOT;
    }
    *out = zyd_span(data, size);
    return 0;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct audit_file *)x)->name, ((const struct audit_file *)y)->name);
}

struct audit_file *audit_files_find(const struct audit_files *f, const char *name)
{
    struct audit_file key;
    if (strlen(name) > AUDIT_NAME_MAX || f->count == 0) {
        return NULL;
    }
    snprintf(key.name, sizeof key.name, "%s", name);
    return bsearch(&key, f->rows, f->count, sizeof *f->rows, by_name);
}

/* Every name in the folder stands in the list.  sub: "" or "segments/". */
static int walk(const struct audit_files *f, char *why, size_t why_size, const char *dir, const char *sub)
{
    char path[PATH_SIZE], name[512];
    struct stat st;
    int rc = 0;
    snprintf(path, sizeof path, "%s/%s", dir, sub);
    DIR *d = opendir(path);
    if (d == NULL) {
        snprintf(why, why_size, "%.300s: cannot be read: %s", path, strerror(errno));
        return EXIT_COULD_NOT;
    }
    for (struct dirent *e; rc == 0 && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        snprintf(name, sizeof name, "%s%s", sub, e->d_name);
        bool known = (size_t)snprintf(path, sizeof path, "%s/%s", dir, name) < sizeof path && lstat(path, &st) == 0;
        if (known && sub[0] == '\0' && S_ISDIR(st.st_mode)) {
            char folder[300];
            snprintf(folder, sizeof folder, "%s/", e->d_name);
            rc = walk(f, why, why_size, dir, folder);
        } else if (strcmp(name, "SHA256SUMS") == 0) {
            continue;
        } else if (!known || !S_ISREG(st.st_mode) || audit_files_find(f, name) == NULL) {
            snprintf(why, why_size, "%.300s: not listed in SHA256SUMS; a bundle holds nothing else", name);
            rc = EXIT_COULD_NOT;
        }
    }
    closedir(d);
    return rc;
}

struct pool {
    struct audit_files *files;
    const struct audit_sums *sums;
    const char *dir;
    atomic_size_t next;
    pthread_mutex_t lock;
    size_t failed_at; /* the first file that could not be read, in order of names */
    char why[512];
};

static bool open_one(struct pool *p, struct audit_file *f, char *why, size_t why_size)
{
    char path[PATH_SIZE];
    size_t size;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", p->dir, f->name) >= sizeof path) {
        snprintf(why, why_size, "%s: the path is too long", f->name);
        return false;
    }
    int fd = open_regular(&size, why, why_size, path);
    if (fd < 0) {
        return false;
    }
    void *data = size == 0 ? NULL : mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED || size > FILE_SIZE_MAX) {
        snprintf(why, why_size, "%s: %zu bytes cannot be mapped", f->name, size);
        return false;
    }
    f->bytes = zyd_span(data, size);
    f->mapped = data != NULL;
    if (strncmp(f->name, "segments/", 9) == 0) {
        f->segment = calloc(1, sizeof *f->segment);
        zyd_assert(f->segment != NULL);
        f->segment_status = zyd_segment_open(f->segment, &f->segment_why, f->bytes);
        f->hash = f->segment->file_hash;
    } else {
        zyd_sha256(&f->hash, f->bytes.data, f->bytes.size);
    }
    return true;
}

static void *open_some(void *arg)
{
    struct pool *p = arg;
    char why[512];
    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->files->count;) {
        struct audit_file *f = &p->files->rows[i];
        if (!open_one(p, f, why, sizeof why)) {
            pthread_mutex_lock(&p->lock);
            if (i < p->failed_at) {
                p->failed_at = i;
                memcpy(p->why, why, sizeof p->why);
            }
            pthread_mutex_unlock(&p->lock);
        }
        f->changed = !zyd_hash_eq(&f->hash, &p->sums->rows[i].hash);
    }
    return NULL;
}

static int open_all(struct audit_files *out, char *why, size_t why_size, const char *dir, const struct audit_sums *sums,
                    unsigned jobs)
{
    struct pool p = {.files = out, .sums = sums, .dir = dir, .failed_at = SIZE_MAX};
    pthread_t threads[64];
    size_t n = jobs < 64 ? jobs : 64, started = 0;
    pthread_mutex_init(&p.lock, NULL);
    while (started + 1 < n && started + 1 < out->count && pthread_create(&threads[started], NULL, open_some, &p) == 0) {
        started++;
    }
    open_some(&p);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_destroy(&p.lock);
    if (p.failed_at != SIZE_MAX) {
        snprintf(why, why_size, "%s", p.why);
        return EXIT_COULD_NOT;
    }
    return 0;
}

int audit_files_open(struct audit_files *out, char *why, size_t why_size, const char *dir, unsigned jobs)
{
    char path[PATH_SIZE];
    struct zyd_span text;
    struct audit_sums sums;
    const char *rule;
    size_t line;
    memset(out, 0, sizeof *out);
    if (strlen(dir) > PATH_SIZE - 2 * AUDIT_NAME_MAX) {
        snprintf(why, why_size, "the bundle's path is too long");
        return EXIT_COULD_NOT;
    }
    snprintf(path, sizeof path, "%s/SHA256SUMS", dir);
    int rc = audit_file_read(&text, why, why_size, path, SUMS_SIZE_MAX);
    if (rc != 0) {
        return rc;
    }
    rc = audit_sums_read(&sums, &rule, &line, text);
    if (rc != 0) {
        snprintf(why, why_size, "SHA256SUMS, line %zu: %s", line, rule);
    }
    free((void *)(uintptr_t)text.data);
    if (rc == 0) {
        out->rows = calloc(sums.count, sizeof *out->rows);
        zyd_assert(out->rows != NULL);
        for (size_t i = 0; i < sums.count; i++) {
            memcpy(out->rows[i].name, sums.rows[i].name, sizeof out->rows[i].name);
        }
        out->count = sums.count;
        rc = walk(out, why, why_size, dir, "");
    }
    if (rc == 0) { /* a missing file shows here; names are distinct, so no count is needed */
        rc = open_all(out, why, why_size, dir, &sums, jobs);
    }
    audit_sums_free(&sums);
    return rc;
}

void audit_files_close(struct audit_files *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->rows[i].mapped) {
            munmap((void *)(uintptr_t)f->rows[i].bytes.data, f->rows[i].bytes.size);
        }
        free(f->rows[i].segment);
    }
    free(f->rows);
    memset(f, 0, sizeof *f);
}
